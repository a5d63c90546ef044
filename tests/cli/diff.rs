//! `diff`: trees and revisions of git, by what the exercises say.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fixture::{Outcome, run};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in from.read_dir().unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A tree with the pool `p` and the exercises `a` and `b`, in `exercises`.
fn tree() -> TempDir {
    let place = tempfile::tempdir().unwrap();
    for arguments in [
        &["new", "pool", "p"][..],
        &["new", "exercise", "p", "a", "--language", "sh"],
        &["new", "exercise", "p", "b", "--type", "qcm"],
    ] {
        let made = run(place.path(), arguments);
        assert_eq!(made.code, 0, "{}", made.stderr);
    }
    place
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from} in {text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

fn json(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{}", outcome.stderr))
}

#[test]
fn points_tests_and_answers_are_told() {
    let place = tree();
    let (old, new) = (place.path().join("old"), place.path().join("exercises"));
    copy(&new, &old);
    let same = run(place.path(), &["diff", "old", "exercises", "--exit-code"]);
    assert_eq!(
        (same.code, same.stdout.lines().count()),
        (0, 1),
        "{}",
        same.stdout
    );
    edit(
        &new.join("p/a/exercise.yaml"),
        "per_test: 25",
        "per_test: 20",
    );
    edit(
        &new.join("p/a/exercise.yaml"),
        "\"One number\"",
        "\"A number\"",
    );
    fs::write(new.join("p/a/tests/several.out"), "322\n").unwrap();
    edit(
        &new.join("p/b/exercise.yaml"),
        "answer: \"O(log n)\"",
        "answer: \"O(n)\"",
    );
    assert_eq!(
        run(
            place.path(),
            &["new", "exercise", "p", "c", "--type", "text"]
        )
        .code,
        0
    );
    let told = run(
        place.path(),
        &[
            "diff",
            "old",
            "exercises",
            "--exit-code",
            "--format",
            "json",
        ],
    );
    assert_eq!(told.code, 1);
    let expected = json!({
        "exercises": [
            {
                "id": "a", "pool_id": "p", "change": "changed", "keys": ["scoring"],
                "points": {"old": 100, "new": 80},
                "tests": {
                    "added": ["A number"], "removed": ["One number"],
                    "changed": ["Several numbers"], "reordered": false,
                },
            },
            {
                "id": "b", "pool_id": "p", "change": "changed", "keys": ["answer"], "points": null,
                "tests": {"added": [], "removed": [], "changed": [], "reordered": false},
            },
            {
                "id": "c", "pool_id": "p", "change": "added", "keys": [], "points": null,
                "tests": {"added": [], "removed": [], "changed": [], "reordered": false},
            },
        ],
        "pools": [{"id": "p", "change": "changed", "keys": ["exercises"]}],
    });
    assert_eq!(json(&told), expected);
    assert!(!told.stdout.contains("O(n)"), "an answer is not shown");
    let rows = run(place.path(), &["diff", "old"]);
    assert_eq!(rows.code, 0);
    let row = "changed\texercise\ta\tp\tpoints 100 → 80; tests +A number, -One number, ~Several numbers; scoring\n";
    assert!(rows.stdout.contains(row), "{}", rows.stdout);
    let back = run(
        place.path(),
        &["diff", "exercises", "old", "--format", "json"],
    );
    assert_eq!(json(&back)["exercises"][2]["change"], "removed");
}

fn git(place: &Path, arguments: &[&str]) -> String {
    let ran = Command::new("git")
        .args([
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@localhost",
            "-c",
            "init.defaultBranch=main",
        ])
        .args(arguments)
        .current_dir(place)
        .output()
        .expect("git runs: apt-get install git");
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    String::from_utf8(ran.stdout).unwrap()
}

#[test]
fn a_revision_of_git_is_compared_and_left_alone() {
    let place = tree();
    git(place.path(), &["init", "-q"]);
    git(place.path(), &["add", "."]);
    git(place.path(), &["commit", "-qm", "one"]);
    edit(
        &place.path().join("exercises/p/a/exercise.yaml"),
        "timeout: 5",
        "timeout: 6",
    );
    git(place.path(), &["commit", "-qam", "two"]);
    // Staged and not committed: it is compared, and stays staged.
    edit(
        &place.path().join("exercises/p/b/exercise.yaml"),
        "difficulty: easy",
        "difficulty: hard",
    );
    git(place.path(), &["add", "."]);
    let status = git(place.path(), &["status", "--porcelain"]);
    let told = run(
        place.path(),
        &["diff", "--git", "HEAD~1", "--format", "json"],
    );
    assert_eq!(told.code, 0, "{}", told.stderr);
    let told = json(&told);
    assert_eq!(told["exercises"][0]["id"], "a");
    assert_eq!(
        told["exercises"][0]["tests"]["changed"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
    assert_eq!(told["exercises"][1]["keys"], json!(["difficulty"]));
    assert_eq!(git(place.path(), &["status", "--porcelain"]), status);
    let unknown = run(place.path(), &["diff", "--git", "nope"]);
    assert_eq!(unknown.code, 2);
    let told = "error: there is no revision nope in the git repository of exercises\n";
    assert_eq!(unknown.stderr, told);
    let option = run(place.path(), &["diff", "--git", "--output=x"]);
    assert_eq!(option.code, 2, "{}", option.stderr);
    let elsewhere = tempfile::tempdir().unwrap();
    copy(
        &place.path().join("exercises"),
        &elsewhere.path().join("exercises"),
    );
    let outside = run(elsewhere.path(), &["diff", "--git", "HEAD"]);
    assert_eq!(outside.code, 2, "{}", outside.stdout);
    let why = "not a git repository";
    assert!(outside.stderr.contains(why), "{}", outside.stderr);
}

#[test]
fn two_trees_are_needed() {
    let place = tree();
    assert_eq!(run(place.path(), &["diff"]).code, 2);
    assert_eq!(run(place.path(), &["diff", "nowhere"]).code, 2);
}
