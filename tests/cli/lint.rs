//! `mithril lint` as authors and CI use it: what it reports, how, and how it ends.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::content;
use crate::fixture::{Outcome, mithril, project, run};

/// A tree with an error, a warning and an info, and the lines of these.
fn faulty() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("c/pool.yaml", "slug: c\nname: C\n");
    write(
        "c/error/exercise.yaml",
        "id: error\ntitle: x\ntype: text\ndescription: z\nunknown: 1\n",
    );
    write("c/info/exercise.yaml", "id: info\ntitle: x\ntype: text\n");
    write(
        "c/warning/exercise.yaml",
        "id: warning\ntitle: 1.10\ntype: text\ndescription: z\n",
    );
    directory
}

const CONCISE: &str = "\
c/error/exercise.yaml:5:1: error[S101] an exercise has no key `unknown`
c/info/exercise.yaml:1:1: info[M903] nothing says what is to be done
c/warning/exercise.yaml:2:8: warning[Y019] `1.10` is a number to some readers of YAML
";

fn lint(directory: &Path, arguments: &[&str]) -> Outcome {
    run(
        directory,
        &[&["lint", "--format", "concise"], arguments].concat(),
    )
}

#[test]
fn the_sample_is_clean() {
    let outcome = run(&project(""), &["lint", "--fail-on", "info"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""));
    assert_eq!(outcome.stderr, "43 files checked, no problems\n");
}

