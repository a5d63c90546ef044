//! `# mithril: ignore[T504] reason` and `# mithril: file-ignore[Y012] reason`.
//!
//! An ignore silences what is not an error by itself: an error keeps the file from being loaded,
//! and no comment changes that.

use std::collections::BTreeSet;

use crate::diagnostics::yaml::Tree;
use crate::diagnostics::{Code, Diagnostic, Severity, Source};

/// The ignores of one file.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Ignores {
    /// The codes ignored in the whole file.
    file: BTreeSet<Code>,
    /// The codes ignored on a line, counted from 1.
    lines: BTreeSet<(usize, Code)>,
}

impl Ignores {
    /// Reads the comments of a file.
    pub(super) fn of(tree: &Tree<'_>, source: &Source) -> Self {
        let mut ignores = Self::default();
        for comment in tree.comments() {
            let text = source.text().get(comment.span.clone()).unwrap_or_default();
            let Some((whole_file, codes)) = parse(text) else {
                continue;
            };
            if whole_file {
                ignores.file.extend(codes);
                continue;
            }
            let position = source.position(comment.span.start);
            let line_start = source.line_start(position.line);
            let alone = source.text()[line_start..comment.span.start]
                .trim()
                .is_empty();
            // A comment behind a value speaks of its line, one on a line of its own of the next.
            let line = position.line + usize::from(alone);
            ignores
                .lines
                .extend(codes.into_iter().map(|code| (line, code)));
        }
        ignores
    }

    /// Whether the diagnostic is ignored.
    pub(super) fn silence(&self, diagnostic: &Diagnostic) -> bool {
        if diagnostic.severity == Severity::Error {
            return false;
        }
        let line = diagnostic.span.start.line;
        self.file.contains(&diagnostic.code) || self.lines.contains(&(line, diagnostic.code))
    }
}

/// Whether it is for the whole file, and the known codes.
fn parse(comment: &str) -> Option<(bool, Vec<Code>)> {
    let order = comment
        .trim_start_matches('#')
        .trim_start()
        .strip_prefix("mithril:")?
        .trim_start();
    let (whole_file, rest) = match order.strip_prefix("file-ignore[") {
        Some(rest) => (true, rest),
        None => (false, order.strip_prefix("ignore[")?),
    };
    let (codes, _reason) = rest.split_once(']')?;
    Some((
        whole_file,
        codes
            .split(',')
            .filter_map(|code| Code::parse(code.trim()))
            .collect(),
    ))
}
