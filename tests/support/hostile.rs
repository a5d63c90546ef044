//! Input that is made to be slow, deep or large: what the YAML engine must refuse or bear.

use std::fmt::Write as _;

/// The most bytes of a file that is read.
const SIZE: usize = 256 * 1024;

/// Hostile texts of at most 256 KiB, by name.
#[expect(clippy::too_many_lines, reason = "a table")]
pub fn texts() -> Vec<(&'static str, String)> {
    let fill = |unit: &str| unit.repeat(SIZE / unit.len());
    let lines = |make: &dyn Fn(usize) -> String| {
        let mut text = String::new();
        for index in 0.. {
            let line = make(index);
            if text.len() + line.len() > SIZE {
                break;
            }
            text.push_str(&line);
        }
        text
    };
    let behind = |head: &str, unit: &str| {
        let mut text = head.to_owned();
        // One byte is left for a bracket or a quote.
        while text.len() + unit.len() < SIZE {
            text.push_str(unit);
        }
        text
    };
    vec![
        ("flow sequences, unclosed", fill("[")),
        ("flow mappings, unclosed", fill("{")),
        ("flow mappings with keys", fill("{a: ")),
        ("block sequences in a line", fill("- ")),
        ("explicit keys in a line", fill("? ")),
        ("duplicate keys", fill("a: 1\n")),
        ("duplicate keys on one line", behind("{", "a: 1, ") + "}"),
        ("different keys", lines(&|i| format!("k{i}: 1\n"))),
        ("keys without values", fill("a:\n")),
        ("empty items", behind("a:\n", "-\n")),
        ("empty flow items", behind("a: [", "1,") + "]"),
        ("anchors", behind("a:\n", "- &a 1\n")),
        (
            "different anchors",
            "a:\n".to_owned() + &lines(&|i| format!("- &a{i} 1\n"))[..SIZE - 20],
        ),
        ("aliases of nothing", behind("a:\n", "- *a\n")),
        ("aliases of one", behind("a: &a 1\nb:\n", "- *a\n")),
        ("a laugh", laughs(9, 9)),
        ("many small laughs", laughs(3, 20)),
        ("an alias of itself", "a: &a [*a]\n".to_owned()),
        ("merges of merges", merges()),
        (
            "a merge beside many keys",
            "<<: {}\n".to_owned() + &lines(&|i| format!("k{i}: 1\n"))[..SIZE - 20],
        ),
        (
            "a merge of many mappings",
            behind_counted("<<: [", &|i| format!("{{k{i}: 1}},")) + "]",
        ),
        ("a merge of what is no mapping", behind("<<: [", "1,") + "]"),
        ("tags on one line", behind("a: [", "!x b,") + "]"),
        ("tags that do not fit", behind("a: [", "!!seq b,") + "]"),
        ("comments", fill("# c\n")),
        ("comments in a value", behind("a:\n", "# c\n") + "b"),
        ("one long comment", format!("#{}", &fill("x")[1..])),
        ("ignores", fill("# mithril: ignore[T504] x\n")),
        (
            "ignores on values",
            lines(&|i| format!("k{i}: 1 # mithril: ignore[T504]\n")),
        ),
        ("one long plain scalar", format!("a: {}", &fill("x")[3..])),
        (
            "one long quoted scalar",
            format!("a: \"{}", &fill("x")[4..]),
        ),
        ("escapes", format!("a: \"{}\"", &fill("\\x41")[8..])),
        ("a plain scalar of many lines", behind("a: b\n", "  c\n")),
        (
            "a quoted scalar of many lines",
            behind("a: \"b\n", "\n") + "\"",
        ),
        ("a block scalar of many lines", behind("a: |\n", "  x\n")),
        ("a block scalar of empty lines", behind("a: |\n", "\n")),
        ("a folded scalar", behind("a: >\n", "  x\n\n")),
        ("colons", fill(": ")),
        ("colons in a line", format!("a: {}", &fill("b: ")[4..])),
        ("tabs", fill("\t")),
        ("tabbed lines", behind("a:\n", "\tb: 1\n")),
        ("tabbed flow lines", behind("a: [\n", "\t1,\n") + "]"),
        ("tabs in a list", behind("a:\n", "  - \tb\n")),
        ("tags", behind("a:\n", "- !x 1\n")),
        (
            "tag directives",
            lines(&|i| format!("%TAG !t{i}! tag:x,2000:\n")),
        ),
        ("reserved directives", fill("%X\n")),
        ("documents", fill("---\n")),
        ("question marks", fill("?\n")),
        ("quotes", fill("'")),
        ("double quotes", fill("\"")),
        ("pipes", fill("|\n")),
        ("carriage returns", fill("a: 1\r")),
        ("byte order marks", fill("\u{feff}")),
        ("emoji on one line", behind("a: [", "\u{1f600},") + "]"),
        (
            "emoji keys on one line",
            behind("{", "\u{1f600}: 1, ") + "}",
        ),
        ("control characters", fill("\u{1}")),
        ("NULs", fill("\0")),
        (
            "many tests",
            behind("type: code\ntests:\n", "  - {name: a, run: b}\n"),
        ),
        (
            "many broken tests",
            behind("type: code\ntests:\n", "  - {nam: a, rum: b}\n"),
        ),
        ("many items that are no tests", behind("tests:\n", "- x\n")),
        ("many wrong types", behind("tags:\n", "- {}\n")),
        ("unknown keys, near", lines(&|i| format!("title{i}: 1\n"))),
        (
            "a command of placeholders",
            format!("build:\n  command: {}", fill("{a}").split_at(60_000).0),
        ),
        (
            "a command of quotes",
            format!("build:\n  command: \"{}\"", "`'".repeat(30_000)),
        ),
        (
            "a command of substitutions",
            format!("build:\n  command: a{}", "$(".repeat(30_000)),
        ),
        (
            "a command of different programs",
            format!("build:\n  command: {}", programs()),
        ),
        (
            "wide characters in a pool's list",
            behind("slug: a\nexercises: [", "\u{e9},") + "]",
        ),
        ("choices and answers", choices()),
        (
            "placeholders behind an escape",
            format!("build:\n  command: \"\\t{}\"", "{a}".repeat(20_000)),
        ),
        ("tabs behind dashes", behind("a:\n", "-\tname: x\n")),
        ("deep indentation", deep()),
        ("invalid indentation", behind("a:\n", "   b: 1\n  c: 1\n")),
    ]
}