#[test]
fn all_severities_are_reported_and_one_of_them_decides() {
    let directory = faulty();
    let outcome = lint(directory.path(), &["."]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (1, CONCISE));
    let summary = "4 files checked, 1 error, 1 warning, 1 info\n1 can be fixed with --fix\n";
    assert_eq!(outcome.stderr, summary);
    for (path, arguments, code) in [
        ("c/error", &[][..], 1),
        ("c/error", &["--exit-zero"], 0),
        ("c/warning", &[], 0),
        ("c/warning", &["--fail-on", "warning"], 1),
        ("c/warning", &["--fail-on", "info"], 1),
        ("c/warning", &["--fail-on", "info", "--exit-zero"], 0),
        ("c/info", &["--fail-on", "warning"], 0),
        ("c/info", &["--fail-on", "info"], 1),
        ("c/info", &["--fail-on", "info", "--ignore", "M"], 0),
    ] {
        let outcome = lint(directory.path(), &[&[path], arguments].concat());
        assert_eq!(
            outcome.code, code,
            "{path} {arguments:?}: {}",
            outcome.stdout
        );
    }
    for arguments in [
        &["nowhere"][..],
        &["--select", "nope", "."],
        &["--fail-on", "x"],
    ] {
        assert_eq!(lint(directory.path(), arguments).code, 2, "{arguments:?}");
    }
    let empty = tempfile::tempdir().unwrap();
    let outcome = lint(empty.path(), &["--fix", "."]);
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains("nothing to check"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn rules_are_selected_by_flags_before_the_file() {
    let directory = faulty();
    let codes = |arguments: &[&str]| {
        let outcome = lint(directory.path(), &[arguments, &["."]].concat());
        let codes = outcome.stdout.lines().map(|line| {
            let code = line.split(['[', ']']).nth(1).unwrap();
            code.to_owned()
        });
        codes.collect::<Vec<_>>()
    };
    assert_eq!(codes(&["--select", "Y,M9"]), ["M903", "Y019"]);
    assert_eq!(
        codes(&["--select", "Y", "--select", "s101"]),
        ["S101", "Y019"]
    );
    assert_eq!(codes(&["--ignore", "S1, M903"]), ["Y019"]);
    std::fs::write(
        directory.path().join("mithril.toml"),
        "[lint]\nselect = [\"M\"]\n",
    )
    .unwrap();
    assert_eq!(codes(&[]), ["M903"]);
    assert_eq!(codes(&["--select", "Y"]), ["Y019"]);
    let outcome = lint(directory.path(), &["--select", "T999"]);
    let message = "error: the flag --select: `lint.select` names T999, and there is no such rule";
    assert!(outcome.stderr.starts_with(message), "{}", outcome.stderr);
    let bad = "[lint]\nallow_files = [\"a\", \"{b\"]\n";
    std::fs::write(directory.path().join("mithril.toml"), bad).unwrap();
    let outcome = lint(directory.path(), &["."]);
    assert_eq!(outcome.code, 2);
    let message = "error: mithril.toml:2: `lint.allow_files` holds `{b`, which is no pattern";
    assert!(outcome.stderr.starts_with(message), "{}", outcome.stderr);
}

#[test]
fn the_configuration_gives_other_severities() {
    let directory = faulty();
    let config = "[lint.severity]\nY019 = \"error\"\nS101 = \"info\"\n";
    std::fs::write(directory.path().join("mithril.toml"), config).unwrap();
    let outcome = lint(directory.path(), &["c/warning"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stdout.contains("error[Y019]"), "{}", outcome.stdout);
    assert_eq!(lint(directory.path(), &["c/error"]).code, 0);
    // What is an error keeps the file from being loaded all the same.
    let validated = run(directory.path(), &["validate", "c/error"]);
    assert_eq!(validated.code, 1, "{}", validated.stderr);
    assert_eq!(run(directory.path(), &["validate", "c/warning"]).code, 0);
}

#[test]
fn what_a_school_publishes_is_judged() {
    let files = ["C_ex.yaml", "Regex.yaml", "exercise_exemple.yaml"];
    let outcome = lint(&project("tests/fixtures/school/regex"), &files);
    assert_eq!(outcome.code, 1);
    for line in [
        "C_ex.yaml:31:1: warning[C702] the stages make 50 points together, not 100",
        "C_ex.yaml:19:5: warning[T504] test #2 has no timeout",
        "C_ex.yaml:15:12: error[F301]",
        "Regex.yaml:9:13: error[B403]",
        "Regex.yaml:10:12: error[F301]",
        "exercise_exemple.yaml:1:1: error[Y008]",
    ] {
        assert!(outcome.stdout.contains(line), "{line}: {}", outcome.stdout);
    }
}

#[test]
fn statistics_count_by_rule() {
    let directory = faulty();
    let again = "id: again\ntitle: 2.0\ntype: text\ndescription: z\n";
    std::fs::create_dir(directory.path().join("c/again")).unwrap();
    std::fs::write(directory.path().join("c/again/exercise.yaml"), again).unwrap();
    let outcome = run(directory.path(), &["lint", "--statistics", "."]);
    assert_eq!(outcome.code, 1);
    let rows = "count\tcode\tname\tfixable\n2\tY019\tunquoted-string-like\t2\n1\tS101\tunknown-key\t0\n1\tM903\tstatement-missing\t0\n";
    assert_eq!(outcome.stdout, rows);
    let arguments = [
        "lint",
        "--statistics",
        "--format",
        "json",
        "--format",
        "jsonl=all.jsonl",
        ".",
    ];
    let outcome = run(directory.path(), &arguments);
    let rows: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let first = serde_json::json!({"count": 2, "code": "Y019", "name": "unquoted-string-like", "fixable": 2});
    assert_eq!(rows[0], first);
    let all = std::fs::read_to_string(directory.path().join("all.jsonl")).unwrap();
    assert_eq!(all.lines().count(), 4);
}

#[test]
fn a_tree_of_files_that_are_never_loaded_is_nothing_to_check() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("c/hello");
    std::fs::create_dir_all(&place).unwrap();
    let text = "id: hello\ntitle: x\ntype: text\ndescription: z\n";
    std::fs::write(place.join("exercise.yml"), text).unwrap();
    for arguments in [&["."][..], &[".", "--exit-zero"], &[".", "--fix"]] {
        let outcome = lint(directory.path(), arguments);
        assert_eq!(outcome.code, 2, "{arguments:?}");
        let warning = "c/hello/exercise.yml:1:1: warning[I210]";
        assert!(outcome.stdout.starts_with(warning), "{}", outcome.stdout);
        let end = "error: nothing to check: no pool.yaml and no exercise.yaml in .";
        assert!(outcome.stderr.contains(end), "{}", outcome.stderr);
    }
}

#[test]
fn one_format_goes_to_standard_output_and_a_dash_names_it() {
    let directory = faulty();
    let dash = run(directory.path(), &["lint", ".", "--format", "concise=-"]);
    assert_eq!((dash.code, dash.stdout.as_str()), (1, CONCISE));
    assert!(!directory.path().join("-").exists());
    for other in ["sarif", "sarif=-"] {
        let both = ["lint", ".", "--format", "concise", "--format", other];
        let both = run(directory.path(), &both);
        assert_eq!((both.code, both.stdout.as_str()), (2, ""));
        let why = "only one format can go to standard output";
        assert!(both.stderr.contains(why), "{}", both.stderr);
    }
}

#[test]
fn github_gets_a_command_for_each_problem() {
    let directory = faulty();
    let path = directory.path().join("c/wide, 100%");
    std::fs::create_dir(&path).unwrap();
    let text = "id: \"two\\nlines\"\ntitle: x\ntype: text\ndescription: |\n\n";
    std::fs::write(path.join("exercise.yaml"), text).unwrap();
    let outcome = run(directory.path(), &["lint", "--format", "github", "."]);
    assert_eq!(outcome.code, 1);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert_eq!(
        lines,
        [
            "::error file=c/error/exercise.yaml,line=5,col=1,endColumn=8,title=mithril S101 unknown-key::an exercise has no key `unknown`: its keys are: id, title, type, language, build, tests, validation, scoring, description, difficulty, tags, choices, answer",
            "::notice file=c/info/exercise.yaml,line=1,col=1,endColumn=3,title=mithril M903 statement-missing::nothing says what is to be done: add `description:`, or a README.md or statement.md beside the exercise",
            "::warning file=c/warning/exercise.yaml,line=2,col=8,endColumn=12,title=mithril Y019 unquoted-string-like::`1.10` is a number to some readers of YAML: put it in quotes, so that all take it for a text",
            "::error file=c/wide%2C 100%25/exercise.yaml,line=1,col=5,endColumn=17,title=mithril I201 unsafe-id::`id` can't hold '\\n': a NATS subject has no white space: use letters, digits, `-` and `_`, at most 64 of them",
            "::error file=c/wide%2C 100%25/exercise.yaml,line=4,col=14,endColumn=15,title=mithril S105 blank-string::`description` is blank: write a text, or remove `description`",
        ]
    );
}

#[test]
fn several_reports_are_written_at_once() {
    let directory = faulty();
    let arguments = [
        "lint",
        ".",
        "--format",
        "sarif=out.sarif",
        "--format",
        "junit=out.xml",
        "--format",
        "json=out.json",
        "--format",
        "concise",
    ];
    let outcome = run(directory.path(), &arguments);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (1, CONCISE));
    let read = |name: &str| std::fs::read_to_string(directory.path().join(name)).unwrap();
    let sarif: Value = serde_json::from_str(&read("out.sarif")).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let results = run["results"].as_array().unwrap();
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!((results.len(), rules.len()), (3, 3));
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
    let warning = &results[2];
    assert_eq!(warning["level"], "warning");
    let place = &warning["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "c/warning/exercise.yaml");
    let region =
        serde_json::json!({"startLine": 2, "startColumn": 8, "endLine": 2, "endColumn": 12});
    assert_eq!(place["region"], region);
    let replacement = &warning["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(replacement["deletedRegion"], region);
    assert_eq!(replacement["insertedContent"]["text"], "\"1.10\"");
    let junit = read("out.xml");
    for part in [
        "<testsuites name=\"mithril\" tests=\"3\" skipped=\"0\" failures=\"3\"",
        "<testsuite name=\"c/warning/exercise.yaml\" tests=\"1\"",
        "<testcase name=\"Y019 unquoted-string-like at 2:8\" classname=\"c/warning/exercise.yaml\"",
        "<failure message=\"`1.10` is a number to some readers of YAML\" type=\"warning\">",
    ] {
        assert!(junit.contains(part), "{part}: {junit}");
    }
    let json: Value = serde_json::from_str(&read("out.json")).unwrap();
    let counts = serde_json::json!({"errors": 1, "warnings": 1, "infos": 1, "fixable": 1});
    assert_eq!(json["summary"], counts);
    let outcome = crate::fixture::run(
        directory.path(),
        &["lint", ".", "--format", "junit=no/where"],
    );
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("no/where"), "{}", outcome.stderr);
}

#[test]
fn a_clean_tree_has_reports_too() {
    let directory = tempfile::tempdir().unwrap();
    content::write_tree(directory.path(), 1);
    let arguments = [
        "lint", ".", "--ignore", "T503", "--format", "sarif=a", "--format", "junit=b",
    ];
    let outcome = run(directory.path(), &arguments);
    assert_eq!(outcome.code, 0, "{}", outcome.stdout);
    let read = |name: &str| std::fs::read_to_string(directory.path().join(name)).unwrap();
    let sarif: Value = serde_json::from_str(&read("a")).unwrap();
    assert_eq!(sarif["runs"][0]["results"], serde_json::json!([]));
    assert!(
        read("b").contains("tests=\"1\" skipped=\"0\" failures=\"0\""),
        "{}",
        read("b")
    );
}

#[test]
fn a_path_of_any_name_is_a_uri() {
    let directory = faulty();
    let path = directory.path().join("c/été #1?");
    std::fs::create_dir(&path).unwrap();
    std::fs::write(path.join("exercise.yaml"), "id: [\n").unwrap();
    let outcome = run(
        directory.path(),
        &["lint", "--format", "sarif", "c/été #1?"],
    );
    let sarif: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    let uri = "c/%C3%A9t%C3%A9%20%231%3F/exercise.yaml";
    assert_eq!(place["artifactLocation"]["uri"], uri);
}

#[test]
fn standard_input_is_judged_by_all_rules() {
    let directory = faulty();
    let check = |text: &str, arguments: &[&str]| {
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
            .write_all(text.as_bytes())
            .unwrap();
        Outcome::from(child.wait_with_output().unwrap())
    };
    let text = "id: info\ntitle: 1.10\ntype: text\n";
    let outcome = check(text, &[]);
    let line = "<stdin>:2:8: warning[Y019] `1.10` is a number to some readers of YAML\n";
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, line));
    // Where it stands for a file, what is beside that counts.
    let outcome = check(text, &["--stdin-filename", "c/info/exercise.yaml"]);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[0].starts_with("c/info/exercise.yaml:1:1: info[M903]"),
        "{lines:?}"
    );
    std::fs::write(directory.path().join("c/info/README.md"), "x\n").unwrap();
    let outcome = check(text, &["--stdin-filename", "c/info/exercise.yaml"]);
    assert_eq!(outcome.stdout.lines().count(), 1, "{}", outcome.stdout);
}

#[test]
fn rules_are_listed_with_their_severity_and_fix() {
    let outcome = run(&project(""), &["rule", "--all"]);
    let row = |code: &str| {
        let mut lines = outcome.stdout.lines();
        let line = lines.find(|line| line.starts_with(code)).unwrap();
        line.split('\t')
            .skip(2)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        outcome.stdout.lines().next(),
        Some("code\tname\tseverity\tdefault\tfix")
    );
    assert_eq!(row("Y003"), ["warning", "on", "safe"]);
    assert_eq!(row("T504"), ["error, warning", "on", "unsafe"]);
    assert_eq!(row("B410"), ["info", "off", "safe"]);
    assert_eq!(row("F301"), ["error", "on", "none"]);
    let json = run(&project(""), &["rule", "--all", "--format", "json"]);
    let rules: Vec<Value> = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(rules.len(), 77);
    let rule = rules.iter().find(|rule| rule["code"] == "T504").unwrap();
    assert_eq!(rule["severities"], serde_json::json!(["error", "warning"]));
    assert_eq!(
        (&rule["default"], &rule["fix"]),
        (&Value::Bool(true), &"unsafe".into())
    );
}
