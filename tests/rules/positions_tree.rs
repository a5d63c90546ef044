//! Places of rules that look at other files: a clean tree, one file of it broken.
//!
//! The text with a `§` is the broken one; `¤` is filled as in `positions`.

use std::collections::BTreeMap;

use mithril::diagnostics::Code;
use mithril::lint::Settings;

use crate::support::{Tree, judge, lines, marked, only};

const FILLINGS: [&str; 4] = ["", "é😀", "\t", r"\u00e9\t"];

const POOL: (&str, &str) = ("one/pool.yaml", "{name: \"x¤\", slug: one}\n");
const OTHER_POOL: (&str, &str) = ("two/pool.yaml", "{name: \"x¤\", slug: two}\n");
const HELLO: (&str, &str) = (
    "one/hello/exercise.yaml",
    "{title: \"x¤\", id: hello, type: text}\n",
);
const CODE: (&str, &str) = (
    "one/code/exercise.yaml",
    "{title: \"x¤\", id: code, type: code, language: none, tests: [{name: \"¤a\", run: b, input: tests/input.txt}]}\n",
);
const OTHER: (&str, &str) = (
    "two/other/exercise.yaml",
    "{title: \"x¤\", id: other, type: text}\n",
);
const INPUT: (&str, &str) = ("one/code/tests/input.txt", "1 2 3\n");

type File = (&'static str, &'static str);

/// What is broken, and the files that differ from the clean tree.
const CASES: &[(Code, &[File])] = &[
    (
        Code::I202,
        &[(
            "two/other/exercise.yaml",
            "{title: \"x¤\", id: §hello, type: text}\n",
        )],
    ),
    (
        Code::I202,
        &[(
            "two/other/exercise.yaml",
            "title: \"x¤\"\ntype: text\nid: §\"hello\"\n",
        )],
    ),
    (
        Code::I203,
        &[("two/pool.yaml", "{name: \"x¤\", slug: §one}\n")],
    ),
    (
        Code::I208,
        &[("one/in/pool.yaml", "{name: \"x¤\", slug: §in}\n")],
    ),
    (
        Code::I209,
        &[(
            "three/exercise.yaml",
            "§{title: \"x¤\", id: deep, type: text}\n",
        )],
    ),
    (
        Code::I209,
        &[(
            "one/exercise.yaml",
            "§title: \"x¤\"\nid: flat\ntype: text\n",
        )],
    ),
    (
        Code::I209,
        &[(
            "one/a/b/exercise.yaml",
            "§# é\ntitle: \"x¤\"\nid: deep\ntype: text\n",
        )],
    ),
    (
        Code::I211,
        &[(
            "one/pool.yaml",
            "{name: \"x¤\", slug: one, exercises: [hello, code, §nothing]}\n",
        )],
    ),
    (
        Code::I211,
        &[(
            "one/pool.yaml",
            "name: \"x¤\"\nslug: one\nexercises:\n  - code\n  - §\"¤x\"\n  - hello\n",
        )],
    ),
    (
        Code::F301,
        &[(
            "one/code/exercise.yaml",
            "{title: \"x¤\", id: code, type: code, language: none, tests: [{name: \"¤a\", run: b, input: §tests/inptu.txt}]}\n",
        )],
    ),
    (
        Code::F301,
        &[(
            "one/code/exercise.yaml",
            "{title: \"x¤\", id: code, type: code, language: none, tests: [{name: \"¤a\", run: b, expected_output: §\"¤\\\"x\"}]}\n",
        )],
    ),
    (
        Code::F302,
        &[(
            "one/code/exercise.yaml",
            "{title: \"x¤\", id: code, type: code, language: none, tests: [{name: \"¤a\", run: b, input: §../hello/exercise.yaml}]}\n",
        )],
    ),
    (
        Code::F302,
        &[(
            "one/code/exercise.yaml",
            "{title: \"x¤\", id: code, type: code, language: none, tests: [{name: \"¤a\", run: b, input: §/etc/passwd}]}\n",
        )],
    ),
    (
        Code::F302,
        &[(
            "one/code/exercise.yaml",
            "{title: \"x¤\", id: code, type: code, language: none, tests: [{name: \"¤a\", run: b, input: §~/input.txt}]}\n",
        )],
    ),
    (
        Code::F302,
        &[(
            "one/code/exercise.yaml",
            "{title: \"x¤\", id: code, type: code, language: none, tests: [{name: \"¤a\", run: b, input: §'tests\\input.txt'}]}\n",
        )],
    ),
    (
        Code::F302,
        &[(
            "one/code/exercise.yaml",
            "{title: \"x¤\", id: code, type: code, language: none, tests: [{name: \"¤a\", run: b, input: §\"a\\0\"}]}\n",
        )],
    ),
    (
        Code::F302,
        &[(
            "one/code/exercise.yaml",
            "{title: \"x¤\", id: code, type: code, language: none, tests: [{name: \"¤a\", run: b, input: §\"https://x.example/input.txt\"}]}\n",
        )],
    ),
    (
        Code::F304,
        &[(
            "one/code/exercise.yaml",
            "{title: \"x¤\", id: code, type: code, language: none, tests: [{name: \"¤a\", run: b, input: §Tests/input.TXT}]}\n",
        )],
    ),
    (
        Code::F307,
        &[(
            "one/code/exercise.yaml",
            "{title: \"x¤\", id: code, type: code, language: none, tests: [{name: \"¤a\", run: b, input: §tests}]}\n",
        )],
    ),
    (
        Code::F307,
        &[(
            "one/code/exercise.yaml",
            "{title: \"x¤\", id: code, type: code, language: none, tests: [{name: \"¤a\", run: b, input: §.}]}\n",
        )],
    ),
];

