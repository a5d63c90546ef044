//! The sample's reference solutions really pass: built and run as a grader would, byte for byte.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mithril::catalog;
use mithril::exercise::Exercise;
use mithril::lint::Settings;

/// Programs that the sample needs and how to get them.
const PROGRAMS: [(&str, &str); 3] = [
    ("gcc", "apt-get install gcc libc6-dev"),
    ("python3", "apt-get install python3"),
    ("awk", "apt-get install mawk"),
];

#[test]
fn every_reference_solution_passes_its_tests() {
    for (program, install) in PROGRAMS {
        let found = Command::new("sh")
            .args(["-c", &format!("command -v {program}")])
            .output();
        assert!(
            found.is_ok_and(|o| o.status.success()),
            "{program} is missing: {install}"
        );
    }
    let root = crate::trees::sample();
    let loaded = catalog::load(&root, &Settings::default()).unwrap();
    let mut tests = 0;
    for path in crate::trees::sample_files()
        .iter()
        .filter(|path| path.ends_with("exercise.yaml"))
    {
        let text = std::fs::read_to_string(path).unwrap();
        let file: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
        let entry = loaded
            .catalog
            .exercise(file["id"].as_str().unwrap())
            .unwrap();
        tests += pass(path.parent().unwrap(), &entry.exercise);
    }
    assert!(tests >= 60, "only {tests} tests were run");
}

/// Builds and tests the solution; returns how many tests were run.
fn pass(directory: &Path, exercise: &Exercise) -> usize {
    if exercise.tests.is_empty() {
        return 0;
    }
    let work = tempfile::tempdir().unwrap();
    copy(directory, work.path());
    let submission = solution(work.path(), exercise);
    let fill = |command: &str| {
        command
            .replace("{submission}", &submission.to_string_lossy())
            .replace("{output}", "program")
    };
    if let Some(build) = &exercise.build {
        let (ok, out) = run(work.path(), &fill(&build.command), "", build.timeout);
        assert!(
            ok,
            "{}: the build fails: {}",
            exercise.id,
            String::from_utf8_lossy(&out)
        );
    }
    for test in &exercise.tests {
        let (ok, out) = run(work.path(), &fill(&test.run), &test.input, test.timeout);
        let expected = match test.expected_output.as_str() {
            "" => Vec::new(),
            path => std::fs::read(work.path().join(path)).unwrap(),
        };
        let shown = (
            String::from_utf8_lossy(&out),
            String::from_utf8_lossy(&expected),
        );
        assert_eq!(shown.0, shown.1, "{}: test {:?}", exercise.id, test.name);
        assert!(
            ok || expected.is_empty(),
            "{}: test {:?} fails",
            exercise.id,
            test.name
        );
    }
    exercise.tests.len()
}

fn solution(directory: &Path, exercise: &Exercise) -> PathBuf {
    let mut files: Vec<_> = directory
        .join("solution")
        .read_dir()
        .unwrap_or_else(|_| panic!("{} has tests and no solution", exercise.id))
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1, "{} has one reference solution", exercise.id);
    files.remove(0)
}

fn run(directory: &Path, command: &str, input: &str, timeout: u32) -> (bool, Vec<u8>) {
    let stdin = match input {
        "" => Stdio::null(),
        path => File::open(directory.join(path)).unwrap().into(),
    };
    // A wedged solution must not wedge the suite.
    let out = Command::new("timeout")
        .args([&timeout.to_string(), "sh", "-c", command])
        .current_dir(directory)
        .stdin(stdin)
        .output()
        .unwrap();
    (out.status.success(), out.stdout)
}

fn copy(from: &Path, to: &Path) {
    for entry in from.read_dir().unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
