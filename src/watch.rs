//! A watch says where in a tree something may have changed, never what: whoever is told looks there.
//!
//! Directories are watched, not files: a watch on a file is silent for ever after the first editor
//! that saves by renaming. Whatever makes the watch lose sight (a full queue, another directory in
//! the root's place, a root that goes and comes back) it says that everything may have changed, and
//! watches anew. Every few minutes it does so in any case.

mod changes;
mod debounce;
#[cfg(target_os = "linux")]
mod inotify;
#[cfg(not(target_os = "linux"))]
#[path = "watch/unsupported.rs"]
mod inotify;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep_until};

use crate::backoff::Backoff;
use crate::config::WatchMode;

pub use changes::ChangeSet;
pub use debounce::Debounce;
use inotify::{Lookout, LookoutError, Sighting};

/// How often it is looked at whether the root is still the directory that is watched.
const LOOK: Duration = Duration::from_millis(500);
/// How often everything is looked at although nothing is said to have changed.
const RESCAN: Duration = Duration::from_mins(5);
/// How often everything is looked at where the system does not tell of changes.
const POLL: Duration = Duration::from_secs(2);
/// After what time more watches are asked for than the system gave.
const LIMITED: Duration = Duration::from_mins(1);

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
        match sighting {
            Sighting::Changed(path) => self.changed(ChangeSet::of(path)),
            Sighting::Directory(path) => {
                if let Some(lookout) = &mut self.lookout
                    && let Err(error) = lookout.cover(path.clone()).await
                {
                    self.blind(&error);
                }
                self.changed(ChangeSet::of(path));
            }
            Sighting::Lost(how) => {
                tracing::info!(
                    how,
                    "the watch over the content has lost track: it begins anew"
                );
                self.lookout = None;
                self.look_at = Instant::now();
                self.changed(ChangeSet::Everything);
            }
        }
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
            self.changed(ChangeSet::Everything);
        }
        let wanted = match self.mode {
            WatchMode::Auto | WatchMode::Inotify => found.is_some(),
            WatchMode::Poll | WatchMode::Off => false,
        };
        if !wanted || self.lookout.is_some() || now < self.retry_at {
            return;
        }
        match Lookout::open(self.root.clone()).await {
            Ok(lookout) => {
                tracing::debug!(
                    directories = lookout.directories(),
                    "the content is watched"
                );
                self.lookout = Some(lookout);
                self.backoff.reset();
                self.said = false;
                self.rescan_at = Instant::now() + RESCAN;
                // What happened before is told by nobody.
                self.changed(ChangeSet::Everything);
            }
            Err(error) => self.blind(&error),
        }
    }

    fn rescan(&mut self) {
        // Directories that were missed are found by watching anew.
        self.lookout = None;
        self.look_at = Instant::now();
        self.rescan_at = self.look_at + self.pause();
        self.changed(ChangeSet::Everything);
    }

    /// The system does not tell of changes.
    fn blind(&mut self, error: &LookoutError) {
        self.lookout = None;
        let pause = match error {
            LookoutError::Limit | LookoutError::Instances | LookoutError::Unsupported => LIMITED,
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
