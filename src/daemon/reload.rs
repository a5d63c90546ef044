//! The reloader is the single writer of the catalog: one reload at a time, whoever asks for it.
//!
//! Build first, compare as values, swap last, then tell: there is nothing to take back. A reload that
//! began ends, also where whoever asked for it has gone, and the next begins when it has been told of.

mod record;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as Turn, Notify, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::catalog::{
    CatalogDiff, CatalogStore, LoadError, Loader, Outcome, Rejection, Reload, Standing,
};
use crate::config::WatchMode;
use crate::diagnostics::Report;
use crate::gateway::Gateway;
use crate::lint::Settings;
use crate::metrics::{Metrics, ReloadResult};
use crate::shutdown::Tasks;
use crate::watch::{ChangeSet, Watch};

use record::Record;

/// What a daemon serves and how it notices that it changed.
#[derive(Debug, Clone)]
pub struct ContentConfig {
    /// The tree.
    pub root: PathBuf,
    /// What its files are judged by.
    pub settings: Settings,
    /// How changes are noticed.
    pub watch: WatchMode,
    /// Whether it serves also where there is nothing to serve.
    pub allow_degraded: bool,
}

/// Loads the content, and is asked to load it again.
#[derive(Debug, Clone)]
pub struct Reloader {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    store: Arc<CatalogStore>,
    gateway: Gateway,
    metrics: Metrics,
    work: Arc<Turn<Work>>,
    tasks: Tasks,
}

/// What whoever reloads has to itself.
#[derive(Debug)]
struct Work {
    loader: Loader,
    record: Record,
    /// How what is served stands to the tree as it was judged last.
    judged: Standing,
}

/// Why a reload is asked for.
#[derive(Debug)]
enum Cause {
    /// Something may have changed on the disk.
    Seen(ChangeSet),
    /// Somebody asks for it, and may have other settings.
    Asked(Option<Box<Settings>>),
}

/// What a reload came to.
#[derive(Debug)]
pub struct Reloaded {
    /// What became of it.
    pub result: ReloadResult,
    /// Why what is served stays, where it does.
    pub refusal: Option<Refusal>,
    /// What is wrong, in the whole tree.
    pub report: Report,
    /// What is served otherwise now.
    pub diff: CatalogDiff,
}

/// Why what is served stays.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// What is on the disk may not be served.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// What is on the disk can't be read.
    #[error(transparent)]
    Failed(#[from] LoadError),
    /// The daemon stops, or the reload panicked.
    #[error("the reload was interrupted")]
    Interrupted,
}

/// There is nothing to serve.
#[derive(Debug, thiserror::Error)]
#[error(
    "there is no pool to serve in {}: `mithril validate` says why, --allow-degraded serves all the \
     same", .0.display()
)]
pub struct NoContent(PathBuf);

/// Why the first load failed.
#[derive(Debug, thiserror::Error)]
pub enum FirstLoadError {
    /// There is nothing to serve.
    #[error(transparent)]
    Empty(#[from] NoContent),
    /// The tree can't be read.
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// What the watch saw and no reload has looked at.
#[derive(Debug, Default)]
struct Seen {
    changes: Mutex<ChangeSet>,
    some: Notify,
}

impl Reloader {
    pub(super) fn new(
        config: &ContentConfig,
        store: Arc<CatalogStore>,
        gateway: Gateway,
        metrics: Metrics,
    ) -> Self {
        let loader = Loader::new(config.root.clone(), config.settings.clone());
        let record = Record::default();
        Self {
            shared: Arc::new(Shared {
                store,
                gateway,
                metrics,
                work: Arc::new(Turn::new(Work {
                    loader,
                    record,
                    judged: Standing::Current,
                })),
                tasks: Tasks::new(),
            }),
        }
    }

    /// Loads for the first time. What is broken is left out and logged.
    pub(super) async fn first(&self, allow_degraded: bool) -> Result<(), FirstLoadError> {
        let mut work = Arc::clone(&self.shared.work).lock_owned().await;
        let store = Arc::clone(&self.shared.store);
        let done = tokio::task::spawn_blocking(move || work.first(&store, allow_degraded)).await;
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }

    /// Loads again because somebody asks for it, by these settings if there are others.
    pub async fn reload(&self, settings: Option<Settings>) -> Reloaded {
        let reloaded = self.run(Cause::Asked(settings.map(Box::new))).await;
        reloaded.unwrap_or_else(|| Reloaded::refused(Refusal::Interrupted))
    }

    /// Follows the tree from now on.
    pub(super) fn follow(&self, root: PathBuf, mode: WatchMode) {
        if mode == WatchMode::Off {
            return;
        }
        let seen: Arc<Seen> = Arc::default();
        let tasks = &self.shared.tasks;
        let (to, reloader) = (Arc::clone(&seen), self.clone());
        tasks.supervise("watch", move |stopping| {
            watch(Watch::new(root.clone(), mode), Arc::clone(&to), stopping)
        });
        tasks.supervise("reload", move |stopping| {
            let (reloader, seen) = (reloader.clone(), Arc::clone(&seen));
            async move { reloader.heed(&seen, stopping).await }
        });
    }

    /// The tasks that follow the tree and reload.
    pub(super) fn tasks(&self) -> &Tasks {
        &self.shared.tasks
    }

    async fn heed(&self, seen: &Seen, stopping: CancellationToken) {
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                changes = seen.take() => {
                    let paths = changes.paths().map(BTreeSet::len);
                    tracing::debug!(paths, "changes have come to rest");
                    drop(self.run(Cause::Seen(changes)).await);
                }
            }
        }
    }

