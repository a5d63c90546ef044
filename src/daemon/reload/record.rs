//! What a reload leaves in the log: what became of it, and what is wrong that was not wrong before.

use std::time::Duration;

use crate::catalog::{Catalog, LoadError};
use crate::diagnostics::{Diagnostic, Report};

use super::{Refusal, Reloaded};

/// What has been said so far.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// What was wrong at the last load.
    known: Vec<Diagnostic>,
    /// Why the tree can't be read.
    failure: Option<String>,
}

impl Record {
    /// The first load.
    pub(super) fn begin(&mut self, report: &Report, catalog: &Catalog) {
        self.tell(report);
        let (pools, exercises) = (catalog.pools().len(), catalog.exercise_count());
        let problems = report.diagnostics.len();
        tracing::info!(pools, exercises, problems, digest = %catalog.digest(), "content loaded");
    }

    /// A later load.
    pub(super) fn write(&mut self, reloaded: &Reloaded, served: &Catalog, took: Duration) {
        let result = reloaded.result.as_str();
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        // What can't be read has no report.
        if !matches!(
            reloaded.refusal,
            Some(Refusal::Failed(_) | Refusal::Interrupted)
        ) {
            self.tell(&reloaded.report);
        }
        if let Some(refusal) = &reloaded.refusal {
            let error = refusal as &dyn std::error::Error;
            tracing::warn!(
                result,
                milliseconds,
                error,
                "not reloaded: what is served stays"
            );
            return;
        }
        let (pools, exercises) = (served.pools().len(), served.exercise_count());
        let (stale, changed) = (served.stale().len(), reloaded.diff.exercises.len());
        tracing::info!(
            result,
            milliseconds,
            changed,
            pools,
            exercises,
            stale,
            digest = %served.digest(),
            "content reloaded"
        );
    }

    /// Says what is wrong, unless it was said the last time.
    pub(super) fn tell(&mut self, report: &Report) {
        for diagnostic in &report.diagnostics {
            // Both are in order.
            let order = |known: &Diagnostic| known.order(diagnostic);
            if self.known.binary_search_by(order).is_ok() {
                continue;
            }
            let Diagnostic {
                code,
                message,
                path,
                span,
                ..
            } = diagnostic;
            let (line, column) = (span.start.line, span.start.column);
            tracing::warn!(%code, %path, line, column, "{message}");
        }
        self.known.clone_from(&report.diagnostics);
    }

    /// The tree can't be read; says whether that is news.
    pub(super) fn fails(&mut self, error: &LoadError) -> bool {
        let failure = format!("{error}: {:?}", std::error::Error::source(error));
        let is_news = self.failure.as_ref() != Some(&failure);
        self.failure = Some(failure);
        is_news
    }

    /// The tree can be read.
    pub(super) fn works(&mut self) {
        if self.failure.take().is_some() {
            tracing::info!("the content can be read again");
        }
    }
}
