//! Y: what is judged of any YAML, whatever it means.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use crate::diagnostics::yaml::{Entry, NodeId, Tag, Tree, Value, shortened};
use crate::diagnostics::{Applicability, Code, Findings, Severity, Source};

/// Y006: the same key twice in a mapping, reported at the later place. S103: a merge key whose value
/// can't be merged in.
pub(super) fn duplicate_keys(tree: &Tree<'_>, findings: &mut Findings<'_>) {
    let mut seen: HashMap<&str, NodeId> = HashMap::new();
    for node in tree.nodes() {
        let Value::Mapping(entries) = &node.value else {
            continue;
        };
        seen.clear();
        for entry in entries {
            if tree.is_merge_key(entry.key) {
                merged(tree, *entry, findings);
            }
            let Some(text) = tree.text(entry.key) else {
                continue;
            };
            let Some(&first) = seen.get(text) else {
                seen.insert(text, entry.key);
                continue;
            };
            let source = findings.source();
            let earlier = source.span(tree.node(first).span.clone());
            let message = format!("the key `{}` stands twice", shortened(text));
            let problem = findings.at(Code::Y006, tree.node(entry.key).span.clone(), message);
            let problem = problem.label(Arc::clone(source.path()), earlier, "first written here");
            findings.push(problem.help("remove one of the two"));
        }
    }
}

fn merged(tree: &Tree<'_>, entry: Entry, findings: &mut Findings<'_>) {
    for value in tree.unmergeable(entry.value) {
        let node = tree.resolve(value);
        let reported = matches!(node.value, Value::Alias(_))
            || matches!(node.tag, Some((Tag::Custom, _)))
            || node.contradicts_tag();
        if reported {
            continue;
        }
        let written = tree.node(value).span.clone();
        let place = if written.is_empty() {
            tree.node(entry.key).span.clone()
        } else {
            written
        };
        let message = format!("`<<` merges mappings in, not {}", node.describe());
        let help = "write an alias of a mapping, such as `<<: *defaults`, or remove `<<`";
        findings.push(findings.at(Code::S103, place, message).help(help));
    }
}

/// Y011: aliases of nothing, anchors that stand twice or that nothing repeats.
pub(super) fn anchors(tree: &Tree<'_>, findings: &mut Findings<'_>) {
    let mut repeated = HashSet::new();
    let mut any = false;
    for node in tree.nodes() {
        any |= node.anchor.is_some();
        match node.value {
            Value::Alias(Some(target)) => {
                repeated.extend(tree.node(target).anchor.clone().map(|anchor| anchor.start));
            }
            Value::Alias(None) => {
                let name = findings
                    .source()
                    .text()
                    .get(node.span.clone())
                    .unwrap_or_default();
                let anchor = name.replacen('*', "&", 1);
                let message =
                    format!("`{name}` repeats nothing: no value above is marked `{anchor}`");
                let help = "put a text that begins with `*` in quotes, or mark the value to repeat";
                findings.push(
                    findings
                        .at(Code::Y011, node.span.clone(), message)
                        .help(help),
                );
            }
            _ => {}
        }
    }
    if !any {
        return;
    }
    let source = findings.source();
    let anchors = tree.nodes().iter().filter_map(|node| node.anchor.clone());
    let name_of = |anchor: &Range<usize>| source.text().get(anchor.clone()).unwrap_or_default();
    let mut times: HashMap<&str, usize> = HashMap::new();
    for anchor in anchors.clone() {
        *times.entry(name_of(&anchor)).or_default() += 1;
    }
    let mut names: HashMap<&str, Range<usize>> = HashMap::new();
    for anchor in anchors {
        let name = name_of(&anchor);
        if let Some(first) = names.insert(name, anchor.clone()) {
            let message = format!("`{name}` marks a second value");
            let problem = findings
                .at(Code::Y011, anchor, message)
                .severity(Severity::Warning);
            let first = source.span(first);
            let problem = problem.label(Arc::clone(source.path()), first, "first used here");
            findings.push(problem.help("give it another name"));
        } else if !repeated.contains(&anchor.start) && times.get(name) == Some(&1) {
            let message = format!("no alias repeats what `{name}` marks");
            let range = with_blanks(source, &anchor);
            let problem = findings
                .at(Code::Y011, anchor, message)
                .severity(Severity::Warning);
            let problem = problem.help("remove the mark");
            findings.push(match range {
                Some(range) => {
                    let span = source.span(range);
                    problem.fix(Applicability::Safe, "remove it", span, "")
                }
                None => problem,
            });
        }
    }
}

/// An anchor with the blanks between it and what it marks, or with those before it where it ends its
/// line; `None` where nothing else would be left between a comma and the next.
fn with_blanks(source: &Source, anchor: &Range<usize>) -> Option<Range<usize>> {
    let text = source.text();
    let behind = &text[anchor.end..];
    let rest = behind.trim_start_matches([' ', '\t']);
    if rest.starts_with([',', ']', '}', ':']) {
        return None;
    }
    if !rest.is_empty() && !rest.starts_with(['\n', '\r']) {
        return Some(anchor.start..anchor.end + behind.len() - rest.len());
    }
    let before = text[..anchor.start].trim_end_matches([' ', '\t']).len();
    Some(before..anchor.end)
}

/// Y013: tags outside of the core schema. S103: tags of the core schema that the value contradicts.
pub(super) fn custom_tags(tree: &Tree<'_>, findings: &mut Findings<'_>) {
    for node in tree.nodes() {
        let Some((tag, range)) = &node.tag else {
            continue;
        };
        if let Tag::Core(name) = tag
            && node.contradicts_tag()
        {
            let what = match node.value {
                Value::Scalar { .. } => "a single value",
                _ => node.describe(),
            };
            let message = format!("the tag `!!{name}` does not fit {what} such as this");
            let place = if node.span.is_empty() {
                range.clone()
            } else {
                node.span.clone()
            };
            let problem = findings.at(Code::S103, place, message);
            findings.push(problem.help("remove the tag, or write what it says"));
        }
        if *tag != Tag::Custom {
            continue;
        }
        let tag = findings
            .source()
            .text()
            .get(range.clone())
            .unwrap_or_default();
        let message = format!("the tag `{tag}` means nothing here");
        findings.push(
            findings
                .at(Code::Y013, range.clone(), message)
                .help("remove the tag"),
        );
    }
}