/// What is broken in a way that is no error; judged by its rule alone.
const ADVICE: &[(Code, &[File])] = &[
    (
        Code::I204,
        &[(
            "two/other/exercise.yaml",
            "{title: \"x¤\", id: §HELLO, type: text}\n",
        )],
    ),
    (
        Code::I204,
        &[("two/pool.yaml", "{name: \"x¤\", slug: §\"One\"}\n")],
    ),
    (
        Code::I205,
        &[(
            "one/hello/exercise.yaml",
            "{title: \"x¤\", id: §two-hello, type: text}\n",
        )],
    ),
    (
        Code::I211,
        &[(
            "one/pool.yaml",
            "{name: \"x¤\", slug: one, exercises: [hello, code, §hello]}\n",
        )],
    ),
    (
        Code::I211,
        &[(
            "one/pool.yaml",
            "{name: \"x¤\", slug: one, exercises: [§hello]}\n",
        )],
    ),
    (
        Code::I212,
        &[("three/pool.yaml", "{name: \"x¤\", slug: §three}\n")],
    ),
    (
        Code::F305,
        &[
            ("one/code/tests/other.txt", "x\n"),
            (
                "one/code/exercise.yaml",
                "{§title: \"x¤\", id: code, type: code, language: none, tests: [{name: a, run: b, input: tests/input.txt}]}\n",
            ),
        ],
    ),
    (
        Code::F306,
        &[
            ("one/code/tests/empty.txt", ""),
            (
                "one/code/exercise.yaml",
                "{title: \"x¤\", id: code, type: code, language: none, tests: [{name: \"¤a\", run: b, expected_output: §tests/empty.txt}]}\n",
            ),
        ],
    ),
    (
        Code::T503,
        &[
            ("one/code/tests/same.txt", "1 2 3\n"),
            (
                "one/code/exercise.yaml",
                "{title: \"x¤\", id: code, type: code, language: none, tests: [{name: a, run: cat, input: tests/input.txt}, {name: \"¤b\", run: §\"cat \", input: tests/same.txt}]}\n",
            ),
        ],
    ),
    (
        Code::T507,
        &[
            ("one/code/tests/same.txt", "1 2 3\n"),
            (
                "one/code/exercise.yaml",
                "{title: \"x¤\", id: code, type: code, language: none, tests: [{name: \"¤a\", run: b, input: tests/input.txt, expected_output: §tests/same.txt}]}\n",
            ),
        ],
    ),
    (
        Code::M903,
        &[
            ("one/hello/README", "x\n"),
            ("two/other/statement.txt", "x\n"),
            (
                "one/code/exercise.yaml",
                "{§title: \"x¤\", id: code, type: text}\n",
            ),
        ],
    ),
];

