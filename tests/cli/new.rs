//! `new`: what it makes is sound, its solutions pass, and nothing is written over.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::fixture::{Outcome, run};

/// A tree with an empty pool `first`.
fn tree() -> TempDir {
    let place = tempfile::tempdir().unwrap();
    let made = run(place.path(), &["new", "pool", "first"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    place
}

fn exercise(place: &Path, arguments: &[&str]) -> Outcome {
    run(place, &[&["new", "exercise", "first"], arguments].concat())
}

#[test]
fn every_scaffold_is_sound() {
    let place = tree();
    let languages = ["c", "cpp", "rust", "python", "sh", "awk"];
    for language in languages {
        let made = exercise(
            place.path(),
            &[&format!("first-{language}"), "--language", language],
        );
        assert_eq!(made.code, 0, "{}", made.stderr);
        assert!(
            made.stdout
                .starts_with(&format!("exercises/first/first-{language}/exercise.yaml\n"))
        );
    }
    for kind in ["input", "qcm", "text"] {
        let made = exercise(place.path(), &[&format!("first-{kind}"), "--type", kind]);
        assert_eq!(made.code, 0, "{}", made.stderr);
    }
    let judged = run(place.path(), &["validate"]);
    assert_eq!(judged.code, 0, "{}{}", judged.stdout, judged.stderr);
    let shown = run(place.path(), &["show", "exercise", "--format", "json"]);
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(
        shown["exercises"].as_array().unwrap().len(),
        languages.len() + 3
    );
}

#[test]
fn the_solutions_pass_their_tests() {
    let place = tree();
    for language in ["c", "cpp", "rust", "python", "sh", "awk"] {
        let made = exercise(place.path(), &[language, "--language", language]);
        assert_eq!(made.code, 0, "{}", made.stderr);
        let directory = place.path().join("exercises/first").join(language);
        let text = fs::read_to_string(directory.join("exercise.yaml")).unwrap();
        let exercise: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
        let solution = directory
            .join("solution")
            .read_dir()
            .unwrap()
            .next()
            .unwrap()
            .unwrap();
        let solution = solution.path();
        let fill = |command: &serde_yaml::Value| {
            let command = command.as_str().unwrap();
            let command = command.replace("{submission}", solution.to_str().unwrap());
            command.replace("{output}", "program")
        };
        let shell = |command: &str| {
            let mut shell = Command::new("sh");
            shell.args(["-c", command]).current_dir(&directory);
            shell
        };
        if let Some(build) = exercise.get("build") {
            let command = fill(&build["command"]);
            let built = shell(&command).status().unwrap();
            assert!(
                built.success(),
                "{command} (apt-get install gcc g++; rustc comes with Rust)"
            );
        }
        let tests = exercise["tests"].as_sequence().unwrap();
        assert_eq!(tests.len(), 4);
        for test in tests {
            let input = fs::File::open(directory.join(test["input"].as_str().unwrap())).unwrap();
            let ran = shell(&fill(&test["run"]))
                .stdin(input)
                .stderr(Stdio::inherit())
                .output()
                .unwrap();
            let expected =
                fs::read(directory.join(test["expected_output"].as_str().unwrap())).unwrap();
            assert_eq!(ran.stdout, expected, "{language}: {test:?}");
            assert!(ran.status.success());
        }
    }
}

#[test]
fn editors_find_the_schema() {
    let place = tree();
    assert_eq!(exercise(place.path(), &["a"]).code, 0);
    for path in [
        "exercises/first/a/exercise.yaml",
        "exercises/first/pool.yaml",
    ] {
        let path = place.path().join(path);
        let text = fs::read_to_string(&path).unwrap();
        let modeline = text.lines().next().unwrap();
        let schema = modeline
            .strip_prefix("# yaml-language-server: $schema=")
            .unwrap();
        let schema = fs::read(path.parent().unwrap().join(schema)).unwrap();
        let schema: Value = serde_json::from_slice(&schema).unwrap();
        assert_eq!(schema["additionalProperties"], false);
    }
}

#[test]
fn a_pool_with_a_list_gets_the_id() {
    let place = tree();
    let list = place.path().join("exercises/first/pool.yaml");
    let text = fs::read_to_string(&list).unwrap() + "exercises: # the order\n  - a\n";
    fs::write(&list, &text).unwrap();
    assert_eq!(exercise(place.path(), &["a"]).code, 0);
    let text = fs::read_to_string(&list).unwrap();
    // `a` was missing before it was made, and is listed twice now only if the list was not read.
    assert!(text.ends_with("exercises: # the order\n  - a\n"), "{text}");
    let made = exercise(place.path(), &["b"]);
    assert!(
        made.stdout.ends_with("exercises/first/pool.yaml\n"),
        "{}",
        made.stdout
    );
    let text = fs::read_to_string(&list).unwrap();
    assert!(
        text.ends_with("exercises: # the order\n  - a\n  - b\n"),
        "{text}"
    );
    assert_eq!(run(place.path(), &["validate"]).code, 0);
}

#[test]
fn nothing_is_written_over_and_what_can_not_be_is_said() {
    let place = tree();
    assert_eq!(exercise(place.path(), &["a"]).code, 0);
    let before = fs::read(place.path().join("exercises/first/a/exercise.yaml")).unwrap();
    fs::create_dir(place.path().join("exercises/first/taken")).unwrap();
    for (arguments, told) in [
        (
            &["exercise", "first", "a"][..],
            "there is an exercise a already, in the pool first",
        ),
        (&["exercise", "first", "taken"], "is there already"),
        (
            &["exercise", "first", "A"],
            "is easily taken for the exercise a",
        ),
        (&["pool", "First"], "is easily taken for the pool first"),
        (
            &["exercise", "frist", "b"],
            "did you mean first?; `mithril new pool frist` makes it",
        ),
        (
            &["exercise", "nopool", "b"],
            "there is no pool nopool in exercises; `mithril new pool nopool` makes it",
        ),
        (&["exercise", "first", "pool"], "is a word of the protocol"),
        (&["exercise", "first", "../b"], "id"),
        (
            &["exercise", "first", "b", "--language", "cobol"],
            "only for c, cpp, rust",
        ),
        (
            &["exercise", "first", "b", "--type", "qcm", "--language", "c"],
            "not for qcm",
        ),
        (&["pool", "first"], "there is a pool first already"),
    ] {
        let made = run(place.path(), &[&["new"], arguments].concat());
        assert_eq!(made.code, 2, "{arguments:?}: {}", made.stderr);
        assert!(made.stderr.contains(told), "{arguments:?}: {}", made.stderr);
    }
    let after = fs::read(place.path().join("exercises/first/a/exercise.yaml")).unwrap();
    assert_eq!(before, after);
    let left: Vec<_> = place
        .path()
        .join("exercises/first")
        .read_dir()
        .unwrap()
        .collect();
    assert_eq!(left.len(), 3, "nothing temporary is left: {left:?}");
}

#[test]
fn a_list_behind_a_link_is_written_where_it_is() {
    let place = tree();
    let list = place.path().join("exercises/first/pool.yaml");
    let kept = place.path().join("exercises/first/.pool.yaml");
    let text = fs::read_to_string(&list).unwrap() + "exercises: []\n";
    fs::write(&kept, &text).unwrap();
    fs::remove_file(&list).unwrap();
    std::os::unix::fs::symlink(".pool.yaml", &list).unwrap();
    let made = exercise(place.path(), &["a"]);
    assert_eq!((made.code, &*made.stderr), (0, ""));
    assert!(list.is_symlink());
    let text = fs::read_to_string(&kept).unwrap();
    assert!(text.ends_with("exercises: [\"a\"]\n"), "{text}");
}
