//! Y: what is judged of a file's text, whether or not it can be read as YAML: its mark, its line
//! breaks, and blanks that nobody sees.

use std::ops::Range;

use crate::diagnostics::yaml::{Style, Tree, Value};
use crate::diagnostics::{Applicability, Code, Findings, Source};

/// Y003: a byte order mark.
pub(super) fn byte_order_mark(source: &Source, findings: &mut Findings<'_>) {
    let length = source.mark_length();
    if length == 0 {
        return;
    }
    let message = "the file begins with a byte order mark";
    let problem = findings.at(Code::Y003, 0..length, message);
    let problem = problem.help("save it as UTF-8 without a mark, which UTF-8 does not need");
    let span = source.span(0..length);
    findings.push(problem.fix(Applicability::Safe, "remove it", span, ""));
}

/// Y004: lines that end with CR LF, or with a lone CR; once a file.
pub(super) fn carriage_returns(source: &Source, findings: &mut Findings<'_>) {
    let text = source.text();
    let mut returns = text.match_indices('\r').map(|(at, _)| at).peekable();
    let Some(&first) = returns.peek() else { return };
    let pair = |at: usize| text[at..].starts_with("\r\n");
    let message = if pair(first) {
        "the lines end with CR LF, as on Windows"
    } else {
        "a line ends with a lone CR"
    };
    let edits = returns.map(|at| findings.edit(at..at + 1, if pair(at) { "" } else { "\n" }));
    let edits = edits.collect();
    let problem = findings.at(Code::Y004, first..first + 1, message);
    let problem = problem.help("end lines with LF alone");
    findings.push(problem.edits(Applicability::Safe, "end lines with LF", edits));
}

/// Y022: spaces at the end of lines, once a file, and a last line without an end.
pub(super) fn final_newline(tree: &Tree<'_>, findings: &mut Findings<'_>) {
    let source = findings.source();
    let blanks = trailing_blanks(tree, source);
    if let Some(first) = blanks.first() {
        let message = match blanks.len() {
            1 => "the line ends with spaces".to_owned(),
            lines => format!("{lines} lines end with spaces, the first is here"),
        };
        let problem = findings.at(Code::Y022, first.clone(), message);
        let edits = blanks.iter().map(|range| findings.edit(range.clone(), ""));
        let edits = edits.collect();
        let problem = problem.help("remove them");
        findings.push(problem.edits(Applicability::Safe, "remove the spaces", edits));
    }
    let text = source.text();
    let left = blanks.last().filter(|last| last.end == text.len());
    let end = left.map_or(text.len(), |last| last.start);
    if !text[..end].ends_with(['\n', '\r']) {
        let end = text.len();
        let problem = findings.at(Code::Y022, end..end, "the last line has no end");
        let problem = problem.help("end the file with a line break");
        let (span, content) = (source.span(end..end), source.line_break());
        findings.push(problem.fix(Applicability::Safe, "end the last line", span, content));
    }
}

/// The spaces and tabs at the ends of lines that belong to no text.
fn trailing_blanks(tree: &Tree<'_>, source: &Source) -> Vec<Range<usize>> {
    let text = source.text();
    let mut blanks = Vec::new();
    let mut texts: Option<Vec<Range<usize>>> = None;
    let mut start = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        let content = line.trim_end_matches(['\n', '\r']);
        let kept = content.trim_end_matches([' ', '\t']).len();
        if kept < content.len() {
            let texts = texts.get_or_insert_with(|| texts_with_lines(tree, text));
            let at = start + kept;
            let next = texts.partition_point(|text| text.start <= at);
            let within = next.checked_sub(1).and_then(|index| texts.get(index));
            if within.is_none_or(|text| at >= text.end) {
                blanks.push(at..start + content.len());
            }
        }
        start += line.len();
    }
    blanks
}

/// Texts of several lines. A block reaches to the next line that is not blank: how many spaces the
/// lines behind it hold may decide what it says.
fn texts_with_lines(tree: &Tree<'_>, text: &str) -> Vec<Range<usize>> {
    let mut texts: Vec<Range<usize>> = Vec::new();
    for node in tree.nodes() {
        let Value::Scalar { style, .. } = &node.value else {
            continue;
        };
        let Range { start, end } = node.span;
        if *style == Style::Block {
            let rest = text.get(end..).unwrap_or_default();
            let next = text.len() - rest.trim_start().len();
            let line = text[..next].rfind(['\n', '\r']).map_or(0, |at| at + 1);
            let stop = if next == text.len() { next } else { line };
            // The blanks behind `|` belong to no text, those on the lines between do.
            let header = text[start..end].starts_with(['|', '>']) && end == start + 1;
            let above = if header {
                start
            } else {
                text[..start].trim_end().len()
            };
            texts.push(end_of_line(text, above)..stop.max(end));
        } else if text[start..end].contains(['\n', '\r']) {
            texts.push(start..end);
        }
    }
    texts.sort_by_key(|range| range.start);
    texts
}

fn end_of_line(text: &str, offset: usize) -> usize {
    let rest = &text[offset..];
    offset + rest.find(['\n', '\r']).unwrap_or(rest.len())
}
