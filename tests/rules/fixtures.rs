//! `tests/fixtures/rules/CODE`: `bad` triggers exactly that rule exactly once, `good` is clean, and
//! `frame.txt` is how the problem is drawn. `UPDATE_SNAPSHOTS=1` writes the frames anew.

use std::path::{Path, PathBuf};

use mithril::diagnostics::render::Frames;
use mithril::diagnostics::{Code, Report};
use mithril::lint::Settings;

use crate::support::{Tree, all, judge, lines};

fn directory(code: Code) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/rules")
        .join(code.as_str())
}

/// Judges the `bad` or the `good` tree of a rule, with what git can't hold added to a copy.
fn judge_fixture(code: Code, kind: &str, settings: &Settings) -> Report {
    let directory = directory(code);
    assert!(
        directory.join(kind).is_dir(),
        "{code} has no fixture `{kind}`"
    );
    if code == Code::F309 {
        let copy = Tree::copy(&directory);
        let kilobytes = if kind == "bad" { 901 } else { 255 };
        let path = format!("{kind}/01-hello/tests/world_expected.txt");
        copy.write(&path, &vec![b'a'; kilobytes * 1024]);
        return judge(&copy.join(kind), copy.path(), settings);
    }
    judge(&directory.join(kind), &directory, settings)
}

#[test]
fn a_bad_fixture_triggers_its_rule_once() {
    for &code in Code::ALL {
        let report = judge_fixture(code, "bad", &Settings::default());
        let found: Vec<Code> = report.diagnostics.iter().map(|d| d.code).collect();
        assert_eq!(found, [code], "{:#?}", lines(&report.diagnostics));
    }
}

#[test]
fn a_good_fixture_is_clean() {
    for &code in Code::ALL {
        let report = judge_fixture(code, "good", &Settings::default());
        assert!(report.files > 0, "{code}");
        let found = lines(&report.diagnostics);
        assert!(found.is_empty(), "{code}: {found:#?}");
    }
}

#[test]
fn a_good_fixture_has_no_lesser_case_of_its_rule_either() {
    for &code in Code::ALL {
        let mut report = judge_fixture(code, "good", &all());
        report.diagnostics.retain(|d| d.code == code);
        let found = lines(&report.diagnostics);
        assert!(found.is_empty(), "{code}: {found:#?}");
    }
}

#[test]
fn the_frames_are_as_they_were() {
    let update = std::env::var_os("UPDATE_SNAPSHOTS").is_some_and(|value| value == "1");
    let mut changed = String::new();
    for &code in Code::ALL {
        let report = judge_fixture(code, "bad", &Settings::default());
        let frames = Frames::new(&report.sources, false, Some(100));
        let drawn: String = report
            .diagnostics
            .iter()
            .map(|diagnostic| frames.frame(diagnostic))
            .collect();
        let drawn = format!("{}\n", drawn.trim_end());
        let path = directory(code).join("frame.txt");
        let known = std::fs::read_to_string(&path).unwrap_or_default();
        if known == drawn {
            continue;
        }
        if update {
            std::fs::write(&path, &drawn).unwrap();
        } else {
            changed.extend([code.as_str(), " was\n", &known, "\nand is\n", &drawn]);
        }
    }
    assert!(
        changed.is_empty(),
        "{changed}look at them, then run with UPDATE_SNAPSHOTS=1"
    );
}

#[test]
fn no_fixture_is_left_over() {
    for entry in directory(Code::Y001).parent().unwrap().read_dir().unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(Code::parse(&name).is_some(), "{name} is no rule");
    }
}
