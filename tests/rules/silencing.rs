//! One diagnostic a fault: where a specific rule fires, the general one is quiet. What is a fault of
//! its own is still reported.

use mithril::diagnostics::Code;
use mithril::lint::Settings;

use crate::support::{Tree, all, codes, found, judge, standard};

const TEXT: &str = "id: hello\ntitle: Hello\ntype: text\n";
const CODE: &str = "id: hello\ntitle: Hello\ntype: code\nlanguage: c\n";

#[track_caller]
fn only(code: Code, text: &str) {
    let found = codes(text, &Settings::default());
    assert_eq!(found, [code], "{text}");
}

#[test]
fn a_tab_is_no_other_syntax_error() {
    only(Code::Y005, "id: hello\nbuild:\n\tcommand: x\n");
    only(Code::Y005, "id: hello\n\ttitle: x\n");
    only(Code::Y005, "tests:\n  - name: a\n\t  run: b\n");
}

#[test]
fn an_encoding_is_no_syntax_error() {
    let files = [("x/pool.yaml".into(), "slug: x\nname: x\n".into())];
    let tree = Tree::of(&files.into());
    tree.write("x/y/exercise.yaml", b"\xFE\xFF\0a\0:\0 \0[");
    let report = judge(tree.path(), tree.path(), &all());
    let found: Vec<_> = report.diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(found, [Code::Y002]);
}

#[test]
fn an_odd_number_is_no_fraction_and_a_fraction_no_wrong_type() {
    for (number, code) in [
        ("1e2", Code::Y016),
        ("1_0.5", Code::Y016),
        (".inf", Code::Y016),
        ("2.5", Code::Y017),
        ("\"2\"", Code::Y018),
        ("two", Code::S103),
    ] {
        only(code, &format!("{TEXT}scoring: {{compilation: {number}}}\n"));
    }
}

#[test]
fn a_null_is_not_missing() {
    only(Code::Y015, "id: hello\ntitle:\ntype: text\n");
    only(Code::Y015, "id: hello\ntitle: x\ntype: ~\n");
    only(Code::Y015, "slug: hello\nname:\n");
}

