//! T: tests that prove less than they seem to, or take longer than a grader waits.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;

use crate::diagnostics::yaml::Field;
use crate::diagnostics::{Code, Findings};
use crate::exercise::{DEFAULT_TIMEOUT, PLACEHOLDERS, TestFile};

use super::files::Fixture;
use super::{EXPECTED, ExerciseContext, INPUT};

/// T503: two tests that run the same with the same input.
pub(super) fn same_test_twice(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    let mut known: HashMap<&str, Vec<(usize, &TestFile)>> = HashMap::new();
    let mut inputs = Inputs {
        context,
        hashes: HashMap::new(),
    };
    for (index, test) in context.file.tests().iter().enumerate() {
        let Some(run) = test.run.as_ref() else {
            continue;
        };
        let alike = known.entry(run.value.trim()).or_default();
        // Comparing all to all would take long where there are hundreds.
        let mut first = alike.iter().take(MANY);
        let Some((_, first)) = first.find(|(other, _)| inputs.are_same(*other, index)) else {
            alike.push((index, test));
            continue;
        };
        let source = findings.source();
        let message = "the test runs the same as another, with the same input";
        let problem = findings.at(Code::T503, run.span.clone(), message);
        let earlier = first
            .run
            .as_ref()
            .map_or(first.span.clone(), |run| run.span.clone());
        let problem = problem.label(
            Arc::clone(source.path()),
            source.span(earlier),
            "the other one",
        );
        findings.push(problem.help("remove one of the two, or give it another input"));
    }
}

/// How many tests of one command are compared with each other.
const MANY: usize = 64;

/// The inputs of tests. Each file is read once, however many others it is compared with.
struct Inputs<'c> {
    context: &'c ExerciseContext<'c>,
    /// What of each file is kept: all of them together may be large.
    hashes: HashMap<usize, Option<u64>>,
}

impl Inputs<'_> {
    fn are_same(&mut self, a: usize, b: usize) -> bool {
        let context = self.context;
        let tests = context.file.tests();
        let input = |index: usize| tests.get(index).map(|test: &TestFile| &test.input);
        let size = |index: usize| match context.fixtures().get(index) {
            Some([Some(Fixture::File(size)), _]) => Some(*size),
            _ => None,
        };
        match (input(a), input(b)) {
            (Some(Field::Absent), Some(Field::Absent)) => true,
            (Some(Field::Sound(one)), Some(Field::Sound(other))) => {
                let same_size = || size(a).is_some() && size(a) == size(b);
                one.value == other.value || same_size() && self.have_same_bytes(a, b)
            }
            _ => false,
        }
    }

    fn have_same_bytes(&mut self, a: usize, b: usize) -> bool {
        let hash = self.hash(a);
        if hash.is_none() || hash != self.hash(b) {
            return false;
        }
        let one = self.context.fixture(a, INPUT);
        one.is_some() && one == self.context.fixture(b, INPUT)
    }

    fn hash(&mut self, index: usize) -> Option<u64> {
        *self.hashes.entry(index).or_insert_with(|| {
            let bytes = self.context.fixture(index, INPUT)?;
            let mut hasher = DefaultHasher::new();
            hasher.write(&bytes);
            Some(hasher.finish())
        })
    }
}

/// T505: build and tests that may take longer together than a grader waits.
pub(super) fn time_together(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    let file = context.file;
    let seconds = |timeout: &Field<i64>| match timeout {
        Field::Absent => Some(i64::from(DEFAULT_TIMEOUT)),
        // What is out of bounds is reported as such.
        Field::Sound(seconds) => (1..=context.settings.max_timeout)
            .contains(&seconds.value)
            .then_some(seconds.value),
        Field::Broken => None,
    };
    let build = file
        .build
        .as_ref()
        .map(|build| seconds(&build.value.timeout));
    let tests = file.tests().iter().map(|test| seconds(&test.timeout));
    let Some(sum) = build.into_iter().chain(tests).sum::<Option<i64>>() else {
        return;
    };
    let deadline = context.settings.grader_deadline;
    let Some(place) = context.key("tests").filter(|_| sum > deadline) else {
        return;
    };
    let message = format!("build and tests may take {sum} s together, a grader waits {deadline} s");
    let help = "give them less time, or set `lint.grader_deadline`";
    findings.push(findings.at(Code::T505, place, message).help(help));
}

/// T506: a test that does not run what is built.
pub(super) fn output_unused(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    let Some((_, build)) = context.build_command() else {
        return;
    };
    if !build.uses("output") {
        return;
    }
    for (text, run) in context.run_commands() {
        // A misspelt placeholder is reported as such.
        let known = |name: &str| PLACEHOLDERS.contains(&name);
        let misspelt = run
            .placeholders
            .iter()
            .any(|p| !p.closed || !known(&p.name));
        if run.uses("output") || misspelt {
            continue;
        }
        let message = "the test does not run `{output}`, which the build makes";
        let problem = findings.at(Code::T506, text.span.clone(), message);
        findings.push(problem.help("run it, such as `./{output}`, or drop the build"));
    }
}

/// T507, off by default: tests that a program passes which does nothing.
pub(super) fn trivial_tests(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    // It reads every file: only for those who ask.
    if !context.settings.selection.asks_for(Code::T507) {
        return;
    }
    let tests = context.file.tests();
    for (index, test) in tests.iter().enumerate() {
        let (Some(input), Some(text)) = (test.input.as_ref(), test.expected_output.as_ref()) else {
            continue;
        };
        let expected = context.fixture(index, EXPECTED);
        let same = expected.is_some() && expected == context.fixture(index, INPUT);
        if same || input.value == text.value {
            let message = "the test expects its input back, which `cat` prints";
            let problem = findings.at(Code::T507, text.span.clone(), message);
            findings.push(problem.help("expect something that only a right answer prints"));
        }
    }
    let first = tests.first().and_then(|test| test.expected_output.as_ref());
    let (Some(text), Some(bytes)) = (first, context.fixture(0, EXPECTED)) else {
        return;
    };
    let same = |index: usize| context.fixture(index, EXPECTED).as_ref() == Some(&bytes);
    if tests.len() > 1 && (1..tests.len()).all(same) {
        let message = "all tests expect the same, which a program prints that reads no input";
        let problem = findings.at(Code::T507, text.span.clone(), message);
        findings.push(problem.help("add a test that expects something else"));
    }
}
