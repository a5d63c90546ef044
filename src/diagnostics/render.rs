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
                (Some(source), _) => group.element(snippet(source, &marks)),
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
        frame.push_str("\n\n");
        frame
    }
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

fn snippet<'a>(
    source: &'a Source,
    marks: &[Mark<'a>],
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let first = marks.iter().map(|m| m.span.start.line).min().unwrap_or(1);
    let last = marks.iter().map(|m| m.span.end.line).max().unwrap_or(first);
    // No editor shows a byte order mark, and no column counts it.
    let start = source.line_start(first).max(source.mark_length());
    let window = window(source, start..source.line_start(last + 1));
    let mut snippet = Snippet::source(window)
        .path(one_line(source.path()))
        .line_start(first)
        .fold(true);
    for mark in marks {
        let kind = match mark.message {
            None => AnnotationKind::Primary,
            Some(_) => AnnotationKind::Context,
        };
        snippet = snippet.annotation(
            kind.span(clamp(window, start, mark.span))
                .label(mark.message),
        );
    }
    snippet
}

/// The lines of a byte range, without the last break. Long lines are cut by the drawing.
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
}
