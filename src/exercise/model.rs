//! What an exercise is, once its file has been found sound.
//!
//! The JSON of an [`Exercise`] is a contract with services in other languages: the order of the
//! fields here is the order of its keys. Keys that the first published schema did not know are left
//! out when absent, all others are always there. The answer never leaves the server.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{ExerciseId, PoolId};

/// The seconds a build or a test may take where the file does not say.
pub const DEFAULT_TIMEOUT: u32 = 5;

/// An exercise as it is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, title = "mithril exercise")]
pub struct Exercise {
    /// The exercise's id: unique in the whole tree, used in URLs, NATS subjects and Redis keys.
    pub id: ExerciseId,
    /// The pool it belongs to: the nearest `pool.yaml` above, never written in the file.
    #[schemars(skip)]
    pub pool_id: PoolId,
    /// What students see.
    #[schemars(length(min = 1, max = 255))]
    pub title: String,
    /// What is handed in.
    #[serde(rename = "type")]
    pub kind: ExerciseKind,
    /// The programming language in lower case, `none` where there is none; required for `code`.
    #[schemars(default)]
    pub language: String,
    /// How a submission becomes a program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build: Option<Build>,
    /// How a submission is judged.
    #[schemars(default, length(max = 1000))]
    pub tests: Vec<Test>,
    /// What a submission may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<Validation>,
    /// What the stages are worth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scoring: Option<Scoring>,
    /// The statement, in Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How hard it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difficulty: Option<Difficulty>,
    /// Free words to search by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// What a `qcm` offers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub choices: Option<Vec<String>>,
    /// What is right: one of the choices, several of them, or the text to type.
    #[serde(skip_serializing)]
    pub answer: Option<Answer>,
}

impl Exercise {
    /// The points that a perfect submission gets; `None` where there is no scoring.
    pub fn points(&self) -> Option<u64> {
        let scoring = self.scoring?;
        let answered = usize::from(self.tests.is_empty() && self.answer.is_some());
        let tests = (self.tests.len() + answered) as u64;
        let points = u64::from(scoring.per_test) * tests;
        Some(points + u64::from(scoring.compilation) + u64::from(scoring.valgrind_clean))
    }
}

/// What a student hands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExerciseKind {
    /// A program, judged by tests.
    Code,
    /// A typed answer, judged by tests or by `answer`.
    Input,
    /// A choice among `choices`.
    Qcm,
    /// A text that a human grades, unless there is an `answer`.
    Text,
}

impl ExerciseKind {
    /// All kinds, as the file spells them.
    pub const NAMES: [&'static str; 4] = ["code", "input", "qcm", "text"];

    /// The kind of that exact name.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "code" => Self::Code,
            "input" => Self::Input,
            "qcm" => Self::Qcm,
            "text" => Self::Text,
            _ => return None,
        })
    }

    /// The name, as the file spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Input => "input",
            Self::Qcm => "qcm",
            Self::Text => "text",
        }
    }
}

/// How hard a pool or an exercise is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Difficulty {
    /// For beginners.
    Easy,
    /// For those who know the basics.
    Medium,
    /// For those who want to be tested.
    Hard,
}

impl Difficulty {
    /// All difficulties, as the file spells them.
    pub const NAMES: [&'static str; 3] = ["easy", "medium", "hard"];

    /// The difficulty of that exact name.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "easy" => Self::Easy,
            "medium" => Self::Medium,
            "hard" => Self::Hard,
            _ => return None,
        })
    }

    /// The name, as the file spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Easy => "easy",
            Self::Medium => "medium",
            Self::Hard => "hard",
        }
    }
}

/// How a submission becomes a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Build {
    /// The command; `{submission}` is the file handed in, `{output}` the program to make.
    #[schemars(length(min = 1))]
    pub command: String,
    /// Whole seconds it may take.
    #[schemars(default = "default_timeout", range(min = 1))]
    pub timeout: u32,
}

/// One test of a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Test {
    /// What students see; unique in the exercise.
    #[schemars(length(min = 1, max = 120))]
    pub name: String,
    /// The command; `{submission}` is the file handed in, `{output}` the program that was built.
    #[schemars(length(min = 1))]
    pub run: String,
    /// The file for standard input, relative to the exercise's directory.
    #[schemars(default)]
    pub input: String,
    /// The file that standard output must equal, relative to the exercise's directory.
    #[schemars(default)]
    pub expected_output: String,
    /// Whole seconds it may take.
    #[schemars(default = "default_timeout", range(min = 1))]
    pub timeout: u32,
}

/// What a submission may use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Validation {
    /// Whether a leak or an invalid access costs points.
    #[schemars(default)]
    pub check_valgrind: bool,
    /// The only functions that may be called; empty for no such list.
    #[schemars(default)]
    pub allowed_functions: Vec<String>,
    /// Functions that must not be called.
    #[schemars(default)]
    pub forbidden_functions: Vec<String>,
}

/// What the stages are worth, in points.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Scoring {
    /// For a build that succeeds.
    #[schemars(default, range(max = 1000))]
    pub compilation: u32,
    /// For each test passed; an `answer` counts as one test.
    #[schemars(default, range(max = 1000))]
    pub per_test: u32,
    /// For a run that valgrind finds clean.
    #[schemars(default, range(max = 1000))]
    pub valgrind_clean: u32,
}

/// The right answer. It has no JSON form on purpose: it never leaves the server.
#[derive(Clone, PartialEq, Eq, JsonSchema)]
#[schemars(untagged)]
pub enum Answer {
    /// One choice or text.
    One(String),
    /// Several choices, or several texts that count as right.
    Several(Vec<String>),
}

/// An answer is not shown in logs either.
impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answer(…)")
    }
}

fn default_timeout() -> u32 {
    DEFAULT_TIMEOUT
}
