//! Fixes: each does what it says, all of them together leave nothing to fix, and fixing twice changes
//! nothing.

use std::collections::BTreeMap;

use mithril::diagnostics::{Applicability, Code};
use mithril::lint::{Fixed, Progress, Selection, Settings, Target, check_text, fix};

use crate::support::{Tree, all, codes, judge, lines, only, standard};

/// The text after its fixes, and what is still found then.
fn fixed(text: &str, settings: &Settings, applicability: Applicability) -> (String, Vec<Code>) {
    let target = Target::Text {
        bytes: text.as_bytes().to_vec(),
        path: None,
    };
    let Fixed {
        changes, report, ..
    } = fix(&[target], settings, &Progress::default(), applicability).unwrap();
    let left = report.diagnostics.iter().map(|d| d.code).collect();
    let after = changes.into_iter().next().map(|change| change.after);
    let after = after.map_or_else(
        || text.to_owned(),
        |bytes| String::from_utf8(bytes).unwrap(),
    );
    (after, left)
}

/// A rule, a text that breaks it, and the text after its safe fix.
const SAFE: &[(Code, &str, &str)] = &[
    (Code::Y003, "\u{feff}id: a\n", "id: a\n"),
    (
        Code::Y004,
        "id: a # b\r\n\r\n# c\rtags: [d]\r\n",
        "id: a # b\n\n# c\ntags: [d]\n",
    ),
    (
        Code::Y005,
        "build:\n\tcommand: a\n\ttimeout: 5\n",
        "build:\n  command: a\n  timeout: 5\n",
    ),
    (
        Code::Y011,
        "id: &a b\ntags: [&c d, e] # &f\n",
        "id: b\ntags: [d, e] # &f\n",
    ),
    (Code::Y011, "tags: &a # b\n  - c\n", "tags: # b\n  - c\n"),
    (Code::Y011, "tags: &a\n  - &b c\n", "tags:\n  - c\n"),
    (Code::Y011, "id: !!str &a b\n", "id: !!str b\n"),
    (
        Code::Y014,
        "title: no # b\ntags: [on, 'off']\n",
        "title: \"no\" # b\ntags: [\"on\", 'off']\n",
    ),
    (
        Code::Y014,
        "validation: {check_valgrind: Yes}\n",
        "validation: {check_valgrind: true}\n",
    ),
    (
        Code::Y018,
        "build:\n  timeout: \"10\" # s\nscoring: {per_test: ' 5 '}\n",
        "build:\n  timeout: 10 # s\nscoring: {per_test: 5}\n",
    ),
    (
        Code::Y019,
        "id: 007\ntitle: 1.10 # b\ntags: [2024-01-01, true]\n",
        "id: \"007\"\ntitle: \"1.10\" # b\ntags: [\"2024-01-01\", \"true\"]\n",
    ),
    (
        Code::Y021,
        "build: {command: \"gcc\u{a0}-o\u{202f}x\"}\ntests:\n  - run: >-\n      a\u{a0}b\n      c\u{a0}d\n",
        "build: {command: \"gcc -o x\"}\ntests:\n  - run: >-\n      a b\n      c d\n",
    ),
    (
        Code::Y022,
        "id: a  \ntitle: b # c \t\n\t\ndescription: |\n  d  \n\n  e\n# f ",
        "id: a\ntitle: b # c\n\ndescription: |\n  d  \n\n  e\n# f\n",
    ),
    (Code::Y022, "id: a\r\ntitle: b", "id: a\r\ntitle: b\r\n"),
    (
        Code::Y022,
        "description: |\n  a  \n   \n",
        "description: |\n  a  \n   \n",
    ),
    (
        Code::S101,
        "title\u{a0}: a # b\n\u{200b}tags: [c]\n",
        "title: a # b\ntags: [c]\n",
    ),
    (Code::S104, "type: mcq # b\n", "type: qcm # b\n"),
    (Code::S104, "type: \"Program\"\n", "type: code\n"),
    (
        Code::S105,
        "title: ' a '\ntags: [\"\tb\"]\n",
        "title: 'a'\ntags: [\"b\"]\n",
    ),
    (
        Code::B410,
        "language: c\nbuild:\n  command: gcc -Wextra a.c # b\n",
        "language: c\nbuild:\n  command: gcc -Wall -Werror -Wextra a.c # b\n",
    ),
    (
        Code::V602,
        "validation:\n  allowed_functions: [a, b, a, 'c()']\n  forbidden_functions:\n    # one\n    - d # two\n    - d # three\n    - e ( )\n",
        "validation:\n  allowed_functions: [a, b, \"c\"]\n  forbidden_functions:\n    # one\n    - d # two\n    # three\n    - \"e\"\n",
    ),
    (
        Code::V605,
        "validation:\n  # one\n  allowed_functions: [a] # two\n  forbidden_functions: # three\n    - b # four\n    # five\n    - c\n  check_valgrind: true\n",
        "validation:\n  # one\n  allowed_functions: [a] # two\n  # three\n  # four\n  # five\n  check_valgrind: true\n",
    ),
    (
        Code::V605,
        "validation: {forbidden_functions: [b], allowed_functions: [a]}\n",
        "validation: {allowed_functions: [a]}\n",
    ),
];

