//! The table of silence: beside each specific rule stands the general one that is quiet, and a text
//! in which the general one speaks, so that its quiet is no accident.

use mithril::diagnostics::Code;

use crate::support::{Tree, all, codes, judge, standard};

const CODE: &str = "id: hello\ntitle: Hello\ntype: code\nlanguage: c\ndescription: x\n";
const TEXT: &str = "id: hello\ntitle: Hello\ntype: text\ndescription: x\n";
const BUILD: &str = "build: {command: 'gcc {submission} -o {output}', timeout: 5}\n";
const RUNS: &str = "tests: [{name: a, run: './{output}', timeout: 5}]\n";

/// A specific rule, the general one, a text with both faults in one, and one of the general fault.
#[expect(clippy::too_many_lines, reason = "a table")]
fn pairs() -> Vec<(Code, Code, String, String)> {
    use Code::{
        B401, B402, B403, B404, B405, B406, B407, C702, C703, I201, I206, I207, S101, S102, S103,
        S104, S106, S107, T501, V601, V603, V605, Y001, Y005, Y014, Y015, Y016, Y017, Y019, Y021,
    };
    let score = |value: &str| format!("{TEXT}scoring: {{compilation: {value}}}\n");
    let run =
        |run: &str| format!("{CODE}{BUILD}tests: [{{name: a, run: \"{run}\", timeout: 5}}]\n");
    let build =
        |command: &str| format!("{CODE}build: {{command: '{command}', timeout: 5}}\n{RUNS}");
    let checks = |lists: &str| format!("{CODE}{BUILD}{RUNS}validation: {{{lists}}}\n");
    let python = |checks: &str| {
        let code = CODE.replace("language: c", "language: python");
        let tests = "tests: [{name: a, run: 'python3 {submission}', timeout: 5}]\n";
        format!("{code}{tests}validation: {{{checks}}}\n")
    };
    let points = "scoring: {compilation: 50, per_test: 50}\n";
    vec![
        (
            Y005,
            Y001,
            "id: a\nbuild:\n\tcommand: x\n".into(),
            "id: a\n title: b\n".into(),
        ),
        (Y016, Y017, score("1e2"), score("2.5")),
        (Y017, S103, score("2.5"), score("[]")),
        (Y016, S103, score("0x10"), score("[]")),
        (
            Y015,
            S102,
            TEXT.replace("Hello", "~"),
            TEXT.replace("title: Hello\n", ""),
        ),
        (
            S107,
            I201,
            TEXT.replace("hello", &"a.".repeat(40)),
            TEXT.replace("hello", "a.b"),
        ),
        (
            B407,
            B405,
            run("./{output}; sudo x"),
            run("./{output}; cat"),
        ),
        (
            B407,
            B406,
            run("./{output} | sudo x"),
            run("./{output} | perl"),
        ),
        (
            B401,
            B402,
            build("gcc {submision} -o {output}"),
            build("gcc x.c -o {output}"),
        ),
        (
            V601,
            V605,
            checks("allowed_functions: [a], forbidden_functions: [a]"),
            checks("allowed_functions: [a], forbidden_functions: [b]"),
        ),
        (
            V603,
            S106,
            python("check_valgrind: true"),
            python("check_valgrind: false"),
        ),
        (
            B403,
            C703,
            format!("{CODE}{RUNS}{points}"),
            format!("{TEXT}{points}"),
        ),
        (
            T501,
            C703,
            format!("{CODE}{BUILD}{points}"),
            format!("{TEXT}{points}"),
        ),
        (
            S101,
            C702,
            format!("{CODE}{BUILD}{RUNS}scoring: {{per_test: 10}}\nunknown: 1\n"),
            format!("{CODE}{BUILD}{RUNS}scoring: {{per_test: 10}}\n"),
        ),
        // What goes without saying in the contract: one diagnostic a fault.
        (
            B403,
            B404,
            format!("{CODE}{RUNS}"),
            format!("{CODE}{}", RUNS.replace("./{output}", "sh x")),
        ),
        (
            S104,
            Y014,
            TEXT.replace("type: text", "type: no"),
            TEXT.replace("Hello", "no"),
        ),
        (
            S104,
            Y019,
            TEXT.replace("type: text", "type: 5"),
            TEXT.replace("Hello", "5"),
        ),
        (
            I201,
            Y019,
            TEXT.replace("hello", "1.10"),
            TEXT.replace("hello", "007"),
        ),
        (
            I201,
            Y021,
            TEXT.replace("hello", "hel\u{200b}lo"),
            run("./{output}\u{200b}"),
        ),
        (
            S101,
            Y021,
            format!("{TEXT}ta\u{a0}gs: [a]\n"),
            run("./{output}\u{a0}x"),
        ),
        (
            I207,
            S102,
            "name: Hello\nslug:\n".into(),
            "slug: a\ntheme: b\n".into(),
        ),
        (
            I206,
            I201,
            TEXT.replace("hello", "get"),
            TEXT.replace("hello", "g.t"),
        ),
    ]
}

