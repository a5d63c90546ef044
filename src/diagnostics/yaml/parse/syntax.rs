//! Saying plainly why a file is not YAML.

use std::ops::Range;

use granit_parser::{ErrorKind, ScanError};

use super::super::super::{Applicability, Code, Diagnostic, Findings, Source};
use super::super::edit::in_quotes;
use super::super::scalar::blanks;
use super::super::tree::{Tree, Value};
use super::{Refused, words};

/// The most bytes of a value that a help repeats.
const LONG: usize = 200;

/// What the parser has read before it gave up.
pub(super) struct Before {
    /// Where it ends.
    pub(super) read: usize,
    /// The innermost bracket that is not closed.
    pub(super) bracket: Option<usize>,
}

/// Turns the parser's error into a finding.
pub(super) fn explain(
    source: &Source,
    before: &Before,
    error: &ScanError,
    findings: &mut Findings<'_>,
) -> Refused {
    let text = source.text();
    let offset = error.marker().byte_offset().unwrap_or(0) + source.mark_length();
    let offset = text.floor_char_boundary(offset);
    let kind = error.kind();
    if let Some(tab) = tab_to_blame(source, offset, kind) {
        push_tab(source, tab, findings);
        return Refused;
    }
    if matches!(kind, ErrorKind::RecursionLimitExceeded) {
        let message = "collections are nested too deep here";
        let help = "no key of an exercise or a pool needs that";
        findings.push(findings.at(Code::Y020, offset..offset, message).help(help));
        return Refused;
    }
    let finding = if let Some(value) = bracketed(source, offset)
        && before.bracket.is_none()
    {
        begins_with_bracket(source, value, findings)
    } else if *kind == ErrorKind::MappingValueNotAllowed {
        colon(source, offset, findings)
    } else {
        let range = range(text, before.read, offset, kind);
        let code = match kind {
            ErrorKind::UndeclaredTagHandle => Code::Y013,
            _ => Code::Y001,
        };
        let (message, help) = words::of(kind, text.get(range.clone()).unwrap_or_default());
        let finding = findings.at(code, range, message).help(help);
        match before.bracket.filter(|_| expects_more(kind)) {
            Some(open) => {
                let path = std::sync::Arc::clone(source.path());
                finding.label(path, source.span(open..open + 1), "this is still open")
            }
            None => finding,
        }
    };
    findings.push(finding);
    Refused
}

/// Reports the first line break of YAML 1.1 that is none in YAML 1.2: wherever it stands, also in a
/// comment, a reader of the one sees another line. True where there is one.
pub(super) fn other_break(source: &Source, findings: &mut Findings<'_>) -> bool {
    let text = source.text();
    let Some(at) = text.find(['\u{85}', '\u{2028}', '\u{2029}']) else {
        return false;
    };
    let range = character(text, at);
    let code = text[at..].chars().next().map_or(0, u32::from);
    let message = format!("the character U+{code:04X} ends a line to some readers of YAML");
    let help = format!("remove it, or write `\\u{code:04x}` in double quotes");
    findings.push(findings.at(Code::Y001, range, message).help(help));
    true
}

/// Whether what is wrong may well be that a bracket before it is not closed.
fn expects_more(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator
    )
}

/// A `:` that begins a value where no key may stand.
fn colon(source: &Source, offset: usize, findings: &Findings<'_>) -> Diagnostic {
    let text = source.text();
    let Some(value) = colon_in_value(source, offset) else {
        let line = source.line_start(source.position(offset).line);
        let key = line + blanks(&text[line..offset]);
        let range = if key < offset {
            key..offset
        } else {
            character(text, offset)
        };
        let message = "a key can't stand here, the line goes on with the text above it";
        let help = "is a `:` missing above, or is the line indented too far?";
        return findings.at(Code::Y001, range, message).help(help);
    };
    let message = "`: ` inside of a value without quotes begins another key";
    let problem = findings.at(Code::Y001, character(text, offset), message);
    to_be_quoted(source, value, problem)
}

/// The problem of a value that needs quotes.
fn to_be_quoted(source: &Source, value: Range<usize>, problem: Diagnostic) -> Diagnostic {
    let quoted = in_quotes(&source.text()[value.clone()]);
    let help = if quoted.len() > LONG {
        "put the value in quotes".to_owned()
    } else {
        format!("put the value in quotes: {quoted}")
    };
    let span = source.span(value);
    let message = "put it in quotes";
    problem
        .help(help)
        .fix(Applicability::Unsafe, message, span, quoted)
}

