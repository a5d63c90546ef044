//! Safe fixes against `serde_yaml`'s fork: what a reader sees stays the same, except where a rule says
//! that it changes, and then as it says. Comments stay, and fixing twice changes nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use mithril::diagnostics::yaml::{self, Limits};
use mithril::diagnostics::{Applicability, Code, Findings, Source};
use mithril::lint::{Progress, Selection, Settings, Target, check_text, fix};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use serde_yaml::Value;

/// Rules whose fixes change how a file is written and not what it says.
const NEUTRAL: [Code; 5] = [Code::Y003, Code::Y004, Code::Y011, Code::Y022, Code::M901];

fn settings() -> Settings {
    Settings {
        selection: Selection::all(),
        ..Settings::default()
    }
}

/// The text after its safe fixes.
fn fixed(text: &str) -> String {
    let target = Target::Text {
        bytes: text.as_bytes().to_vec(),
        path: None,
    };
    let fixed = fix(
        &[target],
        &settings(),
        &Progress::default(),
        Applicability::Safe,
    )
    .unwrap();
    let change = fixed.changes.into_iter().next();
    change.map_or_else(
        || text.to_owned(),
        |change| String::from_utf8(change.after).unwrap(),
    )
}

/// The rules whose safe fixes a text gets.
fn rules(text: &str) -> BTreeSet<Code> {
    let report = check_text("x.yaml", text, &settings());
    let fixes = report.diagnostics.iter().filter(|d| {
        let fix = d.fix.as_ref();
        fix.is_some_and(|fix| fix.applicability == Applicability::Safe)
    });
    fixes.map(|d| d.code).collect()
}

fn read(text: &str) -> Value {
    let text = text.trim_start_matches('\u{feff}');
    serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{error}: {text:?}"))
}

fn comments(text: &str) -> Vec<String> {
    let source = Source::new(Arc::from("x.yaml"), text.as_bytes().to_vec());
    let mut findings = Findings::new(&source);
    let tree = yaml::parse(&source, &Limits::default(), &mut findings).unwrap();
    let comments = tree
        .comments()
        .iter()
        .map(|c| source.text()[c.span.clone()].trim_end());
    let own = comments.filter(|comment| !comment.contains("mithril:"));
    let mut comments: Vec<String> = own.map(str::to_owned).collect();
    comments.sort();
    comments
}

/// What the rules say becomes of a value, by the key it stands under.
fn may_become(key: &str, before: &Value, after: &Value) -> bool {
    if before == after {
        return true;
    }
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        _ => None,
    };
    match (key, before, after) {
        // Y014, Y018.
        ("check_valgrind", Value::String(word), Value::Bool(truth)) => (word == "yes") == *truth,
        ("timeout" | "per_test" | "compilation", Value::String(digits), Value::Number(number)) => {
            digits.trim() == number.to_string()
        }
        // S104, S105.
        ("type", Value::String(alias), Value::String(name)) => {
            alias.trim().to_lowercase() == *name || alias.trim() == "mcq" && name == "qcm"
        }
        // V602: a name once, and without its parentheses.
        (
            "allowed_functions" | "forbidden_functions",
            Value::Sequence(old),
            Value::Sequence(new),
        ) => {
            let mut names: Vec<String> = Vec::new();
            for name in old.iter().filter_map(text) {
                let name = name.trim().trim_end_matches("()").to_owned();
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            let new: Vec<String> = new.iter().filter_map(text).collect();
            new == names
        }
        (_, Value::Sequence(old), Value::Sequence(new)) => {
            let same = old.len() == new.len();
            same && old
                .iter()
                .zip(new)
                .all(|(old, new)| may_become(key, old, new))
        }
        (_, Value::Mapping(old), Value::Mapping(new)) => {
            old.iter().all(|(name, old)| {
                let name = name.as_str().unwrap_or_default();
                match new.get(name) {
                    Some(new) => may_become(name, old, new),
                    // V605.
                    None => name == "forbidden_functions",
                }
            }) && new.keys().all(|name| old.contains_key(name))
        }
        // S105, Y021 and B410.
        (_, Value::String(old), Value::String(new)) => {
            let plain = old.replace('\u{a0}', " ");
            let flags = format!(
                "gcc -Wall -Wextra -Werror{}",
                plain.trim().trim_start_matches("gcc")
            );
            [plain.trim(), &flags].contains(&new.as_str())
        }
        // Y019: what some readers take for something else is the text that is written.
        (_, Value::Number(_) | Value::Bool(_), Value::String(_)) => true,
        _ => false,
    }
}

/// Ways to write one value: an entry or an item, each in brackets or not.
fn scalar() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "a",
        "two words",
        "'single'",
        "\"double\"",
        "no",
        "on",
        "007",
        "1.10",
        "true",
        "2024-01-31",
        "12:30",
        "' spaces '",
        "\"\\ttab \"",
        "&left x",
        "&left 'x'",
        "!!str 5",
        "caf\u{e9}",
        "a\u{a0}b",
        "1",
        "\"1\"",
    ])
}

fn number() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["5", "\"5\"", "'10'", "\" 5 \"", "60", "&left 5"])
}

fn comment() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "",
        "",
        " # one",
        "  # two  ",
        " # mithril: ignore[Y019] three",
        " # \u{e9}\t",
        "  ",
    ])
}

prop_compose! {
    fn list()(items in prop::collection::vec((scalar(), comment()), 1..4), flow in any::<bool>(), own in comment()) -> String {
        if flow {
            let items: Vec<&str> = items.iter().map(|(item, _)| *item).collect();
            return format!(" [{}]{own}\n", items.join(", "));
        }
        let items = items.iter().map(|(item, comment)| format!("  - {item}{comment}\n"));
        format!("{own}\n{}", items.collect::<String>())
    }
}

