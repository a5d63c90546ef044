//! Collecting problems: [`Findings`] of one file, [`Report`] of all.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::yaml::Replacement;
use super::{Applicability, Code, Diagnostic, Edit, Severity, Source};

/// The problems of one file, while it is being judged.
#[derive(Debug)]
pub struct Findings<'a> {
    source: &'a Source,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Findings<'a> {
    /// No problems so far in this file.
    pub fn new(source: &'a Source) -> Self {
        Self {
            source,
            diagnostics: Vec::new(),
        }
    }

    /// The file.
    pub fn source(&self) -> &'a Source {
        self.source
    }

    /// A problem in this file, not yet added.
    pub fn at(&self, code: Code, range: Range<usize>, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            severity: code.severity(),
            message: message.into(),
            path: Arc::clone(self.source.path()),
            span: self.source.span(range),
            labels: Vec::new(),
            help: None,
            fix: None,
        }
    }

    /// A replacement in this file.
    pub fn edit(&self, range: Range<usize>, content: impl Into<String>) -> Edit {
        Edit {
            span: self.source.span(range),
            content: content.into(),
        }
    }

    /// The problem with a fix of one replacement, if there is one.
    pub fn fixed(
        &self,
        problem: Diagnostic,
        applicability: Applicability,
        message: &str,
        replacement: Option<Replacement>,
    ) -> Diagnostic {
        match replacement {
            Some((range, content)) => {
                problem.fix(applicability, message, self.source.span(range), content)
            }
            None => problem,
        }
    }

    /// Adds a problem.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Whether one of the problems is an error.
    pub fn has_errors(&self) -> bool {
        self.diagnostics
            .iter()
            .any(|d| d.severity == Severity::Error)
    }

    /// The problems, in the order in which they were found.
    pub fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }
}

/// How many problems there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
    /// Infos.
    pub infos: usize,
    /// Problems that have a fix.
    pub fixable: usize,
}

/// The problems of all files, in order, with the text of the files that have any.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// How many files were judged.
    pub files: usize,
    /// All problems, ordered by path, place and code.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that a problem or a label points into, by path.
    pub sources: BTreeMap<Arc<str>, Arc<Source>>,
}

impl Report {
    /// Counts the problems.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for diagnostic in &self.diagnostics {
            match diagnostic.severity {
                Severity::Error => summary.errors += 1,
                Severity::Warning => summary.warnings += 1,
                Severity::Info => summary.infos += 1,
            }
            summary.fixable += usize::from(diagnostic.fix.is_some());
        }
        summary
    }

    /// Puts the problems in their order. A problem that two ways led to is kept once.
    pub fn sort(&mut self) {
        self.diagnostics.sort_by(Diagnostic::order);
        self.diagnostics.dedup();
    }
}
