//! A watch says where in a tree something may have changed, never what: whoever is told looks there.
//!
//! Directories are watched, not files: a watch on a file is silent for ever after the first editor
//! that saves by renaming. Whatever makes the watch lose sight (a full queue, another directory in
//! the root's place, a root that goes and comes back) it says that anything may have changed, and
//! watches anew. Every few minutes it does so in any case, and goes by nothing that was said before.

mod changes;
mod debounce;
mod lookout;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep_until};

use crate::backoff::Backoff;
use crate::config::WatchMode;

pub use changes::ChangeSet;
pub use debounce::Debounce;
use lookout::{Lookout, LookoutError, Loss, Sighting};

/// How often it is looked at whether the root is still the directory that is watched.
const LOOK: Duration = Duration::from_millis(500);
/// How often everything is looked at although nothing is said to have changed.
const RESCAN: Duration = Duration::from_mins(5);
/// How often everything is looked at where the system does not tell of changes.
const POLL: Duration = Duration::from_secs(2);
/// After what time more watches are asked for than the system gave.
const LIMITED: Duration = Duration::from_mins(1);
/// How long a watch that lost track is not made anew, if the one before did too: looking at
/// everything may itself be what fills the queue, and must not go on for ever.
const CALM: Duration = Duration::from_secs(10);

/// A watch over a tree.
#[derive(Debug)]
pub struct Watch {
    root: PathBuf,
    mode: WatchMode,
    debounce: Debounce,
    lookout: Option<Lookout>,
    identity: Option<Identity>,
    backoff: Backoff,
    look_at: Instant,
    retry_at: Instant,
    rescan_at: Instant,
    /// Until when losing track again is no coincidence.
    calm_at: Instant,
    /// What happened unseen and has not been told of yet.
    missed: ChangeSet,
    /// Whether it has been said that the system does not tell of changes.
    said: bool,
}

/// Which directory a path leads to.
type Identity = (u64, u64, Option<SystemTime>);

impl Watch {
    /// A watch that begins when it is asked for the first time. At first everything has changed.
    pub fn new(root: PathBuf, mode: WatchMode) -> Self {
        let now = Instant::now();
        let mut watch = Self {
            root,
            mode,
            debounce: Debounce::default(),
            lookout: None,
            identity: None,
            backoff: Backoff::default(),
            look_at: now,
            retry_at: now,
            rescan_at: now,
            calm_at: now,
            missed: ChangeSet::default(),
            said: false,
        };
        watch.rescan_at += watch.pause();
        watch
    }

    /// Waits for changes, and for them to come to rest.
    pub async fn next(&mut self) -> ChangeSet {
        loop {
            if let Some(changes) = self.debounce.take(Instant::now()) {
                return changes;
            }
            let due = self.debounce.due();
            tokio::select! {
                sighting = sighting(self.lookout.as_mut()) => self.heed(sighting).await,
                () = until(due) => {}
                () = sleep_until(self.look_at) => self.look().await,
                () = sleep_until(self.rescan_at) => self.rescan(),
            }
        }
    }

    async fn heed(&mut self, sighting: Sighting) {
        let Sighting {
            changes,
            directories,
            lost,
        } = sighting;
        if let Some(how) = lost {
            return self.lose(how);
        }
        if let Some(lookout) = &mut self.lookout
            && !directories.is_empty()
            && let Err(error) = lookout.cover(directories).await
        {
            self.blind(&error);
            self.miss(ChangeSet::Unseen, Instant::now());
        }
        self.changed(changes);
    }

    /// Begins anew after something was missed.
    fn lose(&mut self, how: Loss) {
        tracing::info!(
            how = how.as_str(),
            "the watch over the content has lost track: it begins anew"
        );
        self.lookout = None;
        let now = Instant::now();
        match how {
            Loss::Overflow => {
                self.miss(ChangeSet::Unseen, self.calm_at.max(now));
                self.calm_at = self.look_at + CALM;
            }
            Loss::Root | Loss::Unreadable => self.miss(ChangeSet::Unseen, now),
        }
    }

    /// This is told of at that time.
    fn miss(&mut self, changes: ChangeSet, look_at: Instant) {
        self.missed.add(changes);
        self.look_at = look_at;
    }

    /// Looks whether the root is what it was, and watches it if nothing does.
    async fn look(&mut self) {
        let now = Instant::now();
        self.look_at = now + LOOK;
        let root = self.root.clone();
        let found = tokio::task::spawn_blocking(move || identity(&root)).await;
        let found = found.unwrap_or_default();
        if found != self.identity {
            tracing::debug!(
                there = found.is_some(),
                "another directory is the content's root"
            );
            self.identity = found;
            self.lookout = None;
            self.retry_at = now;
            self.missed.add(ChangeSet::Unseen);
        }
        self.watch(now, found.is_some()).await;
        // What happened before is told by nobody.
        let missed = std::mem::take(&mut self.missed);
        if missed.paths().is_none() {
            self.changed(missed);
        }
    }

    /// Watches the root if it is there, is to be watched, and is not.
    async fn watch(&mut self, now: Instant, is_there: bool) {
        let wanted = match self.mode {
            WatchMode::Auto | WatchMode::Inotify => is_there,
            WatchMode::Poll | WatchMode::Off => false,
        };
        if !wanted || self.lookout.is_some() || now < self.retry_at {
            return;
        }
        match Lookout::open(self.root.clone()).await {
            Ok((lookout, directories)) => {
                tracing::debug!(directories, "the content is watched");
                self.lookout = Some(lookout);
                self.backoff.reset();
                self.said = false;
                self.rescan_at = Instant::now() + RESCAN;
                self.missed.add(ChangeSet::Unseen);
            }
            Err(error) => self.blind(&error),
        }
    }

    fn rescan(&mut self) {
        // Directories that were missed are found by watching anew.
        self.lookout = None;
        self.miss(ChangeSet::Everything, Instant::now());
        self.rescan_at = self.look_at + self.pause();
    }

    /// The system does not tell of changes.
    fn blind(&mut self, error: &LookoutError) {
        self.lookout = None;
        let pause = match error {
            LookoutError::Limit | LookoutError::Instances => LIMITED,
            LookoutError::System(_) => self.backoff.delay(),
        };
        self.retry_at = Instant::now() + pause;
        self.rescan_at = Instant::now() + self.pause();
        if !std::mem::replace(&mut self.said, true) {
            let every = self.pause().as_secs();
            let error = error as &dyn std::error::Error;
            tracing::warn!(
                error,
                every,
                "the content is looked at every so many seconds only"
            );
        }
    }

    /// How long everything may go without being looked at.
    fn pause(&self) -> Duration {
        match (self.mode, &self.lookout) {
            (WatchMode::Poll, _) | (WatchMode::Auto, None) => POLL,
            (WatchMode::Auto, Some(_)) | (WatchMode::Inotify | WatchMode::Off, _) => RESCAN,
        }
    }

    fn changed(&mut self, changes: ChangeSet) {
        self.debounce.add(changes, Instant::now());
    }
}

async fn sighting(lookout: Option<&mut Lookout>) -> Sighting {
    match lookout {
        Some(lookout) => lookout.next().await,
        None => std::future::pending().await,
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// Device and inode tell directories apart, and the time of birth two that have an inode in turn.
fn identity(root: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    let found = root.metadata().ok()?;
    Some((found.dev(), found.ino(), found.created().ok()))
}