/// A value that goes on behind the bracket that it begins with, as in `run: {submission} x`.
fn begins_with_bracket(
    source: &Source,
    value: Range<usize>,
    findings: &Findings<'_>,
) -> Diagnostic {
    let bracket = &source.text()[value.start..=value.start];
    let message = format!("a value that begins with `{bracket}` and goes on must be in quotes");
    let problem = findings.at(Code::Y001, value.start..value.start + 1, message);
    to_be_quoted(source, value, problem)
}

/// The value on this line that begins with a bracket and goes on behind its like, if the parser gave
/// up there.
fn bracketed(source: &Source, offset: usize) -> Option<Range<usize>> {
    let start = source.line_start(source.position(offset).line);
    let line = source.text()[start..].split(['\n', '\r']).next()?;
    let mut value = line.len() - line.trim_start_matches([' ', '\t', '-']).len();
    if !line[value..].starts_with(['[', '{']) {
        let colon = line.match_indices(':').map(|(at, _)| at + 1);
        value = colon
            .into_iter()
            .find(|&at| line[at..].starts_with([' ', '\t']))?;
        value += blanks(&line[value..]);
    }
    if !line[value..].starts_with(['[', '{']) {
        return None;
    }
    let close = value + closing_bracket(&line[value..])?;
    let end = line[close..]
        .find(" #")
        .map_or(line.len(), |comment| close + comment);
    let end = value + line[value..end].trim_end().len();
    (start + close < offset && close + 1 < end).then_some(start + value..start + end)
}

/// Where the bracket is closed that the text begins with.
fn closing_bracket(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    text.char_indices().find_map(|(at, character)| {
        match character {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        (depth == 0).then_some(at)
    })
}

/// The place to edit; the parser names the one at which it gave up.
fn range(text: &str, read: usize, offset: usize, kind: &ErrorKind) -> Range<usize> {
    let better = match kind {
        ErrorKind::UnclosedQuotedScalar
        | ErrorKind::InvalidQuotedScalarIndent
        | ErrorKind::DocumentIndicatorInQuotedScalar => {
            open_quote(text, read, offset).map(|quote| quote..quote + 1)
        }
        ErrorKind::UndeclaredTagHandle => {
            let rest = &text[offset..];
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            Some(offset..offset + end)
        }
        _ if words::is_about_escapes(kind) => {
            bad_escape(&text[offset..]).map(|escape| offset + escape.start..offset + escape.end)
        }
        _ => None,
    };
    better.unwrap_or_else(|| character(text, offset))
}

/// The character at an offset; nothing at the end of a line.
fn character(text: &str, offset: usize) -> Range<usize> {
    let next = text[offset..].chars().next();
    let length = next
        .filter(|c| !matches!(c, '\n' | '\r'))
        .map_or(0, char::len_utf8);
    offset..offset + length
}

/// The quote behind `read` that is not closed before `limit`.
fn open_quote(text: &str, read: usize, limit: usize) -> Option<usize> {
    let mut at = read.min(limit);
    let mut before = None;
    while let Some(character) = text[at..].chars().next() {
        let begins = before.is_none_or(|c: char| c.is_whitespace() || "[{,:-?".contains(c));
        match character {
            '"' | '\'' if begins => match closing_quote(text, at, character) {
                Some(close) if close < limit => at = close,
                _ => return Some(at),
            },
            '#' if before.is_none_or(char::is_whitespace) => {
                let rest = &text[at..];
                at += rest.find(['\n', '\r']).unwrap_or(rest.len());
                before = Some('\n');
                continue;
            }
            _ => {}
        }
        before = Some(character);
        at += character.len_utf8();
    }
    None
}

fn closing_quote(text: &str, open: usize, quote: char) -> Option<usize> {
    let mut characters = text[open + 1..].char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if character == '\\' && quote == '"' {
            characters.next();
        } else if character == quote {
            let doubled = quote == '\'' && characters.next_if(|&(_, c)| c == quote).is_some();
            if !doubled {
                return Some(open + 1 + at);
            }
        }
    }
    None
}

