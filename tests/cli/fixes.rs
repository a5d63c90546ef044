//! `lint --fix` and its like: what is written, how, and what happens when that fails.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::fixture::{Outcome, mithril, run};

const EXERCISE: &str = "# one\r\nid: ex0\r\ntitle: 1.10  # two\r\ntype: code\r\nlanguage: c\r\nbuild:\r\n  command: gcc {submission} -o {output}\r\n  timeout: \"10\"\r\ntests:\r\n  - name: no\r\n    run: ./{output}\r\ndescription: |\r\n  Two spaces  \r\n  at the end";
const SAFE: &str = "# one\nid: ex0\ntitle: \"1.10\"  # two\ntype: code\nlanguage: c\nbuild:\n  command: gcc {submission} -o {output}\n  timeout: 10\ntests:\n  - name: \"no\"\n    run: ./{output}\ndescription: |\n  Two spaces  \n  at the end\n";

fn guessed() -> String {
    SAFE.replace(
        "    run: ./{output}\n",
        "    run: ./{output}\n    timeout: 5\n",
    )
}

/// A pool with so many exercises that have the same faults.
fn tree(count: usize) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for index in 0..count {
        let path = directory.path().join(format!("c/ex{index}"));
        std::fs::create_dir_all(&path).unwrap();
        let text = EXERCISE.replace("ex0", &format!("ex{index}"));
        std::fs::write(path.join("exercise.yaml"), text).unwrap();
    }
    std::fs::write(directory.path().join("c/pool.yaml"), "slug: c\nname: C\n").unwrap();
    directory
}

fn exercise(directory: &Path, index: usize) -> PathBuf {
    directory.join(format!("c/ex{index}/exercise.yaml"))
}

/// Every file below a directory and what it holds.
fn files(directory: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in directory.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let text = std::fs::read_to_string(&path).unwrap();
            found.insert(path, text);
        }
    }
    found
}

#[test]
fn safe_fixes_are_written_and_the_rest_is_reported() {
    let directory = tree(2);
    let outcome = run(
        directory.path(),
        &["lint", "--fix", "--format", "concise", "."],
    );
    let left = "c/ex0/exercise.yaml:10:5: warning[T504] test #1 has no timeout, 5 s are used\nc/ex1/exercise.yaml:10:5: warning[T504] test #1 has no timeout, 5 s are used\n";
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, left));
    let summary =
        "10 problems fixed\n3 files checked, 2 warnings\n2 can be fixed with --unsafe-fixes\n";
    assert_eq!(outcome.stderr, summary);
    let text = std::fs::read_to_string(exercise(directory.path(), 0)).unwrap();
    assert_eq!(text, SAFE);
    // Twice is once: not even the file is another one.
    let inode = || exercise(directory.path(), 0).metadata().unwrap().ino();
    let before = inode();
    let outcome = run(directory.path(), &["lint", "--fix", "."]);
    assert!(!outcome.stderr.contains("fixed\n3"), "{}", outcome.stderr);
    assert_eq!(inode(), before);
    let outcome = run(
        directory.path(),
        &["lint", "--unsafe-fixes", "--fail-on", "info", "."],
    );
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""));
    assert_eq!(
        outcome.stderr,
        "2 problems fixed\n3 files checked, no problems\n"
    );
    let text = std::fs::read_to_string(exercise(directory.path(), 0)).unwrap();
    assert_eq!(text, guessed());
    assert_eq!(
        files(directory.path()).len(),
        3,
        "nothing is left beside the files"
    );
}

#[test]
fn only_what_is_selected_is_fixed() {
    let directory = tree(1);
    let arguments = ["lint", "--fix", "--select", "Y019,Y018", "."];
    assert_eq!(run(directory.path(), &arguments).code, 0);
    let text = std::fs::read_to_string(exercise(directory.path(), 0)).unwrap();
    let expected = EXERCISE.replace("1.10", "\"1.10\"").replace("\"10\"", "10");
    assert_eq!(text, expected);
}

