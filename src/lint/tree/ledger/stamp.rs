//! A stamp that is the same means a text, or a directory's listing, that is the same.
//!
//! File systems tell time in ticks, so a file that is written twice within one may look as it did.
//! A file that changed just before it was read therefore has no stamp, and is read again.

use std::fs::Metadata;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// No file system counts in larger ticks: FAT's are two seconds.
pub(super) const TICK: Duration = Duration::from_secs(2);

/// What the file system says about a file; nothing where that proves nothing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp(Option<Facts>);

#[derive(Debug, PartialEq, Eq)]
struct Facts {
    length: u64,
    modified: SystemTime,
    /// Device, inode, and when the inode changed: a file put in another's place differs in them.
    #[cfg(unix)]
    inode: (u64, u64, i64, i64),
}

impl Stamp {
    /// The stamp of a file that is about to be read, and has been at rest for so long.
    pub(super) fn of(path: &Path, rest: Duration) -> Self {
        // The clock that file times come from is the system's, not one that is passed in.
        let now = SystemTime::now();
        Self(facts(path).filter(|facts| {
            let age = now.duration_since(facts.changed());
            age.is_ok_and(|age| age > rest)
        }))
    }

    /// Whether the file there has this stamp.
    pub(super) fn is_that_of(&self, path: &Path) -> bool {
        self.0.is_some() && self.0 == facts(path)
    }
}

impl Facts {
    fn changed(&self) -> SystemTime {
        #[cfg(unix)]
        {
            let (_, _, seconds, nanoseconds) = self.inode;
            let since = Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
                + Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0));
            self.modified.max(SystemTime::UNIX_EPOCH + since)
        }
        #[cfg(not(unix))]
        self.modified
    }
}

fn facts(path: &Path) -> Option<Facts> {
    let found: Metadata = path.metadata().ok()?;
    Some(Facts {
        length: found.len(),
        modified: found.modified().ok()?,
        #[cfg(unix)]
        inode: {
            use std::os::unix::fs::MetadataExt;
            (found.dev(), found.ino(), found.ctime(), found.ctime_nsec())
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_just_written_proves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new");
        std::fs::write(&path, "1").unwrap();
        assert!(!Stamp::of(&path, TICK).is_that_of(&path));
        assert!(!Stamp::default().is_that_of(&directory.path().join("missing")));
    }

    #[test]
    fn a_file_that_has_been_there_proves_itself_and_no_other() {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join(".editorconfig");
        let other = Path::new(env!("CARGO_MANIFEST_DIR")).join("LICENSE");
        let stamp = Stamp::of(&own, TICK);
        assert!(stamp.is_that_of(&own));
        assert!(!stamp.is_that_of(&other));
    }
}
