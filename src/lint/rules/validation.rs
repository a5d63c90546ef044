//! V: what a submission may use.

use std::collections::HashMap;
use std::sync::Arc;

use crate::diagnostics::yaml::shortened;
use crate::diagnostics::{Code, Findings};

use super::ExerciseContext;

/// The languages whose programs valgrind understands.
const VALGRIND_LANGUAGES: [&str; 3] = ["c", "cpp", "rust"];

/// V601: a function that is allowed and forbidden.
pub(super) fn overlap(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    let Some(validation) = context.file.validation.as_ref() else {
        return;
    };
    let lists = &validation.value;
    let (Some(allowed), Some(forbidden)) = (
        lists.allowed_functions.as_ref(),
        lists.forbidden_functions.as_ref(),
    ) else {
        return;
    };
    let allowed: HashMap<&str, _> = allowed
        .value
        .iter()
        .map(|text| (text.value.trim(), &text.span))
        .collect();
    for entry in &forbidden.value {
        let Some(&span) = allowed.get(entry.value.trim()) else {
            continue;
        };
        let source = findings.source();
        let name = shortened(entry.value.trim());
        let message = format!("`{name}` is allowed and forbidden");
        let label = source.span(span.clone());
        let problem = findings.at(Code::V601, entry.span.clone(), message);
        let problem = problem.label(Arc::clone(source.path()), label, "allowed here");
        findings.push(problem.help("remove it from one of the two lists"));
    }
}

/// V603: valgrind on a language that it does not understand.
pub(super) fn valgrind(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    let file = context.file;
    let Some(check) = file
        .validation
        .as_ref()
        .and_then(|v| v.value.check_valgrind.as_ref())
    else {
        return;
    };
    let Some(language) = file.language.as_ref().filter(|_| check.value) else {
        return;
    };
    if VALGRIND_LANGUAGES.contains(&&*language.value) {
        return;
    }
    let source = findings.source();
    let lower = language.value.to_lowercase();
    let known = VALGRIND_LANGUAGES.contains(&&*lower);
    let (message, help) = if known {
        (
            format!(
                "valgrind knows the language `{lower}`, not `{}`",
                language.value
            ),
            format!("write `language: {lower}`"),
        )
    } else {
        (
            format!(
                "valgrind does not understand programs in {}",
                shortened(&language.value)
            ),
            "write `check_valgrind: false`, or remove the key".to_owned(),
        )
    };
    let label = source.span(language.span.clone());
    let problem = findings.at(Code::V603, check.span.clone(), message);
    let problem = problem.label(Arc::clone(source.path()), label, "the language");
    findings.push(problem.help(help));
}
