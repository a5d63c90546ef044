//! Y012: merge keys, which YAML 1.2 does not know.

use std::ops::Range;

use crate::diagnostics::yaml::{Entry, NodeId, Style, Tree, Value, indent};
use crate::diagnostics::{Applicability, Code, Findings, Source};

/// Y012: `<<:` with something that can be merged in; what can't is reported as such.
pub(super) fn merge_keys(tree: &Tree<'_>, findings: &mut Findings<'_>) {
    let source = findings.source();
    for (index, node) in tree.nodes().iter().enumerate() {
        let Value::Mapping(entries) = &node.value else {
            continue;
        };
        for entry in entries.iter().filter(|entry| tree.is_merge_key(entry.key)) {
            if !tree.unmergeable(entry.value).is_empty() {
                continue;
            }
            let place = tree.node(entry.key).span.clone();
            let message = "`<<` merges keys in for some readers of YAML, and is a key for others";
            let problem = findings.at(Code::Y012, place, message);
            let problem = problem.help("write the keys out");
            let mapping = tree.id(index);
            let written = mapping.and_then(|id| written_out(tree, source, id, *entry));
            let message = "write the keys out";
            findings.push(findings.fixed(problem, Applicability::Unsafe, message, written));
        }
    }
}

/// The keys that a merge key brings in, as they would be written in its place.
fn written_out(
    tree: &Tree<'_>,
    source: &Source,
    mapping: NodeId,
    merge: Entry,
) -> Option<(Range<usize>, String)> {
    let Value::Mapping(own) = &tree.node(mapping).value else {
        return None;
    };
    let merges = own.iter().filter(|entry| tree.is_merge_key(entry.key));
    if merges.count() > 1 {
        return None;
    }
    let range = tree.start(merge.key)..tree.node(merge.value).span.end;
    let flow = tree.is_flow(source, mapping);
    let has = |key: NodeId| {
        own.iter()
            .any(|entry| tree.text(entry.key) == tree.text(key))
    };
    let brought = tree.entries(&[merge]);
    let brought = brought.iter().filter(|entry| !has(entry.key));
    let pairs: Option<Vec<String>> = brought
        .map(|entry| {
            // A colon right behind an alias would belong to its name.
            let scalar = matches!(tree.node(entry.key).value, Value::Scalar { .. });
            let key = on_one_line(tree, source, entry.key, flow).filter(|_| scalar)?;
            let value = on_one_line(tree, source, entry.value, flow)?;
            Some(format!("{key}: {value}"))
        })
        .collect();
    let pairs = pairs.filter(|pairs| !pairs.is_empty())?;
    let between = if flow {
        ", ".to_owned()
    } else {
        format!("{}{}", source.line_break(), indent(source, range.start)?)
    };
    let commented = tree
        .comments()
        .iter()
        .any(|c| range.contains(&c.span.start));
    (!commented).then(|| (range, pairs.join(&between)))
}

/// A node as it is written, if it can be written so in another place.
fn on_one_line<'s>(tree: &Tree<'_>, source: &'s Source, id: NodeId, flow: bool) -> Option<&'s str> {
    let node = tree.node(id);
    let written = source.text().get(node.span.clone())?;
    if written.is_empty() || written.contains(['\n', '\r']) || node.tag.is_some() {
        return None;
    }
    let fits = match &node.value {
        Value::Scalar { style, .. } => match style {
            Style::Block => false,
            Style::Quoted => true,
            Style::Plain => !flow || !written.contains([',', '[', ']', '{', '}']),
        },
        // An anchor within would stand twice.
        Value::Sequence(_) | Value::Mapping(_) => {
            tree.is_flow(source, id) && !written.contains('&')
        }
        Value::Alias(target) => target.is_some(),
    };
    fits.then_some(written)
}
