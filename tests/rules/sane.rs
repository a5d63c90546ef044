//! What is sound must not be reported: each of these was written by somebody who meant it.

use mithril::lint::Settings;

use crate::support::{all, found};

/// Commands that a grader runs as they are.
const COMMANDS: &[&str] = &[
    "./{output}",
    "grep -E 'a{2,3}|b' {submission}",
    r"grep -Ef {submission} --include='*.{c,h}'",
    "awk '{print $1}' {submission}",
    "awk 'BEGIN { n = 0 } { n += NF; m++ } END { print n, m }' {submission}",
    "printf 3 | ./{output}",
    "printf '%s\\n' 1 2 3 | ./{output} | sort -n",
    "sed -e 's/a;b/c && d/' {submission}",
    "sed 's/{}/{A}{1}/; s/$(x)/`y`/' {submission} | cat",
    "echo \"a; b && c\" | python3 {submission}",
    "find . -name '*.c' -exec grep main {} +",
    "echo sudo make me a sandwich | ./{output}",
    "cat curl.txt docker.log | ./{output}",
    "rm -rf ./build",
    "./{output} rm -rf /",
    "python3 {submission} é 😀 \u{a0}",
    "java -cp . Main --format={json,xml}",
    "jq '.a[] | {name, value: .b}' {submission}",
    "bash -c 'echo ${HOME} $1' {submission}",
    "./{output} || ./{output} --again",
];

#[test]
fn commands_are_left_alone() {
    for command in COMMANDS {
        let quoted = command.replace('\'', "''");
        for command in [
            format!("'{quoted}'"),
            format!(">-\n      {command}"),
            format!("|-\n      {command}"),
        ] {
            let text = format!(
                "id: a\ntitle: b\ntype: code\nlanguage: c\nbuild:\n  command: gcc {{submission}} -o {{output}}\n  timeout: 5\ntests:\n  - name: c\n    run: {command}\n    timeout: 5\n"
            );
            assert_eq!(found(&text, &all()), [""; 0], "{text}");
        }
    }
}

/// Whole files, for `validate` and for `lint`.
const SOUND: &[&str] = &[
    // Words that only some readers take for truth values, numbers or nothing: in quotes they are texts.
    "id: \"007\"\ntitle: \"yes\"\ntype: text\ntags: ['no', \"on\", '~', 'null', \"1.10\"]\n",
    "id: a\ntitle: \"null\"\ntype: text\nanswer: \"3\"\n",
    // French, with its no-break spaces.
    "id: accents\ntitle: \"L’été à la plage\u{a0}: bilan\u{202f}!\"\ntype: text\ndescription: |\n  Écrivez «\u{a0}bonjour\u{a0}»\u{202f}; c’est tout\u{202f}: rien d’autre.\n",
    // Markdown with hard line breaks, code in tabs, and what looks like YAML.
    "id: markdown\ntitle: Markdown\ntype: text\ndescription: |\n  # Title  \n  A line with a break  \n  and `a: b`, *stars*, &amp; {braces}.\n\n  ```make\n  all:\n  \tgcc -o x x.c\n  ```\n\n      key: - [value\n\n  ---\n  end\n",
    "id: folded\ntitle: >-\n  Two lines\n  as one\ntype: text\ndescription: >\n  A paragraph\n  of two lines.\n\n  \tAn indented one.\n",
    // Flow and block, quoted keys, comments, document marks.
    "---\n{\"id\": a, 'title': \"b\", type: text, tags: [\n  x, # a comment\n  z,\n]}\n...\n",
    "%YAML 1.2\n---\nid: a\ntitle: b\ntype: text\n",
    "# first\nid: a # the id\n\n\n# second\ntitle: b#c\ntype: text   \n# last",
    "id: a\ntitle: http://example.org:80/a#b\ntype: text\n",
    "id: a\ntitle: \"a \\\n  b\\u00e9\\x41 \\\"c\\\" \\\\ \\/\"\ntype: text\n",
    "id: a\ntitle: 'it''s: a \"title\" # here'\ntype: text\n",
    "? id\n: a\n? title\n: b\n? type\n: text\n",
    "id: !!str a\ntitle: !!str 12\ntype: ! text\ntags: !!seq [a]\n",
    "\u{feff}id: a\r\ntitle: b\r\ntype: text\r\n",
    "id: a\rtitle: b\rtype: text\r",
    "id:\ta\ntitle: \tb\t\ntype: text\t# tab\n\t\n  \t  \ntags: [a,\tb]\n",
    // Numbers that every reader takes for the same.
    "id: a\ntitle: b\ntype: code\nlanguage: none\ntests: [{name: c, run: d, timeout: 60}]\nscoring: {compilation: 0, per_test: 1000, valgrind_clean: 0}\n",
    // Kinds.
    "id: a\ntitle: b\ntype: qcm\nchoices: [\"1\", \"01\", yes and no, \"a: b\"]\nanswer: \"01\"\nscoring: {per_test: 100}\n",
    "id: a\ntitle: b\ntype: qcm\nchoices:\n- x\n- z\nanswer:\n- x\n- z\n",
    "id: a\ntitle: b\ntype: input\nanswer: [colour, color]\n",
    "id: a\ntitle: b\ntype: text\n",
    "slug: a\nname: b\nexercises: []\n",
];

#[test]
fn sound_files_are_left_alone() {
    for text in SOUND {
        assert_eq!(found(text, &all()), [""; 0], "{text}");
    }
}

#[test]
fn anchors_and_merge_keys_are_left_alone() {
    let text = "id: a\ntitle: &title Hello\ntype: code\nlanguage: c\nbuild: {command: 'gcc {submission} -o {output}', timeout: &limit 5}\ntests:\n  - &test\n    name: first\n    run: ./{output}\n    timeout: *limit\n  - <<: *test\n    name: second\n  - <<: [*test, *test]\n    name: third\n    timeout: 6\ndescription: *title\n";
    assert_eq!(found(text, &Settings::default()), [""; 0]);
    assert_eq!(found(text, &all()), [""; 0]);
}