/// The broken files.
pub(crate) fn cases() -> impl Iterator<Item = (Code, String)> {
    CASES.iter().chain(ADVICE).flat_map(|(code, changed)| {
        let broken = changed.iter().filter(|(_, text)| text.contains('§'));
        broken.map(|(_, text)| (*code, (*text).to_owned()))
    })
}

fn files(changed: &[File]) -> BTreeMap<&'static str, &'static str> {
    let clean = [POOL, OTHER_POOL, HELLO, CODE, OTHER, INPUT];
    clean.iter().chain(changed).copied().collect()
}

/// The files as written, and the path that holds the mark.
fn variant(
    files: &BTreeMap<&str, &str>,
    filling: &str,
    ending: &str,
    mark: &str,
) -> BTreeMap<String, String> {
    let written = files.iter().map(|(path, text)| {
        let text = text.replace('¤', filling).replace('\n', ending);
        ((*path).to_owned(), format!("{mark}{text}"))
    });
    written.collect()
}

fn variants(files: &BTreeMap<&str, &str>) -> Vec<BTreeMap<String, String>> {
    let mut variants = Vec::new();
    for filling in FILLINGS {
        for ending in ["\n", "\r\n"] {
            for mark in ["", "\u{feff}"] {
                variants.push(variant(files, filling, ending, mark));
            }
        }
    }
    variants
}

fn fault(code: Code, mut files: BTreeMap<String, String>, settings: &Settings) -> Option<String> {
    let (path, text) = files.iter().find(|(_, text)| text.contains('§'))?;
    let path = path.clone();
    let (text, expected) = marked(text);
    files.insert(path.clone(), text.clone());
    let tree = Tree::of(&files);
    let report = judge(tree.path(), tree.path(), settings);
    let (line, column) = (expected.line, expected.column);
    let right = match &report.diagnostics[..] {
        [only] => {
            let start = only.span.start;
            // A rule on the place of the file itself points at its beginning.
            let offset = code == Code::I209 || start.offset == expected.offset;
            only.code == code
                && *only.path == *path
                && (start.line, start.column) == (line, column)
                && offset
        }
        _ => false,
    };
    (!right).then(|| {
        let found = lines(&report.diagnostics);
        format!("{code} expected once at {line}:{column} of {text:?}\n  found {found:#?}\n")
    })
}

#[test]
fn the_tree_is_clean_before_it_is_broken() {
    for files in variants(&files(&[])) {
        let tree = Tree::of(&files);
        let report = judge(tree.path(), tree.path(), &Settings::default());
        assert_eq!(lines(&report.diagnostics), [""; 0], "{files:#?}");
        assert_eq!(report.files, 5);
    }
}

