//! A clean text, broken in one way: the rule fires once, nothing else does, and the place is right
//! to the character, whatever stands before it and however lines end.
//!
//! A text marks the place with `§`. `¤` stands in double quotes and is filled with text that takes
//! more bytes than characters, with tabs, and with escapes.

use mithril::diagnostics::{Applicability, Code};
use mithril::lint::{Settings, check_text};

use crate::positions_tree;
use crate::support::{found, lines, marked, only};

const FILLINGS: [&str; 5] = ["", "é😀", "\t", "ñ\t👩‍🚀\t", r#"\u00e9 \" \\"#];

/// An exercise as it is usually written.
pub(crate) const BLOCK: &str = r#"id: hello
title: "Hello¤!"
type: code
language: c
build:
  command: "gcc '¤' {submission} -o {output}"
  timeout: 10
tests:
  - {name: "first ¤ test", run: "./{output}", timeout: 6}
  - {name: "second ¤ test", run: "./{output} '¤' b", timeout: 7}
validation: {allowed_functions: ["w¤rite", malloc], forbidden_functions: ["p¤rintf", free], check_valgrind: true}
scoring: {compilation: 40, per_test: 20, valgrind_clean: 20}
tags: ["t¤ag", beginner]
difficulty: easy
"#;

/// The same on one line.
pub(crate) const FLOW: &str = r#"{tags: ["t¤ag", beginner], id: hello, title: "Hello¤!", type: code, language: c, build: {command: "gcc '¤' {submission} -o {output}", timeout: 10}, tests: [{name: "first ¤ test", run: "./{output}", timeout: 6}, {name: "second ¤ test", run: "./{output} '¤' b", timeout: 7}], validation: {allowed_functions: ["w¤rite", malloc], forbidden_functions: ["p¤rintf", free], check_valgrind: true}, scoring: {compilation: 40, per_test: 20, valgrind_clean: 20}, difficulty: easy}
"#;

/// Edits that break both.
const EDITS: &[(Code, &[(&str, &str)])] = &[
    (Code::Y006, &[("timeout: 7}", "timeout: 7, §timeout: 8}")]),
    (
        Code::Y006,
        &[("timeout: 7}", "timeout: 7, §\"timeout\": 8}")],
    ),
    (
        Code::Y010,
        &[("tags: [\"t¤ag\", ", "tags: &t [\"t¤ag\", §*t, ")],
    ),
    (Code::Y011, &[("id: hello", "id: §*nothing")]),
    (Code::Y011, &[("timeout: 10", "timeout: §*nothing")]),
    (Code::Y011, &[("¤ag\", beginner", "¤ag\", §*nothing")]),
    (
        Code::Y011,
        &[("check_valgrind: true", "check_valgrind: §*nothing")],
    ),
    (Code::Y011, &[("timeout: 7}", "timeout: 7, <<: §*nothing}")]),
    (Code::Y013, &[("language: c", "language: §!local c")]),
    (Code::Y013, &[("timeout: 10", "timeout: §!seconds 10")]),
    (Code::Y013, &[("timeout: 10", "timeout: §!!timestamp 10")]),
    (
        Code::Y013,
        &[("check_valgrind: true", "check_valgrind: §!b true")],
    ),
    (Code::Y013, &[("tags: [", "tags: §!!set [")]),
    (Code::Y013, &[("id: hello", "id: §!<tag:x,2000:y> hello")]),
    (
        Code::Y014,
        &[("check_valgrind: true", "check_valgrind: §yes")],
    ),
    (
        Code::Y014,
        &[("check_valgrind: true", "check_valgrind: §OFF")],
    ),
    (Code::Y015, &[("id: hello", "id: §~")]),
    (Code::Y015, &[("id: hello", "id: §null")]),
    (Code::Y015, &[("id: hello", "§id:")]),
    (
        Code::Y015,
        &[("run: \"./{output}\", timeout: 6", "run: §Null, timeout: 6")],
    ),
    (Code::Y015, &[("¤ag\", beginner", "¤ag\", §~")]),
    (Code::Y016, &[("timeout: 10", "timeout: §010")]),
    (Code::Y016, &[("timeout: 10", "timeout: §0o10")]),
    (Code::Y016, &[("timeout: 10", "timeout: §0b11")]),
    (Code::Y016, &[("timeout: 10", "timeout: §0x1E")]),
    (Code::Y016, &[("timeout: 10", "timeout: §1_0")]),
    (Code::Y016, &[("timeout: 10", "timeout: §1e1")]),
    (Code::Y016, &[("timeout: 10", "timeout: §1:30")]),
    (Code::Y016, &[("timeout: 10", "timeout: §.inf")]),
    (Code::Y016, &[("timeout: 10", "timeout: §-.inf")]),
    (Code::Y016, &[("timeout: 10", "timeout: §.nan")]),
    (Code::Y017, &[("timeout: 10", "timeout: §2.5")]),
    (Code::Y017, &[("per_test: 20", "per_test: §20.0")]),
    (Code::Y018, &[("timeout: 10", "timeout: §\"10\"")]),
    (Code::Y018, &[("timeout: 10", "timeout: §'10'")]),
    (Code::Y018, &[("timeout: 10", "timeout: §10s")]),
    (Code::Y018, &[("timeout: 10", "timeout: §10 sec")]),
    (Code::Y018, &[("timeout: 10", "timeout: !!str §10")]),
    (
        Code::Y020,
        &[("¤ag\", beginner", "¤ag\", [[[[[[[[[[[[[[§[a]]]]]]]]]]]]]]]")],
    ),
    (Code::S101, &[("timeout: 7", "§tiemout: 7")]),
    (Code::S101, &[("difficulty: easy", "§dificulty: easy")]),
    (Code::S101, &[("per_test: 20", "§\"per¤test\": 20")]),
    (
        Code::S102,
        &[(
            "{name: \"second ¤ test\", run: \"./{output} '¤' b\", ",
            "{§name: \"second ¤ test\", ",
        )],
    ),
    (Code::S102, &[("{name: \"second ¤ test\", ", "{§")]),
    (
        Code::S103,
        &[("tags: [\"t¤ag\", beginner]", "tags: §beginner")],
    ),
    (Code::S103, &[("¤ag\", beginner", "¤ag\", §[beginner]")]),
    (Code::S103, &[("id: hello", "id: §[hello]")]),
    (Code::S103, &[("id: hello", "id: §{a: hello}")]),
    (Code::S103, &[("timeout: 10", "timeout: §[10]")]),
    (Code::S103, &[("timeout: 10", "timeout: §soon")]),
    (Code::S103, &[("timeout: 10", "timeout: §true")]),
    (
        Code::S103,
        &[("check_valgrind: true", "check_valgrind: §maybe")],
    ),
    (
        Code::S103,
        &[("check_valgrind: true", "check_valgrind: §\"true\"")],
    ),
    (
        Code::S103,
        &[("check_valgrind: true", "check_valgrind: §1")],
    ),
    (
        Code::S103,
        &[(
            "{compilation: 40, per_test: 20, valgrind_clean: 20}",
            "§\"¤100\"",
        )],
    ),
    (Code::S104, &[("type: code", "type: §program")]),
    (Code::S104, &[("type: code", "type: §\"co¤des\"")]),
    (Code::S104, &[("difficulty: easy", "difficulty: §simple")]),
    (Code::S105, &[("id: hello", "id: §\"\"")]),
    (Code::S105, &[("language: c", "language: §' '")]),
    (Code::S105, &[("¤ag\", beginner", "¤ag\", §\" \"")]),
    (
        Code::S107,
        &[(
            "id: hello",
            "id: §a2345678901234567890123456789012345678901234567890123456789012345",
        )],
    ),
    (Code::I201, &[("id: hello", "id: §he.llo")]),
    (Code::I201, &[("id: hello", "id: §\"he llo¤\"")]),
    (Code::I201, &[("id: hello", "id: §-hello")]),
    (Code::I201, &[("id: hello", "id: §héllo")]),
    (Code::I206, &[("id: hello", "id: §connect")]),
    (Code::B401, &[("'¤' {submission}", "'¤' §{submision}")]),
    (Code::B401, &[("'¤' b", "'¤' §{outptu} b")]),
    (Code::B401, &[("'¤' b", "'¤' '§{print}' b")]),
    (Code::B401, &[("'¤' b", "'¤' §{submission b")]),
    (
        Code::B401,
        &[("\"./{output} '¤' b\"", "'./{output} ''it''s'' §{outptu} b'")],
    ),
    (
        Code::B402,
        &[(
            "\"gcc '¤' {submission} -o {output}\"",
            "§\"gcc '¤' main.c -o {output}\"",
        )],
    ),
    (
        Code::B402,
        &[(
            "\"gcc '¤' {submission} -o {output}\"",
            "§\"gcc '¤' {submission} -o a.out\"",
        )],
    ),
    (Code::B405, &[("'¤' b", "'¤' $(cat §{submission})")]),
    (Code::B405, &[("'¤' b", "'¤' `cat §{submission}`")]),
    (
        Code::B405,
        &[("'¤' b", "'¤' \\\"$(cat '§{submission}')\\\"")],
    ),
    (Code::B407, &[("'¤' b", "'¤' b | §sudo tee x")]),
    (
        Code::B407,
        &[("'¤' b", "'¤' b | A=1 env -i §/usr/bin/curl x")],
    ),
    (Code::B407, &[("'¤' b", "'¤' b; §rm -r -f /")]),
    (Code::B407, &[("'¤' b", "'¤' $(§wget x)")]),
    (Code::T502, &[("\"second ¤ test\"", "§\" FIRST ¤ test \"")]),
    (Code::T504, &[("timeout: 10", "timeout: §0")]),
    (Code::T504, &[("timeout: 7", "timeout: §-7")]),
    (Code::T504, &[("timeout: 7", "timeout: §61")]),
    (
        Code::T504,
        &[("timeout: 7", "timeout: §99999999999999999999")],
    ),
    (Code::V601, &[("rintf\", free", "rintf\", §malloc")]),
    (Code::V601, &[("rintf\", free", "rintf\", §\"w¤rite\"")]),
    (
        Code::V603,
        &[
            ("language: c", "language: python"),
            ("check_valgrind: true", "check_valgrind: §true"),
        ],
    ),
    (Code::C701, &[("compilation: 40", "compilation: §-1")]),
    (
        Code::C701,
        &[("valgrind_clean: 20", "valgrind_clean: §1001")],
    ),
    (
        Code::C703,
        &[
            ("check_valgrind: true", "check_valgrind: false"),
            ("valgrind_clean: 20", "valgrind_clean: §20"),
        ],
    ),
];

/// Edits that break both in a way that is no error. They are judged by their rule alone.
const ADVICE: &[(Code, &[(&str, &str)])] = &[
    (
        Code::Y011,
        &[("tags: [\"t¤ag\"", "tags: §&unused [\"t¤ag\"")],
    ),
    (
        Code::Y012,
        &[
            ("{name: \"first ¤ test\"", "&t {name: \"first ¤ test\""),
            ("b\", timeout: 7}", "b\", §<<: *t}"),
        ],
    ),
    (Code::Y014, &[("beginner]", "§no]")]),
    (Code::Y015, &[("difficulty: easy", "§difficulty:")]),
    (Code::Y019, &[("beginner]", "§1.10]")]),
    (Code::Y019, &[("beginner]", "§2024-01-31]")]),
    (Code::Y019, &[("beginner]", "§true]")]),
    (Code::Y021, &[("'¤' b\"", "'¤'§\u{a0}b\"")]),
    (Code::Y021, &[("'¤' b\"", "'¤'§\u{200b}b\"")]),
    (Code::Y021, &[("beginner]", "\"é§\u{202e}a\"]")]),
    (Code::S105, &[("\"t¤ag\"", "§\"t¤ag \"")]),
    (Code::S105, &[("\"t¤ag\"", "§\"  t¤ag\"")]),
    (
        Code::S106,
        &[
            ("language: c", "language: python"),
            ("check_valgrind: true", "check_valgrind: false"),
            ("allowed_functions", "§allowed_functions"),
        ],
    ),
    (Code::B405, &[("'¤' b\"", "'¤' b§; cat\"")]),
    (Code::B406, &[("'¤' b\"", "'¤' b | §sort\"")]),
    (Code::B406, &[("'¤' b\"", "'¤' b | A=1 §perl x\"")]),
    (Code::B408, &[("\"gcc '¤'", "\"§python3 '¤'")]),
    (Code::B410, &[("\"gcc '¤'", "\"§gcc '¤'")]),
    (
        Code::B410,
        &[("\"gcc '¤'", "\"FOO=1 §gcc -Wall -Werror '¤'")],
    ),
    (Code::T503, &[("\"./{output} '¤' b\"", "§\"./{output}\"")]),
    (
        Code::T504,
        &[
            ("{name: \"second", "{§name: \"second"),
            (", timeout: 7}", "}"),
        ],
    ),
    (
        Code::T505,
        &[
            ("timeout: 10", "timeout: 60"),
            ("timeout: 6}", "timeout: 54}"),
            ("tests:", "§tests:"),
        ],
    ),
    (Code::T506, &[("\"./{output} '¤' b\"", "§\"cat '¤' b\"")]),
    (
        Code::V605,
        &[("forbidden_functions", "§forbidden_functions")],
    ),
    (
        Code::C702,
        &[("scoring:", "§scoring:"), ("per_test: 20", "per_test: 30")],
    ),
];

/// The same of other texts.
const ADVICE_TEXTS: &[(Code, &str)] = &[
    (Code::Y011, "id: a\ntitle: \"¤\"\ntags: §&a\n  - b\n"),
    (Code::Y011, "id: a\ntags: [\"¤\", §&a b]\n"),
    (
        Code::Y012,
        "id: a\nbuild: &b {timeout: 5}\ntests:\n  - §<<: *b\n    name: \"¤\"\n    run: cat\n",
    ),
    (
        Code::Y012,
        "id: a\nbuild: &b\n  timeout: 5\n  command: \"¤\"\ntests:\n  - name: \"¤\"\n    run: cat\n    §<<: [*b, {timeout: 6}]\n",
    ),
    (Code::Y019, "id: \"a¤\"\ntitle: §12:30\n"),
    (Code::Y022, "id: a\ntitle: \"é😀¤\"§  \ntype: text\n"),
    (Code::Y022, "id: a\ntitle: \"¤\" # é§\t \n"),
    (Code::Y022, "{id: a, title: \"¤\"}§"),
    (
        Code::Y022,
        "description: |\n  a  \n\n    \nid: \"¤\"§ \ntitle: |  # c\n   b  \n   \n",
    ),
    (Code::S105, "{title: \"x¤x\", id: a, tags: [§' b']}\n"),
    (
        Code::S106,
        "{title: \"¤\", id: a, type: qcm, §build: {command: x, timeout: 5}}\n",
    ),
    (
        Code::S106,
        "{title: \"¤\", id: a, type: text, §validation: {check_valgrind: false}}\n",
    ),
    (
        Code::B404,
        "{title: \"¤\", id: a, type: code, language: §rust, tests: [{name: b, run: cat, timeout: 5}]}\n",
    ),
    (
        Code::B406,
        "id: a\ntests:\n  - name: a\n    run: >-\n      cat é😀\n      | §sort\n",
    ),
    (
        Code::T507,
        "{id: a, tests: [{name: \"¤\", run: cat, input: x, expected_output: §x}]}\n",
    ),
    (
        Code::V602,
        "{id: a, title: \"¤\", validation: {allowed_functions: [a, b, §a]}}\n",
    ),
    (
        Code::V602,
        "id: a\nvalidation:\n  forbidden_functions:\n    - a # é\n    - §\"a\" # 😀\n    - b\n",
    ),
    (
        Code::V602,
        "{id: a, title: \"¤\", validation: {allowed_functions: [a, §printf ( )]}}\n",
    ),
    (
        Code::V602,
        "{id: a, title: \"¤\", validation: {allowed_functions: [a, §\"print f\"]}}\n",
    ),
    (
        Code::V605,
        "id: a\nvalidation:\n  allowed_functions: [a]\n  §forbidden_functions:\n    # é\n    - b # 😀\n    - c\n",
    ),
    (
        Code::M902,
        "id: a\ntitle: \"¤\" # mithril: ignore[§Y999] x\n",
    ),
    (Code::M902, "id: a\ntitle: \"¤\" §# mithril: ignore x\n"),
];

/// Texts of other kinds, or whose break does not fit both.
pub(crate) const TEXTS: &[(Code, &str)] = &[
    (
        Code::S105,
        "id: a\ntitle: x\ntype: text\ndescription: §|\n\n\ntags: [b]\n",
    ),
    (
        Code::S105,
        "id: a\ntitle: x\ntype: text\ndescription: §>- # é | é\n  \n",
    ),
    (
        Code::Y018,
        "id: a\ntitle: x\ntype: text\nscoring:\n  compilation: |\n    §5\n",
    ),
    (
        Code::Y001,
        "id: hello\ntitle: {a\ntype: text\nlanguage§: c\n",
    ),
    (Code::Y001, "id hello\n§title: x\n"),
    (
        Code::Y001,
        "id: \"a¤\"\ntests:\n  - name: a\n    run: §{submission} x\n    timeout: 1\n",
    ),
    (Code::Y001, "id: hello\ntitle: §[a] b # c\n"),
    (Code::Y001, "id: hello\ntitle: §{output} | cat \"a¤\"\n"),
    (Code::Y001, "id: hello\ntags:\n  - §{x} y\n"),
    (
        Code::Y001,
        "id: hello\ntitle: \"a¤§\u{2028}b\"\ntype: text\n",
    ),
    (
        Code::S103,
        "id: a\ntitle: \"¤x\"\ntype: text\n<<: [{}, §5]\n",
    ),
    (
        Code::S103,
        "{id: a, title: \"¤x\", type: text, tags: !!map §[a]}\n",
    ),
    (Code::Y005, "id: hello\ntests:\n  -§\t- \"¤x\"\n"),
    (Code::Y005, "id: hello\ntests\n\n§\t- name: x\n"),
    (Code::Y013, "{title: \"¤x\", id: §!e!x a, type: text}\n"),
    (
        Code::Y001,
        "id: hello\ntitle: Say h😀llo§: the classic\ntype: text\n",
    ),
    (Code::Y001, "id: hello\ntitle: Say h😀llo§:\ntype: text\n"),
    (Code::Y001, "id: hello\ntitle: §@home\ntype: text\n"),
    (Code::Y001, "id: hello\ntitle: §%TAG\ntype: text\n"),
    (Code::Y001, "id: hello\ntitle: §`ls`\ntype: text\n"),
    (
        Code::Y001,
        "id: hello\ntags: [\"t¤ag\", §`b`]\ntype: text\n",
    ),
    (
        Code::Y001,
        "{id: hello, title: \"¤x\", tags: [\"a¤\", §@b]}\n",
    ),
    (Code::Y001, "id: hello\ntitle: \"a¤b §\\q\"\ntype: text\n"),
    (Code::Y001, "id: hello\ntitle: \"a¤b\" §c\ntype: text\n"),
    (Code::Y001, "id: hello\ntitle: 'é😀' §c\ntype: text\n"),
    (Code::Y001, "{tags: §[\"a¤\", b}\n"),
    (Code::Y001, "id: hello\ntags: §[\"a¤\", b\n"),
    (
        Code::Y001,
        "id: hello\ntitle: §\"a¤ never closed\ntype: text\n",
    ),
    (
        Code::Y001,
        "id: hello\ntitle: §'é😀 never closed\ntype: text\n",
    ),
    (Code::Y001, "id: hello\n§title\ntype: text\n"),
    (Code::Y001, "id: hello\n  §title: x\ntype: text\n"),
    (
        Code::Y001,
        "id: hello\nbuild:\n    command: \"¤x\"\n  §timeout: 3\n",
    ),
    (Code::Y001, "id: hello\ntitle: \"a¤b §\\u00\"\ntype: text\n"),
    (
        Code::Y001,
        "id: hello\ntitle: \"a¤b §\\ud83dx\"\ntype: text\n",
    ),
    (
        Code::Y001,
        "it's: x # \"\nid: \"a¤\"\ntitle: §\"never closed\ntype: text\n",
    ),
    (Code::Y001, "\"id\": \"a¤\"\n\"title\": §'never\n---\n"),
    (Code::Y001, "id: hello\ntags: §- a\n"),
    (Code::Y001, "id: hello\ntags: [\"a¤\", §- b]\n"),
    (Code::Y005, "id: hello\nbuild:\n§\tcommand: \"gcc¤\"\n"),
    (
        Code::Y005,
        "id: hello\nbuild:\n  command: \"gcc¤\"\n  §\ttimeout: 3\n",
    ),
    (Code::Y005, "id: hello\ntests:\n§\t- name: x\n"),
    (
        Code::Y005,
        "id: hello\ntests:\n  -§\tname: \"¤x\"\n    run: x\n",
    ),
    (Code::Y005, "id: hello\ndescription: |\n§\tHello\n"),
    (
        Code::Y005,
        "id: hello\n§\t# a comment\ntitle: x\ntype: text\n",
    ),
    (
        Code::Y007,
        "id: hello\ntitle: \"x¤\"\ntype: text\n§---\nid: other\n",
    ),
    (
        Code::Y007,
        "--- {id: hello, title: \"x¤\", type: text}\n§--- {id: \"¤\"}\n",
    ),
    (
        Code::Y007,
        "id: hello\ntitle: \"x¤\"\ntype: text\n...\n§---\nid: other\n",
    ),
    (Code::Y008, "§"),
    (Code::Y008, "§# \"¤\"\n"),
    (Code::Y008, "§---\n...\n"),
    (Code::Y008, "§~\n"),
    (Code::Y009, "§- id: hello\n"),
    (Code::Y009, "§[\"¤\"]\n"),
    (Code::Y009, "--- §hello\n"),
    (Code::Y009, "# é😀\n§\"¤\"\n"),
    (
        Code::Y010,
        "id: hello\ntitle: x\ntype: text\ntags: &t\n  - \"¤x\"\n  - §*t\n",
    ),
    (
        Code::Y011,
        "{id: a, title: \"¤x\", type: code, language: none, tests: [{name: \"¤a\", run: b}, §*nothing]}\n",
    ),
    (
        Code::Y011,
        "{id: a, title: \"¤x\", type: text, §*nothing : b}\n",
    ),
    (
        Code::Y011,
        "{id: a, title: \"¤x\", type: text, answer: [\"¤a\", §*nothing]}\n",
    ),
    (Code::Y013, "{title: \"¤x\", type: text, §!k id : a}\n"),
    (
        Code::Y013,
        "§!exercise {id: a, title: \"¤x\", type: text}\n",
    ),
    (
        Code::Y013,
        "{id: a, title: \"¤x\", type: code, language: none, tests: [{name: \"¤a\", run: b}, §!t x]}\n",
    ),
    (Code::S102, "§id: hello\ntype: text\n"),
    (Code::S102, "# é😀\n{§\"id\": hello, title: x}\n"),
    (
        Code::S102,
        "tests: [{name: \"a¤\", run: x}, {§run: y}]\nid: a\ntitle: b\ntype: code\nlanguage: none\n",
    ),
    (
        Code::S102,
        "§id: hello\ntitle: \"¤x\"\ntype: code\ntests: [{name: a, run: b}]\n",
    ),
    (
        Code::S102,
        "{id: hello, title: \"¤x\", type: code, language: c, tests: [{name: a, run: b}], build: {§timeout: 4}}\n",
    ),
    (Code::S102, "§slug: hello\ntheme: \"¤x\"\n"),
    (
        Code::S103,
        "{id: a, title: \"¤x\", type: code, language: none, tests: §{name: a, run: b}}\n",
    ),
    (
        Code::S103,
        "{id: a, title: \"¤x\", type: code, language: none, tests: [§\"¤\", {name: a, run: b}]}\n",
    ),
    (
        Code::S103,
        "id: a\ntitle: \"¤x\"\ntype: code\nlanguage: none\ntests:\n  §name: a\n  run: b\n",
    ),
    (
        Code::S103,
        "id: a\ntitle: \"¤x\"\ntype: text\ntags: §{\"a¤\": b, c: d}\n",
    ),
    (Code::S103, "{id: a, title: \"¤x\", type: text, §[b]: c}\n"),
    (
        Code::S103,
        "{id: a, title: \"¤x\", type: text, answer: §{a: b}}\n",
    ),
    (
        Code::S105,
        "id: a\ntitle: \"¤x\"\ntype: text\ndescription: §|\n\n",
    ),
    (Code::I201, "{name: \"¤x\", slug: §a.b}\n"),
    (Code::I206, "{name: \"¤x\", slug: §get}\n"),
    (Code::I207, "{name: \"¤x\", slug: hello, §id: hello}\n"),
    (Code::I207, "{name: \"¤x\", §slug: }\n"),
    (Code::I207, "{name: \"¤x\", §slug: , theme: y}\n"),
    (
        Code::B403,
        "{id: a, title: b, type: code, language: c, tests: [{name: \"¤a\", run: \"¤ §{output}\"}, {name: c, run: \"./{output}\"}]}\n",
    ),
    (
        Code::B403,
        "id: a\ntitle: b\ntype: code\nlanguage: c\ntests:\n  - name: a\n    run: |\n      echo é😀 | ./§{output}\n",
    ),
    (
        Code::B403,
        "id: a\ntitle: b\ntype: code\nlanguage: c\ntests:\n  - name: a\n    run: >-\n      echo\n      é😀 | ./§{output}\n",
    ),
    (
        Code::B403,
        "id: a\ntitle: b\ntype: code\nlanguage: c\ntests:\n  - name: a\n    run: echo\n      é😀 | ./§{output}\n",
    ),
    (
        Code::B403,
        "id: a\ntitle: b\ntype: code\nlanguage: c\ntests:\n  - name: a\n    run: \"echo ¤\n      é😀 | \\\n      ./§{output}\"\n",
    ),
    (
        Code::T501,
        "{title: \"¤x\", id: a, type: §code, language: c}\n",
    ),
    (
        Code::T501,
        "{title: \"¤x\", id: a, type: code, language: c, tests: §[]}\n",
    ),
    (Code::T501, "{title: \"¤x\", id: a, type: §input}\n"),
    (
        Code::C703,
        "{title: \"¤x\", id: a, type: text, scoring: {compilation: §1}}\n",
    ),
    (
        Code::C703,
        "{title: \"¤x\", id: a, type: text, scoring: {per_test: §1}}\n",
    ),
    (Code::Q801, "{title: \"¤x\", id: a, type: §qcm}\n"),
    (
        Code::Q801,
        "{title: \"¤x\", id: a, type: §qcm, choices: [\"a¤\", b]}\n",
    ),
    (
        Code::Q801,
        "{title: \"¤x\", id: a, type: qcm, choices: §[\"a¤\"], answer: \"a¤\"}\n",
    ),
    (
        Code::Q801,
        "{title: \"¤x\", id: a, type: qcm, choices: §[b, b], answer: b}\n",
    ),
    (
        Code::Q801,
        "{title: \"¤x\", id: a, type: qcm, choices: [\"a¤\", b], answer: §B}\n",
    ),
    (
        Code::Q801,
        "{title: \"¤x\", id: a, type: qcm, choices: [\"a¤\", b], answer: [b, §\"x¤\"]}\n",
    ),
    (
        Code::Q801,
        "{title: \"¤x\", id: a, type: qcm, choices: [\"a¤\", b], answer: §[]}\n",
    ),
];

/// Each way to write a text: what fills it, how lines end, a byte order mark, tabs after colons.
fn variants(text: &str) -> Vec<String> {
    let mut variants = Vec::new();
    for filling in FILLINGS {
        for ending in ["\n", "\r\n", "\r"] {
            for mark in ["", "\u{feff}"] {
                for separator in [": ", ":\t", ": \t "] {
                    let text = text.replace('¤', filling).replace(": ", separator);
                    variants.push(format!("{mark}{}", text.replace('\n', ending)));
                }
            }
        }
    }
    variants.sort();
    variants.dedup();
    variants
}

/// What a broken text is judged by: all that is an error, or its rule alone.
#[derive(Clone, Copy)]
enum By {
    Errors,
    Itself,
}

impl By {
    fn settings(self, code: Code) -> Settings {
        match self {
            Self::Errors => Settings::default(),
            Self::Itself => only(code),
        }
    }
}

/// Says what is wrong with a broken text's report, if anything.
fn fault(code: Code, text: &str, by: By) -> Option<String> {
    let (text, expected) = marked(text);
    let report = check_text("x.yaml", &text, &by.settings(code));
    let right = match &report.diagnostics[..] {
        // An empty document has no place, and a byte order mark has no column.
        [only] if code == Code::Y008 => {
            let start = only.span.start;
            only.code == code && (start.line, start.column) == (expected.line, expected.column)
        }
        [only] => only.code == code && only.span.start == expected,
        _ => false,
    };
    let (line, column) = (expected.line, expected.column);
    (!right).then(|| {
        let found = lines(&report.diagnostics);
        format!("{code} expected once at {line}:{column} of {text:?}\n  found {found:#?}\n")
    })
}

/// The first fault of a broken text's variants, and how many more there are.
fn faults(code: Code, text: &str, by: By) -> Option<String> {
    let variants = variants(text);
    let mut faults = variants.iter().filter_map(|text| fault(code, text, by));
    let first = faults.next()?;
    let more = faults.count();
    Some(format!("{first}  and {more} more of {}\n", variants.len()))
}

fn edited(base: &str, edits: &[(&str, &str)]) -> String {
    edits.iter().fold(base.to_owned(), |text, (old, new)| {
        assert_eq!(text.matches(old).count(), 1, "{old:?} in {text}");
        text.replace(old, new)
    })
}

#[test]
fn the_texts_are_clean_before_they_are_broken() {
    for text in [BLOCK, FLOW] {
        for text in variants(text) {
            let found = found(&text, &Settings::default());
            assert!(found.is_empty(), "{text:?}: {found:#?}");
        }
    }
}

#[test]
fn a_broken_exercise_is_reported_once_at_the_place() {
    let faults: String = both(EDITS)
        .filter_map(|(code, text)| faults(code, &text, By::Errors))
        .collect();
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn advice_is_given_once_at_the_place() {
    let texts = ADVICE_TEXTS
        .iter()
        .map(|(code, text)| (*code, (*text).to_owned()));
    let faults: String = both(ADVICE)
        .chain(texts)
        .filter_map(|(code, text)| faults(code, &text, By::Itself))
        .collect();
    assert!(faults.is_empty(), "{faults}");
}

/// The edits of both texts.
fn both(edits: &'static [(Code, &[(&str, &str)])]) -> impl Iterator<Item = (Code, String)> {
    let edits = edits.iter();
    edits.flat_map(|(code, edits)| [BLOCK, FLOW].map(|base| (*code, edited(base, edits))))
}

#[test]
fn other_texts_are_reported_once_at_the_place() {
    let faults: String = TEXTS
        .iter()
        .filter_map(|(code, text)| faults(*code, text, By::Errors))
        .collect();
    assert!(faults.is_empty(), "{faults}");
}

/// The text after the fix of its only problem.
fn mended(text: &str, settings: &Settings) -> Option<(Applicability, String)> {
    let report = check_text("x.yaml", text, settings);
    let fix = report.diagnostics.first()?.fix.as_ref()?;
    let mut mended = text.to_owned();
    for edit in fix.edits.iter().rev() {
        mended.replace_range(edit.span.range(), &edit.content);
    }
    Some((fix.applicability, mended))
}

#[test]
fn a_fix_mends_its_problem() {
    let texts = TEXTS
        .iter()
        .map(|(code, text)| (*code, (*text).to_owned(), By::Errors));
    let advice = ADVICE_TEXTS
        .iter()
        .map(|(code, text)| (*code, (*text).to_owned(), By::Itself));
    let errors = both(EDITS).map(|(code, text)| (code, text, By::Errors));
    let edited = both(ADVICE).map(|(code, text)| (code, text, By::Itself));
    let mut safe = 0;
    let mut unsafe_ = 0;
    for (code, text, by) in errors.chain(edited).chain(texts).chain(advice) {
        let settings = by.settings(code);
        for text in variants(&text.replace('§', "")) {
            let Some((applicability, mended)) = mended(&text, &settings) else {
                continue;
            };
            assert_eq!(code.fix(), Some(applicability), "{code} in {text:?}");
            let found = check_text("x.yaml", &mended, &settings).diagnostics;
            let remains = found.iter().any(|d| d.code == code);
            assert!(
                !remains,
                "{code} in {text:?} became {mended:?}: {:#?}",
                lines(&found)
            );
            match applicability {
                Applicability::Safe => safe += 1,
                Applicability::Unsafe => unsafe_ += 1,
            }
        }
    }
    assert!(safe > 100 && unsafe_ > 100, "{safe} {unsafe_}");
}

/// Rules about a whole file or about bytes; `positions_tree` has a test of its own for each.
const BY_HAND: [Code; 8] = [
    Code::Y002,
    Code::Y003,
    Code::Y004,
    Code::I210,
    Code::F303,
    Code::F308,
    Code::F309,
    Code::M901,
];

/// Rules whose place has nothing before it on its line but indentation or a `-`.
const FIRST_ON_THE_LINE: [Code; 7] = [
    Code::Y005,
    Code::Y007,
    Code::Y008,
    Code::Y009,
    Code::I209,
    Code::F305,
    Code::M903,
];

#[test]
fn no_rule_is_left_out() {
    let texts = TEXTS.iter().chain(ADVICE_TEXTS);
    let texts = texts.map(|(code, text)| (*code, (*text).to_owned()));
    let edited = both(EDITS).chain(both(ADVICE));
    let cases: Vec<_> = edited.chain(texts).chain(positions_tree::cases()).collect();
    for &code in Code::ALL.iter().filter(|code| !BY_HAND.contains(code)) {
        let mut own = cases.iter().filter(|(c, _)| *c == code).peekable();
        assert!(own.peek().is_some(), "{code} has no case");
        let behind = own.any(|(_, text)| {
            let before = text.split('§').next().unwrap();
            before.rsplit('\n').next().unwrap().contains('¤')
        });
        let first = FIRST_ON_THE_LINE.contains(&code);
        assert!(behind != first, "{code} has no case behind other text");
    }
}
