//! What is sound must not be reported: each of these was written by somebody who meant it.

use mithril::diagnostics::Code;
use mithril::lint::Settings;

use crate::support::{Tree, codes, found, judge, lines, standard};

/// Commands that a grader runs as they are.
const COMMANDS: &[&str] = &[
    "./{output}",
    "grep -E 'a{2,3}|b' {submission}",
    r"grep -Ef {submission} --include='*.{c,h}'",
    "awk '{print $1}' {submission}",
    "awk 'BEGIN { n = 0 } { n += NF; m++ } END { print n, m }' {submission}",
    "printf 3 | ./{output}",
    "printf '%s\\n' 1 2 3 | ./{output} | grep -c 1",
    "sed -e 's/a;b/c && d/' {submission}",
    "sed 's/{}/{A}{1}/; s/$(x)/`y`/' {submission} | cat",
    "echo \"a; b && c\" | python3 {submission}",
    "echo sudo make me a sandwich | ./{output}",
    "cat curl.txt docker.log | ./{output}",
    "./{output} rm -rf /",
    "python3 {submission} é 😀",
    "java -cp . Main --format={json,xml}",
    "bash -c 'echo ${HOME} $1' {submission}",
    "LC_ALL=C ./{output}",
    "{submission} --version",
    "./{output} || ./{output} --again",
    "valgrind --error-exitcode=1 ./{output}",
];

/// Commands of programs that a school's graders have besides the usual ones.
const OWN: &[&str] = &[
    "printf '%s\\n' 1 2 3 | ./{output} | sort -n",
    "find . -name '*.c' -exec grep main {} +",
    "rm -rf ./build",
    "jq '.a[] | {name, value: .b}' {submission}",
];

#[test]
fn commands_are_left_alone() {
    let own = Settings {
        programs: ["sort", "find", "rm", "jq"].map(String::from).into(),
        ..standard()
    };
    let usual = COMMANDS.iter().map(|command| (command, standard()));
    let own = OWN.iter().map(|command| (command, own.clone()));
    for (command, settings) in usual.chain(own) {
        let quoted = command.replace('\'', "''");
        let head = if command.contains("{output}") {
            "language: c\nbuild:\n  command: gcc {submission} -o {output}\n  timeout: 5\n"
        } else {
            "language: none\n"
        };
        for command in [
            format!("'{quoted}'"),
            format!(">-\n      {command}"),
            format!("|-\n      {command}"),
        ] {
            let text = format!(
                "id: a\ntitle: b\ntype: code\n{head}tests:\n  - name: c\n    run: {command}\n    timeout: 5\n"
            );
            assert_eq!(found(&text, &settings), [""; 0], "{text}");
        }
    }
}

/// Whole files that every reader takes for the same.
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
    "id: a\ntitle: http://example.org:80/a#b\ntype: text\n",
    "id: a\ntitle: \"a \\\n  b\\u00e9\\x41 \\\"c\\\" \\\\ \\/\"\ntype: text\n",
    "id: a\ntitle: 'it''s: a \"title\" # here'\ntype: text\n",
    "? id\n: a\n? title\n: b\n? type\n: text\n",
    "id: !!str a\ntitle: !!str 12\ntype: ! text\ntags: !!seq [a]\n",
    // Numbers that every reader takes for the same.
    "id: a\ntitle: b\ntype: code\nlanguage: none\ntests: [{name: c, run: cat, timeout: 60}]\nscoring: {compilation: 0, per_test: 100, valgrind_clean: 0}\n",
    // Kinds.
    "id: a\ntitle: b\ntype: qcm\nchoices: [\"1\", \"01\", yes and no, \"a: b\"]\nanswer: \"01\"\nscoring: {per_test: 100}\n",
    "id: a\ntitle: b\ntype: qcm\nchoices:\n- x\n- z\nanswer:\n- x\n- z\n",
    "id: a\ntitle: b\ntype: input\nanswer: [colour, color]\n",
    "id: a\ntitle: b\ntype: text\n",
    "slug: a\nname: b\nexercises: []\n",
];

/// Files that can be loaded, though they could be tidier.
const LOADABLE: &[&str] = &[
    "# first\nid: a # the id\n\n\n# second\ntitle: b#c\ntype: text   \n# last",
    "\u{feff}id: a\r\ntitle: b\r\ntype: text\r\n",
    "id: a\rtitle: b\rtype: text\r",
    "id:\ta\ntitle: \tb\t\ntype: text\t# tab\n\t\n  \t  \ntags: [a,\tb]\n",
];

