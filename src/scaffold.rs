//! What authors begin from: a scaffold is sound as it is, with a solution that passes its tests.
//!
//! Nothing here touches a disk: a scaffold is a list of files, and whoever asked for it writes them.

mod listing;

use crate::exercise::ExerciseKind;
use crate::ids::{ExerciseId, PoolId};
use crate::lint::walk::{EXERCISE_FILE, POOL_FILE};

pub use listing::{ListingError, listed, slug};

/// What stands for the id in a template.
const ID: &str = "@ID@";
/// What stands for the title in a template.
const TITLE: &str = "@TITLE@";

/// A file of a scaffold: its path below the scaffold's directory, and its text.
pub type File = (&'static str, String);

/// A language that there is a template for.
#[derive(Debug)]
pub struct Language {
    /// Its name, as `exercise.yaml` spells it.
    pub name: &'static str,
    exercise: &'static str,
    solution: Fixed,
}

/// A solution's path and text, before they are owned.
type Fixed = (&'static str, &'static str);

macro_rules! language {
    ($name:literal, $extension:literal) => {
        Language {
            name: $name,
            exercise: include_str!(concat!("scaffold/templates/", $name, ".yaml")),
            solution: (
                concat!("solution/solution.", $extension),
                include_str!(concat!("scaffold/templates/solution.", $extension)),
            ),
        }
    };
}

/// The languages that there are templates for.
pub const LANGUAGES: [Language; 6] = [
    language!("c", "c"),
    language!("cpp", "cpp"),
    language!("rust", "rs"),
    language!("python", "py"),
    language!("sh", "sh"),
    language!("awk", "awk"),
];

/// What the tests of every template read, and what they expect.
const FIXTURES: [Fixed; 8] = [
    ("tests/several.in", "1\n20\n300\n"),
    ("tests/several.out", "321\n"),
    ("tests/one.in", "7\n"),
    ("tests/one.out", "7\n"),
    ("tests/negative.in", "-3\n1\n"),
    ("tests/negative.out", "-2\n"),
    ("tests/none.in", ""),
    ("tests/none.out", "0\n"),
];

/// An exercise to begin from.
#[derive(Debug)]
pub struct ExerciseDraft<'a> {
    /// Its id.
    pub id: &'a ExerciseId,
    /// What students see; made of the id where nothing is given.
    pub title: Option<&'a str>,
    /// What is handed in.
    pub kind: ExerciseKind,
    /// The language of a program; C where nothing is given.
    pub language: Option<&'a str>,
    /// Where the editor finds the schema, from the exercise's directory.
    pub schema: &'a str,
}

/// Why there is no such scaffold.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScaffoldError {
    /// There is no template for the language.
    #[error("there is no template for {0}, only for {known}: begin from one of them", known = names())]
    Language(String),
    /// The kind of exercise has no language.
    #[error("--language is for exercises of type code, not for {}", .0.as_str())]
    NoLanguage(ExerciseKind),
}

fn names() -> String {
    LANGUAGES.map(|language| language.name).join(", ")
}

impl ExerciseDraft<'_> {
    /// The files of the exercise.
    pub fn files(&self) -> Result<Vec<File>, ScaffoldError> {
        let template = match self.kind {
            ExerciseKind::Code => return self.program(),
            ExerciseKind::Input => include_str!("scaffold/templates/input.yaml"),
            ExerciseKind::Qcm => include_str!("scaffold/templates/qcm.yaml"),
            ExerciseKind::Text => include_str!("scaffold/templates/text.yaml"),
        };
        match self.language {
            None | Some("none") => Ok(vec![(EXERCISE_FILE, self.fill(template))]),
            Some(_) => Err(ScaffoldError::NoLanguage(self.kind)),
        }
    }

    fn program(&self) -> Result<Vec<File>, ScaffoldError> {
        let name = self.language.unwrap_or("c");
        let language = LANGUAGES.iter().find(|language| language.name == name);
        let language = language.ok_or_else(|| ScaffoldError::Language(name.to_owned()))?;
        let fixed = std::iter::once(language.solution).chain(FIXTURES);
        let mut files = vec![(EXERCISE_FILE, self.fill(language.exercise))];
        files.extend(fixed.map(|(path, text)| (path, text.to_owned())));
        Ok(files)
    }

    fn fill(&self, template: &str) -> String {
        fill(template, self.id.as_str(), self.title, self.schema)
    }
}

/// The file of a pool without exercises.
pub fn pool(id: &PoolId, name: Option<&str>, schema: &str) -> File {
    let template = include_str!("scaffold/templates/pool.yaml");
    (POOL_FILE, fill(template, id.as_str(), name, schema))
}

/// Both values stand in double quotes, which JSON and YAML spell alike.
fn fill(template: &str, id: &str, title: Option<&str>, schema: &str) -> String {
    let title = title.map_or_else(|| spoken(id), str::to_owned);
    let quoted = serde_json::Value::from(title).to_string();
    let text = template
        .replace(ID, id)
        .replace(&format!("\"{TITLE}\""), &quoted);
    format!("# yaml-language-server: $schema={schema}\n{text}")
}

/// An id as a title: `c-sum-of-integers` becomes `C sum of integers`.
fn spoken(id: &str) -> String {
    let words = id.replace(['-', '_'], " ");
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut characters = words.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft<'a>(
        id: &'a ExerciseId,
        kind: ExerciseKind,
        language: Option<&'a str>,
    ) -> ExerciseDraft<'a> {
        ExerciseDraft {
            id,
            title: None,
            kind,
            language,
            schema: "x.json",
        }
    }

    #[test]
    fn an_id_becomes_a_title() {
        assert_eq!(spoken("c-sum_of--integers"), "C sum of integers");
        assert_eq!(spoken("7-"), "7");
    }

    #[test]
    fn a_title_of_any_text_stays_what_it_is() {
        let id = ExerciseId::parse("on").unwrap();
        for title in ["\"#: {", "a\\b", "é\t", "@ID@"] {
            let mut draft = draft(&id, ExerciseKind::Qcm, None);
            draft.title = Some(title);
            let files = draft.files().unwrap();
            let value: serde_yaml::Value = serde_yaml::from_str(&files[0].1).unwrap();
            assert_eq!(value["title"].as_str(), Some(title));
            assert_eq!(value["id"].as_str(), Some("on"));
        }
    }

    #[test]
    fn what_has_no_template_is_refused() {
        let id = ExerciseId::parse("a").unwrap();
        let cobol = draft(&id, ExerciseKind::Code, Some("cobol")).files();
        let told = cobol.unwrap_err().to_string();
        assert!(told.contains("c, cpp, rust, python, sh, awk"), "{told}");
        let choice = draft(&id, ExerciseKind::Qcm, Some("c")).files();
        assert_eq!(choice, Err(ScaffoldError::NoLanguage(ExerciseKind::Qcm)));
    }
}
