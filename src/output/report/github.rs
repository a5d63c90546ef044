//! Workflow commands, which GitHub shows beside the lines of a pull request.
//!
//! See "Workflow commands for GitHub Actions": a command is one line, and what would end it or one of
//! its properties is escaped.

use std::fmt::Write as _;

use crate::diagnostics::{Diagnostic, Severity};

/// The command of a problem, ending in a line break.
pub(super) fn command(diagnostic: &Diagnostic) -> String {
    let Diagnostic {
        code,
        severity,
        message,
        path,
        span,
        help,
        ..
    } = diagnostic;
    let level = match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let (start, end) = (span.start, span.end);
    let mut properties = format!("file={},line={}", property(path), start.line);
    // Columns are shown only where the place is within one line.
    if start.line == end.line {
        let _ = write!(properties, ",col={},endColumn={}", start.column, end.column);
    } else {
        let _ = write!(properties, ",endLine={}", end.line);
    }
    let title = property(&format!("mithril {code} {}", code.name()));
    let text = match help {
        Some(help) => data(&format!("{message}: {help}")),
        None => data(message),
    };
    format!("::{level} {properties},title={title}::{text}\n")
}

/// Text behind the command.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