prop_compose! {
    fn functions()(
        allowed in prop::collection::vec(prop::sample::select(vec!["read", "'write'", "read", "printf()", "free"]), 0..5),
        forbidden in prop::collection::vec(prop::sample::select(vec!["gets", "puts", "'gets'"]), 0..3),
        flow in any::<bool>(), comments in (comment(), comment(), comment()),
        check in prop::sample::select(vec!["true", "yes", "no", "False"]),
    ) -> String {
        let (one, two, three) = comments;
        let list = |names: &[&str]| {
            if flow {
                return format!(" [{}]{one}\n", names.join(", "));
            }
            let names = names.iter().map(|name| format!("    - {name}{two}\n"));
            format!("{one}\n{}", names.collect::<String>())
        };
        let mut text = format!("validation:{three}\n  check_valgrind: {check}{two}\n");
        if !allowed.is_empty() {
            text.extend(["  allowed_functions:", &list(&allowed)]);
        }
        if !forbidden.is_empty() {
            text.extend(["  forbidden_functions:", &list(&forbidden), "  # end\n"]);
        }
        text
    }
}

prop_compose! {
    fn tests()(tests in prop::collection::vec((scalar(), number(), comment(), any::<bool>()), 1..4)) -> String {
        let tests = tests.iter().map(|(name, timeout, comment, flow)| {
            if *flow {
                return format!("  - {{name: {name}, run: 'cat a', timeout: {timeout}}}{comment}\n");
            }
            format!("  - name: {name}{comment}\n    run: cat\u{a0}x{comment}\n    timeout: {timeout}\n")
        });
        format!("tests:\n{}", tests.collect::<String>())
    }
}

prop_compose! {
    fn block()(lines in prop::collection::vec("[a-z#: -]{0,12} {0,3}", 0..4), style in prop::sample::select(vec!["|", ">", "|-", ">-", "|+", "|2"])) -> String {
        let lines = lines.iter().map(|line| format!("  {line}\n"));
        format!("description: {style}\n  first\n{}", lines.collect::<String>())
    }
}

prop_compose! {
    /// An exercise with the faults that safe fixes mend, written in many ways.
    fn exercise()(
        id in scalar(), title in scalar(), tags in list(), tests in tests(), functions in functions(),
        block in block(), comments in (comment(), comment(), comment()), build in number(),
        kind in prop::sample::select(vec!["code", "mcq", "' code '", "Text"]),
        order in any::<u8>(), ending in prop::sample::select(vec!["\n", "\n", "\r\n", "\r"]),
        mark in any::<bool>(), last in any::<bool>(),
    ) -> String {
        let (one, two, three) = comments;
        let mut parts = [
            format!("id: {id}{one}\n"),
            format!("title: {title}{two}\ntype: {kind}\n"),
            format!("language: c{three}\nbuild:\n  command: gcc a.c{one}\n  timeout: {build}\n"),
            format!("tags:{tags}"),
            tests,
            functions,
            block,
        ];
        let length = parts.len();
        parts.rotate_left(usize::from(order) % length);
        let text = parts.concat();
        let text = if last { text.as_str() } else { text.trim_end_matches('\n') };
        let mark = if mark { "\u{feff}" } else { "" };
        format!("{mark}{}", text.replace('\n', ending))
    }
}

/// A last block of text without an end says more to some readers than to others; Y022 settles it.
fn with_end(text: &str) -> String {
    let ending = if text.ends_with(['\n', '\r']) {
        ""
    } else {
        "\n"
    };
    format!("{text}{ending}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_fix_changes_what_its_rule_says_and_nothing_else(text in exercise()) {
        let before = read(&with_end(&text));
        let after = fixed(&text);
        let now = read(&after);
        prop_assert!(may_become("", &before, &now), "{text:?}\nbecame {after:?}\n{before:#?}\n{now:#?}");
        prop_assert_eq!(comments(&text), comments(&after), "{:?}\nbecame {:?}", text, after);
        let left = rules(&after);
        prop_assert!(left.is_empty(), "{left:?} can still be fixed in {after:?}, once {text:?}");
        prop_assert_eq!(fixed(&after), after, "{:?}", text);
    }

    #[test]
    fn a_fix_of_how_it_is_written_changes_nothing_that_is_read(text in exercise()) {
        let target = Target::Text { bytes: text.as_bytes().to_vec(), path: None };
        let settings = Settings { selection: Selection::of(NEUTRAL), ..Settings::default() };
        let fixed = fix(&[target], &settings, &Progress::default(), Applicability::Safe).unwrap();
        for change in fixed.changes {
            let after = String::from_utf8(change.after).unwrap();
            prop_assert_eq!(read(&with_end(&text)), read(&after), "{:?}\nbecame {:?}", text, after);
        }
    }
}

#[test]
fn the_texts_have_the_faults_that_are_looked_for() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut found = BTreeSet::new();
    for _ in 0..500 {
        let text = exercise().new_tree(&mut runner).unwrap().current();
        found.extend(rules(&text));
    }
    let expected = BTreeSet::from([
        Code::Y003,
        Code::Y004,
        Code::Y011,
        Code::Y014,
        Code::Y018,
        Code::Y019,
        Code::Y021,
        Code::Y022,
        Code::S104,
        Code::S105,
        Code::B410,
        Code::V602,
        Code::V605,
    ]);
    assert!(found.is_superset(&expected), "{found:?}");
}
