//! What is never an error: where each rule begins, and where it ends.

use mithril::config::{Config, Layers};
use mithril::diagnostics::Code;
use mithril::lint::Settings;

use crate::support::{Tree, codes, found, judge, lines, only, standard};

const POOL: &str = "slug: c\nname: C\n";
const EXERCISE: &str = "id: c-ex00\ntitle: Hello\ntype: code\nlanguage: c\nbuild: {command: 'gcc {submission} tests/main.c -o {output}', timeout: 5}\ntests: [{name: a, run: './{output}', timeout: 5, expected_output: tests/a.txt}]\ndescription: See [the picture](picture.png).\n";

/// A pool with one exercise, and these files.
fn tree(files: &[(&str, &str)]) -> Tree {
    let own = [
        ("c/pool.yaml", POOL),
        ("c/ex00/exercise.yaml", EXERCISE),
        ("c/ex00/tests/a.txt", "a\n"),
        ("c/ex00/tests/main.c", "int main(void);\n"),
        ("c/ex00/picture.png", "PNG"),
    ];
    let files = own.iter().chain(files);
    let files = files.map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    Tree::of(&files.collect())
}

fn messages(tree: &Tree, path: &str, settings: &Settings) -> Vec<String> {
    let report = judge(&tree.join(path), tree.path(), settings);
    let found = report.diagnostics.iter();
    found.map(|d| format!("{} {}", d.code, d.message)).collect()
}

/// What `lint` goes by under this `[lint]`.
fn configured(lint: &str) -> Settings {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("mithril.toml");
    std::fs::write(&file, format!("[lint]\n{lint}\n")).unwrap();
    let layers = Layers {
        file: Some(file),
        ..Layers::default()
    };
    Settings::selected(&Config::load(&layers).unwrap().lint).unwrap()
}

#[test]
fn the_tree_is_clean_before_something_is_added() {
    let tree = tree(&[]);
    for path in ["", "c", "c/ex00", "c/ex00/exercise.yaml"] {
        assert_eq!(messages(&tree, path, &standard()), [""; 0], "{path}");
    }
}

