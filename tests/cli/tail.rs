//! `mithril tail` as a process: what it prints, what it says beside, and how it ends.

use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use crate::daemon::soon;
use crate::fixture::{mithril, run, signal};

/// A running `mithril tail`. Dropping it kills it.
pub(crate) struct Tail {
    child: Child,
    out: Lines<BufReader<ChildStdout>>,
    err: Lines<BufReader<ChildStderr>>,
    // Nothing of the project's is in its place.
    _directory: tempfile::TempDir,
}

/// How it ended, and what it printed and said since it was last looked at.
pub(crate) struct End {
    pub(crate) code: Option<i32>,
    pub(crate) out: Vec<String>,
    pub(crate) err: Vec<String>,
}

impl Tail {
    pub(crate) fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut command = Command::from(mithril(directory.path()));
        command
            .arg("tail")
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        Self {
            out: BufReader::new(child.stdout.take().unwrap()).lines(),
            err: BufReader::new(child.stderr.take().unwrap()).lines(),
            child,
            _directory: directory,
        }
    }

    /// One that follows already.
    pub(crate) async fn following(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut tail = Self::start(arguments, environment);
        tail.told("following").await;
        tail
    }

    /// Waits until it says this beside the messages.
    pub(crate) async fn told(&mut self, what: &str) -> String {
        loop {
            let line = soon(self.err.next_line()).await.unwrap();
            let line = line.unwrap_or_else(|| panic!("it ended without saying {what:?}"));
            if line.contains(what) {
                return line;
            }
            assert!(!line.contains("error"), "{line}");
        }
    }

    /// The next line that it prints.
    pub(crate) async fn line(&mut self) -> String {
        let line = soon(self.out.next_line()).await.unwrap();
        line.expect("another line")
    }

    /// The same as JSON.
    pub(crate) async fn json(&mut self) -> Value {
        serde_json::from_str(&self.line().await).unwrap()
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(self.child.id().unwrap(), name);
    }

    /// Waits for the end.
    pub(crate) async fn end(mut self) -> End {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        while let Some(line) = soon(self.out.next_line()).await.unwrap() {
            out.push(line);
        }
        while let Some(line) = soon(self.err.next_line()).await.unwrap() {
            err.push(line);
        }
        let code = soon(self.child.wait()).await.unwrap().code();
        End { code, out, err }
    }

    /// Closes the pipe that it prints to.
    pub(crate) async fn end_unread(mut self) -> Option<i32> {
        drop(self.out);
        soon(self.child.wait()).await.unwrap().code()
    }
}

#[test]
fn what_can_not_be_followed_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    for (arguments, why) in [
        (
            &["ws:42", "--template", "{user}"][..],
            "character 1 of the template \"{user}\"",
        ),
        (&["ws:42", "--format", "template"], "needs --template"),
        (
            &["ws:42", "--format", "raw", "--template", "{data}"],
            "--template is for",
        ),
        (&["ws:42", "--grep", "("], "unclosed group"),
        (&["ws:42", "-n", "0"], "a whole number from 1 on"),
        (&["ws:42", "--for", "soon"], "it must be seconds"),
        (&[], "<CHANNEL>"),
        (
            &["ws:42", "--url", "localhost"],
            "it must begin with ws:// or http://",
        ),
        (
            &["ws:42", "--url", "ws://127.0.0.1:1", "--token-file", "none"],
            "failed to read none",
        ),
    ] {
        let outcome = run(directory.path(), &[&["tail"], arguments].concat());
        assert_eq!(outcome.code, 2, "{arguments:?}: {}", outcome.stderr);
        assert!(
            outcome.stderr.contains(why),
            "{arguments:?}: {}",
            outcome.stderr
        );
        assert_eq!(outcome.stdout, "");
    }
}
