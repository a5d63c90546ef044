//! Saying plainly why a file is not YAML.

use std::ops::Range;

use granit_parser::{ErrorKind, ScanError};

use super::super::super::{Applicability, Code, Findings, Source};
use super::super::tree::{Tree, Value};
use super::Refused;

/// Turns the parser's error into a finding.
pub(super) fn explain(
    source: &Source,
    mark: usize,
    error: &ScanError,
    findings: &mut Findings<'_>,
) -> Refused {
    let offset = (error.marker().byte_offset().unwrap_or(0) + mark).min(source.text().len());
    let tabs = is_about_tabs(error.kind());
    if let Some(tab) = indenting_tab(source, offset, if tabs { 2 } else { 1 }) {
        push_tab(source, tab, findings);
        return Refused;
    }
    if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
        let message = "collections are nested too deep here";
        let help = "no key of an exercise or a pool needs that";
        findings.push(findings.at(Code::Y020, offset..offset, message).help(help));
        return Refused;
    }
    let end = offset
        + source.text()[offset..]
            .chars()
            .next()
            .map_or(0, char::len_utf8);
    let range = offset..if source.text()[offset..].starts_with(['\n', '\r']) {
        offset
    } else {
        end
    };
    let finding = findings.at(Code::Y001, range, sentence(error));
    let finding = match error.kind() {
        ErrorKind::MappingValueNotAllowed => match colon_in_value(source, offset) {
            Some(value) => {
                let text = &source.text()[value.clone()];
                let quoted = format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
                let mut finding = findings.at(
                    Code::Y001,
                    offset..end,
                    "`: ` inside of a value without quotes begins another key",
                );
                let span = source.span(value);
                finding = finding.fix(Applicability::Unsafe, "put it in quotes", span, &quoted);
                finding.help(format!("put the value in quotes: {quoted}"))
            }
            None => finding.help("indent the key like the keys beside it"),
        },
        _ => match hint(error.kind()) {
            Some(hint) => finding.help(hint),
            None => finding,
        },
    };
    findings.push(finding);
    Refused
}

/// Reports tabs in indentation that the parser lets pass. True where there are none.
pub(super) fn tab_indentation(
    source: &Source,
    tree: &Tree<'_>,
    findings: &mut Findings<'_>,
) -> bool {
    let text = source.text();
    if !text.contains('\t') {
        return true;
    }
    let inside = scalars_with_lines(source, tree);
    let mut clean = true;
    let mut start = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        if let Some(tab) = tab_of(line) {
            let tab = start + tab;
            let next = inside.partition_point(|span| span.start <= tab);
            let within = next.checked_sub(1).and_then(|i| inside.get(i));
            if within.is_none_or(|span| tab >= span.end) {
                push_tab(source, tab, findings);
                clean = false;
            }
        }
        start += line.len();
    }
    clean
}

/// The scalars that reach over several lines, where a tab belongs to the text.
fn scalars_with_lines(source: &Source, tree: &Tree<'_>) -> Vec<Range<usize>> {
    let spans_lines = |span: &Range<usize>| source.text()[span.clone()].contains(['\n', '\r']);
    let scalars = tree
        .nodes()
        .iter()
        .filter(|n| matches!(n.value, Value::Scalar { .. }));
    let mut spans: Vec<_> = scalars.map(|n| n.span.clone()).collect();
    spans.retain(|span| spans_lines(span) || source.text()[span.clone()].contains('\t'));
    spans.sort_by_key(|span| span.start);
    spans
}

fn push_tab(source: &Source, tab: usize, findings: &mut Findings<'_>) {
    let line = source.position(tab).line;
    let start = source.line_start(line);
    let rest = &source.text()[start..];
    let width = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let indentation = &rest[..width];
    let mut finding = findings
        .at(
            Code::Y005,
            tab..tab + 1,
            "a tab in the indentation, YAML indents with spaces",
        )
        .help("replace each tab by two spaces");
    if indentation.bytes().all(|byte| byte == b'\t') {
        let span = source.span(start..start + width);
        finding = finding.fix(Applicability::Safe, "use spaces", span, "  ".repeat(width));
    }
    findings.push(finding);
}

/// The first tab in the indentation of one of `lines` lines from the line of this offset on.
fn indenting_tab(source: &Source, offset: usize, lines: usize) -> Option<usize> {
    let first = source.position(offset).line;
    (first..first + lines).find_map(|line| {
        let start = source.line_start(line);
        let rest = source.text().get(start..)?;
        let line = rest.split(['\n', '\r']).next().unwrap_or_default();
        tab_of(line).map(|tab| start + tab)
    })
}

/// The place of a tab in a line's indentation, if there is something behind the indentation.
fn tab_of(line: &str) -> Option<usize> {
    let content = line.trim_start_matches([' ', '\t']);
    if content.trim_end_matches(['\n', '\r']).is_empty() {
        return None;
    }
    line[..line.len() - content.len()].find('\t')
}

fn is_about_tabs(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabAtBlockScalarStart
            | ErrorKind::TabInPlainScalar
    )
}

/// The value on this line that holds the `: ` at the offset, if the line is `key: value: more`.
fn colon_in_value(source: &Source, offset: usize) -> Option<Range<usize>> {
    let start = source.line_start(source.position(offset).line);
    let line = source.text()[start..].split(['\n', '\r']).next()?;
    let value = line.find(": ")? + 2;
    let value = value + (line[value..].len() - line[value..].trim_start().len());
    if start + value >= offset || line[value..].starts_with(['"', '\'', '[', '{', '|', '>', '#']) {
        return None;
    }
    let end = line[value..]
        .find(" #")
        .map_or(line.len(), |comment| value + comment);
    let end = value + line[value..end].trim_end().len();
    Some(start + value..start + end)
}

fn sentence(error: &ScanError) -> String {
    match error.kind() {
        ErrorKind::UnclosedQuotedScalar | ErrorKind::InvalidQuotedScalarIndent => {
            "a quoted text is not closed, or goes on with too little indentation".into()
        }
        ErrorKind::UnclosedFlowCollection { open } => format!("this `{open}` is never closed"),
        ErrorKind::UnexpectedCharacter { character } => {
            format!("a value can't begin with {character:?}")
        }
        ErrorKind::MappingValueNotAllowed => "a key is not allowed here".into(),
        _ => error.info().clone(),
    }
}

fn hint(kind: &ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::UnexpectedCharacter { .. } => Some("put the value in quotes"),
        ErrorKind::UnknownQuotedScalarEscape => {
            Some("write `\\\\` for a backslash, or use single quotes")
        }
        ErrorKind::UnclosedQuotedScalar | ErrorKind::InvalidQuotedScalarIndent => {
            Some("close the quote on its line")
        }
        ErrorKind::SimpleKeyExpected => Some("is a `:` missing behind the key?"),
        _ => None,
    }
}
