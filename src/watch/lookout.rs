//! The system tells of every directory of the tree, and nothing that is only read is heeded.
//!
//! Each directory is watched by itself, before it is looked into, so that what appears in between is
//! seen. What begins with a dot and what editors leave behind is not watched, and links are not
//! followed. `notify` asks for every opened file too, so that our own reads come back as events: they
//! are thrown away where they arrive. While many directories are covered, each waits for the thread
//! that takes events in, so that covering them never fills its queue.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use notify::event::ModifyKind;
use notify::{Config, ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use super::ChangeSet;
use crate::lint::walk;

/// Linux's numbers for: no more watches, no more instances.
const ENOSPC: i32 = 28;
const EMFILE: i32 = 24;
/// From so many new directories on, watching anew is sooner done.
const MOST: usize = 4096;

/// The watched directories of a tree.
#[derive(Debug)]
pub(super) struct Lookout {
    watcher: Arc<Mutex<RecommendedWatcher>>,
    /// Where the root really is.
    root: Arc<Path>,
    sightings: Arc<Sightings>,
}

/// What was seen. Paths begin at the root.
#[derive(Debug, Default)]
pub(super) struct Sighting {
    /// What changed.
    pub(super) changes: ChangeSet,
    /// Directories that may not be watched yet.
    pub(super) directories: BTreeSet<PathBuf>,
    /// Why something was missed, if it was.
    pub(super) lost: Option<Loss>,
}

/// Why something was missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// The queue of events was full.
    Overflow,
    /// The root was removed, or is elsewhere now.
    Root,
    /// The events can't be read.
    Unreadable,
}

impl Loss {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Overflow => "too much happened at once",
            Self::Root => "the root is gone",
            Self::Unreadable => "the events can't be read",
        }
    }
}

/// What was seen and nobody has heeded.
#[derive(Debug, Default)]
struct Sightings {
    waiting: Mutex<Option<Sighting>>,
    some: Notify,
}

/// Why the system does not tell of changes.
#[derive(Debug, thiserror::Error)]
pub(super) enum LookoutError {
    #[error("no more directories can be watched: raise fs.inotify.max_user_watches with sysctl")]
    Limit,
    #[error("no more watches can be made: raise fs.inotify.max_user_instances with sysctl")]
    Instances,
    #[error("failed to watch the content")]
    System(#[source] notify::Error),
}

impl Lookout {
    /// Watches all directories of a tree, and returns how many there are.
    pub(super) async fn open(root: PathBuf) -> Result<(Self, usize), LookoutError> {
        blocking(move || {
            let root: Arc<Path> = Arc::from(root.canonicalize()?);
            let sightings: Arc<Sightings> = Arc::default();
            let (to, below) = (Arc::clone(&sightings), Arc::clone(&root));
            let handler = move |event| to.heed(event, &below);
            let mut watcher = RecommendedWatcher::new(handler, Config::default())?;
            let covered = cover(&mut watcher, &root, PathBuf::new())?;
            if covered == 0 {
                return Err(io::Error::from(io::ErrorKind::NotFound).into());
            }
            let watcher = Arc::new(Mutex::new(watcher));
            let lookout = Self {
                watcher,
                root,
                sightings,
            };
            Ok((lookout, covered))
        })
        .await
    }

    /// Watches these directories and all below them.
    pub(super) async fn cover(
        &mut self,
        directories: BTreeSet<PathBuf>,
    ) -> Result<(), LookoutError> {
        let (watcher, root) = (Arc::clone(&self.watcher), Arc::clone(&self.root));
        blocking(move || {
            let mut watcher = watcher.lock().unwrap_or_else(PoisonError::into_inner);
            for directory in directories {
                cover(&mut watcher, &root, directory)?;
            }
            Ok(())
        })
        .await
    }

    /// Waits for what is seen next. Dropping the future misses nothing.
    pub(super) async fn next(&mut self) -> Sighting {
        loop {
            if let Some(sighting) = self.sightings.take() {
                return sighting;
            }
            self.sightings.some.notified().await;
        }
    }
}

impl Sightings {
    fn take(&self) -> Option<Sighting> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.take()
    }