/// The same of guesses.
const UNSAFE: &[(Code, &str, &str)] = &[
    (
        Code::Y001,
        "title: Regex: the basics # b\n",
        "title: \"Regex: the basics\" # b\n",
    ),
    (
        Code::Y012,
        "build: &b {timeout: 5}\ntests:\n  - <<: *b # c\n    name: d\n",
        "build: &b {timeout: 5}\ntests:\n  - timeout: 5 # c\n    name: d\n",
    ),
    (
        Code::Y012,
        "build: &b\n  command: 'c # d'\n  timeout: 5\ntests:\n  - name: e\n    timeout: 6\n    <<: *b\n",
        "build: &b\n  command: 'c # d'\n  timeout: 5\ntests:\n  - name: e\n    timeout: 6\n    command: 'c # d'\n",
    ),
    (
        Code::Y016,
        "build: {timeout: 1_0}\n",
        "build: {timeout: 10}\n",
    ),
    (Code::S101, "titel: a # b\n", "title: a # b\n"),
    (Code::I201, "id: a.b c # d\n", "id: \"a-b-c\" # d\n"),
    (
        Code::B401,
        "build: {command: 'gcc {submision}'}\n",
        "build: {command: 'gcc {submission}'}\n",
    ),
    (
        Code::T502,
        "tests: [{name: a}, {name: \"A\"}, {name: 'a (2)'}]\n",
        "tests: [{name: a}, {name: \"A (3)\"}, {name: 'a (2)'}]\n",
    ),
    (
        Code::T504,
        "build:\n  command: a # b\n\ntests:\n  - name: c\n    timeout: 0 # d\n  - run: |\n      e\n    name: f\n  - {name: g}\n",
        "build:\n  command: a # b\n  timeout: 5\n\ntests:\n  - name: c\n    timeout: 5 # d\n  - run: |\n      e\n    name: f\n    timeout: 5\n  - {name: g, timeout: 5}\n",
    ),
];

#[test]
fn a_fix_does_what_it_says_and_keeps_the_rest() {
    for (cases, applicability) in [(SAFE, Applicability::Safe), (UNSAFE, Applicability::Unsafe)] {
        for (code, before, expected) in cases {
            let (after, left) = fixed(before, &only(*code), applicability);
            assert_eq!(after, *expected, "{code}");
            if before != expected {
                assert!(!left.contains(code), "{code} is left in {after}");
            }
            // Twice is once.
            assert_eq!(
                fixed(&after, &only(*code), applicability).0,
                after,
                "{code}"
            );
        }
    }
}

#[test]
fn a_guess_is_not_made_unasked() {
    for (code, before, _) in UNSAFE {
        let (after, left) = fixed(before, &only(*code), Applicability::Safe);
        assert_eq!(after, *before, "{code}");
        assert!(left.contains(code), "{code}");
    }
}

#[test]
fn a_fix_that_would_change_more_is_not_offered() {
    for (code, text) in [
        // A plain space there would begin a comment, a key, an item, or be an indentation.
        (Code::Y021, "build:\n  command: a\u{a0}#b\n"),
        (Code::Y021, "build:\n  command: a:\u{a0}b\n"),
        (Code::Y021, "build:\n  command: -\u{a0}b\n"),
        (Code::Y021, "build:\n  command: |\n    \u{a0}a\n    b\n"),
        // An anchor on nothing, which leaves two commas behind.
        (Code::Y011, "tags: [&a , b]\n"),
        // Spaces that are written as escapes.
        (Code::S105, "title: \"a\\x20\"\n"),
        (Code::S105, "title: \"a\\t\"\n"),
        // A value on several lines, and one that an anchor marks.
        (
            Code::Y012,
            "build: &b\n  command: |\n    c\ntests:\n  - <<: *b\n    name: d\n",
        ),
        // A key that is there already.
        (Code::I207, "id: a\nslug:\nname: b\n"),
        // A comment between the brackets.
        (
            Code::V602,
            "validation:\n  allowed_functions: [a, # b\n    a]\n",
        ),
        // What an alias repeats is not edited for one of its readers.
        (
            Code::V602,
            "tags: &t [a, a]\nvalidation: {allowed_functions: *t}\n",
        ),
    ] {
        let found = check_text("x.yaml", text, &only(code)).diagnostics;
        assert!(!found.is_empty(), "{code} in {text}");
        assert!(
            found.iter().all(|d| d.fix.is_none()),
            "{code} in {text}: {found:#?}"
        );
    }
}

