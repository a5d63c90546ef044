//! Drawing a problem: a frame of the source with the place marked, or one line.
//!
//! This is the one file that knows the drawing crate, and the one that keeps every span within the
//! text it is drawn on.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Diagnostic, Severity, Source, Span};

/// Draws problems.
#[derive(Debug)]
pub struct Frames<'a> {
    sources: &'a BTreeMap<Arc<str>, Arc<Source>>,
    renderer: Renderer,
}

impl<'a> Frames<'a> {
    /// Draws with these files' text, in colour or without, for a terminal of that width.
    pub fn new(
        sources: &'a BTreeMap<Arc<str>, Arc<Source>>,
        colour: bool,
        width: Option<usize>,
    ) -> Self {
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let renderer = renderer.term_width(width.unwrap_or(140));
        Self { sources, renderer }
    }

    /// The frame of a problem, ending in a line break.
    pub fn frame(&self, diagnostic: &Diagnostic) -> String {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Info => Level::INFO,
        };
        let title = level
            .primary_title(one_line(&diagnostic.message))
            .id(diagnostic.code.as_str());
        let mut group = Group::with_title(title);
        for (path, marks) in by_file(diagnostic) {
            let source = self
                .sources
                .get(path)
                .filter(|source| !source.text().is_empty());
            group = match (source, marks.first()) {
                (Some(source), _) => pieces(source, marks)
                    .iter()
                    .fold(group, |group, piece| draw(group, source, piece)),
                (None, Some(mark)) => {
                    let at = mark.span.start;
                    group.element(
                        Origin::path(one_line(path))
                            .line(at.line)
                            .char_column(at.column),
                    )
                }
                (None, None) => group.element(Origin::path(one_line(path))),
            };
        }
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(one_line(help)));
        }
        // Where no line is shown the arrow has no column of line numbers to stand behind.
        let mut frame = self
            .renderer
            .render(&[group])
            .replacen("\n--> ", "\n --> ", 1);
        if frame.contains("::: ") {
            frame = without_empty_origins(&frame);
        }
        frame.push_str("\n\n");
        frame
    }
}

/// Drops the `:::` without a path that is drawn above a line that is cut.
fn without_empty_origins(frame: &str) -> String {
    let empty = |line: &&str| {
        let mut parts = line.split('\u{1b}');
        let plain = parts.next().unwrap_or_default().to_owned();
        let coloured = parts.filter_map(|part| part.split_once('m'));
        coloured.fold(plain, |text, (_, part)| text + part).trim() == ":::"
    };
    let lines: Vec<&str> = frame.split('\n').filter(|line| !empty(line)).collect();
    lines.join("\n")
}

/// One line: `path:line:column: severity[CODE] message`.
pub fn concise(diagnostic: &Diagnostic) -> String {
    let Diagnostic {
        path,
        span,
        severity,
        code,
        message,
        ..
    } = diagnostic;
    let (line, column) = (span.start.line, span.start.column);
    let severity = severity.as_str();
    let (path, message) = (one_line(path), one_line(message));
    format!("{path}:{line}:{column}: {severity}[{code}] {message}\n")
}

/// A text that a terminal shows on its line: a message may quote what is in a file, and a path may
/// hold anything.
fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let shown = text.chars().map(|character| match character {
        c if c.is_control() => c.escape_default().to_string(),
        c => c.to_string(),
    });
    Cow::Owned(shown.collect())
}

struct Mark<'a> {
    span: Span,
    message: Option<&'a str>,
}

impl Mark<'_> {
    fn kind(&self) -> AnnotationKind {
        match self.message {
            None => AnnotationKind::Primary,
            Some(_) => AnnotationKind::Context,
        }
    }
}

/// The marks of a problem, its own file first.
fn by_file(diagnostic: &Diagnostic) -> Vec<(&Arc<str>, Vec<Mark<'_>>)> {
    let own = Mark {
        span: diagnostic.span,
        message: None,
    };
    let mut files = vec![(&diagnostic.path, vec![own])];
    for label in &diagnostic.labels {
        let mark = Mark {
            span: label.span,
            message: Some(&label.message),
        };
        match files.iter_mut().find(|(path, _)| **path == label.path) {
            Some((_, marks)) => marks.push(mark),
            None => files.push((&label.path, vec![mark])),
        }
    }
    files
}