    /// Takes in what the system tells, in the thread that empties its queue.
    fn heed(&self, event: notify::Result<Event>, root: &Path) {
        match event {
            Ok(event) if matches!(event.kind, EventKind::Access(_)) => {}
            Ok(event) if event.need_rescan() => self.lose(Loss::Overflow),
            Ok(event) => {
                for path in &event.paths {
                    if let Ok(below) = path.strip_prefix(root) {
                        self.see(event.kind, path, below);
                    }
                }
            }
            Err(_) => self.lose(Loss::Unreadable),
        }
    }

    fn see(&self, kind: EventKind, path: &Path, below: &Path) {
        let is_root = below.as_os_str().is_empty();
        let gone = matches!(
            kind,
            EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))
        );
        if is_root && gone {
            return self.lose(Loss::Root);
        }
        let is_text = matches!(kind, EventKind::Modify(ModifyKind::Data(_)));
        let is_directory = !is_text && is_directory(path);
        let is_watched = below.file_name().is_none_or(is_watched);
        self.add(|waiting| {
            if is_directory && is_watched {
                waiting.directories.insert(below.to_owned());
            }
            if waiting.directories.len() > MOST {
                waiting.directories.clear();
                waiting.lost = Some(Loss::Overflow);
            }
            waiting.changes.add(ChangeSet::of(below.to_owned()));
        });
    }

    fn lose(&self, how: Loss) {
        self.add(|waiting| waiting.lost = Some(how));
    }

    fn add(&self, change: impl FnOnce(&mut Sighting)) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        change(waiting.get_or_insert_default());
        drop(waiting);
        self.some.notify_one();
    }
}

impl LookoutError {
    fn of(error: notify::Error) -> Self {
        match &error.kind {
            ErrorKind::MaxFilesWatch => Self::Limit,
            ErrorKind::Io(system) if system.raw_os_error() == Some(ENOSPC) => Self::Limit,
            ErrorKind::Io(system) if system.raw_os_error() == Some(EMFILE) => Self::Instances,
            ErrorKind::Io(_)
            | ErrorKind::Generic(_)
            | ErrorKind::PathNotFound
            | ErrorKind::WatchNotFound
            | ErrorKind::InvalidConfig(_) => Self::System(error),
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> notify::Result<T> + Send + 'static,
) -> Result<T, LookoutError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| notify::Error::io(io::Error::other(error)))
        .flatten()
        .map_err(LookoutError::of)
}

/// Watches a directory and all below it, and returns how many those are. What goes away meanwhile, or
/// may not be read, is no error.
fn cover(
    watcher: &mut RecommendedWatcher,
    root: &Path,
    directory: PathBuf,
) -> notify::Result<usize> {
    let mut covered = 0;
    let mut waiting = vec![root.join(directory)];
    while let Some(directory) = waiting.pop() {
        if !is_directory(&directory) {
            continue;
        }
        match watcher.watch(&directory, RecursiveMode::NonRecursive) {
            Ok(()) => covered += 1,
            Err(error) if matches!(error.kind, ErrorKind::MaxFilesWatch) => return Err(error),
            Err(_) => continue,
        }
        let Ok(entries) = fs::read_dir(&directory) else {
            continue;
        };
        for entry in entries.flatten() {
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_directory && is_watched(&entry.file_name()) {
                waiting.push(entry.path());
            }
        }
    }
    Ok(covered)
}

/// Whether it is one itself, and no link to one.
fn is_directory(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_dir())
}

fn is_watched(name: &OsStr) -> bool {
    !walk::is_passed_over(&name.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_lacks_is_said_with_how_to_give_it_more() {
        let of_number = |number| notify::Error::io(io::Error::from_raw_os_error(number));
        for (error, setting) in [
            (
                notify::Error::new(ErrorKind::MaxFilesWatch),
                "fs.inotify.max_user_watches",
            ),
            (of_number(ENOSPC), "fs.inotify.max_user_watches"),
            (of_number(EMFILE), "fs.inotify.max_user_instances"),
        ] {
            let said = LookoutError::of(error).to_string();
            assert!(said.contains(setting), "{said}");
        }
    }
}
