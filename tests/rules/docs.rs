//! The examples of the rules' texts: the bad one triggers the rule, the good one does not.

use mithril::diagnostics::{Applicability, Code};
use mithril::lint::rules::doc;

use crate::support::{all, codes};

/// Rules that need other files, or bytes that a text can't show.
const NOT_BY_ONE_TEXT: [Code; 21] = [
    Code::Y002,
    Code::Y004,
    Code::I202,
    Code::I203,
    Code::I204,
    Code::I205,
    Code::I208,
    Code::I209,
    Code::I210,
    Code::I211,
    Code::I212,
    Code::F301,
    Code::F302,
    Code::F303,
    Code::F304,
    Code::F305,
    Code::F306,
    Code::F307,
    Code::F308,
    Code::F309,
    Code::M903,
];

/// The first example that is YAML.
fn example(section: &str) -> Option<&str> {
    let (_, rest) = section.split_once("```yaml\n")?;
    Some(rest.split_once("```")?.0)
}

#[test]
fn the_bad_example_triggers_the_rule_and_the_good_one_does_not() {
    for &code in Code::ALL {
        let doc = doc(code);
        if let Some(good) = example(doc.good) {
            let found = codes(&as_its_kind(code, good), &all());
            assert!(!found.contains(&code), "{code}: {found:?}\n{good}");
        }
        if !NOT_BY_ONE_TEXT.contains(&code) {
            let bad = example(doc.bad).unwrap_or_else(|| panic!("{code} has no example"));
            let found = codes(&as_its_kind(code, bad), &all());
            assert!(found.contains(&code), "{code}: {found:?}\n{bad}");
        }
    }
}

/// A text without `slug` is taken for an exercise, unless its name says otherwise; the only example
/// that this concerns is the one of a pool without it.
fn as_its_kind(code: Code, example: &str) -> String {
    if code == Code::I207 && !example.contains("slug") {
        format!("{example}slug:\n")
    } else {
        example.to_owned()
    }
}

#[test]
fn a_text_says_of_a_fix_what_the_table_says() {
    for &code in Code::ALL {
        let fix = doc(code).fix;
        let begins = match code.fix() {
            Some(Applicability::Safe) => "Safe",
            Some(Applicability::Unsafe) => "Unsafe",
            None => "None",
        };
        assert!(fix.starts_with(begins), "{code}: {fix}");
    }
}
