//! T: tests.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::diagnostics::yaml::{Field, NodeId, Tree, Value, in_quotes};
use crate::diagnostics::{Applicability, Code, Findings, Severity, nearest};
use crate::exercise::{BUILD, DEFAULT_TIMEOUT, ExerciseKind, MAX_TESTS, TEST};

use super::{ExerciseContext, entry};

/// T501: code without tests, or an input that nothing judges.
pub(super) fn no_tests(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    let file = context.file;
    let Some(kind) = file.kind.as_ref().filter(|_| lacks_tests(context)) else {
        return;
    };
    let (message, help) = if kind.value == ExerciseKind::Code {
        (
            "code is judged by tests, there are none",
            "add `tests:` with at least one test",
        )
    } else {
        (
            "a typed answer is judged by tests or by `answer`, there is neither",
            "add `tests:` with at least one test, or `answer:`",
        )
    };
    let list = file.tests.as_ref();
    let span = list.map_or_else(|| kind.span.clone(), |tests| tests.span.clone());
    findings.push(findings.at(Code::T501, span, message).help(help));
}

/// Whether T501 is reported. Tests that are written but broken are reported as such.
pub(super) fn lacks_tests(context: &ExerciseContext<'_>) -> bool {
    let file = context.file;
    let list = file.tests.as_ref();
    let none = list.map_or(file.tests.is_absent(), |list| list.value.is_empty());
    let needed = match file.kind.as_ref().map(|kind| kind.value) {
        Some(ExerciseKind::Code) => true,
        Some(ExerciseKind::Input) => !file.has_answer(),
        Some(ExerciseKind::Qcm | ExerciseKind::Text) | None => false,
    };
    none && needed
}

/// T502: two tests of one name, whatever the case.
pub(super) fn duplicate_names(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    let tests = context.file.tests();
    if tests.len() < 2 {
        return;
    }
    let mut seen = HashMap::with_capacity(tests.len());
    let names = tests.iter().filter_map(|test| test.name.as_ref());
    let taken: HashSet<String> = names.map(|name| name.value.trim().to_lowercase()).collect();
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
        let problem = problem.help("say what this test is for");
        let span = source.span(name.span.clone());
        let numbered = (2..=MAX_TESTS).map(|n| format!("{} ({n})", name.value.trim()));
        let mut free = numbered.filter(|new| !taken.contains(&new.to_lowercase()));
        findings.push(match free.next() {
            Some(new) => {
                let fix = format!("call it `{new}`");
                problem.fix(Applicability::Unsafe, fix, span, in_quotes(&new))
            }
            None => problem,
        });
    }
}

/// T504: timeouts that are no time, or longer than a grader waits, or left to the default.
pub(super) fn timeouts(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    let maximum = context.settings.max_timeout;
    if let Some(build) = context.file.build.as_ref() {
        let build = &build.value;
        bounds(&build.timeout, maximum, findings);
        if build.timeout.is_absent() {
            let mapping = context.entry("build").map(|entry| entry.value);
            missing(context, mapping, build.span.clone(), "the build", findings);
        }
    }
    let mut items = None;
    for (index, test) in context.file.tests().iter().enumerate() {
        bounds(&test.timeout, maximum, findings);
        if test.timeout.is_absent() {
            let items = items.get_or_insert_with(|| test_items(context));
            let what = format!("test #{}", index + 1);
            let mapping = items.get(&test.span.start).copied();
            missing(context, mapping, test.span.clone(), &what, findings);
        }
    }
}

/// The mappings of the tests, by where their first keys are written.
fn test_items(context: &ExerciseContext<'_>) -> HashMap<usize, NodeId> {
    let tree = context.tree;
    let list = context
        .entry("tests")
        .map(|entry| tree.resolve(entry.value));
    let Some(Value::Sequence(items)) = list.map(|list| &list.value) else {
        return HashMap::new();
    };
    let own = |id: NodeId| match &tree.node(id).value {
        Value::Mapping(entries) => entries
            .first()
            .map(|entry| (tree.node(entry.key).span.start, id)),
        _ => None,
    };
    items.iter().filter_map(|&id| own(id)).collect()
}

fn missing(
    context: &ExerciseContext<'_>,
    mapping: Option<NodeId>,
    place: std::ops::Range<usize>,
    what: &str,
    findings: &mut Findings<'_>,
) {
    let tree = context.tree;
    // A key that is there without a value is reported as such.
    if mapping.is_some_and(|id| entry(tree, id, "timeout").is_some() || misspelt(tree, id)) {
        return;
    }
    let message = format!("{what} has no timeout, {DEFAULT_TIMEOUT} s are used");
    let problem = findings
        .at(Code::T504, place, message)
        .severity(Severity::Warning);
    let written = format!("timeout: {DEFAULT_TIMEOUT}");
    let problem = problem.help(format!("add `{written}`"));
    let added = mapping.and_then(|id| tree.with_entry(findings.source(), id, &written));
    let message = format!("add `{written}`");
    findings.push(findings.fixed(problem, Applicability::Unsafe, &message, added));
}

/// Whether a mapping has a key that is reported as one that was to be `timeout`.
fn misspelt(tree: &Tree<'_>, mapping: NodeId) -> bool {
    let Value::Mapping(entries) = &tree.node(mapping).value else {
        return false;
    };
    let keys = entries.iter().filter_map(|entry| tree.text(entry.key));
    let mut other = keys.filter(|key| !TEST.keys.contains(key) && !BUILD.keys.contains(key));
    other.any(|key| nearest(key, ["timeout"]).is_some())
}

fn bounds(timeout: &Field<i64>, maximum: i64, findings: &mut Findings<'_>) {
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
