//! Rules with lesser cases, and the comments that silence these: never an error.

use mithril::diagnostics::{Code, Severity};
use mithril::lint::{Settings, check_text};

use crate::support::{codes, found, only, standard};

/// Lines put behind a clean exercise, and the rule that warns of them.
const WARNINGS: &[(Code, &str)] = &[
    (Code::Y011, "tags: &unused [a]\n"),
    (Code::Y011, "tags: [&a b, &a c, *a]\n"),
    (Code::Y011, "tags: [&a b, *a, &a c, *a]\n"),
    (Code::Y014, "language: no\n"),
    (Code::Y014, "tags: [on]\n"),
    (Code::Y015, "description:\n"),
    (Code::Y015, "description: ~\n"),
    (Code::S105, "description: \" x\"\n"),
    (Code::S105, "tags: ['x ']\n"),
    (
        Code::B405,
        "tests: [{name: a, run: cat; cat, timeout: 1}]\n",
    ),
    (
        Code::B405,
        "tests: [{name: a, run: cat && cat, timeout: 1}]\n",
    ),
    (
        Code::B405,
        "tests: [{name: a, run: echo $(date), timeout: 1}]\n",
    ),
    (
        Code::B405,
        "tests: [{name: a, run: echo `date`, timeout: 1}]\n",
    ),
    (
        Code::B405,
        "tests: [{name: a, run: \"cat\\ncat\", timeout: 1}]\n",
    ),
    (Code::T504, "tests: [{name: a, run: cat}]\n"),
    (
        Code::T504,
        "build: {command: \"gcc {submission} -o {output}\"}\n",
    ),
];

const CLEAN: &str = "id: hello\ntitle: Hello\ntype: input\nanswer: hello\n";

#[test]
fn a_lesser_case_is_a_warning_for_lint_and_nothing_for_validate() {
    assert_eq!(found(CLEAN, &standard()), [""; 0]);
    for (code, line) in WARNINGS {
        let text = format!("{CLEAN}{line}");
        assert_eq!(found(&text, &Settings::default()), [""; 0], "{line}");
        let report = check_text("x.yaml", &text, &standard());
        let found: Vec<_> = report
            .diagnostics
            .iter()
            .map(|d| (d.code, d.severity))
            .collect();
        assert_eq!(found, [(*code, Severity::Warning)], "{line}");
    }
}

#[test]
fn a_comment_silences_a_warning_behind_above_and_in_the_file() {
    for (code, line) in WARNINGS {
        let line = line.trim_end();
        let other = if *code == Code::T504 { "Y014" } else { "T504" };
        let silent = [
            format!("{CLEAN}{line} # mithril: ignore[{code}] on purpose\n"),
            format!("{CLEAN}# mithril: ignore[{code}] on purpose\n{line}\n"),
            format!("{CLEAN}# mithril: ignore[{other}, {code}] on purpose\r\n{line}\r\n"),
            format!("# mithril: file-ignore[{code}] on purpose\n{CLEAN}{line}\n"),
            format!(
                "{CLEAN}{line}\n\n#mithril: file-ignore[{}]\n",
                code.as_str().to_lowercase()
            ),
        ];
        for text in silent {
            assert_eq!(found(&text, &only(*code)), [""; 0], "{text}");
        }
        let loud = [
            format!("{CLEAN}{line} # mithril: ignore[{other}] on purpose\n"),
            format!("{CLEAN}{line}\n# mithril: ignore[{code}] too late\n"),
            format!("# mithril: ignore[{code}] too early\n{CLEAN}{line}\n"),
            format!("{CLEAN}{line} # ignore[{code}]\n"),
            format!("{CLEAN}description: |\n  # mithril: file-ignore[{code}] no comment\n{line}\n"),
        ];
        for text in loud {
            // The last one has `description` twice where the line is one.
            if text.matches("description:").count() < 2 {
                assert_eq!(codes(&text, &only(*code)), [*code], "{text}");
            }
        }
    }
}

#[test]
fn no_comment_silences_an_error() {
    let texts = [
        (Code::T504, "tests: [{name: a, run: b, timeout: 0}]"),
        (Code::Y014, "validation: {check_valgrind: on}"),
        (Code::Y015, "tags: [a, ~]"),
        (Code::S105, "description: ''"),
        (Code::Y011, "language: *c"),
        (
            Code::B405,
            "tests: [{name: a, run: \"x $(cat {submission})\", timeout: 1}]",
        ),
        (Code::S101, "nope: 1"),
    ];
    for (code, line) in texts {
        for text in [
            format!("{CLEAN}{line} # mithril: ignore[{code}] on purpose\n"),
            format!("{CLEAN}# mithril: ignore[{code}] on purpose\n{line}\n"),
            format!("# mithril: file-ignore[{code}] on purpose\n{CLEAN}{line}\n"),
        ] {
            assert_eq!(codes(&text, &Settings::default()), [code], "{text}");
            assert_eq!(codes(&text, &only(code)), [code], "{text}");
            // That is said of the comment too.
            let found = codes(&text, &standard());
            assert!(found.contains(&Code::M902), "{text}: {found:?}");
            assert!(!found.contains(&Code::M901), "{text}: {found:?}");
        }
    }
}

#[test]
fn the_maximum_of_a_timeout_is_configured() {
    let text = format!("{CLEAN}tests: [{{name: a, run: b, timeout: 61}}]\n");
    let settings = Settings {
        max_timeout: 300,
        ..Settings::default()
    };
    assert_eq!(codes(&text, &Settings::default()), [Code::T504]);
    assert_eq!(found(&text, &settings), [""; 0]);
}
