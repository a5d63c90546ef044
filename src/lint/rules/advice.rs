//! T: tests that prove less than they seem to, or take longer than a grader waits.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::diagnostics::yaml::Field;
use crate::diagnostics::{Code, Findings};
use crate::exercise::{DEFAULT_TIMEOUT, PLACEHOLDERS, TestFile};

use super::ExerciseContext;
use super::files::Fixture;

/// T503: two tests that run the same with the same input.
pub(super) fn same_test_twice(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    let mut known: HashMap<&str, Vec<(usize, &TestFile)>> = HashMap::new();
    for (index, test) in context.file.tests().iter().enumerate() {
        let Some(run) = test.run.as_ref() else {
            continue;
        };
        let alike = known.entry(run.value.trim()).or_default();
        // Comparing all to all would take long where there are hundreds.
        let mut first = alike.iter().take(MANY);
        let Some((_, first)) = first.find(|(other, _)| same_input(context, *other, index)) else {
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

fn same_input(context: &ExerciseContext<'_>, a: usize, b: usize) -> bool {
    let tests = context.file.tests();
    let input = |index: usize| tests.get(index).map(|test: &TestFile| &test.input);
    match (input(a), input(b)) {
        (Some(Field::Absent), Some(Field::Absent)) => true,
        (Some(Field::Sound(a_text)), Some(Field::Sound(b_text))) => {
            a_text.value == b_text.value
                || size(context, a).is_some()
                    && size(context, a) == size(context, b)
                    && read(context, &a_text.value).is_some_and(|bytes| {
                        read(context, &b_text.value).is_some_and(|other| bytes == other)
                    })
        }
        _ => false,
    }
}

/// The size of a test's input, where it is a file.
fn size(context: &ExerciseContext<'_>, test: usize) -> Option<u64> {
    match context.fixtures().get(test) {
        Some([Some(Fixture::File(size)), _]) => Some(*size),
        _ => None,
    }
}

fn read<'c>(context: &ExerciseContext<'c>, path: &str) -> Option<Cow<'c, [u8]>> {
    context.beside.and_then(|beside| beside.read(path))
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
    let tests = context.file.tests();
    let expected = |test: &TestFile| match &test.expected_output {
        Field::Sound(text) => read(context, &text.value),
        Field::Absent | Field::Broken => None,
    };
    for test in tests {
        let (Some(input), Some(text)) = (test.input.as_ref(), test.expected_output.as_ref()) else {
            continue;
        };
        let same = expected(test).is_some_and(|bytes| read(context, &input.value) == Some(bytes));
        if same || input.value == text.value {
            let message = "the test expects its input back, which `cat` prints";
            let problem = findings.at(Code::T507, text.span.clone(), message);
            findings.push(problem.help("expect something that only a right answer prints"));
        }
    }
    let [first, _, ..] = tests else { return };
    let Some(text) = first.expected_output.as_ref() else {
        return;
    };
    let Some(bytes) = expected(first) else { return };
    if tests
        .iter()
        .all(|test| expected(test).as_ref() == Some(&bytes))
    {
        let message = "all tests expect the same, which a program prints that reads no input";
        let problem = findings.at(Code::T507, text.span.clone(), message);
        findings.push(problem.help("add a test that expects something else"));
    }
}
