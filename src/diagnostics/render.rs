//! Drawing a problem: a frame of the source with the place marked, or one line.
//!
//! This is the one file that knows the drawing crate, and the one that keeps every span within the
//! text it is drawn on.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Diagnostic, Severity, Source, Span};

/// The longest line that is shown whole, in bytes.
const LINE_LIMIT: usize = 400;

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
            .primary_title(&*diagnostic.message)
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
                    group.element(Origin::path(&**path).line(at.line).char_column(at.column))
                }
                (None, None) => group.element(Origin::path(&**path)),
            };
        }
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(&**help));
        }
        let mut frame = self.renderer.render(&[group]);
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
    format!("{path}:{line}:{column}: {severity}[{code}] {message}\n")
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
    let start = source.line_start(first);
    let window = window(source, start..source.line_start(last + 1));
    let mut snippet = Snippet::source(window)
        .path(&**source.path())
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

/// The lines of a byte range, cut where a line is too long to be read.
fn window(source: &Source, range: Range<usize>) -> &str {
    let text = source.text().get(range.clone()).unwrap_or_default();
    let line_end = text.trim_end_matches(['\n', '\r']).len();
    if text[..line_end].contains('\n') || line_end <= LINE_LIMIT {
        return &text[..line_end];
    }
    text
}

/// A span within the window, at character boundaries.
fn clamp(window: &str, start: usize, span: Span) -> Range<usize> {
    let from = window.floor_char_boundary(span.start.offset.saturating_sub(start));
    let to = window.floor_char_boundary(span.end.offset.saturating_sub(start));
    from..to.max(from)
}