    /// Reloads in a task of its own, so that it ends whoever waits for it. Nothing comes of what no
    /// catalog depends on.
    async fn run(&self, cause: Cause) -> Option<Reloaded> {
        let (done, outcome) = oneshot::channel();
        let shared = Arc::clone(&self.shared);
        self.shared.tasks.spawn("reloading", async move {
            // Whoever asked may have gone.
            let _ = done.send(shared.run(cause).await);
        });
        outcome.await.unwrap_or_else(|_| {
            tracing::error!("a reload was interrupted");
            None
        })
    }
}

impl Shared {
    async fn run(&self, cause: Cause) -> Option<Reloaded> {
        let mut work = Arc::clone(&self.work).lock_owned().await;
        let begin = Instant::now();
        let store = Arc::clone(&self.store);
        let loaded = tokio::task::spawn_blocking(move || {
            let reloaded = work.run(cause, &store);
            (work, reloaded)
        });
        let (mut work, reloaded) = loaded
            .await
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
        let reloaded = reloaded?;
        let loaded = begin.elapsed();
        self.gateway.announce(&reloaded.diff).await;
        self.metrics.reload(reloaded.result, begin.elapsed());
        work.record.write(&reloaded, &self.store.snapshot(), loaded);
        Some(reloaded)
    }
}

impl Work {
    fn first(&mut self, store: &CatalogStore, allow_degraded: bool) -> Result<(), FirstLoadError> {
        match self.loader.examine(None) {
            Ok(_) => {}
            Err(error) if allow_degraded => {
                let error = format!("{:#}", anyhow::Error::from(error));
                tracing::error!(error, "no content");
                store.stands(Standing::Failed);
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
        let (catalog, report) = self.loader.first().map_err(LoadError::from)?;
        if catalog.pools().len() == 0 && !allow_degraded {
            self.record.tell(&report);
            return Err(NoContent(self.loader.root().to_owned()).into());
        }
        self.record.begin(&report, &catalog);
        store.swap(Arc::new(catalog));
        Ok(())
    }

    /// Nothing comes of what no catalog depends on, nor of the same failure again.
    fn run(&mut self, cause: Cause, store: &CatalogStore) -> Option<Reloaded> {
        let (changes, is_asked) = match cause {
            Cause::Seen(changes) => (changes, false),
            Cause::Asked(settings) => {
                if let Some(settings) = settings {
                    self.loader.set_settings(*settings);
                }
                (ChangeSet::Everything, true)
            }
        };
        let examined = match &changes {
            ChangeSet::Paths(paths) => self.loader.examine(Some(paths)),
            ChangeSet::Unseen => self.loader.catch_up(),
            ChangeSet::Everything => self.loader.examine(None),
        };
        let news = match examined {
            Ok(news) => news,
            Err(error) => {
                store.stands(Standing::Failed);
                let is_news = self.record.fails(&error);
                return (is_news || is_asked).then(|| Reloaded::refused(error.into()));
            }
        };
        self.record.works();
        store.stands(self.judged);
        if !news && !is_asked {
            return None;
        }
        // The last to hold the former catalog lets go of it, which is here if nobody reads it.
        let served = store.snapshot();
        let Reload { report, outcome } = match self.loader.again(&served) {
            Ok(reload) => reload,
            Err(error) => {
                store.stands(Standing::Failed);
                return Some(Reloaded::refused(LoadError::from(error).into()));
            }
        };
        self.judged = match outcome {
            Outcome::Rejected(_) => Standing::Rejected,
            Outcome::Made(..) => Standing::Current,
        };
        store.stands(self.judged);
        Some(match outcome {
            Outcome::Rejected(rejection) => Reloaded {
                report,
                ..Reloaded::refused(rejection.into())
            },
            Outcome::Made(catalog, diff) => {
                if news {
                    store.swap(Arc::new(catalog));
                }
                Reloaded {
                    result: if diff.is_empty() {
                        ReloadResult::Unchanged
                    } else {
                        ReloadResult::Applied
                    },
                    refusal: None,
                    report,
                    diff,
                }
            }
        })
    }
}

impl Reloaded {
    fn refused(refusal: Refusal) -> Self {
        Self {
            result: match refusal {
                Refusal::Rejected(_) => ReloadResult::Rejected,
                Refusal::Failed(_) | Refusal::Interrupted => ReloadResult::Failed,
            },
            refusal: Some(refusal),
            report: Report::default(),
            diff: CatalogDiff::default(),
        }
    }
}

impl Seen {
    fn add(&self, changes: ChangeSet) {
        let mut waiting = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.add(changes);
        drop(waiting);
        self.some.notify_one();
    }

    async fn take(&self) -> ChangeSet {
        self.some.notified().await;
        let mut waiting = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut waiting)
    }
}

async fn watch(mut watch: Watch, seen: Arc<Seen>, stopping: CancellationToken) {
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            changes = watch.next() => seen.add(changes),
        }
    }
}
