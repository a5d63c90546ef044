//! Writing a file so that it holds the old text or the new one, whatever happens: the new text goes
//! into a file beside it, which takes the old one's place once it is on the disk.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown};
use std::path::{Path, PathBuf};

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The system refuses it.
    #[error("failed to write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Somebody else has changed the file since it was judged.
    #[error("{} has changed meanwhile and was left as it is: try again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A file of the new name is there.
    #[error("failed to rename {} to {}", from.display(), to.display())]
    Rename {
        /// The file.
        from: PathBuf,
        /// Its new name.
        to: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Puts a text into the place of another. Mode and owner stay; a link stays a link.
pub fn replace(path: &Path, before: &[u8], after: &[u8]) -> Result<(), WriteError> {
    let failed = |source: io::Error| WriteError::Write {
        path: path.to_owned(),
        source,
    };
    let target = path.canonicalize().map_err(failed)?;
    // Who may not write to the file may not take its place either.
    let old = OpenOptions::new()
        .write(true)
        .open(&target)
        .map_err(failed)?;
    let found = old.metadata().map_err(failed)?;
    if std::fs::read(&target).map_err(failed)? != before {
        let path = path.to_owned();
        return Err(WriteError::Changed { path });
    }
    let directory = target.parent().unwrap_or(Path::new("/"));
    // Hidden and called temporary, so that neither the walk nor an editor takes it for content.
    let beside = directory.join(format!(".mithril-{}.tmp", uuid::Uuid::new_v4().simple()));
    let written =
        write_beside(&beside, &found, after).and_then(|()| std::fs::rename(&beside, &target));
    if let Err(error) = written {
        // What is left over is hidden, and nothing reads it.
        let _ = std::fs::remove_file(&beside);
        return Err(failed(error));
    }
    // The new name is on the disk only with the directory; the file is whole either way.
    let _ = File::open(directory).and_then(|directory| directory.sync_all());
    Ok(())
}

fn write_beside(path: &Path, old: &std::fs::Metadata, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text)?;
    let own = file.metadata()?;
    if (own.uid(), own.gid()) != (old.uid(), old.gid()) {
        fchown(&file, Some(old.uid()), Some(old.gid()))?;
    }
    file.set_permissions(old.permissions())?;
    file.sync_all()
}

/// Gives a file another name, if that is free.
pub fn rename(from: &Path, to: &Path) -> Result<(), WriteError> {
    let failed = |source: io::Error| WriteError::Rename {
        from: from.to_owned(),
        to: to.to_owned(),
        source,
    };
    if to.symlink_metadata().is_ok() {
        return Err(failed(io::ErrorKind::AlreadyExists.into()));
    }
    std::fs::rename(from, to).map_err(failed)
}
