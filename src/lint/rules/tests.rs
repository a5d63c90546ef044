//! T: tests.

use std::collections::HashMap;
use std::sync::Arc;

use crate::diagnostics::yaml::Field;
use crate::diagnostics::{Applicability, Code, Findings, Severity};
use crate::exercise::{DEFAULT_TIMEOUT, ExerciseKind};

use super::ExerciseContext;

/// T501: code without tests, or an input that nothing judges.
pub(super) fn no_tests(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    let file = context.file;
    let Some(kind) = file.kind.as_ref() else {
        return;
    };
    // Tests that are written but broken are reported as such.
    if !file.tests.is_absent()
        && file
            .tests
            .as_ref()
            .is_none_or(|list| !list.value.is_empty())
    {
        return;
    }
    let (message, help) = match kind.value {
        ExerciseKind::Code => (
            "code is judged by tests, there are none",
            "add `tests:` with at least one test",
        ),
        ExerciseKind::Input if file.answer.is_absent() => (
            "a typed answer is judged by tests or by `answer`, there is neither",
            "add `tests:` with at least one test, or `answer:`",
        ),
        ExerciseKind::Input | ExerciseKind::Qcm | ExerciseKind::Text => return,
    };
    let list = file.tests.as_ref();
    let span = list.map_or_else(|| kind.span.clone(), |tests| tests.span.clone());
    findings.push(findings.at(Code::T501, span, message).help(help));
}

/// T502: two tests of one name, whatever the case.
pub(super) fn duplicate_names(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    let tests = context.file.tests();
    if tests.len() < 2 {
        return;
    }
    let mut seen = HashMap::with_capacity(tests.len());
    for name in tests.iter().filter_map(|test| test.name.as_ref()) {
        let folded = name.value.trim().to_lowercase();
        let first = *seen.entry(folded).or_insert(name);
        if std::ptr::eq(first, name) {
            continue;
        }
        let source = findings.source();
        let message = format!("a second test is called `{}`", name.value.trim());
        let label = source.span(first.span.clone());
        let problem = findings.at(Code::T502, name.span.clone(), message);
        let problem = problem.label(Arc::clone(source.path()), label, "the first one");
        findings.push(problem.help("say what this test is for"));
    }
}

/// T504: timeouts that are no time, or longer than a grader waits, or left to the default.
pub(super) fn timeouts(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    let maximum = context.settings.max_timeout;
    if let Some(build) = context.file.build.as_ref() {
        let build = &build.value;
        timeout(
            &build.timeout,
            build.span.clone(),
            "the build",
            maximum,
            findings,
        );
    }
    for (index, test) in context.file.tests().iter().enumerate() {
        let what = format!("test #{}", index + 1);
        timeout(&test.timeout, test.span.clone(), &what, maximum, findings);
    }
}

fn timeout(
    timeout: &Field<i64>,
    place: std::ops::Range<usize>,
    what: &str,
    maximum: i64,
    findings: &mut Findings<'_>,
) {
    if timeout.is_absent() {
        let message = format!("{what} has no timeout, {DEFAULT_TIMEOUT} s are used");
        let problem = findings
            .at(Code::T504, place, message)
            .severity(Severity::Warning);
        findings.push(problem.help(format!("add `timeout: {DEFAULT_TIMEOUT}`")));
    }
    let Some(timeout) = timeout.as_ref() else {
        return;
    };
    let (message, mended) = if timeout.value <= 0 {
        (
            "a timeout is at least 1 second".to_owned(),
            i64::from(DEFAULT_TIMEOUT),
        )
    } else if timeout.value > maximum {
        (format!("a timeout is at most {maximum} seconds"), maximum)
    } else {
        return;
    };
    let span = findings.source().span(timeout.span.clone());
    let problem = findings.at(Code::T504, timeout.span.clone(), message);
    let problem = problem.help(format!("write whole seconds from 1 to {maximum}"));
    let fix = format!("write {mended}");
    findings.push(problem.fix(Applicability::Unsafe, fix, span, mended.to_string()));
}
