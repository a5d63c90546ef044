//! An `exercise.yaml` as it was written: every value with its place, required ones perhaps missing.
//!
//! Rules look at this; [`ExerciseFile::into_exercise`] makes the model of a file that was found sound.

use std::ops::Range;

use crate::diagnostics::yaml::{Field, Spanned};
use crate::ids::{ExerciseId, PoolId};

use super::{
    Answer, Build, DEFAULT_TIMEOUT, Difficulty, Exercise, ExerciseKind, Scoring, Test, Validation,
};

/// A text and its place.
pub type Text = Spanned<String>;

/// An exercise as it was written.
#[derive(Debug)]
pub struct ExerciseFile {
    /// Where a problem with the exercise as a whole is reported.
    pub span: Range<usize>,
    /// `id`.
    pub id: Field<String>,
    /// `title`.
    pub title: Field<String>,
    /// `type`.
    pub kind: Field<ExerciseKind>,
    /// `language`.
    pub language: Field<String>,
    /// `build`.
    pub build: Field<BuildFile>,
    /// `tests`.
    pub tests: Field<Vec<TestFile>>,
    /// `validation`.
    pub validation: Field<ValidationFile>,
    /// `scoring`.
    pub scoring: Field<ScoringFile>,
    /// `description`.
    pub description: Field<String>,
    /// `difficulty`.
    pub difficulty: Field<Difficulty>,
    /// `tags`.
    pub tags: Field<Vec<Text>>,
    /// `choices`.
    pub choices: Field<Vec<Text>>,
    /// `answer`.
    pub answer: Field<AnswerFile>,
}

/// `build` as it was written.
#[derive(Debug)]
pub struct BuildFile {
    /// Where a problem with the build as a whole is reported: its first key.
    pub span: Range<usize>,
    /// `command`.
    pub command: Field<String>,
    /// `timeout`.
    pub timeout: Field<i64>,
}

/// One of `tests` as it was written.
#[derive(Debug)]
pub struct TestFile {
    /// Where a problem with the test as a whole is reported.
    pub span: Range<usize>,
    /// `name`.
    pub name: Field<String>,
    /// `run`.
    pub run: Field<String>,
    /// `input`.
    pub input: Field<String>,
    /// `expected_output`.
    pub expected_output: Field<String>,
    /// `timeout`.
    pub timeout: Field<i64>,
}

/// `validation` as it was written.
#[derive(Debug)]
pub struct ValidationFile {
    /// `check_valgrind`.
    pub check_valgrind: Field<bool>,
    /// `allowed_functions`.
    pub allowed_functions: Field<Vec<Text>>,
    /// `forbidden_functions`.
    pub forbidden_functions: Field<Vec<Text>>,
}

/// `scoring` as it was written.
#[derive(Debug)]
pub struct ScoringFile {
    /// `compilation`.
    pub compilation: Field<i64>,
    /// `per_test`.
    pub per_test: Field<i64>,
    /// `valgrind_clean`.
    pub valgrind_clean: Field<i64>,
}

/// `answer` as it was written.
#[derive(Debug)]
pub enum AnswerFile {
    /// One text.
    One(Text),
    /// A list.
    Several(Vec<Text>),
}

impl AnswerFile {
    /// The texts of the answer.
    pub fn texts(&self) -> &[Text] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Several(texts) => texts,
        }
    }
}

impl ExerciseFile {
    /// The tests; none where there are none or they are broken.
    pub fn tests(&self) -> &[TestFile] {
        self.tests.as_ref().map_or(&[], |tests| &tests.value)
    }

    /// Whether an answer is written, if only a broken one; an empty list is none.
    pub fn has_answer(&self) -> bool {
        let none = |answer: &Spanned<AnswerFile>| answer.value.texts().is_empty();
        !self.answer.is_absent() && !self.answer.as_ref().is_some_and(none)
    }

    /// The exercise of a sound file; `None` where something required is missing or out of range.
    pub fn into_exercise(self, pool_id: PoolId) -> Option<Exercise> {
        let tests = self.tests.sound().unwrap_or_default();
        // What is absent stays absent; what is there must be sound.
        let build = match self.build.sound() {
            Some(build) => Some(build.into_build()?),
            None => None,
        };
        let scoring = match self.scoring.sound() {
            Some(scoring) => Some(scoring.into_scoring()?),
            None => None,
        };
        Some(Exercise {
            id: ExerciseId::parse(&self.id.sound()?).ok()?,
            pool_id,
            title: self.title.sound()?,
            kind: self.kind.sound()?,
            language: self.language.sound().unwrap_or_default(),
            build,
            tests: tests
                .into_iter()
                .map(TestFile::into_test)
                .collect::<Option<_>>()?,
            validation: self.validation.sound().map(ValidationFile::into_validation),
            scoring,
            description: self.description.sound(),
            difficulty: self.difficulty.sound(),
            tags: self.tags.sound().map(texts),
            choices: self.choices.sound().map(texts),
            answer: self.answer.sound().map(|answer| match answer {
                AnswerFile::One(text) => Answer::One(text.value),
                AnswerFile::Several(list) => Answer::Several(texts(list)),
            }),
        })
    }
}

impl BuildFile {
    fn into_build(self) -> Option<Build> {
        Some(Build {
            command: self.command.sound()?,
            timeout: seconds(self.timeout)?,
        })
    }
}

impl TestFile {
    fn into_test(self) -> Option<Test> {
        Some(Test {
            name: self.name.sound()?,
            run: self.run.sound()?,
            input: self.input.sound().unwrap_or_default(),
            expected_output: self.expected_output.sound().unwrap_or_default(),
            timeout: seconds(self.timeout)?,
        })
    }
}

impl ValidationFile {
    fn into_validation(self) -> Validation {
        Validation {
            check_valgrind: self.check_valgrind.sound().unwrap_or_default(),
            allowed_functions: self
                .allowed_functions
                .sound()
                .map(texts)
                .unwrap_or_default(),
            forbidden_functions: self
                .forbidden_functions
                .sound()
                .map(texts)
                .unwrap_or_default(),
        }
    }
}

impl ScoringFile {
    fn into_scoring(self) -> Option<Scoring> {
        Some(Scoring {
            compilation: points(self.compilation)?,
            per_test: points(self.per_test)?,
            valgrind_clean: points(self.valgrind_clean)?,
        })
    }
}

fn texts(list: Vec<Text>) -> Vec<String> {
    list.into_iter().map(|text| text.value).collect()
}

fn seconds(timeout: Field<i64>) -> Option<u32> {
    timeout
        .sound()
        .map_or(Some(DEFAULT_TIMEOUT), |seconds| u32::try_from(seconds).ok())
}

fn points(weight: Field<i64>) -> Option<u32> {
    weight
        .sound()
        .map_or(Some(0), |points| u32::try_from(points).ok())
}