/// Every fault that has a safe fix, in one tree.
fn faults() -> BTreeMap<String, String> {
    let exercise = "\u{feff}# one\r\nid: ex00\r\ntitle: ' 1.10 ' # two\r\ntype: program  \r\nlanguage: c\r\nbuild:\r\n  command: gcc\u{a0}-Wall -Wextra -Werror {submission} -o {output} # three\r\n  timeout: \"10\"\r\ntests: &left\r\n  # four\r\n  - name: no # five\r\n    run: ./{output}\r\n    expected_output: Tests/A.txt\r\n    timeout: 5\r\nvalidation:\r\n  check_valgrind: yes\r\n  allowed_functions: [write, write, 'malloc()'] # six\r\n  # seven\r\n  forbidden_functions: [printf] # eight\r\ntags: [1.10, 2024-01-01] # nine\r\n# mithril: ignore[T504] ten\r\ndifficulty: Easy\r\ndescription: |\r\n  Two spaces  \r\n  # no comment\r\n# eleven  ";
    [
        ("c/pool.yaml", "# twelve\nid: c # thirteen\nname: C\n"),
        ("c/ex00/exercise.yaml", exercise),
        ("c/ex00/tests/a.txt", "a\n"),
        (
            "c/ex01/exercise.yaml",
            "# fourteen\nid: ex01\ntitle: Hello\ntype: text\nscoring:\n\tcompilation: 0 # fifteen\n\tper_test: 0\ndescription: x\n",
        ),
    ]
    .map(|(path, text)| (path.to_owned(), text.to_owned()))
    .into()
}

fn wide(text: &str) -> Vec<u8> {
    let units = text.encode_utf16().flat_map(u16::to_be_bytes);
    [0xFE, 0xFF].into_iter().chain(units).collect()
}

#[test]
fn a_tree_of_all_faults_is_clean_after_its_fixes() {
    let tree = Tree::of(&faults());
    let utf16 = "# sixteen\nid: ex02\ntitle: \u{e9}t\u{e9} \u{1f600}\ntype: text\ndescription: x\n";
    tree.write("c/ex02/exercise.yaml", &wide(utf16));
    let mut settings = standard();
    // Of the points only how they are written is of interest here.
    settings.score_total = 0;
    let targets = [Target::Path(tree.path().to_owned())];
    let run = || {
        let progress = Progress::default();
        let mut fixed = fix(&targets, &settings, &progress, Applicability::Safe).unwrap();
        let errors = fixed.write(&progress);
        assert!(errors.is_empty(), "{errors:?}");
        fixed
    };
    let fixed = run();
    assert_eq!(lines(&fixed.report.diagnostics), [""; 0]);
    assert_eq!(fixed.changes.len(), 4);
    assert!(fixed.problems() >= 20, "{}", fixed.problems());
    let report = judge(tree.path(), tree.path(), &settings);
    assert_eq!(lines(&report.diagnostics), [""; 0]);
    assert_eq!(run().changes, []);
    let read = |path: &str| std::fs::read_to_string(tree.join(path)).unwrap();
    assert_eq!(
        read("c/ex00/exercise.yaml"),
        "# one\nid: ex00\ntitle: '1.10' # two\ntype: code\nlanguage: c\nbuild:\n  command: gcc -Wall -Wextra -Werror {submission} -o {output} # three\n  timeout: 10\ntests:\n  # four\n  - name: \"no\" # five\n    run: ./{output}\n    expected_output: \"tests/a.txt\"\n    timeout: 5\nvalidation:\n  check_valgrind: true\n  allowed_functions: [write, \"malloc\"] # six\n  # seven\n  # eight\ntags: [\"1.10\", \"2024-01-01\"] # nine\ndifficulty: easy\ndescription: |\n  Two spaces  \n  # no comment\n# eleven\n"
    );
    assert_eq!(
        read("c/pool.yaml"),
        "# twelve\nslug: c # thirteen\nname: C\n"
    );
    assert!(read("c/ex01/exercise.yaml").contains("\n  compilation: 0 # fifteen\n"));
    assert_eq!(read("c/ex02/exercise.yaml"), utf16);
}