#[test]
fn a_diff_shows_what_would_change_and_changes_nothing() {
    let directory = tree(2);
    let before = files(directory.path());
    let outcome = run(directory.path(), &["lint", "--diff", "--unsafe-fixes", "."]);
    assert_eq!(outcome.code, 1);
    assert_eq!(outcome.stderr, "12 problems in 2 files would be fixed\n");
    assert_eq!(files(directory.path()), before);
    let mut patched = before.clone();
    for part in outcome.stdout.split("--- ").skip(1) {
        let (name, hunks) = part.split_once('\n').unwrap();
        let path = directory.path().join(name);
        let text = patched[&path].clone();
        patched.insert(path, patch(&text, hunks));
    }
    assert_eq!(
        run(directory.path(), &["lint", "--unsafe-fixes", "."]).code,
        0
    );
    assert_eq!(files(directory.path()), patched);
    let outcome = run(directory.path(), &["lint", "--diff", "--unsafe-fixes", "."]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""));
    assert_eq!(outcome.stderr, "0 problems in 0 files would be fixed\n");
}

/// Applies a unified diff as `patch` does: each line that stays or goes must be there.
fn patch(text: &str, diff: &str) -> String {
    let old: Vec<&str> = text.split_inclusive('\n').collect();
    let mut new = String::new();
    let mut at = 0;
    let mut lines = diff.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        if let Some(range) = line.strip_prefix("@@ -") {
            let (start, count) = {
                let range = range.split(' ').next().unwrap();
                let (start, count) = range.split_once(',').unwrap_or((range, "1"));
                (
                    start.parse::<usize>().unwrap(),
                    count.parse::<usize>().unwrap(),
                )
            };
            let start = if count == 0 { start } else { start - 1 };
            new.extend(old[at..start].iter().copied());
            at = start;
            continue;
        }
        let (mark, content) = line.split_at(1);
        let open = lines.next_if(|next| next.starts_with('\\')).is_some();
        let content = if open {
            content.trim_end_matches('\n')
        } else {
            content
        };
        match mark {
            "+" if line.starts_with("+++") => {}
            "+" => new.push_str(content),
            " " | "-" => {
                assert_eq!(old[at], content);
                at += 1;
                if mark == " " {
                    new.push_str(content);
                }
            }
            _ => panic!("{line:?} in a diff"),
        }
    }
    new.extend(old[at..].iter().copied());
    new
}

#[test]
fn mode_and_link_stay() {
    let directory = tree(1);
    let path = exercise(directory.path(), 0);
    let elsewhere = directory.path().join("c/shared");
    std::fs::create_dir(&elsewhere).unwrap();
    let target = elsewhere.join("ex0.text");
    std::fs::rename(&path, &target).unwrap();
    symlink("../shared/ex0.text", &path).unwrap();
    std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o640)).unwrap();
    let before = target.metadata().unwrap();
    assert_eq!(run(directory.path(), &["lint", "--fix", "."]).code, 0);
    assert!(path.symlink_metadata().unwrap().is_symlink());
    assert_eq!(std::fs::read_to_string(&target).unwrap(), SAFE);
    let after = target.metadata().unwrap();
    assert_eq!(after.mode(), before.mode());
    assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
}

/// The program as a user who is not root: root may write everywhere.
fn as_nobody(directory: &Path) -> Command {
    const NOBODY: u32 = 65534;
    let mut command = mithril(directory);
    if directory.metadata().unwrap().uid() == 0 {
        for path in files(directory).keys() {
            for path in path
                .ancestors()
                .take_while(|path| path.starts_with(directory))
            {
                std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

#[test]
fn what_cannot_be_written_is_reported_and_the_others_are_fixed() {
    let directory = tree(4);
    let mut command = as_nobody(directory.path());
    let file = exercise(directory.path(), 1);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o444)).unwrap();
    let place = directory.path().join("c/ex2");
    std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o555)).unwrap();
    let output = command
        .args(["lint", "--fix", "--format", "concise", "."])
        .output();
    let outcome = Outcome::from(output.unwrap());
    std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
    for name in ["c/ex1/exercise.yaml", "c/ex2/exercise.yaml"] {
        let error = format!("error: failed to write {name}: Permission denied");
        assert!(outcome.stderr.contains(&error), "{}", outcome.stderr);
        // What is left there is reported as it is.
        let found = format!("{name}:3:8: warning[Y019]");
        assert!(outcome.stdout.contains(&found), "{}", outcome.stdout);
    }
    assert!(
        outcome.stderr.contains("10 problems fixed\n"),
        "{}",
        outcome.stderr
    );
    for index in 0..4 {
        let text = std::fs::read_to_string(exercise(directory.path(), index)).unwrap();
        let expected = if [1, 2].contains(&index) {
            EXERCISE
        } else {
            SAFE
        };
        assert_eq!(text, expected.replace("ex0", &format!("ex{index}")));
    }
    assert_eq!(
        files(directory.path()).len(),
        5,
        "nothing is left beside the files"
    );
}