#[test]
fn a_file_that_nothing_names_is_an_orphan() {
    let orphans = |files: &[(&str, &str)], settings: &Settings| {
        let found = messages(&tree(files), "c", settings);
        let names = found
            .iter()
            .map(|line| line.split('`').nth(1).unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    let orphan = only(Code::F305);
    let other = ("c/ex00/tests/b.txt", "b\n");
    assert_eq!(orphans(&[other], &orphan), ["tests/b.txt"]);
    assert_eq!(orphans(&[("c/ex00/notes.txt", "")], &orphan), ["notes.txt"]);
    assert_eq!(
        orphans(&[("c/ex00/tests/deep/er/b.txt", "b\n"), other], &orphan),
        ["tests/b.txt", "tests/deep/er/b.txt"]
    );
    // What git does not keep is not published.
    let rules = ("c/ex00/.gitignore", "*.txt\n");
    assert_eq!(orphans(&[other, rules], &orphan), [""; 0]);
    let rules = ("c/.gitignore", "b.txt\n");
    assert_eq!(orphans(&[other, rules], &orphan), [""; 0]);
    let kept = ("c/ex00/tests/.gitignore", "!b.txt\n");
    assert_eq!(orphans(&[other, rules, kept], &orphan), ["tests/b.txt"]);
    // What the configuration allows.
    for patterns in ["'*.txt'", "'tests/b.txt'", "'b.*', 'x'", "'tests/'"] {
        let settings = configured(&format!("select = ['F305']\nallow_files = [{patterns}]"));
        assert_eq!(orphans(&[other], &settings), [""; 0], "{patterns}");
    }
    let settings = configured("select = ['F305']\nallow_files = ['*.pdf']");
    assert_eq!(orphans(&[other], &settings), ["tests/b.txt"]);
}

#[test]
fn the_directory_of_a_file_of_another_name_may_hold_anything() {
    let tree = tree(&[("drafts/one.yaml", EXERCISE), ("drafts/two.yaml", EXERCISE)]);
    let found = messages(&tree, "drafts/one.yaml", &only(Code::F305));
    assert_eq!(found, [""; 0]);
}

#[test]
fn an_orphan_is_not_judged_while_the_exercise_is_broken() {
    let broken = EXERCISE.replace("tests/a.txt", "tests/b.txt");
    let tree = tree(&[("c/ex00/exercise.yaml", &broken)]);
    let found = messages(&tree, "c", &standard());
    assert_eq!(found, ["F301 there is no file `tests/b.txt`"]);
}

#[test]
fn an_id_is_compared_with_its_directory_and_its_pool() {
    let named = |id: &str| {
        let text = EXERCISE.replace("c-ex00", id);
        let tree = tree(&[("c/ex00/exercise.yaml", &text)]);
        // The pool is known whether or not it was named itself.
        let found = messages(&tree, "c", &only(Code::I205)).len();
        assert_eq!(
            messages(&tree, "c/ex00", &only(Code::I205)).len(),
            found,
            "{id}"
        );
        assert_eq!(messages(&tree, "", &only(Code::I205)).len(), found, "{id}");
        let file = "c/ex00/exercise.yaml";
        assert_eq!(messages(&tree, file, &only(Code::I205)).len(), 0, "{id}");
        found
    };
    for id in ["ex00", "c-ex00", "c_ex00", "\"c-ex00\""] {
        assert_eq!(named(id), 0, "{id}");
    }
    for id in ["ex01", "cex00", "C-ex00", "c-ex00-b", "EX00"] {
        assert_eq!(named(id), 1, "{id}");
    }
}

#[test]
fn ids_that_look_alike_are_reported_once_each() {
    let mut files = Vec::new();
    for (directory, id) in [
        ("a", "one-two"),
        ("b", "one_two"),
        ("c", "ONE-two"),
        ("d", "onetwo"),
    ] {
        let text = format!("id: {id}\ntitle: x\ntype: text\n");
        files.push((format!("c/{directory}/exercise.yaml"), text));
    }
    files.push(("c/pool.yaml".into(), POOL.into()));
    let tree = Tree::of(&files.into_iter().collect());
    let found = messages(&tree, "", &only(Code::I204));
    assert_eq!(
        found,
        [
            "I204 `one_two` is easily taken for `one-two`",
            "I204 `ONE-two` is easily taken for `one-two`",
        ]
    );
}

#[test]
fn a_pool_is_empty_only_if_nothing_was_meant_to_be_in_it() {
    let empty = |files: &[(&str, &str)]| {
        let files = files.iter();
        let files = files.map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        messages(&Tree::of(&files.collect()), "", &only(Code::I212)).len()
    };
    assert_eq!(empty(&[("c/pool.yaml", POOL)]), 1);
    for other in [
        "c/ex00/exercise.yaml",
        "c/ex00/deep/exercise.yaml",
        "c/ex00/exercise.yml",
        "c/nested/pool.yaml",
    ] {
        let text = if other.ends_with("pool.yaml") {
            "slug: ["
        } else {
            "id: ["
        };
        assert_eq!(empty(&[("c/pool.yaml", POOL), (other, text)]), 0, "{other}");
    }
    assert_eq!(empty(&[("c/pool.yaml", "slug: [")]), 0);
}

#[test]
fn a_statement_may_be_a_file() {
    let bare = EXERCISE.split("description").next().unwrap();
    let missing = |name: &str| {
        let tree = tree(&[("c/ex00/exercise.yaml", bare), (name, "x\n")]);
        messages(&tree, "c", &only(Code::M903)).len()
    };
    for name in [
        "README",
        "README.md",
        "readme.fr.md",
        "statement.pdf",
        "Statement.tex",
    ] {
        assert_eq!(missing(&format!("c/ex00/{name}")), 0, "{name}");
    }
    for name in ["c/README.md", "c/ex00/starter/README.md", "c/ex00/NOTES.md"] {
        assert_eq!(missing(name), 1, "{name}");
    }
}

#[test]
fn points_make_the_total_that_is_configured() {
    let text = |scoring: &str| {
        format!(
            "{}scoring: {{{scoring}}}\n",
            EXERCISE.replace("ts/a", "ts/b")
        )
    };
    let total = |scoring: &str, settings: &Settings| codes(&text(scoring), settings).len();
    let usual = only(Code::C702);
    assert_eq!(total("compilation: 40, per_test: 60", &usual), 0);
    assert_eq!(total("compilation: 40, per_test: 61", &usual), 1);
    assert_eq!(total("per_test: 0", &usual), 1);
    let twenty = configured("select = ['C702']\nscore_total = 20");
    assert_eq!(total("compilation: 5, per_test: 15", &twenty), 0);
    assert_eq!(total("compilation: 40, per_test: 60", &twenty), 1);
    // An answer counts as one test, and only where there is no test.
    let answer = "id: a\ntitle: b\ntype: input\nanswer: [c, d]\nscoring: {per_test: 100}\n";
    assert_eq!(found(answer, &usual), [""; 0]);
    let both = format!("{answer}tests: [{{name: a, run: cat}}, {{name: b, run: cat x}}]\n");
    assert_eq!(codes(&both, &usual), [Code::C702]);
}

#[test]
fn timeouts_fit_into_the_deadline_that_is_configured() {
    let tests = |count: usize, timeout: &str| {
        let tests: Vec<String> = (0..count)
            .map(|n| format!("{{name: n{n}, run: cat {n}{timeout}}}"))
            .collect();
        format!(
            "id: a\ntitle: b\ntype: code\nlanguage: none\ntests: [{}]\n",
            tests.join(", ")
        )
    };
    let usual = only(Code::T505);
    assert_eq!(codes(&tests(2, ", timeout: 60"), &usual), []);
    assert_eq!(codes(&tests(3, ", timeout: 60"), &usual), [Code::T505]);
    // Where none is written the default counts.
    assert_eq!(codes(&tests(24, ""), &usual), []);
    assert_eq!(codes(&tests(25, ""), &usual), [Code::T505]);
    let long = configured("select = ['T505']\ngrader_deadline = 180");
    assert_eq!(codes(&tests(3, ", timeout: 60"), &long), []);
}

#[test]
fn programs_are_those_that_graders_have_and_those_that_are_configured() {
    let runs = |run: &str, settings: &Settings| {
        let text = format!("id: a\ntitle: b\ntype: text\ntests: [{{name: c, run: '{run}'}}]\n");
        codes(&text, settings).len()
    };
    let usual = only(Code::B406);
    for run in [
        "perl x",
        "cat | sort",
        "/bin/cat x",
        "A=1 perl",
        "time cat",
        "cat || perl",
        "sort; x",
    ] {
        assert_eq!(runs(run, &usual), 1, "{run}");
    }
    for run in [
        "cat x | ./y | {submission}",
        "A=1 cat",
        "\"cat\" x",
        "./perl",
        "! cat",
        "cat; perl",
        "x{output} y",
    ] {
        assert_eq!(runs(run, &usual), 0, "{run}");
    }
    let own = configured("select = ['B406']\nprograms = ['perl', 'sort']");
    assert_eq!(runs("perl x | sort | uniq", &own), 1);
    assert_eq!(runs("perl x | sort", &own), 0);
}

#[test]
fn a_build_is_judged_by_its_compiler() {
    let build = |language: &str, command: &str| {
        let text = format!(
            "id: a\ntitle: b\ntype: code\nlanguage: {language}\nbuild: {{command: '{command}'}}\n"
        );
        codes(&text, &only(Code::B408)).len()
    };
    for (language, command) in [
        ("c", "python3 {submission}"),
        ("c", "/usr/bin/g++ {submission}"),
        ("python", "gcc {submission}"),
        ("java", "A=1 go build"),
        ("rust", "clang x"),
    ] {
        assert_eq!(build(language, command), 1, "{language}: {command}");
    }
    for (language, command) in [
        ("c", "gcc x"),
        ("cpp", "gcc x"),
        ("cpp", "clang++ x"),
        ("c", "make"),
        ("c", "sh build.sh"),
        ("asm", "gcc x.s"),
        ("none", "gcc x"),
        ("rust", "cargo build"),
    ] {
        assert_eq!(build(language, command), 0, "{language}: {command}");
    }
}

#[test]
fn the_same_input_is_compared_byte_for_byte() {
    // A small file is kept, of a larger one only a hash.
    for length in [1, 100_000] {
        let input = |last: &str| "a".repeat(length) + last;
        let runs = |b: &str| {
            let head =
                "tests: [{name: a, run: cat, input: tests/a.txt}, {name: b, run: cat, input: ";
            let text = format!("id: c-ex00\ntitle: x\ntype: text\n{head}{b}}}]\n");
            let tree = tree(&[
                ("c/ex00/exercise.yaml", &text),
                ("c/ex00/tests/a.txt", &input("\n")),
                ("c/ex00/tests/same.txt", &input("\n")),
                ("c/ex00/tests/other.txt", &input("b")),
                ("c/ex00/tests/longer.txt", &input("\n\n")),
            ]);
            messages(&tree, "c", &only(Code::T503)).len()
        };
        assert_eq!(runs("tests/a.txt"), 1);
        assert_eq!(runs("tests/same.txt"), 1);
        assert_eq!(runs("./tests/same.txt"), 1);
        assert_eq!(runs("tests/other.txt"), 0);
        assert_eq!(runs("tests/longer.txt"), 0);
        assert_eq!(runs("tests/missing.txt"), 0);
    }
}

#[test]
fn prose_may_hold_what_commands_may_not() {
    let text = "id: a\ntitle: \"R\u{e9}gles\u{a0}: \u{ab}\u{202f}x\u{202f}\u{bb}\"\ntype: text\ntags: [\"b\u{a0}c\"]\ndescription: \"\u{202e}left\u{202c} and a\u{a0}b\u{200b}\"\nchoices: [\"\u{a0}\"]\n";
    assert_eq!(found(text, &only(Code::Y021)), [""; 0]);
    let pool = "slug: a\nname: \"b\u{a0}c\"\nexercises: [\"d\u{200b}\"]\n";
    assert_eq!(codes(pool, &only(Code::Y021)), [Code::Y021]);
}

#[test]
fn all_that_is_found_in_real_content_is_known() {
    let school =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/school/regex");
    let of = |name: &str| lines(&judge(&school.join(name), &school, &standard()).diagnostics);
    assert_eq!(
        of("C_ex.yaml"),
        [
            "C_ex.yaml:15:12 error[F301] there is no file `tests/test1_input.txt`",
            "C_ex.yaml:16:22 error[F301] there is no file `tests/test1_expected.txt`",
            "C_ex.yaml:18:1 info[Y022] the line ends with spaces",
            "C_ex.yaml:19:5 warning[T504] test #2 has no timeout, 5 s are used",
            "C_ex.yaml:21:12 error[F301] there is no file `tests/test2_input.txt`",
            "C_ex.yaml:22:22 error[F301] there is no file `tests/test2_expected.txt`",
            "C_ex.yaml:28:3 info[V605] all that is not in `allowed_functions` is forbidden already",
            "C_ex.yaml:31:1 warning[C702] the stages make 50 points together, not 100: 10 + 2 × 15 + 10",
            "C_ex.yaml:34:21 info[Y022] the last line has no end",
        ]
    );
    assert_eq!(
        of("Regex.yaml"),
        [
            "Regex.yaml:9:13 error[B403] `{output}` is run, but nothing builds it",
            "Regex.yaml:10:12 error[F301] there is no file `tests/test1_input.txt`",
            "Regex.yaml:11:22 error[F301] there is no file `tests/test1_expected.txt`",
            "Regex.yaml:13:1 info[Y022] the line ends with spaces",
            "Regex.yaml:14:5 warning[T504] test #2 has no timeout, 5 s are used",
            "Regex.yaml:16:12 error[F301] there is no file `tests/test2_input.txt`",
            "Regex.yaml:17:22 error[F301] there is no file `tests/test2_expected.txt`",
            "Regex.yaml:23:21 info[Y022] the last line has no end",
        ]
    );
    assert_eq!(
        of("exercise_exemple.yaml"),
        ["exercise_exemple.yaml:1:1 error[Y008] the file is empty"]
    );
}