#[test]
fn a_broken_tree_is_reported_once_at_the_place() {
    let mut faults = String::new();
    for (code, changed) in CASES {
        let mut variants = variants(&files(changed)).into_iter();
        faults.extend(variants.find_map(|files| fault(*code, files, &Settings::default())));
    }
    for (code, changed) in ADVICE {
        let mut variants = variants(&files(changed)).into_iter();
        faults.extend(variants.find_map(|files| fault(*code, files, &only(*code))));
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn marks_and_line_ends_are_reported_at_the_first() {
    let at = |code: Code, text: &str| {
        let tree = Tree::of(&variant(&files(&[]), "", "\n", ""));
        tree.write(HELLO.0, text.as_bytes());
        let report = judge(tree.path(), tree.path(), &only(code));
        let places = report.diagnostics.iter();
        let places = places.map(|d| (d.span.start.line, d.span.start.column));
        places.collect::<Vec<_>>()
    };
    let text = HELLO.1.replace('¤', "é😀");
    assert_eq!(at(Code::Y003, &format!("\u{feff}{text}")), [(1, 1)]);
    assert_eq!(at(Code::Y003, &text), []);
    let column = text.trim_end().chars().count() + 1;
    assert_eq!(
        at(Code::Y004, &text.replace('\n', "\r\n# a\r\n")),
        [(1, column)]
    );
    assert_eq!(
        at(Code::Y004, &text.replace('\n', "\n# é\r# b\n")),
        [(2, 4)]
    );
    // A file that can't be read as YAML has lines all the same.
    assert_eq!(at(Code::Y004, "id: [\r\n"), [(1, 6)]);
    assert_eq!(at(Code::Y004, &text), []);
}

#[test]
fn a_file_of_another_name_is_reported_by_its_name() {
    let cases = [
        ("one/third/exercise.yml", "", true),
        ("one/third/Exercise.yaml", "[", true),
        ("three/POOL.YML", "", true),
        ("one/third/ex.yaml", "title: a\nid: b\ntype: text\n", true),
        ("three/beginners.yml", "slug: a\nname: b\n", true),
        ("one/third/data.yaml", "title: a\n", false),
        ("one/third/exercise.yaml~", "", false),
        ("one/hello/assets/exercise.yml", "", false),
        ("one/.draft/exercise.yml", "", false),
    ];
    for (path, text, reported) in cases {
        let tree = Tree::of(&variant(&files(&[]), "", "\n", ""));
        tree.write(path, text.as_bytes());
        let report = judge(tree.path(), tree.path(), &only(Code::I210));
        let found: Vec<_> = report.diagnostics.iter().map(|d| &*d.path).collect();
        assert_eq!(found, vec![path; usize::from(reported)]);
        // Named by the user it is judged, and its name does not matter.
        let report = judge(&tree.join(path), tree.path(), &only(Code::I210));
        assert_eq!(lines(&report.diagnostics), [""; 0]);
    }
}

#[test]
fn line_ends_of_an_expected_output_are_reported_there() {
    let exercise = CODE
        .1
        .replace("input:", "expected_output:")
        .replace('¤', "é");
    for (bytes, place, message) in [
        (&b"1\xC3\xA9\r\n2\r\n"[..], (1, 3), "end with CR LF"),
        (b"1\n2\r3\n", (2, 2), "a lone CR"),
        (b"1\n22", (2, 3), "has no end"),
    ] {
        let tree = Tree::of(&variant(&files(&[]), "", "\n", ""));
        tree.write(CODE.0, exercise.as_bytes());
        tree.write(INPUT.0, bytes);
        let report = judge(tree.path(), tree.path(), &only(Code::F308));
        let [found] = &report.diagnostics[..] else {
            panic!("{:#?}", lines(&report.diagnostics))
        };
        assert_eq!(&*found.path, INPUT.0);
        assert_eq!((found.span.start.line, found.span.start.column), place);
        assert!(found.message.contains(message), "{}", found.message);
        assert_eq!(&*found.labels[0].path, CODE.0);
    }
    for bytes in [&b"1\n"[..], b"1\r\n\0", b"\xE9\r\n"] {
        let tree = Tree::of(&variant(&files(&[]), "", "\n", ""));
        tree.write(CODE.0, exercise.as_bytes());
        tree.write(INPUT.0, bytes);
        let report = judge(tree.path(), tree.path(), &only(Code::F308));
        assert_eq!(lines(&report.diagnostics), [""; 0], "{bytes:?}");
    }
}

#[test]
fn links_are_judged_where_they_are_named() {
    let cases = [
        ("../../../../outside.txt", Some(Code::F303)),
        ("nowhere.txt", Some(Code::F303)),
        ("/etc/hostname", Some(Code::F303)),
        ("../../../two/pool.yaml", None),
        ("..", Some(Code::F307)),
    ];
    for (target, expected) in cases {
        let tree = Tree::of(&variant(&files(&[]), "é😀", "\n", ""));
        std::fs::remove_file(tree.join(INPUT.0)).unwrap();
        std::os::unix::fs::symlink(target, tree.join(INPUT.0)).unwrap();
        let report = judge(tree.path(), tree.path(), &Settings::default());
        let found: Vec<_> = report.diagnostics.iter().map(|d| d.code).collect();
        assert_eq!(found, Vec::from_iter(expected), "{target}");
        if let [only] = &report.diagnostics[..] {
            let text = CODE.1.replace('¤', "é😀");
            let column = text[..text.find("tests/input").unwrap()].chars().count() + 1;
            assert_eq!((only.span.start.line, only.span.start.column), (1, column));
        }
    }
}

#[test]
fn a_link_on_the_way_is_followed_no_further_than_the_tree() {
    let tree = Tree::of(&variant(&files(&[]), "", "\n", ""));
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("input.txt"), "x").unwrap();
    std::fs::remove_dir_all(tree.join("one/code/tests")).unwrap();
    let relative =
        std::path::Path::new("../../../..").join(outside.path().strip_prefix("/").unwrap());
    std::os::unix::fs::symlink(relative, tree.join("one/code/tests")).unwrap();
    let report = judge(tree.path(), tree.path(), &Settings::default());
    let found: Vec<_> = report.diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(found, [Code::F303]);
}

#[test]
fn what_is_no_regular_file_is_told_and_not_read() {
    let tree = Tree::of(&variant(&files(&[]), "é😀", "\n", ""));
    std::fs::remove_file(tree.join(INPUT.0)).unwrap();
    std::os::unix::net::UnixListener::bind(tree.join(INPUT.0)).unwrap();
    let report = judge(tree.path(), tree.path(), &Settings::default());
    let found: Vec<_> = report.diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(found, [Code::F307]);
    assert_eq!(report.diagnostics[0].span.start.line, 1);
}

#[test]
fn a_large_fixture_is_reported_where_it_is_named() {
    for (kilobytes, expected) in [(256, 0), (900, 0), (901, 1)] {
        let tree = Tree::of(&variant(&files(&[]), "é😀", "\r\n", ""));
        tree.write(INPUT.0, &vec![b'1'; kilobytes * 1024]);
        let report = judge(tree.path(), tree.path(), &Settings::default());
        let found: Vec<_> = report.diagnostics.iter().map(|d| d.code).collect();
        assert_eq!(found, vec![Code::F309; expected], "{kilobytes}");
    }
}

#[test]
fn other_encodings_are_reported_at_the_first_byte_that_is_wrong() {
    let wide = |text: &str| -> Vec<u8> {
        let units = text.encode_utf16().flat_map(u16::to_le_bytes);
        [0xFF, 0xFE].into_iter().chain(units).collect()
    };
    let cases: [(&[u8], (usize, usize)); 4] = [
        (&wide("id: hello\n"), (1, 1)),
        (b"i\0d\0:\0 \0a\0", (1, 1)),
        (
            b"id: hello\r\ntitle: \"\xC3\xA9\xF0\x9F\x98\x80\t\xE9\"\r\n",
            (2, 12),
        ),
        (b"\xEF\xBB\xBFid: \xE9\n", (1, 5)),
    ];
    for (bytes, place) in cases {
        let tree = Tree::of(&variant(&files(&[]), "", "\n", ""));
        tree.write(HELLO.0, bytes);
        let report = judge(tree.path(), tree.path(), &Settings::default());
        let found: Vec<_> = report
            .diagnostics
            .iter()
            .map(|d| (d.code, (d.span.start.line, d.span.start.column)))
            .collect();
        assert_eq!(found, [(Code::Y002, place)], "{bytes:?}");
    }
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let tree = Tree::of(&variant(&files(&[]), "", "\n", ""));
    let mut text = HELLO.1.replace('¤', "");
    while text.len() <= 256 * 1024 {
        text += "# to fill it up\n";
    }
    tree.write(HELLO.0, text.as_bytes());
    let report = judge(tree.path(), tree.path(), &Settings::default());
    let found: Vec<_> = report.diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(found, [Code::Y020]);
}