#[test]
fn sound_files_are_left_alone() {
    for text in SOUND {
        assert_eq!(found(text, &standard()), [""; 0], "{text}");
    }
    for text in LOADABLE {
        assert_eq!(found(text, &Settings::default()), [""; 0], "{text}");
    }
}

#[test]
fn anchors_and_merge_keys_are_left_alone() {
    let text = "id: a\ntitle: &title Hello\ntype: code\nlanguage: c\nbuild: {command: 'gcc {submission} -o {output}', timeout: &limit 5}\ntests:\n  - &test\n    name: first\n    run: ./{output}\n    timeout: *limit\n  - <<: *test\n    name: second\n    run: ./{output} 2\n  - <<: [*test, *test]\n    name: third\n    run: ./{output} 3\n    timeout: 6\ndescription: *title\n";
    assert_eq!(found(text, &Settings::default()), [""; 0]);
    assert_eq!(codes(text, &standard()), [Code::Y012; 2]);
}

const POOL: &str = "slug: c\nname: C\n";

/// An exercise in its tree, whose test is this.
fn tree_of(test: &str, files: &[(&str, &str)]) -> Tree {
    let exercise = format!(
        "id: c-ex00\ntitle: ft_putstr\ntype: code\nlanguage: c\nbuild:\n  command: gcc {{submission}} -o {{output}}\n  timeout: 5\ntests:\n  - name: prints\n    run: ./{{output}}\n    timeout: 5\n{test}description: Write `ft_putstr`.\n"
    );
    let own = [("c/pool.yaml", POOL), ("c/ex00/exercise.yaml", &*exercise)];
    let files = own.iter().chain(files);
    let files = files.map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    Tree::of(&files.collect())
}

#[track_caller]
fn assert_clean(tree: &Tree) {
    let report = judge(tree.path(), tree.path(), &standard());
    assert_eq!(lines(&report.diagnostics), [""; 0]);
}

#[test]
fn a_program_that_prints_nothing_is_left_alone() {
    assert_clean(&tree_of("", &[]));
    let input = ("c/ex00/tests/1_input.txt", "");
    assert_clean(&tree_of("    input: tests/1_input.txt\n", &[input]));
}

#[test]
fn an_output_without_a_last_line_break_is_left_alone() {
    let expected = ("c/ex00/tests/1_expected.txt", "Hello");
    assert_clean(&tree_of(
        "    expected_output: tests/1_expected.txt\n",
        &[expected],
    ));
}

#[test]
fn what_belongs_beside_an_exercise_is_left_alone() {
    let expected = "    expected_output: ./tests/1_expected.txt\n";
    let files = [
        ("c/ex00/tests/1_expected.txt", "Hello\n"),
        ("c/ex00/README.md", "# ft_putstr\n"),
        ("c/ex00/README.fr.md", "# ft_putstr\n"),
        ("c/ex00/statement.pdf", "%PDF"),
        ("c/ex00/Makefile", "all:\n"),
        ("c/ex00/tests/.gitkeep", ""),
        ("c/ex00/.clang-format", ""),
        (
            "c/ex00/solution/deep/solution.c",
            "int main(void) { return (0); }\n",
        ),
        ("c/ex00/starter/ft_putstr.c", ""),
        ("c/ex00/assets/picture.png", "PNG"),
        ("c/ex00/exercise.yaml~", ""),
        ("c/README.md", "# C\n"),
        ("c/notes.txt", "of the pool\n"),
    ];
    assert_clean(&tree_of(expected, &files));
}

#[test]
fn directories_of_one_name_in_every_pool_are_left_alone() {
    let mut files = Vec::new();
    for pool in ["c-00", "c-01", "shell-00"] {
        files.push((
            format!("{pool}/pool.yaml"),
            format!("slug: {pool}\nname: {pool}\n"),
        ));
        for (directory, between) in [("ex00", "-"), ("ex01", "_")] {
            let id = format!("{pool}{between}{directory}");
            let text = format!("id: {id}\ntitle: {id}\ntype: text\ndescription: x\n");
            files.push((format!("{pool}/{directory}/exercise.yaml"), text));
        }
    }
    assert_clean(&Tree::of(&files.into_iter().collect()));
}

#[test]
fn the_sample_is_left_alone() {
    let sample = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("exercises");
    let report = judge(&sample, &sample, &standard());
    assert_eq!(lines(&report.diagnostics), [""; 0]);
    assert!(report.files > 20);
}