#[test]
fn guesses_name_files_and_mend_lists() {
    let tree = Tree::of(
        &[
            ("c/pool.yml", "slug: c\nname: C\n"),
            ("e/pool.yaml", "slug: e\nname: E\n"),
            ("d/pool.yaml", "slug: d\nname: D\nexercises:\n  - one # first\n  - tow\n  - one\n"),
            ("d/one/exercise.yaml", "id: one\ntitle: x\ntype: text\ndescription: y\n"),
            ("d/two/exercise.yaml", "id: two\ntitle: x\ntype: text\ndescription: y\n"),
            ("d/three/exercise.yaml", "id: three\ntitle: x\ntype: text\ndescription: y\n"),
            ("e/five/exercise.yaml", "id: four\ntitle: x\ntype: text\ndescription: y\n"),
            (
                "d/six/exercise.yaml",
                "id: six\ntitle: x\ntype: text\ndescription: y\ntests: [{name: a, run: cat, timeout: 5, expected_output: a.txt}]\n",
            ),
            ("d/six/a.txt", "a\r\nb\r\n"),
        ]
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .into(),
    );
    let targets = [Target::Path(tree.path().to_owned())];
    let progress = Progress::default();
    let mut fixed = fix(&targets, &standard(), &progress, Applicability::Unsafe).unwrap();
    assert!(fixed.write(&progress).is_empty());
    let report = judge(tree.path(), tree.path(), &standard());
    // A pool of the right name is empty; that is another fault.
    let found: Vec<_> = report.diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(found, [Code::I212], "{:#?}", lines(&report.diagnostics));
    let read = |path: &str| std::fs::read_to_string(tree.join(path)).unwrap();
    let listed = read("d/pool.yaml");
    assert!(
        listed.starts_with("slug: d\nname: D\nexercises:\n  - one # first\n  - \"two\"\n"),
        "{listed}"
    );
    for id in ["six", "three"] {
        assert!(listed.contains(&format!("\n  - \"{id}\"\n")), "{listed}");
    }
    assert!(read("e/five/exercise.yaml").starts_with("id: \"e-five\"\n"));
    assert_eq!(read("d/six/a.txt"), "a\nb\n");
    assert!(!tree.join("c/pool.yml").exists());
}

#[test]
fn every_fixture_with_a_fix_is_mended() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rules");
    for &code in Code::ALL {
        let Some(applicability) = code.fix() else {
            continue;
        };
        let cases =
            ["", "-error", "-warning", "-info"].map(|case| root.join(format!("{code}{case}/bad")));
        let mut fixed = 0;
        for case in cases.iter().filter(|case| case.is_dir()) {
            let tree = Tree::copy(case);
            let targets = [Target::Path(tree.path().to_owned())];
            let progress = Progress::default();
            let mut done = fix(&targets, &asked(code), &progress, applicability).unwrap();
            fixed += done.problems();
            assert!(done.write(&progress).is_empty(), "{code}");
            let report = judge(tree.path(), tree.path(), &asked(code));
            let left = report.diagnostics.iter().filter(|d| d.code == code);
            let fixable = left.filter(|d| d.fix.is_some()).count();
            assert_eq!(fixable, 0, "{code}: {:#?}", lines(&report.diagnostics));
        }
        assert!(fixed > 0, "{code} is not fixed");
    }
}

/// What is judged by default, and a rule that was asked for.
fn asked(code: Code) -> Settings {
    let mut settings = standard();
    if let Selection::Selected { codes, asked, .. } = &mut settings.selection {
        codes.insert(code);
        asked.insert(code);
    }
    settings
}

#[test]
fn hostile_texts_are_fixed_without_end_or_harm() {
    for text in [
        "a: 1 \n".repeat(5000),
        "a: 1\r\n".repeat(5000),
        format!("tags: [{}]\n", "1.10, ".repeat(5000)),
        "# mithril: ignore[T504]\n".repeat(3000) + "id: a\n",
        format!(
            "validation: {{allowed_functions: [{}]}}\n",
            "a, ".repeat(2000)
        ),
    ] {
        let (after, _) = fixed(&text, &standard(), Applicability::Unsafe);
        let again = codes(&after, &all());
        assert_eq!(
            fixed(&after, &standard(), Applicability::Unsafe).0,
            after,
            "{again:?}"
        );
    }
}
