//! Trees that somebody made to do harm: each is judged to its end, in bounded memory, and what is wrong
//! is said of the file that it is wrong with.

use std::fmt::Write as _;
use std::fs;
use std::io::{Seek as _, Write as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::fixture::{Outcome, mithril};

/// So much may be mapped, in KiB: the program, its threads and what it holds.
const MEMORY: u32 = 768 * 1024;

/// The program, where more memory than that is refused: it would abort.
fn bounded(directory: &Path, arguments: &[&str]) -> Outcome {
    let program = mithril(directory);
    let script = format!("ulimit -v {MEMORY} && exec \"$0\" \"$@\"");
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &script])
        .arg(program.get_program())
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .envs(
            program
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
    shell.output().unwrap().into()
}

fn exercise(root: &Path, name: &str) -> PathBuf {
    let directory = root.join("p").join(name);
    fs::create_dir_all(&directory).unwrap();
    directory.join("exercise.yaml")
}

fn pool() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    fs::create_dir(place.path().join("p")).unwrap();
    fs::write(place.path().join("p/pool.yaml"), "slug: p\nname: P\n").unwrap();
    place
}

/// What is found, by the exercise's directory.
fn codes(outcome: &Outcome) -> Vec<(String, String)> {
    let report: Value = serde_json::from_str(&outcome.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", outcome.stderr));
    let found = report["diagnostics"].as_array().unwrap().iter();
    let pair = |found: &Value| {
        let path = Path::new(found["path"].as_str().unwrap());
        let name = path.parent().unwrap().file_name().unwrap();
        (
            name.to_str().unwrap().to_owned(),
            found["code"].as_str().unwrap().to_owned(),
        )
    };
    let mut found: Vec<_> = found.map(pair).collect();
    found.dedup();
    found
}

#[test]
fn each_hostile_file_is_told_apart() {
    let place = pool();
    let root = place.path();
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (before, name) in ('a'..'k').zip('b'..='k') {
        let _ = writeln!(
            bomb,
            "{name}: &{name} [{}]",
            vec![format!("*{before}"); 9].join(", ")
        );
    }
    for (name, text) in [
        ("alias", "a: &a [*a]\n".into()),
        ("bomb", bomb),
        ("deep", format!("a: {}", "[".repeat(100_000))),
        ("deeper", "{a: ".repeat(50_000)),
        ("nul", "id: nul\ntitle: a\0b\n".to_owned()),
        ("question", "? ".repeat(100_000)),
        ("quotes", "\"".repeat(200_000)),
    ] {
        fs::write(exercise(root, name), text).unwrap();
    }
    fs::write(exercise(root, "latin"), b"id: latin\ntitle: \xe9t\xe9\n").unwrap();
    // 100 MB of it are a hole, which reads as zeros.
    let mut large = fs::File::create(exercise(root, "large")).unwrap();
    large.seek(std::io::SeekFrom::Start(100 << 20)).unwrap();
    large.write_all(b"\n").unwrap();
    fs::create_dir(exercise(root, "directory")).unwrap();
    symlink("/dev/zero", exercise(root, "device")).unwrap();
    symlink("exercise.yaml", exercise(root, "loop")).unwrap();
    symlink("..", root.join("p/loop/up")).unwrap();
    let made = Command::new("mkfifo").arg(exercise(root, "pipe")).status();
    assert!(
        made.expect("mkfifo is needed: apt-get install coreutils")
            .success()
    );
    let outcome = bounded(root, &["validate", "--format", "json", "."]);
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    let expected = [
        ("alias", "Y010"),
        ("bomb", "Y010"),
        ("deep", "Y020"),
        ("deeper", "Y020"),
        ("device", "F303"),
        ("directory", "F307"),
        ("large", "Y020"),
        ("latin", "Y002"),
        ("loop", "F303"),
        ("nul", "Y001"),
        ("pipe", "F307"),
        ("question", "Y020"),
        ("quotes", "Y001"),
    ];
    let expected = expected.map(|(name, code)| (name.to_owned(), code.to_owned()));
    assert_eq!(codes(&outcome), expected);
    // With all rules and with fixes nothing waits or falls either; none of it can be fixed.
    let with_fixes = &["lint", "--diff", "--unsafe-fixes", "."][..];
    for (arguments, code) in [(&["lint", "."][..], 1), (with_fixes, 0)] {
        let outcome = bounded(root, arguments);
        assert_eq!(outcome.code, code, "{arguments:?}: {}", outcome.stderr);
        assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
    }
}

#[test]
fn a_report_of_many_problems_fits_into_memory_in_every_format() {
    let place = pool();
    let keys: Vec<String> = (0..15_000)
        .map(|index| format!("key{index}: 1\n"))
        .collect();
    fs::write(exercise(place.path(), "a"), keys.concat()).unwrap();
    for format in [
        "human", "concise", "json", "jsonl", "github", "sarif", "junit",
    ] {
        let outcome = bounded(place.path(), &["lint", "--format", format, "."]);
        assert_eq!(outcome.code, 1, "{format}: {}", outcome.stderr);
        assert!(outcome.stdout.contains("key14999"), "{format}");
    }
}

#[test]
fn what_lies_beside_an_exercise_may_be_much() {
    let place = pool();
    let text = "id: a\ntitle: x\ntype: text\ndescription: z\n";
    let file = exercise(place.path(), "a");
    fs::write(&file, text).unwrap();
    for index in 0..20_000 {
        fs::File::create(file.with_file_name(format!("{index}.txt"))).unwrap();
    }
    let outcome = bounded(place.path(), &["lint", "--statistics", "."]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stdout.contains("20000\tF305"), "{}", outcome.stdout);
}