/// The most bytes of whole lines that are drawn at once. What a frame costs grows with them.
const WINDOW: usize = 8 * 1024;
/// A line longer than this is cut around its mark, however wide the terminal is.
const WIDE: usize = 512;
/// How many bytes are kept before the beginning of a mark in a line that is cut.
const BEFORE: usize = 60;
/// How many bytes are kept behind the beginning of a mark in a line that is cut.
const BEHIND: usize = 120;

/// Marks that are drawn together.
struct Piece<'a> {
    /// The bytes of their lines.
    lines: Range<usize>,
    marks: Vec<Mark<'a>>,
    /// Whether it is one mark whose line is cut, or whose end is too far away to be shown.
    cut: bool,
}

/// The marks of a file in as few pieces as stay small: a file may be made of one line, or have a
/// label far away from each of thousands of problems.
fn pieces<'a>(source: &Source, marks: Vec<Mark<'a>>) -> Vec<Piece<'a>> {
    let mut pieces: Vec<Piece<'a>> = Vec::new();
    for mark in marks {
        let lines = lines(source, mark.span.start.line, mark.span.end.line);
        let wide = |line| self::lines(source, line, line).len() > WIDE;
        let Span { start, end } = mark.span;
        if lines.len() > WINDOW || wide(start.line) || wide(end.line) {
            pieces.push(Piece {
                lines,
                marks: vec![mark],
                cut: true,
            });
            continue;
        }
        let both =
            |piece: &Piece<'_>| piece.lines.start.min(lines.start)..piece.lines.end.max(lines.end);
        let mut whole = pieces.iter_mut().filter(|piece| !piece.cut);
        match whole.find(|piece| both(piece).len() <= WINDOW) {
            Some(piece) => {
                piece.lines = both(piece);
                piece.marks.push(mark);
            }
            None => pieces.push(Piece {
                lines,
                marks: vec![mark],
                cut: false,
            }),
        }
    }
    pieces
}

/// The bytes of some lines. No editor shows a byte order mark, and no column counts it.
fn lines(source: &Source, first: usize, last: usize) -> Range<usize> {
    let start = source.line_start(first).max(source.mark_length());
    start..source.line_start(last + 1).max(start)
}

fn draw<'a>(group: Group<'a>, source: &'a Source, piece: &Piece<'a>) -> Group<'a> {
    match piece.marks.first() {
        Some(mark) if piece.cut => cut(group, source, mark),
        _ => group.element(snippet(source, piece)),
    }
}

fn snippet<'a>(
    source: &'a Source,
    piece: &Piece<'a>,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let start = piece.lines.start;
    let window = window(source, piece.lines.clone());
    let mut snippet = Snippet::source(window)
        .path(one_line(source.path()))
        .line_start(source.position(start).line)
        .fold(true);
    for mark in &piece.marks {
        let span = clamp(window, start, mark.span);
        snippet = snippet.annotation(mark.kind().span(span).label(mark.message));
    }
    snippet
}

/// The beginning of one mark, in as much of its line as fits beside it. The line's columns begin
/// elsewhere then, so the place is told apart.
fn cut<'a>(group: Group<'a>, source: &'a Source, mark: &Mark<'a>) -> Group<'a> {
    let at = mark.span.start;
    let line = lines(source, at.line, at.line);
    let text = source.text();
    let end = line.start + window(source, line.clone()).len();
    let start = text.floor_char_boundary(at.offset.clamp(line.start, end));
    let from = text.floor_char_boundary(start.saturating_sub(BEFORE).max(line.start));
    let to = text.floor_char_boundary((start + BEHIND).min(end));
    let (before, behind) = (from > line.start, to < end);
    let mut shown = String::from(if before { "…" } else { "" });
    let first = shown.len() + start - from;
    let last = first + mark.span.end.offset.clamp(start, to) - start;
    shown.push_str(text.get(from..to).unwrap_or_default());
    shown.push_str(if behind { "…" } else { "" });
    let (first, last) = (
        shown.floor_char_boundary(first),
        shown.floor_char_boundary(last),
    );
    let annotation = mark.kind().span(first..last.max(first)).label(mark.message);
    let origin = Origin::path(one_line(source.path()));
    group
        .element(origin.line(at.line).char_column(at.column))
        .element(
            Snippet::source(shown)
                .line_start(at.line)
                .annotation(annotation),
        )
}

