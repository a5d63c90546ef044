//! A directory as it was in a revision of git, without a change to the repository or its index.

use std::io;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::Context;
use tempfile::TempDir;

/// The tree below this directory in a revision; empty where the revision has no such directory.
pub(super) fn tree(directory: &Path, revision: &str) -> Result<TempDir, anyhow::Error> {
    let git = Git {
        directory,
        index: None,
    };
    let commit = format!("{revision}^{{commit}}");
    let known = [
        "rev-parse",
        "--quiet",
        "--verify",
        "--end-of-options",
        &commit,
    ];
    let commit = git.ask(&known)?.map_err(|told| {
        let shown = directory.display();
        let none = format!("there is no revision {revision} in the git repository of {shown}");
        // Of a revision that is none, git has no more to say.
        if told.is_empty() {
            anyhow::anyhow!(none)
        } else {
            anyhow::anyhow!("{none}: {told}")
        }
    })?;
    let below = git.run(&["rev-parse", "--show-prefix"])?;
    let below = below.trim_end_matches('\n').trim_end_matches('/');
    let tree = format!("{}:{below}", commit.trim_end());
    let place = tempfile::tempdir().context("failed to make a temporary directory")?;
    if git.run(&["cat-file", "-e", &tree]).is_err() {
        return Ok(place);
    }
    // An index of its own: what is staged in the repository stays as it is.
    let index = tempfile::tempdir().context("failed to make a temporary directory")?;
    let index = index.path().join("index");
    let top = git.run(&["rev-parse", "--show-toplevel"])?;
    // Below the top, git would write no more than what lies below that directory.
    let git = Git {
        directory: Path::new(top.trim_end_matches('\n')),
        index: Some(&index),
    };
    let prefix = format!("--prefix={}/", place.path().display());
    git.run(&["read-tree", &tree])?;
    git.run(&["checkout-index", "--all", "--quiet", &prefix])?;
    Ok(place)
}

struct Git<'a> {
    directory: &'a Path,
    index: Option<&'a Path>,
}

impl Git<'_> {
    fn run(&self, arguments: &[&str]) -> Result<String, anyhow::Error> {
        let name = arguments.first().unwrap_or(&"");
        let answer = self.ask(arguments)?;
        answer.map_err(|told| anyhow::anyhow!("git {name}: {told}"))
    }

    /// What git answers, or what it tells where it fails.
    fn ask(&self, arguments: &[&str]) -> Result<Result<String, String>, anyhow::Error> {
        let mut command = Command::new("git");
        command.arg("-C").arg(self.directory).args(arguments);
        if let Some(index) = self.index {
            command.env("GIT_INDEX_FILE", index);
        }
        let Output {
            status,
            stdout,
            stderr,
        } = command.output().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => anyhow::anyhow!("git is not installed: apt-get install git"),
            _ => anyhow::Error::from(error).context("failed to run git"),
        })?;
        if status.success() {
            let answer = String::from_utf8(stdout);
            return Ok(Ok(answer.context("git answers with what is not UTF-8")?));
        }
        Ok(Err(String::from_utf8_lossy(&stderr).trim().to_owned()))
    }
}
