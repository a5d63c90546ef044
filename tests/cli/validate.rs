//! `mithril validate` as authors and CI use it.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use serde_json::Value;

use crate::content;
use crate::fixture::{Outcome, mithril, project, run};

#[test]
fn the_sample_is_clean() {
    let outcome = run(&project(""), &["validate", "exercises"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""));
    assert_eq!(outcome.stderr, "43 files checked, no problems\n");
    // The default path is the content directory.
    let outcome = run(&project(""), &["validate", "--quiet"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
}

#[test]
fn what_a_school_publishes_is_judged() {
    let files = ["C_ex.yaml", "Regex.yaml", "exercise_exemple.yaml"];
    let mut arguments = vec!["validate", "--format", "concise"];
    arguments.extend(files);
    let outcome = run(&project("tests/fixtures/school/regex"), &arguments);
    assert_eq!(outcome.code, 1);
    let places: Vec<&str> = outcome
        .stdout
        .lines()
        .map(|line| line.split(']').next().unwrap())
        .collect();
    assert_eq!(
        places,
        [
            "C_ex.yaml:15:12: error[F301",
            "C_ex.yaml:16:22: error[F301",
            "C_ex.yaml:21:12: error[F301",
            "C_ex.yaml:22:22: error[F301",
            "Regex.yaml:9:13: error[B403",
            "Regex.yaml:10:12: error[F301",
            "Regex.yaml:11:22: error[F301",
            "Regex.yaml:16:12: error[F301",
            "Regex.yaml:17:22: error[F301",
            "exercise_exemple.yaml:1:1: error[Y008",
        ]
    );
    assert_eq!(outcome.stderr, "3 files checked, 10 errors\n");
}

#[test]
fn nothing_to_check_is_a_failure() {
    let directory = tempfile::tempdir().unwrap();
    let outcome = run(directory.path(), &["validate", "."]);
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains("nothing to check"),
        "{}",
        outcome.stderr
    );
    let outcome = run(directory.path(), &["validate", "nowhere"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("nowhere"), "{}", outcome.stderr);
    let outcome = run(&project("tests/fixtures/school"), &["validate", "regex"]);
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains("name the 3 other YAML files"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn json_is_as_documented() {
    let arguments = ["validate", "--format", "json", "Regex.yaml"];
    let outcome = run(&project("tests/fixtures/school/regex"), &arguments);
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(report["version"], 1);
    assert_eq!(report["files"], 1);
    let counts = serde_json::json!({"errors": 5, "warnings": 0, "infos": 0, "fixable": 0});
    assert_eq!(report["summary"], counts);
    let first = &report["diagnostics"][0];
    assert_eq!(first["code"], "B403");
    assert_eq!(first["name"], "output-without-build");
    assert_eq!(first["severity"], "error");
    assert_eq!(first["path"], "Regex.yaml");
    assert_eq!(first["fix"], Value::Null);
    assert_eq!(
        first["span"]["start"],
        serde_json::json!({"line": 9, "column": 13, "offset": 143})
    );
    assert_eq!(first["labels"][0]["message"], "and here");
    let keys: Vec<_> = first.as_object().unwrap().keys().cloned().collect();
    let mut expected = [
        "code", "name", "severity", "message", "path", "span", "labels", "help", "fix",
    ];
    expected.sort_unstable();
    let mut sorted = keys;
    sorted.sort();
    assert_eq!(sorted, expected);
}

#[test]
fn a_variable_that_is_no_key_is_named_once() {
    let told = |arguments: &[&str]| -> Outcome {
        let mut command = mithril(&project(""));
        command.env("MITHRIL_EXERCISES_DIRS", "x");
        command.args(arguments).output().unwrap().into()
    };
    let warning =
        "warning: there is no such key: the variable MITHRIL_EXERCISES_DIRS is not used\n";
    for command in ["validate", "lint", "show"] {
        let outcome = told(&[command]);
        assert_eq!(outcome.code, 0, "{command}");
        assert!(outcome.stderr.starts_with(warning), "{}", outcome.stderr);
    }
    assert_eq!(told(&["validate", "-q"]).stderr, "");
    assert_eq!(told(&["rule", "T504"]).stderr, "");
}

#[test]
fn several_formats_go_to_files_at_once() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("bad.yaml"), "id: a\n").unwrap();
    let arguments = [
        "validate",
        "bad.yaml",
        "--format",
        "json=out.json",
        "--format",
        "jsonl",
        "--format",
        "concise=c.txt",
    ];
    let outcome = run(directory.path(), &arguments);
    assert_eq!(outcome.code, 1);
    assert_eq!(outcome.stdout.lines().count(), 2);
    let json = std::fs::read_to_string(directory.path().join("out.json")).unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(&json).unwrap()["summary"]["errors"],
        2
    );
    let concise = std::fs::read_to_string(directory.path().join("c.txt")).unwrap();
    assert_eq!(concise.lines().count(), 2);
    let outcome = run(
        directory.path(),
        &["validate", "bad.yaml", "--format", "json=no/where"],
    );
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("no/where"), "{}", outcome.stderr);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let directory = tempfile::tempdir().unwrap();
    // More than a pipe holds, so that the writer meets the closed end.
    let text = "k: [\n".repeat(3);
    for index in 0..3000 {
        let at = directory.path().join(format!("p/e{index}"));
        std::fs::create_dir_all(&at).unwrap();
        std::fs::write(at.join("exercise.yaml"), &text).unwrap();
    }
    let mut child = mithril(directory.path())
        .args([
            "validate",
            ".",
            "--format",
            "human",
            "--format",
            "json=out.json",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().starts_with("error["));
    drop(lines);
    let output = child.wait_with_output().unwrap();
    let outcome = Outcome::from(output);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    assert!(
        directory.path().join("out.json").is_file(),
        "a file is written all the same"
    );
}

#[test]
fn standard_input_is_taken_for_a_file() {
    let directory = tempfile::tempdir().unwrap();
    content::write_tree(directory.path(), 1);
    let check = |text: &str| {
        let mut child = mithril(directory.path())
            .args([
                "validate",
                "-",
                "--stdin-filename",
                "pool-0000/ex000000/exercise.yaml",
            ])
            .args(["--format", "concise"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        Outcome::from(child.wait_with_output().unwrap())
    };
    assert_eq!(check(&content::exercise_yaml(0)).code, 0);
    let outcome = check(&content::exercise_yaml(0).replace("basic_input", "basic_inptu"));
    assert_eq!(outcome.code, 1);
    let place = "pool-0000/ex000000/exercise.yaml:15:12: error[F301]";
    assert!(outcome.stdout.starts_with(place), "{}", outcome.stdout);
    let outcome = run(
        directory.path(),
        &["validate", ".", "--stdin-filename", "x.yaml"],
    );
    assert_eq!(outcome.code, 2);
}

#[test]
fn colour_is_for_who_wants_it() {
    let school = project("tests/fixtures/school/regex");
    let shown = |arguments: &[&str], variable: Option<(&str, &str)>| {
        let mut command = mithril(&school);
        command
            .args(["validate", "Regex.yaml"])
            .args(arguments)
            .envs(variable);
        Outcome::from(command.output().unwrap())
            .stdout
            .contains('\x1b')
    };
    assert!(!shown(&[], None));
    assert!(shown(&["--color", "always"], None));
    assert!(shown(&[], Some(("CLICOLOR_FORCE", "1"))));
    assert!(!shown(&["--color", "never"], Some(("CLICOLOR_FORCE", "1"))));
}

#[test]
fn the_configuration_sets_the_limits() {
    let directory = tempfile::tempdir().unwrap();
    content::write_tree(directory.path(), 1);
    let config = directory.path().join("mithril.toml");
    std::fs::write(&config, "[lint]\nmax_timeout = 20\n").unwrap();
    let outcome = run(directory.path(), &["validate", ".", "--format", "concise"]);
    assert!(outcome.stdout.contains("T504"), "{}", outcome.stdout);
    std::fs::write(&config, "[lint]\n\nmax_timeuot = 20\n").unwrap();
    let outcome = run(directory.path(), &["validate", "."]);
    assert_eq!(outcome.code, 2);
    let expected = "error: mithril.toml:3: there is no key `lint.max_timeuot`, did you mean \
                    `lint.max_timeout`?\n";
    assert_eq!(outcome.stderr, expected);
    for (text, why) in [
        (
            "ignore = [\"T504\", \"T999\"]",
            "mithril.toml:2: `lint.ignore` names T999",
        ),
        (
            "select = \"Q\"\nseverity.T504 = \"fatal\"",
            "must be error, warning or info",
        ),
        ("severity.T5O4 = \"info\"", "did you mean T504?"),
    ] {
        std::fs::write(&config, format!("[lint]\n{text}\n")).unwrap();
        let outcome = run(directory.path(), &["validate", "."]);
        assert_eq!(outcome.code, 2, "{text}");
        assert!(outcome.stderr.contains(why), "{}", outcome.stderr);
    }
    // What is an error stays one, whatever the configuration says of the rule.
    std::fs::write(&config, "[lint]\nignore = [\"T504\"]\nmax_timeout = 20\n").unwrap();
    let outcome = run(directory.path(), &["validate", ".", "--format", "concise"]);
    assert!(outcome.stdout.contains("T504"), "{}", outcome.stdout);
}

#[test]
fn an_empty_variable_is_unset_and_a_file_that_cannot_be_read_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    content::write_tree(directory.path(), 1);
    let mut command = mithril(directory.path());
    let outcome = command
        .args(["validate", "."])
        .env("MITHRIL_CONFIG", "")
        .output()
        .unwrap();
    assert_eq!(Outcome::from(outcome).code, 0);
    std::fs::create_dir(directory.path().join("mithril.toml")).unwrap();
    let outcome = run(directory.path(), &["validate", "."]);
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains("failed to read the configuration"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn standard_input_is_read_once_and_not_without_end() {
    let directory = tempfile::tempdir().unwrap();
    let outcome = run(directory.path(), &["validate", "-", "-"]);
    assert_eq!(outcome.code, 2);
    let mut command = mithril(directory.path());
    let zero = std::fs::File::open("/dev/zero").unwrap();
    let output = command
        .args(["validate", "-", "--format", "concise"])
        .stdin(zero)
        .output();
    let outcome = Outcome::from(output.unwrap());
    assert!(outcome.stdout.contains("Y020"), "{}", outcome.stdout);
}

#[cfg(unix)]
#[test]
fn paths_of_other_encodings_are_told_apart() {
    use std::os::unix::ffi::OsStrExt;

    let directory = tempfile::tempdir().unwrap();
    for (byte, text) in [(0xFE, "foo: 1\n"), (0xFF, "bar: 1\n")] {
        let name = [b'a', byte];
        let at = directory
            .path()
            .join("p")
            .join(std::ffi::OsStr::from_bytes(&name));
        std::fs::create_dir_all(&at).unwrap();
        std::fs::write(at.join("exercise.yaml"), text).unwrap();
    }
    let outcome = run(directory.path(), &["validate", "."]);
    for shown in [
        "p/a\\xfe/exercise.yaml",
        "p/a\\xff/exercise.yaml",
        "1 | foo: 1",
        "1 | bar: 1",
    ] {
        assert!(
            outcome.stdout.contains(shown),
            "{shown}: {}",
            outcome.stdout
        );
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_even_a_check_that_waits_for_a_file() {
    use std::os::unix::fs::FileTypeExt;

    let directory = tempfile::tempdir().unwrap();
    let pipe = directory.path().join("pipe.yaml");
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .unwrap();
    assert!(made.success() && pipe.symlink_metadata().unwrap().file_type().is_fifo());
    let child = mithril(directory.path())
        .args(["validate", "pipe.yaml"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Opening the other end returns once the check has opened its own; it then waits for text.
    let writer = std::fs::OpenOptions::new().write(true).open(&pipe).unwrap();
    let kill = ["-INT", &child.id().to_string()].map(String::from);
    assert!(
        std::process::Command::new("kill")
            .args(kill)
            .status()
            .unwrap()
            .success()
    );
    let outcome = Outcome::from(child.wait_with_output().unwrap());
    assert_eq!(outcome.code, 130, "{}", outcome.stderr);
    drop(writer);
}

#[test]
fn usage_errors_are_two() {
    for arguments in [&["validate", "--format", "xml"][..], &["frobnicate"], &[]] {
        assert_eq!(run(&project(""), arguments).code, 2, "{arguments:?}");
    }
    assert_eq!(run(&project(""), &["--help"]).code, 0);
}
