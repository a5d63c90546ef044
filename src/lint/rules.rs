//! The rules, by family. A rule that needs more than one look at the file is a function in one of
//! the tables; what the parser and the decoder see on their way is reported there, under its code.

mod advice;
mod build;
mod doc;
mod files;
mod identity;
mod merge;
mod orphans;
mod outputs;
mod programs;
mod qcm;
mod schema;
mod scoring;
mod statement;
mod tests;
mod text;
mod unicode;
mod validation;
mod yaml;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use crate::diagnostics::yaml::{Entry, NodeId, Tree, Value};
use crate::diagnostics::{Findings, Source};
use crate::exercise::{Command, ExerciseFile, TestFile, Text};
use crate::pool::PoolFile;

use super::Settings;

pub use doc::{Doc, doc};
pub use files::{Beside, Fixture};

/// An exercise while it is being judged.
pub(super) struct ExerciseContext<'c> {
    /// The file, decoded.
    pub(super) file: &'c ExerciseFile,
    /// The file, as it is written.
    pub(super) tree: &'c Tree<'c>,
    /// The limits.
    pub(super) settings: &'c Settings,
    /// The files beside it; `None` for text that has no place.
    pub(super) beside: Option<&'c Beside>,
    /// The build's command, read once.
    build: OnceCell<Command>,
    /// Each test's command, read once.
    runs: OnceCell<Vec<Option<Command>>>,
    /// What each test's input and expected output are, looked up once.
    fixtures: OnceCell<Vec<[Option<Fixture>; 2]>>,
    /// What those of them hold that are small, read once.
    small: OnceCell<Vec<[Bytes; 2]>>,
}

/// What a file holds, once it was read; nothing for one that can't be.
type Bytes = OnceCell<Option<Vec<u8>>>;

/// A test's input, of its two files.
const INPUT: usize = 0;
/// A test's expected output, of its two files.
const EXPECTED: usize = 1;
/// Up to this size a file is kept while its exercise is judged: there may be a thousand.
const SMALL: u64 = 4 * 1024;

impl<'c> ExerciseContext<'c> {
    pub(super) fn new(
        file: &'c ExerciseFile,
        tree: &'c Tree<'c>,
        settings: &'c Settings,
        beside: Option<&'c Beside>,
    ) -> Self {
        Self {
            file,
            tree,
            settings,
            beside,
            build: OnceCell::new(),
            runs: OnceCell::new(),
            fixtures: OnceCell::new(),
            small: OnceCell::new(),
        }
    }

    /// The build's command and what it says.
    fn build_command(&self) -> Option<(&'c Text, &Command)> {
        let text = self.file.build.as_ref()?.value.command.as_ref()?;
        let command = self.build.get_or_init(|| Command::parse(&text.value));
        Some((text, command))
    }

    /// Each test that has a command, and what it says.
    fn runs(&self) -> impl Iterator<Item = (&'c TestFile, &'c Text, &Command)> {
        let tests = self.file.tests();
        let commands = self.runs.get_or_init(|| {
            tests
                .iter()
                .map(|t| t.run.as_ref().map(|run| Command::parse(&run.value)))
                .collect()
        });
        let pairs = tests.iter().zip(commands);
        pairs.filter_map(|(test, command)| Some((test, test.run.as_ref()?, command.as_ref()?)))
    }

    /// Each test's command and what it says.
    fn run_commands(&self) -> impl Iterator<Item = (&'c Text, &Command)> {
        self.runs().map(|(_, text, command)| (text, command))
    }

    /// All commands: the build's, then the tests'.
    fn commands(&self) -> impl Iterator<Item = (&'c Text, &Command)> {
        self.build_command().into_iter().chain(self.run_commands())
    }

    /// What each test's input and expected output are; nothing for text that has no place.
    fn fixtures(&self) -> &[[Option<Fixture>; 2]] {
        let Some(beside) = self.beside else {
            return &[];
        };
        self.fixtures.get_or_init(|| {
            let mut plain = Vec::new();
            let mut find = |text: &Text| beside.find(&text.value, &mut plain);
            let tests = self.file.tests().iter();
            tests
                .map(|test| {
                    let input = test.input.as_ref().map(&mut find);
                    [input, test.expected_output.as_ref().map(&mut find)]
                })
                .collect()
        })
    }

    /// The bytes of a test's `INPUT` or `EXPECTED` output, if that is a file of a moderate size.
    fn fixture(&self, test: usize, which: usize) -> Option<Cow<'_, [u8]>> {
        let found = self.fixtures().get(test)?.get(which)?.as_ref();
        let Some(Fixture::File(size)) = found else {
            return None;
        };
        let tests = self.file.tests();
        let named = tests.get(test)?;
        let path = [&named.input, &named.expected_output]
            .get(which)?
            .as_ref()?;
        let read = || self.beside?.read(&path.value, *size);
        if *size > SMALL {
            return read();
        }
        let small = self
            .small
            .get_or_init(|| tests.iter().map(|_| Default::default()).collect());
        let kept = small.get(test)?.get(which)?;
        let bytes = kept.get_or_init(|| read().map(Cow::into_owned));
        bytes.as_deref().map(Cow::Borrowed)
    }

    /// An entry of the exercise, by its key.
    fn entry(&self, key: &str) -> Option<Entry> {
        entry(self.tree, self.tree.root()?, key)
    }

    /// Where a key of the exercise is written.
    fn key(&self, key: &str) -> Option<Range<usize>> {
        let entry = self.entry(key)?;
        Some(self.tree.node(entry.key).span.clone())
    }
}

/// An entry of a mapping, by its key.
fn entry(tree: &Tree<'_>, mapping: NodeId, key: &str) -> Option<Entry> {
    let Value::Mapping(entries) = &tree.resolve(mapping).value else {
        return None;
    };
    let entries = tree.entries(entries);
    entries
        .into_iter()
        .find(|entry| tree.text(entry.key) == Some(key))
}

/// A pool while it is being judged.
pub(super) struct PoolContext<'c> {
    /// The file, decoded.
    pub(super) file: &'c PoolFile,
    /// The file, as it is written.
    pub(super) tree: &'c Tree<'c>,
}

type TextRule = fn(&Source, &mut Findings<'_>);
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

/// What is never an error, of any text.
pub(super) const TEXT_ADVICE: &[TextRule] = &[text::byte_order_mark, text::carriage_returns];

/// What is never an error, of any YAML with keys.
pub(super) const TREE_ADVICE: &[TreeRule] = &[
    text::final_newline,
    merge::merge_keys,
    unicode::directions_and_keys,
];

/// What is never an error, of an exercise.
pub(super) const EXERCISE_ADVICE: &[ExerciseRule] = &[
    unicode::of_exercise,
    schema::keys_for_other_types,
    orphans::orphans,
    outputs::expected_outputs,
    programs::build_missing,
    programs::not_allowed,
    programs::compiler_of_another_language,
    programs::school_flags,
    advice::same_test_twice,
    advice::time_together,
    advice::output_unused,
    advice::trivial_tests,
    validation::hygiene,
    validation::redundant,
    scoring::total,
    statement::missing,
];

/// What is never an error, of a pool.
pub(super) const POOL_ADVICE: &[PoolRule] = &[unicode::of_pool];