#[test]
fn a_kill_in_the_middle_leaves_every_file_whole() {
    let count = 400;
    let mut partly = false;
    for _ in 0..20 {
        let directory = tree(count);
        let mut child = mithril(directory.path())
            .args(["lint", "--fix", "--quiet", "."])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // As soon as one file is another one, the program is in the middle of writing.
        let inodes =
            || (0..count).map(|index| exercise(directory.path(), index).metadata().unwrap().ino());
        let before: Vec<u64> = inodes().collect();
        while inodes().eq(before.iter().copied()) && child.try_wait().unwrap().is_none() {}
        child.kill().unwrap();
        child.wait().unwrap();
        let mut written = 0;
        for index in 0..count {
            let text = std::fs::read_to_string(exercise(directory.path(), index)).unwrap();
            let own = |text: &str| text.replace("ex0", &format!("ex{index}"));
            assert!(text == own(EXERCISE) || text == own(SAFE), "{text:?}");
            written += usize::from(text == own(SAFE));
        }
        // What the kill left over is neither content nor in the way.
        let outcome = run(
            directory.path(),
            &["lint", "--fix", "--format", "concise", "."],
        );
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        assert_eq!(
            outcome.stdout.lines().count(),
            count,
            "one T504 each is left"
        );
        partly |= written > 0 && written < count;
        if partly {
            break;
        }
    }
    assert!(partly, "the program was never met while it wrote");
}

#[test]
fn standard_input_is_fixed_to_standard_output() {
    let directory = tree(1);
    let fix = |arguments: &[&str]| {
        let mut child = mithril(directory.path())
            .args(["lint", "-", "--format", "concise"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(EXERCISE.as_bytes())
            .unwrap();
        Outcome::from(child.wait_with_output().unwrap())
    };
    let outcome = fix(&["--fix"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, SAFE));
    assert!(
        outcome.stderr.starts_with("<stdin>:10:5: warning[T504]"),
        "{}",
        outcome.stderr
    );
    let named = ["--unsafe-fixes", "--stdin-filename", "c/ex0/exercise.yaml"];
    let outcome = fix(&named);
    assert_eq!((outcome.code, outcome.stdout), (0, guessed()));
    let file = std::fs::read_to_string(exercise(directory.path(), 0)).unwrap();
    assert_eq!(file, EXERCISE, "the file that it stands for is not written");
    let outcome = fix(&["--diff"]);
    assert_eq!(outcome.code, 1);
    let head = "--- <stdin>\n+++ <stdin>\n@@ -1,14 +1,14 @@\n-# one\r\n";
    assert!(outcome.stdout.starts_with(head), "{}", outcome.stdout);
}

#[test]
fn a_file_of_another_name_gets_its_own() {
    let directory = tree(1);
    let path = exercise(directory.path(), 0);
    let other = path.with_file_name("Exercise.yml");
    std::fs::rename(&path, &other).unwrap();
    let outcome = run(directory.path(), &["lint", "--diff", "--unsafe-fixes", "."]);
    assert_eq!(outcome.code, 1);
    let renamed = "rename from c/ex0/Exercise.yml\nrename to ./c/ex0/exercise.yaml\n";
    assert_eq!(outcome.stdout, renamed.replace("./", ""));
    assert!(other.exists());
    let outcome = run(directory.path(), &["lint", "--unsafe-fixes", "."]);
    assert!(path.exists() && !other.exists());
    // What it holds is judged from now on.
    assert!(
        outcome.stdout.contains("warning[Y019]"),
        "{}",
        outcome.stdout
    );
}