/// The text of a byte range, without the last break.
fn window(source: &Source, range: Range<usize>) -> &str {
    let text = source.text().get(range).unwrap_or_default();
    text.trim_end_matches(['\n', '\r'])
}

/// A span within the window, at character boundaries.
fn clamp(window: &str, start: usize, span: Span) -> Range<usize> {
    let from = window.floor_char_boundary(span.start.offset.saturating_sub(start));
    let to = window.floor_char_boundary(span.end.offset.saturating_sub(start));
    from..to.max(from)
}

#[cfg(test)]
mod tests {
    use super::super::{Code, Findings};
    use super::*;

    fn draw(text: &str, range: Range<usize>, message: &str) -> (String, String) {
        let source = Arc::new(Source::new(Arc::from("x.yaml"), text.as_bytes().to_vec()));
        let diagnostic = Findings::new(&source).at(Code::Y001, range, message);
        let sources = BTreeMap::from([(Arc::from("x.yaml"), source)]);
        let frame = Frames::new(&sources, false, Some(60)).frame(&diagnostic);
        (frame, concise(&diagnostic))
    }

    #[test]
    fn a_frame_and_a_line_name_the_same_place() {
        let long = format!("a: {} é😀: b\n", "x".repeat(500));
        for text in [
            "a: b\n",
            "\u{feff}a: b",
            "é:\tb\r\n",
            "c: d\ré😀: b\r",
            &long,
        ] {
            let at = text.find('b').unwrap();
            let (frame, line) = draw(text, at..at + 1, "m");
            let place = line.split(" error").next().unwrap().trim_end_matches(':');
            let arrow = format!("--> {place}\n");
            assert!(frame.contains(&arrow), "{place} in {frame}");
        }
    }

    #[test]
    fn a_message_stays_on_its_line() {
        let (frame, line) = draw("a: b", 0..1, "no `\n\u{1b}[31m`");
        assert!(line.ends_with("no `\\n\\u{1b}[31m`\n"), "{line}");
        assert!(
            frame.starts_with("error[Y001]: no `\\n\\u{1b}[31m`\n"),
            "{frame}"
        );
    }

    #[test]
    fn a_file_without_text_has_an_arrow() {
        let (frame, _) = draw("", 0..0, "m");
        assert!(frame.contains("\n --> x.yaml:1:1"), "{frame}");
    }

    #[test]
    fn a_frame_is_small_however_large_its_lines_are() {
        let far = "x: 1\n".repeat(20_000);
        let wide = "k: 1, ".repeat(20_000);
        for text in [
            format!("k: 1\n{far}k: 2\n"),
            format!("{{k: 1, {wide}k: 2}}"),
            format!("{}k: 2", "é".repeat(50_000)),
            format!("k: 1\n{wide}\n{far}{wide}k: 2\n"),
        ] {
            let source = Arc::new(Source::new(Arc::from("x.yaml"), text.clone().into_bytes()));
            let at = text.find("k: 2").unwrap();
            let place = source.position(at);
            let path = Arc::clone(source.path());
            for end in [at + 1, text.len()] {
                let first = source.span(text.find(['k', 'é']).unwrap()..end);
                let diagnostic = Findings::new(&source).at(Code::Y006, at..end, "m").label(
                    Arc::clone(&path),
                    first,
                    "first",
                );
                let sources = BTreeMap::from([(Arc::clone(&path), Arc::clone(&source))]);
                let frame = Frames::new(&sources, false, None).frame(&diagnostic);
                assert!(!frame.lines().any(|line| line.trim() == ":::"), "{frame}");
                assert!(frame.len() < 2048, "{} bytes", frame.len());
                let arrow = format!("--> x.yaml:{}:{}\n", place.line, place.column);
                assert!(frame.contains(&arrow), "{arrow} in {frame}");
                assert!(frame.contains("k: 2") && frame.contains("first"), "{frame}");
            }
        }
    }
}
