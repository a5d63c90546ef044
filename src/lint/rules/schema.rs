//! S: what the decoder does not see on its way: lengths, and keys that mean nothing where they stand.

use std::sync::Arc;

use crate::diagnostics::yaml::shortened;
use crate::diagnostics::{Code, Findings};
use crate::exercise::{ExerciseKind, Text};
use crate::ids::MAX_CONTENT_ID;

use super::validation::{VALGRIND_LANGUAGES, valgrind_on_another_language};
use super::{ExerciseContext, PoolContext, entry};

/// The longest title, in characters.
const MAX_TITLE: usize = 255;
/// The longest name of a test, in characters.
const MAX_TEST_NAME: usize = 120;

/// S107 of an exercise: title, id, names of tests.
pub(super) fn exercise_lengths(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    length(context.file.id.as_ref(), "id", MAX_CONTENT_ID, findings);
    length(context.file.title.as_ref(), "title", MAX_TITLE, findings);
    for test in context.file.tests() {
        length(test.name.as_ref(), "name", MAX_TEST_NAME, findings);
    }
}

/// S107 of a pool: slug and name.
pub(super) fn pool_lengths(context: &PoolContext<'_>, findings: &mut Findings<'_>) {
    length(context.file.slug.as_ref(), "slug", MAX_CONTENT_ID, findings);
    length(context.file.name.as_ref(), "name", MAX_TITLE, findings);
}

fn length(text: Option<&Text>, key: &str, limit: usize, findings: &mut Findings<'_>) {
    // A byte count within the limit spares most texts the count of characters.
    let Some(text) = text.filter(|text| text.value.len() > limit) else {
        return;
    };
    let characters = text.value.chars().count();
    if characters > limit {
        let message = format!("`{key}` has {characters} characters, at most {limit} are allowed");
        findings.push(
            findings
                .at(Code::S107, text.span.clone(), message)
                .help("shorten it"),
        );
    }
}

/// S106: `build` and `validation` where nothing is built, and checks of compiled programs where there
/// are none.
pub(super) fn keys_for_other_types(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    let file = context.file;
    let kind = file.kind.as_ref().map(|kind| kind.value);
    if let Some(kind @ (ExerciseKind::Qcm | ExerciseKind::Text)) = kind {
        for (key, absent) in [
            ("build", file.build.is_absent()),
            ("validation", file.validation.is_absent()),
        ] {
            if let Some(place) = context.key(key).filter(|_| !absent) {
                let message = format!("`{key}` means nothing for the type `{}`", kind.as_str());
                let problem = findings.at(Code::S106, place, message);
                findings.push(problem.help(format!("remove `{key}`, or change the type")));
            }
        }
        return;
    }
    let Some(language) = file.language.as_ref() else {
        return;
    };
    let known = VALGRIND_LANGUAGES.contains(&&*language.value.to_lowercase());
    if !known && !valgrind_on_another_language(context) {
        checks_of_other_languages(context, language, findings);
    }
}

/// One problem for all of the checks: they are there by one mistake.
fn checks_of_other_languages(
    context: &ExerciseContext<'_>,
    language: &Text,
    findings: &mut Findings<'_>,
) {
    let Some(checks) = context.file.validation.as_ref() else {
        return;
    };
    let checks = &checks.value;
    let source = findings.source();
    let keys = [
        ("check_valgrind", checks.check_valgrind.is_absent()),
        ("allowed_functions", checks.allowed_functions.is_absent()),
        (
            "forbidden_functions",
            checks.forbidden_functions.is_absent(),
        ),
    ];
    let section = context.entry("validation").map(|entry| entry.value);
    let mut places: Vec<_> = keys
        .into_iter()
        .filter(|(_, absent)| !absent)
        .filter_map(|(key, _)| {
            let entry = entry(context.tree, section?, key)?;
            Some((key, context.tree.node(entry.key).span.clone()))
        })
        .collect();
    places.sort_by_key(|(_, place)| place.start);
    let mut problem = None;
    for (key, place) in places {
        problem = Some(match problem.take() {
            None => {
                let name = shortened(&language.value);
                let message = format!("`{key}` is for C and its like, not for {name}");
                let problem = findings.at(Code::S106, place, message);
                problem.help("remove it, or mend the language")
            }
            Some(problem) => {
                let path = Arc::clone(source.path());
                crate::diagnostics::Diagnostic::label(problem, path, source.span(place), "and here")
            }
        });
    }
    if let Some(problem) = problem {
        findings.push(problem);
    }
}
