//! Y021: characters that nobody sees, where they change what a machine reads.

use std::collections::HashMap;
use std::ops::Range;

use crate::diagnostics::unseen::{has_no_width, is_wide_blank};
use crate::diagnostics::yaml::{NodeId, Style, Tree, Value};
use crate::diagnostics::{Applicability, Code, Diagnostic, Findings};
use crate::exercise::Text;

use super::{ExerciseContext, PoolContext};

/// Y021 of the whole text: what turns the direction of writing, and unseen characters in keys.
pub(super) fn directions_and_keys(tree: &Tree<'_>, findings: &mut Findings<'_>) {
    let source = findings.source();
    let text = source.text();
    if text.is_ascii() {
        return;
    }
    let description = description(tree);
    let mut line = 0;
    for (at, character) in text.char_indices().filter(|&(_, c)| is_direction(c)) {
        let within = description
            .as_ref()
            .is_some_and(|range| range.contains(&at));
        // Once a line: such characters come in pairs.
        let number = source.position(at).line;
        if within || number == line {
            continue;
        }
        line = number;
        let code = u32::from(character);
        let message = format!("U+{code:04X} makes the line look unlike what is written in it");
        let problem = findings.at(Code::Y021, at..at + character.len_utf8(), message);
        findings.push(problem.help("remove the characters that turn the direction of writing"));
    }
    for node in tree.nodes() {
        let Value::Mapping(entries) = &node.value else {
            continue;
        };
        for entry in entries {
            unseen(tree, entry.key, "the key", findings);
        }
    }
}

/// Y021 of an exercise's id and commands.
pub(super) fn of_exercise(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    if findings.source().text().is_ascii() {
        return;
    }
    let id = context.file.id.as_ref().map(|id| (id, "the id"));
    let commands = context.commands().map(|(text, _)| (text, "the command"));
    let texts: Vec<_> = id.into_iter().chain(commands).collect();
    of_texts(context.tree, &texts, findings);
}

/// Y021 of a pool's slug and of the ids that it lists.
pub(super) fn of_pool(context: &PoolContext<'_>, findings: &mut Findings<'_>) {
    if findings.source().text().is_ascii() {
        return;
    }
    let file = context.file;
    let slug = file.slug.as_ref().map(|slug| (slug, "the slug"));
    let listed = file.exercises.as_ref().map_or(&[][..], |list| &list.value);
    let listed = listed.iter().map(|id| (id, "the id"));
    let texts: Vec<_> = slug.into_iter().chain(listed).collect();
    of_texts(context.tree, &texts, findings);
}

fn of_texts(tree: &Tree<'_>, texts: &[(&Text, &str)], findings: &mut Findings<'_>) {
    let source = findings.source();
    let is_ascii = |text: &Text| {
        source
            .text()
            .get(text.span.clone())
            .is_none_or(str::is_ascii)
    };
    let mut texts = texts.iter().filter(|(text, _)| !is_ascii(text)).peekable();
    if texts.peek().is_none() {
        return;
    }
    // Looked for once: a pool may list thousands.
    let mut nodes = HashMap::new();
    for id in (0..).map_while(|index| tree.id(index)) {
        nodes.entry(&tree.node(id).span).or_insert(id);
    }
    for (text, what) in texts {
        if let Some(&id) = nodes.get(&text.span) {
            unseen(tree, id, what, findings);
        }
    }
}

/// Reports the first character of a scalar that nobody sees.
fn unseen(tree: &Tree<'_>, id: NodeId, what: &str, findings: &mut Findings<'_>) {
    let node = tree.node(id);
    let Value::Scalar { style, .. } = &node.value else {
        return;
    };
    let Range { start, end } = node.span;
    let written = findings.source().text().get(start..end).unwrap_or_default();
    if written.is_ascii() {
        return;
    }
    let mut found = written
        .char_indices()
        .filter(|&(at, c)| has_no_width(&written[..at], c) || is_wide_blank(c));
    let Some((at, character)) = found.next() else {
        return;
    };
    let code = u32::from(character);
    let (kind, help) = if is_wide_blank(character) {
        ("a no-break space", "write a plain space")
    } else {
        ("a character without width", "remove it")
    };
    let message = format!("{what} holds {kind}, U+{code:04X}");
    let place = start + at..start + at + character.len_utf8();
    let problem = findings.at(Code::Y021, place, message).help(help);
    let blanks = written.char_indices().filter(|&(_, c)| is_wide_blank(c));
    let blanks = blanks.filter(|&(at, c)| is_replaceable(written, at, c, *style));
    let edits: Vec<_> = blanks
        .map(|(at, c)| findings.edit(start + at..start + at + c.len_utf8(), " "))
        .collect();
    findings.push(with_spaces(problem, edits));
}

fn with_spaces(problem: Diagnostic, edits: Vec<crate::diagnostics::Edit>) -> Diagnostic {
    if edits.is_empty() {
        return problem;
    }
    problem.edits(Applicability::Safe, "write plain spaces", edits)
}

/// Whether a plain space in place of the blank is a space within the text to every reader, and no
/// indentation, no comment and no key.
fn is_replaceable(written: &str, at: usize, blank: char, style: Style) -> bool {
    let before = &written[..at];
    let behind = &written[at + blank.len_utf8()..];
    match style {
        Style::Quoted => true,
        Style::Block => !before
            .rsplit(['\n', '\r'])
            .next()
            .unwrap_or_default()
            .trim()
            .is_empty(),
        Style::Plain => {
            !before.ends_with([':', '-', '?']) && !before.is_empty() && !behind.starts_with('#')
        }
    }
}

/// The value of the root's `description`.
fn description(tree: &Tree<'_>) -> Option<Range<usize>> {
    let entry = tree.entry("description")?;
    Some(tree.node(entry.value).span.clone())
}

/// What embeds, overrides or isolates a direction of writing.
fn is_direction(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
