//! `lint --watch`: what was printed last is what `lint` would print now.
//!
//! Whatever changes, everything that was named is judged as `lint` judges it. A change beside the
//! content is none, and what this command writes itself is shown only if it makes a difference.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use futures_util::stream::{self, SelectAll, Stream, StreamExt};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::cli::{Checked, ReportFormat};
use crate::config::WatchMode;
use crate::diagnostics::Report;
use crate::lint::walk::{self, FoundFile};
use crate::lint::{CheckError, Progress};
use crate::output::{ExitStatus, Printer};
use crate::watch::{ChangeSet, Watch};

use super::super::checking::GRACE;
use super::super::signals::Signals;
use super::{Job, Outcome};

/// Says what can't be judged again and again, or printed so.
pub(super) fn refuse(checked: &Checked) -> Result<(), anyhow::Error> {
    if checked.paths.iter().any(|path| path == Path::new("-")) {
        anyhow::bail!("standard input can't be watched: name files or directories with --watch");
    }
    let is_document = |target: &&crate::cli::ReportTarget| {
        target.format == ReportFormat::Junit && target.file.is_none()
    };
    if checked.format.iter().any(|target| is_document(&target)) {
        anyhow::bail!(
            "--watch prints one report after another, and that of JUnit is a document by itself: \
             write it into a file with --format junit=FILE"
        );
    }
    Ok(())
}

/// Checks now and whenever something changes, until a signal ends it or nobody reads any more.
pub(super) fn run(
    job: &Arc<Job>,
    mode: WatchMode,
    printer: &Printer,
) -> Result<ExitStatus, anyhow::Error> {
    // Who asks for a watch has one, whatever the daemon has.
    let mode = match mode {
        WatchMode::Off | WatchMode::Auto => WatchMode::Auto,
        WatchMode::Inotify | WatchMode::Poll => mode,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("failed to start the runtime")?;
    let status = runtime.block_on(follow(job, mode, printer));
    // Neither a file that can't be read to its end nor a reader that is busy is waited for.
    runtime.shutdown_background();
    status
}

async fn follow(
    job: &Arc<Job>,
    mode: WatchMode,
    printer: &Printer,
) -> Result<ExitStatus, anyhow::Error> {
    let mut session = Session {
        job,
        printer,
        signals: Signals::new().context("failed to listen for signals")?,
        fixed: BTreeSet::new(),
        reports: job
            .format
            .iter()
            .filter_map(|target| Some(place(target.file.clone()?)))
            .collect(),
        shown: None,
    };
    let (first, progress) = match session.check().await? {
        ControlFlow::Continue((outcome, progress)) => (outcome?, progress),
        ControlFlow::Break(status) => return Ok(status),
    };
    if let Some(status) = session.show(first, progress).await? {
        return Ok(status);
    }
    let mut changes = changes(&job.named.paths, mode);
    loop {
        let (root, seen) = tokio::select! {
            seen = changes.next() => seen.context("the watch has ended")?,
            () = printer.unread() => return Ok(ExitStatus::Success),
            status = session.signals.next() => return Ok(status),
        };
        let Some(is_news) = session.is_news(&root, &seen) else {
            continue;
        };
        session.fixed.clear();
        let (outcome, progress) = match session.check().await? {
            ControlFlow::Continue(checked) => checked,
            ControlFlow::Break(status) => return Ok(status),
        };
        if progress.is_cancelled() {
            // The last whole result stays in sight.
            return Ok(ExitStatus::Interrupted);
        }
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(error) => {
                session.fails(error)?;
                continue;
            }
        };
        if !is_news && session.has_shown(&outcome) {
            continue;
        }
        if let Some(status) = session.show(outcome, progress).await? {
            return Ok(status);
        }
    }
}

/// What is kept from one check to the next.
struct Session<'s> {
    job: &'s Arc<Job>,
    printer: &'s Printer,
    signals: Signals,
    /// The reports that this command writes itself.
    reports: BTreeSet<PathBuf>,
    /// The files that it has fixed and heard nothing of since.
    fixed: BTreeSet<PathBuf>,
    /// What was shown last; nothing where that was an error.
    shown: Option<Report>,
}

/// How a check ended: with an outcome, or by a signal before it concluded.
type Ended = ControlFlow<ExitStatus, (Result<Outcome, CheckError>, Arc<Progress>)>;

