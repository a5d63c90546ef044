//! Where there is no inotify, nothing is told of changes: the tree is looked at now and then.

use std::path::PathBuf;

/// What nobody has here.
#[derive(Debug)]
pub(super) enum Lookout {}

/// What is never seen.
#[derive(Debug)]
#[expect(dead_code, reason = "nothing is seen here")]
pub(super) enum Sighting {
    Changed(PathBuf),
    Directory(PathBuf),
    Lost(&'static str),
}

/// Why the system does not tell of changes.
#[derive(Debug, thiserror::Error)]
#[expect(dead_code, reason = "there is one reason here")]
pub(super) enum LookoutError {
    #[error("no more directories can be watched")]
    Limit,
    #[error("no more watches can be made")]
    Instances,
    #[error("this system has no inotify")]
    Unsupported,
    #[error("failed to watch the content")]
    System(#[source] std::io::Error),
}

impl Lookout {
    pub(super) async fn open(_: PathBuf) -> Result<Self, LookoutError> {
        Err(LookoutError::Unsupported)
    }

    pub(super) fn directories(&self) -> usize {
        match *self {}
    }

    pub(super) async fn next(&mut self) -> Sighting {
        match *self {}
    }

    pub(super) async fn cover(&mut self, _: PathBuf) -> Result<(), LookoutError> {
        match *self {}
    }
}
