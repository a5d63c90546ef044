//! `lint --watch` as a process: on a pipe, on a terminal, and how it ends.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use crate::daemon::soon;
use crate::fixture::{mithril, run, signal};

const CLEAN: &str = "id: a\ntitle: x\ntype: text\ndescription: z\n";
const READY: &str = "watching for changes";

/// A pool with an exercise.
fn tree() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    write(&directory.path().join("c/pool.yaml"), "slug: c\nname: C\n");
    write(&exercise(directory.path()), CLEAN);
    directory
}

fn exercise(directory: &Path) -> PathBuf {
    directory.join("c/a/exercise.yaml")
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// The exercise with a key that is unknown, whose name tells the texts apart.
fn faulty(key: &str) -> String {
    format!("{CLEAN}{key}: 1\n")
}

/// A running `lint --watch` on pipes. Dropping it kills it.
struct Watching {
    child: Child,
    out: Lines<BufReader<ChildStdout>>,
    err: Lines<BufReader<ChildStderr>>,
}

impl Watching {
    fn start(directory: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::from(mithril(directory))
            .args(["lint", "--watch"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self {
            out: BufReader::new(child.stdout.take().unwrap()).lines(),
            err: BufReader::new(child.stderr.take().unwrap()).lines(),
            child,
        }
    }

    /// What the next report names: a key, a file, or a code.
    async fn report(&mut self) -> Vec<String> {
        let line = soon(self.out.next_line()).await.unwrap();
        let report: Value = serde_json::from_str(&line.expect("a report")).unwrap();
        let named = |found: &Value| {
            let message = found["message"].as_str().unwrap();
            message.split('`').nth(1).unwrap_or(message).to_owned()
        };
        let found = report["diagnostics"].as_array().unwrap();
        found.iter().map(named).collect()
    }

    async fn told(&mut self, what: &str) -> String {
        loop {
            let line = soon(self.err.next_line()).await.unwrap();
            let line = line.unwrap_or_else(|| panic!("it ended without saying {what:?}"));
            if line.contains(what) {
                return line;
            }
        }
    }

    async fn end(mut self, name: &str) -> (Option<i32>, Vec<String>) {
        signal(self.child.id().unwrap(), name);
        let mut rest = Vec::new();
        while let Some(line) = soon(self.out.next_line()).await.unwrap() {
            rest.push(line);
        }
        (soon(self.child.wait()).await.unwrap().code(), rest)
    }
}

#[tokio::test]
async fn every_way_to_save_a_file_is_seen_and_reported_once() {
    let directory = tree();
    let path = exercise(directory.path());
    let beside = |name: &str| path.with_file_name(name);
    let mut watching = Watching::start(directory.path(), &["--format", "json", "."]);
    assert_eq!(watching.report().await, [""; 0]);
    watching.told(READY).await;
    // In its place.
    fs::write(&path, faulty("plain")).unwrap();
    assert_eq!(watching.report().await, ["plain"]);
    // Beside it, and renamed over it, as VS Code and most others do.
    fs::write(beside("exercise.yaml.new"), faulty("renamed")).unwrap();
    fs::rename(beside("exercise.yaml.new"), &path).unwrap();
    assert_eq!(watching.report().await, ["renamed"]);
    // As vim does: it tries whether it may write here, and moves the old file out of the way.
    fs::write(beside("4913"), "").unwrap();
    fs::remove_file(beside("4913")).unwrap();
    fs::rename(&path, beside("exercise.yaml~")).unwrap();
    fs::write(&path, faulty("vim")).unwrap();
    fs::remove_file(beside("exercise.yaml~")).unwrap();
    assert_eq!(watching.report().await, ["vim"]);
    // Once more, since the file is another one by now.
    fs::write(&path, faulty("again")).unwrap();
    assert_eq!(watching.report().await, ["again"]);
    // A change that makes no difference has a report too.
    fs::write(&path, faulty("again") + "# a comment\n").unwrap();
    assert_eq!(watching.report().await, ["again"]);
    fs::write(&path, CLEAN).unwrap();
    assert_eq!(watching.report().await, [""; 0]);
    let (code, rest) = watching.end("-INT").await;
    assert_eq!((code, rest), (Some(130), Vec::new()));
}

#[tokio::test]
async fn what_comes_and_goes_is_seen() {
    let directory = tree();
    let mut watching = Watching::start(directory.path(), &["--format", "json", "c"]);
    assert_eq!(watching.report().await, [""; 0]);
    watching.told(READY).await;
    // A directory with all that is in it, moved there at once; and then one below it.
    let text = faulty("moved").replace("id: a", "id: b");
    write(&directory.path().join("elsewhere/exercise.yaml"), &text);
    fs::rename(
        directory.path().join("elsewhere"),
        directory.path().join("c/b"),
    )
    .unwrap();
    assert_eq!(watching.report().await, ["moved"]);
    write(&directory.path().join("c/b/tests/deep/notes.txt"), "x\n");
    assert_eq!(watching.report().await, ["moved"]);
    // The content stays, and where it is found changes.
    write(&directory.path().join("c/.gitignore"), "b/\n");
    assert_eq!(watching.report().await, [""; 0]);
    fs::remove_file(directory.path().join("c/.gitignore")).unwrap();
    assert_eq!(watching.report().await, ["moved"]);
    fs::remove_dir_all(directory.path().join("c/b")).unwrap();
    assert_eq!(watching.report().await, [""; 0]);
    // The root goes, which is an error, and comes back.
    fs::rename(directory.path().join("c"), directory.path().join("d")).unwrap();
    watching.told("error: failed to read c").await;
    fs::rename(directory.path().join("d"), directory.path().join("c")).unwrap();
    assert_eq!(watching.report().await, [""; 0]);
    let (code, rest) = watching.end("-TERM").await;
    assert_eq!((code, rest), (Some(143), Vec::new()));
}

#[tokio::test]
async fn one_file_is_watched_by_its_name() {
    let directory = tree();
    let path = exercise(directory.path());
    let mut watching = Watching::start(
        path.parent().unwrap(),
        &["--format", "json", "exercise.yaml"],
    );
    assert_eq!(watching.report().await, [""; 0]);
    watching.told(READY).await;
    fs::write(path.with_extension("new"), faulty("renamed")).unwrap();
    fs::rename(path.with_extension("new"), &path).unwrap();
    assert_eq!(watching.report().await, ["renamed"]);
}

#[tokio::test]
async fn reports_in_files_are_kept_up_and_start_nothing() {
    let directory = tree();
    let path = exercise(directory.path());
    let formats = ["json", "json=c/report.json", "junit=c/report.xml"];
    let mut arguments: Vec<&str> = formats.iter().flat_map(|f| ["--format", f]).collect();
    arguments.push("c");
    let mut watching = Watching::start(directory.path(), &arguments);
    assert_eq!(watching.report().await, [""; 0]);
    watching.told(READY).await;
    for key in ["one", "two", "three"] {
        fs::write(&path, faulty(key)).unwrap();
        assert_eq!(watching.report().await, [key]);
        watching.told(READY).await;
        for report in ["c/report.json", "c/report.xml"] {
            let text = fs::read_to_string(directory.path().join(report)).unwrap();
            assert!(text.contains(&format!("`{key}`")), "{text}");
        }
    }
    let (code, rest) = watching.end("-INT").await;
    assert_eq!((code, rest), (Some(130), Vec::new()));
}

#[tokio::test]
async fn what_can_be_fixed_is_fixed_as_it_is_written() {
    let directory = tree();
    let path = exercise(directory.path());
    let mut watching = Watching::start(directory.path(), &["--fix", "--format", "json", "."]);
    assert_eq!(watching.report().await, [""; 0]);
    watching.told(READY).await;
    for title in ["1.10", "2.10"] {
        let written = CLEAN.replace("title: x", &format!("title: {title}"));
        fs::write(&path, &written).unwrap();
        assert_eq!(watching.report().await, [""; 0]);
        watching.told("1 problem fixed").await;
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text, written.replace(title, &format!("\"{title}\"")));
    }
    let (code, rest) = watching.end("-INT").await;
    assert_eq!((code, rest), (Some(130), Vec::new()));
}

#[tokio::test]
async fn it_ends_when_nobody_reads_any_more() {
    let directory = tree();
    let mut watching = Watching::start(directory.path(), &["."]);
    watching.told(READY).await;
    drop(watching.out);
    let status = soon(watching.child.wait()).await.unwrap();
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn ctrl_c_ends_it_also_while_a_reader_is_busy() {
    let directory = tree();
    // More than a pipe holds.
    let faults: Vec<String> = (0..1000).map(|index| format!("key{index}: 1\n")).collect();
    fs::write(
        exercise(directory.path()),
        CLEAN.to_owned() + &faults.concat(),
    )
    .unwrap();
    let mut watching = Watching::start(directory.path(), &["--format", "jsonl", "."]);
    let first = soon(watching.out.next_line()).await.unwrap();
    assert!(first.unwrap().contains("key0"));
    signal(watching.child.id().unwrap(), "-INT");
    let status = soon(watching.child.wait()).await.unwrap();
    assert_eq!(status.code(), Some(130));
}

/// A terminal of its own, made by `script`, which copies it.
struct Terminal {
    child: Child,
    shown: String,
}

impl Terminal {
    fn start(directory: &Path, kind: &str) -> Self {
        let shell = format!("{} lint --watch .", env!("CARGO_BIN_EXE_mithril"));
        let child = Command::from(mithril(directory));
        let mut script = Command::new("script");
        script
            .args(["-qefc", &shell, "/dev/null"])
            .current_dir(directory)
            .env_clear()
            .envs(child.as_std().get_envs().filter_map(|(k, v)| Some((k, v?))))
            .env("TERM", kind)
            .env("NO_COLOR", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let child = script
            .spawn()
            .expect("script is needed: apt-get install bsdutils");
        Self {
            child,
            shown: String::new(),
        }
    }

    /// What is shown until this is, from where it was looked at last.
    async fn until(&mut self, what: &str) -> String {
        while !self.shown.contains(what) {
            let mut bytes = [0; 4096];
            let out = self.child.stdout.as_mut().unwrap();
            let count = soon(out.read(&mut bytes)).await.unwrap();
            assert!(count > 0, "{}", self.shown);
            self.shown
                .push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        let end = self.shown.find(what).unwrap() + what.len();
        self.shown.drain(..end).collect()
    }

    /// Presses Ctrl-C; what is shown until the end, and the exit status.
    async fn interrupt(mut self) -> (String, Option<i32>) {
        let keys = self.child.stdin.as_mut().unwrap();
        keys.write_all(b"\x03").await.unwrap();
        keys.flush().await.unwrap();
        let out = self.child.stdout.as_mut().unwrap();
        soon(out.read_to_string(&mut self.shown)).await.unwrap();
        let code = soon(self.child.wait()).await.unwrap().code();
        (self.shown, code)
    }
}

const CLEAR: &str = "\x1b[2J\x1b[H";

#[tokio::test]
async fn a_terminal_shows_the_last_result_alone() {
    let directory = tree();
    let path = exercise(directory.path());
    let mut terminal = Terminal::start(directory.path(), "xterm");
    let first = terminal.until(READY).await;
    let (before, first) = first.split_once(CLEAR).unwrap();
    assert_eq!(before, "");
    assert!(first.starts_with("2 files checked, no problems"), "{first}");
    fs::write(&path, faulty("colour")).unwrap();
    let second = terminal.until(READY).await;
    let (_, second) = second.split_once(CLEAR).unwrap();
    assert!(second.starts_with("error[S101]: an exercise has no key `colour`"));
    assert!(second.contains("2 files checked, 1 error"), "{second}");
    let (rest, code) = terminal.interrupt().await;
    assert_eq!(code, Some(130));
    assert!(!rest.contains(CLEAR), "the last result stays: {rest:?}");
}

#[tokio::test]
async fn a_terminal_that_can_not_be_cleared_is_not() {
    let directory = tree();
    let mut terminal = Terminal::start(directory.path(), "dumb");
    let shown = terminal.until(READY).await;
    assert!(!shown.contains('\x1b'), "{shown:?}");
    let (_, code) = terminal.interrupt().await;
    assert_eq!(code, Some(130));
}

#[test]
fn what_can_not_be_watched_is_refused() {
    let directory = tree();
    for (arguments, why) in [
        (&["-"][..], "standard input can't be watched"),
        (&["nowhere"], "failed to read nowhere"),
        (&["--format", "junit", "."], "--format junit=FILE"),
        (&["--select", "nope", "."], "nope"),
    ] {
        let outcome = run(
            directory.path(),
            &[&["lint", "--watch"], arguments].concat(),
        );
        assert_eq!(outcome.code, 2, "{arguments:?}: {}", outcome.stderr);
        assert!(
            outcome.stderr.contains(why),
            "{arguments:?}: {}",
            outcome.stderr
        );
        assert_eq!(outcome.stdout, "");
    }
}
