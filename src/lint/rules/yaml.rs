//! Y: what is judged of any YAML, whatever it means.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use crate::diagnostics::yaml::{NodeId, Tag, Tree, Value};
use crate::diagnostics::{Applicability, Code, Findings, Severity};

/// Y006: the same key twice in a mapping, reported at the later place.
pub(super) fn duplicate_keys(tree: &Tree<'_>, findings: &mut Findings<'_>) {
    let mut seen: HashMap<&str, NodeId> = HashMap::new();
    for node in tree.nodes() {
        let Value::Mapping(entries) = &node.value else {
            continue;
        };
        seen.clear();
        for entry in entries {
            let Some(text) = tree.text(entry.key) else {
                continue;
            };
            let Some(&first) = seen.get(text) else {
                seen.insert(text, entry.key);
                continue;
            };
            let source = findings.source();
            let earlier = source.span(tree.node(first).span.clone());
            let message = format!("the key `{text}` stands twice");
            let problem = findings.at(Code::Y006, tree.node(entry.key).span.clone(), message);
            let problem = problem.label(Arc::clone(source.path()), earlier, "first written here");
            findings.push(problem.help("remove one of the two"));
        }
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
            let span = source.span(anchor.clone());
            let problem = findings
                .at(Code::Y011, anchor, message)
                .severity(Severity::Warning);
            let problem = problem.help("remove the mark");
            findings.push(problem.fix(Applicability::Safe, "remove it", span, ""));
        }
    }
}

/// Y013: tags outside of the core schema.
pub(super) fn custom_tags(tree: &Tree<'_>, findings: &mut Findings<'_>) {
    for node in tree.nodes() {
        let Some((Tag::Custom, range)) = &node.tag else {
            continue;
        };
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