#[test]
fn where_the_specific_rule_speaks_the_general_one_is_quiet() {
    for (specific, general, both, alone) in pairs() {
        let found = codes(&both, &standard());
        assert_eq!(found, [specific], "{specific} > {general}: {both}");
        let found = codes(&alone, &standard());
        assert!(
            found.contains(&general),
            "{general} alone: {alone}: {found:?}"
        );
        assert!(
            !found.contains(&specific),
            "{general} alone: {alone}: {found:?}"
        );
    }
}

#[test]
fn a_pool_without_slug_is_neither_unknown_nor_missing() {
    for text in ["id: a\nname: b\nslug:\n", "id: a\nname: b\nslug: a\n"] {
        assert_eq!(codes(text, &standard()), [Code::I207], "{text}");
    }
}

/// An exercise in a pool, whose only test names this file, beside these files.
fn of_files(names: &str, files: &[(&str, &[u8])]) -> Vec<Code> {
    let exercise = format!(
        "{CODE}{BUILD}tests: [{{name: a, run: './{{output}}', timeout: 5, expected_output: {names}}}]\n"
    );
    let tree = Tree::of(
        &[
            ("c/pool.yaml".into(), "slug: c\nname: C\n".into()),
            ("c/hello/exercise.yaml".into(), exercise),
        ]
        .into(),
    );
    for (path, bytes) in files {
        tree.write(&format!("c/hello/{path}"), bytes);
    }
    std::os::unix::fs::symlink("/etc", tree.join("c/hello/.link")).unwrap();
    let report = judge(tree.path(), tree.path(), &all());
    let mut found: Vec<_> = report.diagnostics.iter().map(|d| d.code).collect();
    found.retain(|code| *code != Code::B410);
    found
}

#[test]
fn of_a_file_the_most_specific_is_said() {
    use Code::{F301, F302, F303, F304, F306, F307, F308};
    let files: [(&str, &[u8]); 1] = [("tests/a.txt", b"a\n")];
    for (name, code) in [
        ("../.link/TESTS", F302),
        (".link/tests/a.txt", F303),
        ("tests", F307),
        ("tests/A.txt", F304),
        ("tests/b.txt", F301),
    ] {
        assert_eq!(of_files(name, &files), [code], "{name}");
    }
    assert_eq!(
        of_files("tests/a.txt", &[("tests/a.txt", b" \r\n")]),
        [F306]
    );
    assert_eq!(
        of_files("tests/a.txt", &[("tests/a.txt", b"a\r\n")]),
        [F308]
    );
    assert_eq!(of_files("tests/a.txt", &[("tests/a.txt", b"a")]), [F308]);
}

#[test]
fn an_encoding_is_no_syntax_error_and_no_mark_besides() {
    let tree = Tree::of(&[("c/pool.yaml".into(), "slug: c\nname: C\n".into())].into());
    for bytes in [
        &b"\xFF\xFEi\0d\0:\0 \0[\0\r\0\n\0"[..],
        b"id: \xE9[\n",
        b"i\0d\0:\0",
    ] {
        tree.write("c/hello/exercise.yaml", bytes);
        let report = judge(tree.path(), tree.path(), &standard());
        let found: Vec<_> = report.diagnostics.iter().map(|d| d.code).collect();
        assert_eq!(found, [Code::Y002], "{bytes:?}");
    }
}