/// A head and as many different units as fit, with a byte left.
fn behind_counted(head: &str, make: &dyn Fn(usize) -> String) -> String {
    let mut text = head.to_owned();
    for index in 0.. {
        let unit = make(index);
        if text.len() + unit.len() >= SIZE {
            break;
        }
        text.push_str(&unit);
    }
    text
}

/// Aliases of aliases: each level repeats the one above `width` times.
fn laughs(levels: usize, width: usize) -> String {
    let mut text = String::from("l0: &l0 [x]\n");
    for level in 1..levels {
        let items = vec![format!("*l{}", level - 1); width].join(", ");
        let _ = writeln!(text, "l{level}: &l{level} [{items}]");
    }
    text
}

fn merges() -> String {
    let mut text = String::from("m0: &m0 {a: 1}\n");
    for level in 1..2000 {
        let above = level - 1;
        let _ = writeln!(
            text,
            "m{level}: &m{level} {{<<: [*m{above}, *m{above}], k{level}: 1}}"
        );
    }
    text
}

/// As many programs of a pipe as a scalar holds.
fn programs() -> String {
    let names: Vec<String> = (0..9000).map(|index| format!("p{index}")).collect();
    names.join("|")
}

/// As many choices as fit, and as many answers that are none of them.
fn choices() -> String {
    let mut text = String::from("type: qcm\nchoices:\n");
    for index in 0..9000 {
        let _ = writeln!(text, "- c{index}");
    }
    text.push_str("answer:\n");
    for index in 0..9000 {
        let _ = writeln!(text, "- a{index}");
    }
    text
}

fn deep() -> String {
    let mut text = String::new();
    let mut depth = 0;
    while text.len() + depth + 3 < SIZE {
        text += &" ".repeat(depth);
        text += "a:\n";
        depth += 1;
    }
    text
}
