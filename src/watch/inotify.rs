//! The kernel tells of every directory of the tree, and of nothing that is only read.
//!
//! A directory is watched before it is looked into, so that what appears in between is seen. What
//! begins with a dot and what editors leave behind is not watched, and links are not followed. Reads
//! are not asked for: a walk of our own would fill the queue, and never end.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::StreamExt;
use inotify::{EventMask, EventOwned, EventStream, Inotify, WatchDescriptor, WatchMask, Watches};

use crate::lint::walk;

/// Room for some hundred events at a time.
const BUFFER: usize = 16 * 1024;
/// Linux's numbers for: no more watches, no more instances.
const ENOSPC: i32 = 28;
const EMFILE: i32 = 24;
const ROOT_GONE: &str = "the root is gone";

/// The watched directories of a tree.
#[derive(Debug)]
pub(super) struct Lookout {
    events: EventStream<Vec<u8>>,
    /// Where the root really is.
    root: Arc<Path>,
    /// By their paths below the root, which is the empty one.
    directories: HashMap<WatchDescriptor, PathBuf>,
}

/// What was seen. Paths begin at the root.
#[derive(Debug)]
pub(super) enum Sighting {
    /// Something changed there.
    Changed(PathBuf),
    /// There is a directory that may not be watched yet.
    Directory(PathBuf),
    /// Something was missed, and what.
    Lost(&'static str),
}

/// Why the system does not tell of changes.
#[derive(Debug, thiserror::Error)]
pub(super) enum LookoutError {
    #[error("no more directories can be watched: raise fs.inotify.max_user_watches with sysctl")]
    Limit,
    #[error("no more watches can be made: raise fs.inotify.max_user_instances with sysctl")]
    Instances,
    #[expect(dead_code, reason = "it is so elsewhere")]
    #[error("this system has no inotify")]
    Unsupported,
    #[error("failed to watch the content")]
    System(#[source] io::Error),
}

type Found = Vec<(WatchDescriptor, PathBuf)>;

impl Lookout {
    /// Watches all directories of a tree.
    pub(super) async fn open(root: PathBuf) -> Result<Self, LookoutError> {
        let inotify = Inotify::init().map_err(LookoutError::of)?;
        let watches = inotify.watches();
        let (root, found) = blocking(move || {
            let root: Arc<Path> = Arc::from(root.canonicalize()?);
            let found = cover(watches, &root, PathBuf::new())?;
            Ok((root, found))
        })
        .await?;
        if found.is_empty() {
            return Err(LookoutError::of(io::ErrorKind::NotFound.into()));
        }
        let events = inotify.into_event_stream(vec![0; BUFFER]);
        Ok(Self {
            events: events.map_err(LookoutError::of)?,
            root,
            directories: found.into_iter().collect(),
        })
    }

    /// How many directories are watched.
    pub(super) fn directories(&self) -> usize {
        self.directories.len()
    }

    /// Watches this directory and all below it.
    pub(super) async fn cover(&mut self, directory: PathBuf) -> Result<(), LookoutError> {
        let (watches, root) = (self.events.watches(), Arc::clone(&self.root));
        let found = blocking(move || cover(watches, &root, directory)).await?;
        self.directories.extend(found);
        Ok(())
    }

    /// Waits for what is seen next. Dropping the future misses nothing.
    pub(super) async fn next(&mut self) -> Sighting {
        loop {
            match self.events.next().await {
                Some(Ok(event)) => {
                    if let Some(sighting) = self.sighting(&event) {
                        return sighting;
                    }
                }
                Some(Err(_)) | None => return Sighting::Lost("the events can't be read"),
            }
        }
    }

    fn sighting(&mut self, event: &EventOwned) -> Option<Sighting> {
        let is = |mask| event.mask.intersects(mask);
        if is(EventMask::Q_OVERFLOW) {
            return Some(Sighting::Lost("too much happened at once"));
        }
        if is(EventMask::IGNORED) {
            let gone = self.directories.remove(&event.wd)?;
            return is_root(&gone).then_some(Sighting::Lost(ROOT_GONE));
        }
        let directory = self.directories.get(&event.wd)?;
        if is(EventMask::UNMOUNT | EventMask::DELETE_SELF | EventMask::MOVE_SELF) {
            return is_root(directory).then_some(Sighting::Lost(ROOT_GONE));
        }
        let path = match &event.name {
            Some(name) => directory.join(name),
            None => directory.clone(),
        };
        if !is(EventMask::ISDIR) {
            return Some(Sighting::Changed(path));
        }
        if is(EventMask::MOVED_FROM) {
            // The kernel goes on to watch it wherever it is now.
            self.forget(&path);
        }
        let is_there = EventMask::CREATE | EventMask::MOVED_TO | EventMask::ATTRIB;
        let is_watched = event.name.as_deref().is_none_or(is_watched);
        Some(if is(is_there) && is_watched {
            Sighting::Directory(path)
        } else {
            Sighting::Changed(path)
        })
    }

    fn forget(&mut self, path: &Path) {
        let mut watches = self.events.watches();
        let below = self
            .directories
            .extract_if(|_, directory| directory.starts_with(path));
        for (watch, _) in below {
            // One that is gone already is what is wanted.
            let _ = watches.remove(watch);
        }
    }
}

impl LookoutError {
    fn of(error: io::Error) -> Self {
        match error.raw_os_error() {
            Some(ENOSPC) => Self::Limit,
            Some(EMFILE) => Self::Instances,
            _ => Self::System(error),
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, LookoutError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(io::Error::other)
        .flatten()
        .map_err(LookoutError::of)
}

/// Watches a directory and all below it. What goes away meanwhile, or may not be read, is no error.
fn cover(mut watches: Watches, root: &Path, directory: PathBuf) -> io::Result<Found> {
    let mut found = Vec::new();
    let mut waiting = vec![directory];
    while let Some(directory) = waiting.pop() {
        let whole = root.join(&directory);
        match watches.add(&whole, mask(&directory)) {
            Ok(watch) => found.push((watch, directory.clone())),
            Err(error) if error.raw_os_error() == Some(ENOSPC) => return Err(error),
            Err(_) => continue,
        }
        let Ok(entries) = fs::read_dir(&whole) else {
            continue;
        };
        for entry in entries.flatten() {
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_directory && is_watched(&entry.file_name()) {
                waiting.push(directory.join(entry.file_name()));
            }
        }
    }
    Ok(found)
}

fn mask(directory: &Path) -> WatchMask {
    let mask = WatchMask::CREATE
        | WatchMask::DELETE
        | WatchMask::MODIFY
        | WatchMask::ATTRIB
        | WatchMask::MOVE
        | WatchMask::ONLYDIR
        | WatchMask::DONT_FOLLOW
        | WatchMask::EXCL_UNLINK;
    if is_root(directory) {
        mask | WatchMask::DELETE_SELF | WatchMask::MOVE_SELF
    } else {
        mask
    }
}

fn is_root(directory: &Path) -> bool {
    directory.as_os_str().is_empty()
}

fn is_watched(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    !name.starts_with('.') && !walk::is_leftover(&name)
}