impl Session<'_> {
    async fn check(&mut self) -> Result<Ended, anyhow::Error> {
        let progress = Arc::new(Progress::default());
        let _bar = self.printer.bar(Arc::<Progress>::clone(&progress));
        let (job, shared) = (Arc::clone(self.job), Arc::clone(&progress));
        let mut check = spawn_blocking(move || job.outcome(&shared));
        let done = tokio::select! {
            done = &mut check => done,
            status = self.signals.next() => {
                progress.cancel();
                match timeout(GRACE, check).await {
                    Ok(done) => done,
                    Err(_) => return Ok(ControlFlow::Break(status)),
                }
            }
        };
        let outcome = done.context("the check ended without an outcome")?;
        Ok(ControlFlow::Continue((outcome, progress)))
    }

    /// Shows what came of a check; a status if a signal ends it then or has ended the check.
    async fn show(
        &mut self,
        outcome: Outcome,
        progress: Arc<Progress>,
    ) -> Result<Option<ExitStatus>, anyhow::Error> {
        let (job, printer) = (Arc::clone(self.job), self.printer.clone());
        for change in &outcome.fixed.changes {
            self.fixed.insert(place(PathBuf::from(&*change.path)));
        }
        let is_cancelled = progress.is_cancelled();
        // Whoever reads may be busy, and Ctrl-C ends it all the same.
        let shown = spawn_blocking(move || {
            printer.clear()?;
            job.show(&outcome, &printer)?;
            job.conclude(&outcome, &printer, &progress);
            if outcome.is_of_nothing() {
                printer.note(&format!("{:#}", job.named.nothing(outcome.other_yaml)));
            }
            Ok::<_, anyhow::Error>(outcome.report)
        });
        let report = tokio::select! {
            shown = shown => shown.context("the report was not printed")??,
            status = self.signals.next() => return Ok(Some(status)),
        };
        if is_cancelled {
            return Ok(Some(ExitStatus::Interrupted));
        }
        self.shown = Some(report);
        self.printer.note("watching for changes, Ctrl-C ends");
        Ok(None)
    }

    /// What was named can't be read just now: it may come back.
    fn fails(&mut self, error: CheckError) -> Result<(), anyhow::Error> {
        self.shown = None;
        self.printer.clear()?;
        let error = anyhow::Error::from(error);
        self.printer.error(&format!("{error:#}"));
        self.printer.note("watching for changes, Ctrl-C ends");
        Ok(())
    }

    fn has_shown(&self, outcome: &Outcome) -> bool {
        let report = &outcome.report;
        let says_the_same =
            |shown: &Report| shown.files == report.files && shown.diagnostics == report.diagnostics;
        outcome.fixed.problems() == 0 && self.shown.as_ref().is_some_and(says_the_same)
    }

    /// Whether somebody has changed something, or only may have; nothing where no content has changed.
    fn is_news(&self, root: &Path, changes: &ChangeSet) -> Option<bool> {
        let Some(paths) = changes.paths() else {
            return Some(false);
        };
        let mut content = paths.iter().filter(|path| is_content(path)).peekable();
        content.peek()?;
        let is_own = |place| self.reports.contains(&place) || self.fixed.contains(&place);
        Some(content.any(|path| !is_own(place(root.join(path)))))
    }
}

/// Whether a path below a root may have to do with what is judged there.
fn is_content(path: &Path) -> bool {
    path.iter().all(|name| {
        let name = name.to_string_lossy();
        name == walk::IGNORE_FILE || !walk::is_passed_over(&name)
    })
}

/// Where a file is, however it is spelled.
fn place(path: PathBuf) -> PathBuf {
    FoundFile::named(path).place()
}

type Changes = SelectAll<std::pin::Pin<Box<dyn Stream<Item = (Arc<Path>, ChangeSet)>>>>;

/// What changes below what was named; beside a file it may be what its tests name.
fn changes(paths: &[PathBuf], mode: WatchMode) -> Changes {
    let root = |path: &PathBuf| {
        let directory = if path.is_dir() {
            path
        } else {
            path.parent().unwrap_or(Path::new(""))
        };
        if directory.as_os_str().is_empty() {
            PathBuf::from(".")
        } else {
            directory.to_owned()
        }
    };
    let roots: BTreeSet<PathBuf> = paths.iter().map(root).collect();
    let watches = roots.into_iter().map(|root| {
        let shared: Arc<Path> = Arc::from(root.as_path());
        let watch = Watch::new(root, mode);
        stream::unfold((watch, shared), async |(mut watch, root)| {
            let seen = watch.next().await;
            Some(((Arc::clone(&root), seen), (watch, root)))
        })
        .boxed_local()
    });
    stream::select_all(watches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_walk_enters_is_no_content() {
        for path in [
            "a/exercise.yaml",
            "a/tests/1.in",
            "a/.gitignore",
            "README.md",
            "",
        ] {
            assert!(is_content(Path::new(path)), "{path}");
        }
        for path in [
            "a/.exercise.yaml.swp",
            "a/exercise.yaml~",
            "a/4913",
            ".git/HEAD",
            "a/.#exercise.yaml",
            "a/.mithril-1.tmp",
            "a/.idea/workspace.xml",
        ] {
            assert!(!is_content(Path::new(path)), "{path}");
        }
    }
}
