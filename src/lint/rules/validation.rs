//! V: what a submission may use.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::diagnostics::yaml::{Spanned, Tree, Value, in_quotes, shortened};
use crate::diagnostics::{Applicability, Code, Findings};
use crate::exercise::Text;

use super::{ExerciseContext, entry};

/// The languages whose programs valgrind understands.
pub(super) const VALGRIND_LANGUAGES: [&str; 3] = ["c", "cpp", "rust"];

type List = Spanned<Vec<Text>>;

/// The functions that are allowed and those that are forbidden, where both lists are written.
fn both_lists<'c>(context: &ExerciseContext<'c>) -> Option<(&'c List, &'c List)> {
    let lists = &context.file.validation.as_ref()?.value;
    let allowed = lists.allowed_functions.as_ref()?;
    Some((allowed, lists.forbidden_functions.as_ref()?))
}

/// V601: a function that is allowed and forbidden.
pub(super) fn overlap(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    let Some((allowed, forbidden)) = both_lists(context) else {
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

/// Whether V603 is reported.
pub(super) fn valgrind_on_another_language(context: &ExerciseContext<'_>) -> bool {
    let file = context.file;
    let validation = file.validation.as_ref();
    let check = validation.and_then(|checks| checks.value.check_valgrind.as_ref());
    let language = file.language.as_ref();
    check.is_some_and(|check| check.value)
        && language.is_some_and(|name| !VALGRIND_LANGUAGES.contains(&&*name.value))
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
    let Some(language) = file.language.as_ref() else {
        return;
    };
    if !valgrind_on_another_language(context) {
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
            "remove `check_valgrind`, or mend the language".to_owned(),
        )
    };
    let label = source.span(language.span.clone());
    let problem = findings.at(Code::V603, check.span.clone(), message);
    let problem = problem.label(Arc::clone(source.path()), label, "the language");
    findings.push(problem.help(help));
}

/// V602: entries that stand twice, or that are no names of functions.
pub(super) fn hygiene(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    let Some(validation) = context.file.validation.as_ref() else {
        return;
    };
    let lists = &validation.value;
    for (key, list) in [
        ("allowed_functions", &lists.allowed_functions),
        ("forbidden_functions", &lists.forbidden_functions),
    ] {
        let Some(list) = list.as_ref() else { continue };
        let mut seen: HashMap<&str, &Text> = HashMap::new();
        for (index, text) in list.value.iter().enumerate() {
            let name = text.value.trim();
            if let Some(first) = seen.get(name) {
                twice(context, key, index, (text, first), findings);
            } else if !is_function(name) {
                no_function(text, findings);
            }
            seen.entry(name).or_insert(text);
        }
    }
}

fn twice(
    context: &ExerciseContext<'_>,
    key: &str,
    index: usize,
    (text, first): (&Text, &Text),
    findings: &mut Findings<'_>,
) {
    let source = findings.source();
    let message = format!(
        "`{}` stands twice in the list",
        shortened(text.value.trim())
    );
    let problem = findings.at(Code::V602, text.span.clone(), message);
    let path = Arc::clone(source.path());
    let problem = problem.label(path, source.span(first.span.clone()), "the first one");
    let problem = problem.help("remove one of the two");
    let list = context.entry("validation").map(|entry| entry.value);
    let list = list.and_then(|section| entry(context.tree, section, key));
    let list = list.map(|entry| entry.value).filter(|&list| {
        // What an alias repeats is not edited for one of its readers.
        let items = |tree: &Tree<'_>| match &tree.node(list).value {
            Value::Sequence(items) => items.get(index).map(|&item| tree.node(item).span.clone()),
            _ => None,
        };
        items(context.tree) == Some(text.span.clone())
    });
    let gone = list.and_then(|list| context.tree.without_item(source, list, index));
    findings.push(findings.fixed(problem, Applicability::Safe, "remove it", gone));
}

fn no_function(text: &Text, findings: &mut Findings<'_>) {
    let name = text.value.trim();
    let message = format!("`{}` is no name of a function", shortened(name));
    let problem = findings.at(Code::V602, text.span.clone(), message);
    let called = name
        .strip_suffix(')')
        .and_then(|name| name.trim_end().strip_suffix('('));
    let called = called.map(str::trim_end).filter(|name| is_function(name));
    findings.push(match called {
        Some(called) => {
            let message = format!("write `{called}`");
            let span = findings.source().span(text.span.clone());
            let problem = problem.help(&*message);
            problem.fix(Applicability::Safe, message, span, in_quotes(called))
        }
        None => problem.help("list names alone, such as `printf`"),
    });
}

/// A name, or a path of names as some languages write it: `printf`, `os.system`, `Vec::push`, `print!`.
fn is_function(name: &str) -> bool {
    let name = name.strip_suffix('!').unwrap_or(name);
    let word = |word: &str| {
        !word.is_empty()
            && !word.starts_with(|c: char| c.is_ascii_digit())
            && word.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    name.split("::").flat_map(|part| part.split('.')).all(word)
}

/// V605: functions that are forbidden beside a list of all that are allowed.
pub(super) fn redundant(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    let Some((allowed, forbidden)) = both_lists(context) else {
        return;
    };
    let known: HashSet<&str> = allowed.value.iter().map(|text| text.value.trim()).collect();
    let mut names = forbidden.value.iter().map(|text| text.value.trim());
    let both = names.any(|name| known.contains(name));
    // What is allowed and forbidden is an error of its own.
    if allowed.value.is_empty() || forbidden.value.is_empty() || both {
        return;
    }
    let source = findings.source();
    let tree = context.tree;
    let Some(section) = context.entry("validation").map(|entry| entry.value) else {
        return;
    };
    let Some(key) = entry(tree, section, "forbidden_functions").map(|entry| entry.key) else {
        return;
    };
    let message = "all that is not in `allowed_functions` is forbidden already";
    let problem = findings.at(Code::V605, tree.node(key).span.clone(), message);
    let label = source.span(allowed.span.clone());
    let problem = problem.label(Arc::clone(source.path()), label, "all that is allowed");
    let problem = problem.help("remove `forbidden_functions`");
    let index = match &tree.node(section).value {
        Value::Mapping(entries) => entries.iter().position(|entry| entry.key == key),
        _ => None,
    };
    let gone = index.and_then(|index| tree.without_entry(source, section, index));
    findings.push(findings.fixed(problem, Applicability::Safe, "remove it", gone));
}
