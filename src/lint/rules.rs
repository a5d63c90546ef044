//! The rules, by family. A rule that needs more than one look at the file is a function in one of
//! the tables; what the parser and the decoder see on their way is reported there, under its code.

mod build;
mod doc;
mod files;
mod identity;
mod qcm;
mod schema;
mod scoring;
mod tests;
mod validation;
mod yaml;

use std::cell::OnceCell;

use crate::diagnostics::Findings;
use crate::diagnostics::yaml::Tree;
use crate::exercise::{Command, ExerciseFile, Text};
use crate::pool::PoolFile;

use super::Settings;

pub use doc::{Doc, doc};
pub use files::{Beside, Fixture};

/// An exercise while it is being judged.
pub(super) struct ExerciseContext<'c> {
    /// The file, decoded.
    pub(super) file: &'c ExerciseFile,
    /// The limits.
    pub(super) settings: &'c Settings,
    /// The files beside it; `None` for text that has no place.
    pub(super) beside: Option<&'c Beside>,
    /// The build's command, read once.
    build: OnceCell<Command>,
    /// Each test's command, read once.
    runs: OnceCell<Vec<Option<Command>>>,
}

impl<'c> ExerciseContext<'c> {
    pub(super) fn new(
        file: &'c ExerciseFile,
        settings: &'c Settings,
        beside: Option<&'c Beside>,
    ) -> Self {
        Self {
            file,
            settings,
            beside,
            build: OnceCell::new(),
            runs: OnceCell::new(),
        }
    }

    /// The build's command and what it says.
    fn build_command(&self) -> Option<(&'c Text, &Command)> {
        let text = self.file.build.as_ref()?.value.command.as_ref()?;
        let command = self.build.get_or_init(|| Command::parse(&text.value));
        Some((text, command))
    }

    /// Each test's command and what it says.
    fn run_commands(&self) -> impl Iterator<Item = (&'c Text, &Command)> {
        let tests = self.file.tests();
        let commands = self.runs.get_or_init(|| {
            tests
                .iter()
                .map(|t| t.run.as_ref().map(|run| Command::parse(&run.value)))
                .collect()
        });
        let pairs = tests.iter().zip(commands);
        pairs.filter_map(|(test, command)| Some((test.run.as_ref()?, command.as_ref()?)))
    }

    /// All commands: the build's, then the tests'.
    fn commands(&self) -> impl Iterator<Item = (&'c Text, &Command)> {
        self.build_command().into_iter().chain(self.run_commands())
    }
}

/// A pool while it is being judged.
pub(super) struct PoolContext<'c> {
    /// The file, decoded.
    pub(super) file: &'c PoolFile,
}

type TreeRule = fn(&Tree<'_>, &mut Findings<'_>);
type ExerciseRule = fn(&ExerciseContext<'_>, &mut Findings<'_>);
type PoolRule = fn(&PoolContext<'_>, &mut Findings<'_>);

/// What is judged of any YAML.
pub(super) const TREE: &[TreeRule] = &[yaml::duplicate_keys, yaml::anchors, yaml::custom_tags];

/// What is judged of an exercise.
pub(super) const EXERCISE: &[ExerciseRule] = &[
    schema::exercise_lengths,
    identity::exercise_id,
    files::fixtures,
    build::placeholders,
    build::missing_placeholders,
    build::output_without_build,
    build::shell,
    build::dangerous_programs,
    tests::no_tests,
    tests::duplicate_names,
    tests::timeouts,
    validation::overlap,
    validation::valgrind,
    scoring::weights,
    scoring::absent_stages,
    qcm::complete,
];

/// What is judged of a pool.
pub(super) const POOL: &[PoolRule] = &[schema::pool_lengths, identity::pool_slug];