/// The first escape of a text in double quotes that stands for no character.
fn bad_escape(quoted: &str) -> Option<Range<usize>> {
    let mut at = 1;
    while let Some(backslash) = quoted[at..].find('\\') {
        at += backslash;
        let Some(letter) = quoted[at + 1..].chars().next() else {
            return Some(at..at + 1);
        };
        let digits = match letter {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            c if "0abt\tnvfre \"/\\N_LP\n\r".contains(c) => 0,
            _ => return Some(at..at + 1 + letter.len_utf8()),
        };
        let code = &quoted[at + 2..];
        let hex = code
            .bytes()
            .take(digits)
            .take_while(u8::is_ascii_hexdigit)
            .count();
        let next = at + 1 + letter.len_utf8() + hex;
        let unit = u32::from_str_radix(&code[..hex], 16).unwrap_or(0);
        if hex < digits {
            return Some(at..next);
        }
        let paired =
            digits == 4 && matches!(unit, 0xD800..0xDC00) && low_surrogate(&quoted[next..]);
        if digits > 0 && char::from_u32(unit).is_none() && !paired {
            return Some(at..next);
        }
        at = if paired { next + 6 } else { next };
    }
    None
}

fn low_surrogate(text: &str) -> bool {
    let digits = text.strip_prefix("\\u").and_then(|rest| rest.get(..4));
    let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    unit.is_some_and(|unit| matches!(unit, 0xDC00..0xE000))
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
    for tab in tabs_behind_dashes(source, tree) {
        push_tab(source, tab, findings);
        clean = false;
    }
    clean
}

/// Tabs between a `-` and a collection that begins on its line: they indent the collection.
fn tabs_behind_dashes(source: &Source, tree: &Tree<'_>) -> Vec<usize> {
    let text = source.text();
    let mut tabs = Vec::new();
    for node in tree.nodes() {
        let start = node.span.start;
        let flow = text[start..].starts_with(['[', '{']);
        if flow || !matches!(node.value, Value::Sequence(_) | Value::Mapping(_)) {
            continue;
        }
        // Backwards, so that many collections on one long line cost no more than few.
        let above = &text.as_bytes()[..start];
        let other = above.iter().rposition(|byte| !b"- \t".contains(byte));
        let line = other.map_or(0, |at| at + 1);
        if other.is_some_and(|at| !b"\n\r".contains(&above[at])) {
            continue;
        }
        let dashes = line + blanks(&text[line..start]);
        tabs.extend(text[dashes..start].find('\t').map(|tab| dashes + tab));
    }
    tabs.dedup();
    tabs
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
    let start = source.line_start(source.position(tab).line);
    let rest = &source.text()[start..];
    let width = blanks(rest);
    let message = "a tab in the indentation, YAML indents with spaces";
    let finding = findings.at(Code::Y005, tab..tab + 1, message);
    let finding = if tab >= start + width {
        finding.help("replace the tab by a space")
    } else if rest[..width].bytes().all(|byte| byte == b'\t') {
        let span = source.span(start..start + width);
        finding.help("replace each tab by two spaces").fix(
            Applicability::Safe,
            "use spaces",
            span,
            "  ".repeat(width),
        )
    } else {
        finding.help("replace the tab by as many spaces as it looks like")
    };
    findings.push(finding);
}

/// The tab that the parser stumbled over, if it was one.
fn tab_to_blame(source: &Source, offset: usize, kind: &ErrorKind) -> Option<usize> {
    let text = source.text();
    let first = source.position(offset).line;
    let line = source.line_start(first);
    let about_tabs = is_about_tabs(kind);
    let dashes = text[line..offset].trim_end_matches('-');
    if (about_tabs || *kind == ErrorKind::InvalidBlockEntryWhitespace)
        && let Some(tab) = dashes.find('\t').filter(|_| is_dashes(dashes))
    {
        return Some(line + tab);
    }
    let mut start = line;
    // Blank lines may stand between what was read and the tab.
    let lines = text[line..].split_inclusive(['\n', '\r']);
    lines
        .take(if about_tabs { usize::MAX } else { 1 })
        .find_map(|line| {
            let tab = tab_of(line).map(|tab| start + tab);
            start += line.len();
            tab
        })
}

/// Whether a text is of `-` and blanks alone.
fn is_dashes(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'-' | b' ' | b'\t'))
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
    let colon = line.match_indices(':').map(|(at, _)| at + 1);
    let value = colon
        .into_iter()
        .find(|&at| line[at..].starts_with([' ', '\t']))?;
    let value = value + blanks(&line[value..]);
    if start + value >= offset || line[value..].starts_with(['"', '\'', '[', '{', '|', '>', '#']) {
        return None;
    }
    let end = line[value..]
        .find(" #")
        .map_or(line.len(), |comment| value + comment);
    let end = value + line[value..end].trim_end().len();
    Some(start + value..start + end)
}