#[test]
fn a_misspelt_key_is_not_missing_besides() {
    only(Code::S101, "id: hello\ntitel: x\ntype: text\n");
    only(Code::S101, "id: hello\ntitle: x\ntpye: text\n");
    let runs = "tests: [{name: a, run: 'cat {submission}', timeout: 1}]\n";
    only(
        Code::S101,
        &format!("{}{runs}", CODE.replace("language", "langage")),
    );
    let script = CODE.replace("language: c", "language: sh");
    for text in [
        format!("{script}{}", runs.replace("run:", "runn:")),
        format!("{script}{}", runs.replace("tests:", "test:")),
        format!("{CODE}{runs}scoring: {{compilation: 1}}\nbiuld: {{command: x}}\n"),
    ] {
        assert_eq!(codes(&text, &standard()), [Code::S101], "{text}");
    }
    only(Code::S101, "slug: hello\nnaem: x\n");
    // One key can mean `title`; another that is as near is only unknown.
    let both = "id: hello\ntitel: x\ntilte: x\ntype: text\n";
    let helps = mithril::lint::check_text("x.yaml", both, &Settings::default());
    let fixes = helps.diagnostics.iter().map(|d| d.fix.is_some());
    assert_eq!(fixes.collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_character_that_nobody_sees_in_a_key_is_one_fault() {
    for unseen in ["\u{a0}", "\u{200b}", "\u{feff}"] {
        for key in [format!("title{unseen}"), format!("ti{unseen}tle")] {
            let text = format!("id: hello\n{key}: x\ntype: text\ndescription: x\n");
            assert_eq!(codes(&text, &standard()), [Code::S101], "{text:?}");
        }
        let pool = format!("slug{unseen}: x\nname: x\n");
        let tree = Tree::of(&[("x/pool.yaml".into(), pool)].into());
        let report = judge(tree.path(), tree.path(), &standard());
        let mut found: Vec<_> = report.diagnostics.iter().map(|d| d.code).collect();
        found.retain(|code| *code != Code::I212);
        assert_eq!(found, [Code::I207], "{unseen:?}");
    }
}

#[test]
fn a_long_id_is_not_unsafe_besides() {
    let id = "a.".repeat(40);
    only(Code::S107, &format!("id: {id}\ntitle: x\ntype: text\n"));
    only(Code::S107, &format!("slug: {id}\nname: x\n"));
}

#[test]
fn the_most_specific_that_is_wrong_with_a_path_is_said() {
    let tree = Tree::of(
        &[
            ("x/pool.yaml".into(), "slug: x\nname: x\n".into()),
            ("x/y/exercise.yaml".into(), String::new()),
            ("x/y/tests/in.txt".into(), "x".into()),
        ]
        .into(),
    );
    let link = |to: &str, from: &str| {
        std::os::unix::fs::symlink(to, tree.join(from)).unwrap();
    };
    link("/etc", "x/y/link");
    link(tree.join("x/y/tests/in.txt").to_str().unwrap(), "x/y/l3");
    link("l3", "x/y/l2");
    link("tests/in.txt", "x/y/l1");
    tree.write("x/y/1:in.txt", b"x");
    let long = "a/".repeat(2100) + "b";
    for (path, code) in [
        ("../TESTS/in.txt", Code::F302),
        ("/etc", Code::F302),
        (&*long, Code::F302),
        ("tests/in.txt/", Code::F301),
        ("l2", Code::F303),
        ("l3", Code::F303),
        ("link", Code::F303),
        ("link/nothing", Code::F303),
        ("tests", Code::F307),
        ("Tests/in.txt", Code::F304),
        ("tests/on.txt", Code::F301),
        ("tests/in.txt/x", Code::F301),
    ] {
        let text = format!("{CODE}tests: [{{name: a, run: b, input: {path}}}]\n");
        tree.write("x/y/exercise.yaml", text.as_bytes());
        let report = judge(tree.path(), tree.path(), &Settings::default());
        let found: Vec<_> = report.diagnostics.iter().map(|d| d.code).collect();
        assert_eq!(found, [code], "{path}");
    }
    for path in ["l1", "1:in.txt"] {
        let text = format!("{CODE}tests: [{{name: a, run: b, input: '{path}'}}]\n");
        tree.write("x/y/exercise.yaml", text.as_bytes());
        let report = judge(tree.path(), tree.path(), &Settings::default());
        assert_eq!(report.diagnostics, [], "{path}");
    }
}

#[test]
fn a_dangerous_program_in_a_shell_line_is_said_once() {
    for run in [
        "sudo x; y",
        "a; sudo x",
        "x && curl y",
        "rm -rf /; y",
        "! curl x",
        "if true; then curl x; fi",
        "while ! curl x; do wget y; done",
        "{ curl x; }",
        "env -u FOO curl x",
        "env A=b curl x",
        "timeout -s KILL 5 curl x",
        "timeout --signal KILL -k 1 5 curl x",
        "sh -c 'sudo x'",
        "/bin/bash -ec 'a; sudo x'",
        r#"sh -c 'bash -c \"sudo x\"'"#,
        "eval 'sudo x'",
        "xargs -n 1 sh -c 'curl x'",
        "rm -rf /../",
        "rm -rf /tmp/..",
        "rm -rf /*",
    ] {
        let code = CODE.replace("language: c", "language: none");
        let text = format!("{code}tests: [{{name: a, run: \"{run}\", timeout: 1}}]\n");
        assert_eq!(codes(&text, &all()), [Code::B407], "{run}");
    }
}

#[test]
fn a_misspelt_placeholder_is_not_missing_besides() {
    let tests = "tests: [{name: a, run: './{output}'}]\n";
    let build = |command: &str| format!("{CODE}build: {{command: '{command}'}}\n{tests}");
    only(Code::B401, &build("gcc {submision} -o {output}"));
    only(Code::B401, &build("gcc {submission} -o {outptu}"));
    only(Code::B401, &build("gcc {submission -o {output}"));
    only(Code::B402, &build("gcc x.c -o {output}"));
}

#[test]
fn points_for_what_is_reported_missing_are_not_reported_besides() {
    let scoring = "scoring: {compilation: 50, per_test: 50}\n";
    let runs = "tests: [{name: a, run: './{output}'}, {name: b, run: './{output} x'}]\n";
    only(Code::B403, &format!("{CODE}{runs}{scoring}"));
    let build = "build: {command: 'gcc {submission}'}\n";
    only(Code::T501, &format!("{CODE}{build}{scoring}"));
    only(Code::T501, &format!("{CODE}{build}tests: []\n{scoring}"));
}

#[test]
fn a_pool_without_slug_is_said_in_one_way() {
    let pool = |text: &str| {
        let tree = Tree::of(&[("x/pool.yaml".into(), text.into())].into());
        let report = judge(tree.path(), tree.path(), &Settings::default());
        let codes = report.diagnostics.iter().map(|d| d.code);
        codes.collect::<Vec<_>>()
    };
    for text in [
        "id: x\nname: x\n",
        "name: x\n",
        "slug:\nname: x\n",
        "slgu: x\nname: x\n",
        "slug: x\nid: x\nname: x\n",
    ] {
        assert_eq!(pool(text), [Code::I207], "{text}");
    }
}

#[test]
fn what_yaml_says_of_a_value_is_not_said_again_by_its_key() {
    for value in ["*nothing", "!tag 5", "!tag x"] {
        let code = if value.starts_with('*') {
            Code::Y011
        } else {
            Code::Y013
        };
        for text in [
            format!("{TEXT}scoring: {{compilation: {value}}}\n"),
            format!("{TEXT}validation: {{check_valgrind: {value}}}\n"),
            format!("{TEXT}difficulty: {value}\n"),
            format!("{TEXT}build: {value}\n"),
            format!("{TEXT}tags: {value}\n"),
            format!("{TEXT}tags: [{value}]\n"),
            format!("{TEXT}tests: [{value}]\n"),
            format!("{TEXT}answer: {value}\n"),
            format!("id: {value}\ntitle: x\ntype: text\n"),
            format!("id: x\ntitle: x\ntype: {value}\n"),
        ] {
            only(code, &text);
        }
    }
}

#[test]
fn what_an_anchor_repeats_is_reported_once() {
    let merged = "tests:\n  - &a {name: a, run: './{outptu}', timeout: 1}\n  - {<<: *a, name: b}\n";
    only(Code::B401, &format!("{CODE}{merged}"));
    let unknown = "tests:\n  - &a {name: a, run: x, tiemout: 1}\n  - {<<: *a, name: b}\n";
    only(Code::S101, &format!("{CODE}{unknown}"));
}

#[test]
fn two_faults_are_two_diagnostics() {
    let text = "id: a.b\ntitle: ''\ntype: mcq\nscoring: {compilation: 010, per_test: -1}\n";
    let found = found(text, &Settings::default());
    assert_eq!(found.len(), 5, "{found:#?}");
}

#[test]
fn a_name_among_arguments_is_no_dangerous_program() {
    for run in [
        "echo curl",
        "grep -c 'sudo x' y",
        "env -u curl x",
        "sh -c 'echo sudo'",
        "rm -rf /tmp/x",
        "rm -rf ./..x",
    ] {
        let text = format!("{CODE}tests: [{{name: a, run: \"{run}\", timeout: 1}}]\n");
        assert!(!codes(&text, &all()).contains(&Code::B407), "{run}");
    }
}

#[test]
fn points_are_not_judged_while_a_stage_is_being_written() {
    let scoring = "scoring: {compilation: 1, per_test: 1, valgrind_clean: 1}\n";
    let runs = "tests: [{name: a, run: './{output}'}]\n";
    only(Code::B403, &format!("{CODE}{runs}{scoring}"));
    only(Code::T501, &format!("{CODE}{scoring}"));
}

#[test]
fn an_empty_answer_is_none() {
    let input = "id: a\ntitle: x\ntype: input\nanswer: []\n";
    only(Code::T501, input);
    only(Code::T501, &format!("{input}scoring: {{per_test: 1}}\n"));
    only(
        Code::C703,
        &format!("{TEXT}answer: []\nscoring: {{per_test: 1}}\n"),
    );
}

#[test]
fn a_merge_of_no_mapping_is_reported_once() {
    for value in ["5", "", "~", "x", "[1, {}]", "[{}, x]", "[[]]"] {
        only(Code::S103, &format!("{TEXT}<<: {value}\n"));
    }
    only(Code::Y011, &format!("{TEXT}<<: *nothing\n"));
    only(Code::Y013, &format!("{TEXT}<<: !x 5\n"));
    for value in ["{}", "[]", "[{}, {}]"] {
        let found = codes(&format!("{TEXT}<<: {value}\n"), &Settings::default());
        assert_eq!(found, [], "{value}");
    }
}

#[test]
fn a_tag_that_its_value_contradicts_is_reported_once() {
    for (line, code) in [
        ("description: !!seq A", Code::S103),
        ("description: !!null A", Code::S103),
        ("description: !!int A", Code::S103),
        ("description: !!bool A", Code::S103),
        ("tags: !!map [a]", Code::S103),
        ("tags: !!str [a]", Code::S103),
        ("tags: [!!map a]", Code::S103),
        ("scoring: !!seq {per_test: 0}", Code::S103),
        ("scoring: {compilation: !!float 0}", Code::S103),
        ("scoring: {compilation: !!int \"010\"}", Code::Y016),
        ("scoring: {compilation: !!int 010}", Code::Y016),
    ] {
        only(code, &format!("{TEXT}{line}\n"));
    }
    for line in [
        "description: !!str 5",
        "tags: !!seq [a]",
        "scoring: !!map {per_test: !!int 0}",
        "validation: {check_valgrind: !!bool false}",
    ] {
        let found = codes(&format!("{TEXT}{line}\n"), &Settings::default());
        assert_eq!(found, [], "{line}");
    }
}

#[test]
fn a_line_break_of_other_readers_is_refused_once() {
    for raw in ["\u{85}", "\u{2028}", "\u{2029}"] {
        only(
            Code::Y001,
            &format!("{TEXT}description: \"a{raw}b{raw}c\"\n"),
        );
        only(Code::Y001, &format!("{TEXT}# a{raw}b\n"));
    }
    let escaped = format!("{TEXT}description: \"a\\u2028\\u0085\\u2029b\"\n");
    assert_eq!(codes(&escaped, &Settings::default()), []);
}

#[test]
fn a_language_in_capitals_is_named_as_it_is_known() {
    let text = "id: a\ntitle: x\ntype: text\nlanguage: C\nvalidation: {check_valgrind: true}\n";
    let report = mithril::lint::check_text("x.yaml", text, &Settings::default());
    let helps: Vec<_> = report
        .diagnostics
        .iter()
        .map(|d| d.help.as_deref())
        .collect();
    assert_eq!(helps, [Some("write `language: c`")]);
}
