//! `tests/fixtures/rules/CODE`: `bad` triggers exactly that rule exactly once, `good` is clean, and
//! `frame.txt` is how the problem is drawn. `CODE-warning` and its like are the cases of a rule that
//! have another severity than its main one. `UPDATE_SNAPSHOTS=1` writes the frames anew.

use std::path::{Path, PathBuf};

use mithril::diagnostics::render::Frames;
use mithril::diagnostics::{Code, Report, Severity};
use mithril::lint::{Selection, Settings};

use crate::support::{Tree, judge, lines, standard};

/// A rule's case of one severity.
struct Case {
    code: Code,
    severity: Severity,
    directory: PathBuf,
}

fn cases() -> Vec<Case> {
    let case = |code: Code, severity: Severity| {
        let name = if severity == code.severity() {
            code.to_string()
        } else {
            format!("{code}-{}", severity.as_str())
        };
        Case {
            code,
            severity,
            directory: root().join(name),
        }
    };
    let all = Code::ALL.iter();
    all.flat_map(|&code| {
        code.severities()
            .iter()
            .map(move |&severity| case(code, severity))
    })
    .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rules")
}

impl Case {
    fn name(&self) -> String {
        self.directory.file_name().unwrap().display().to_string()
    }

    /// What `lint` goes by, with what is off by default asked for where it is the case's own.
    fn settings(&self) -> Settings {
        let mut settings = standard();
        let off = self.code.is_optional() || self.name() == "F308-info";
        if let Selection::Selected { codes, asked, .. } = &mut settings.selection
            && off
        {
            codes.insert(self.code);
            asked.insert(self.code);
        }
        settings
    }

    /// Judges the `bad` or the `good` tree, with what git can't hold added to a copy.
    fn judge(&self, kind: &str, settings: &Settings) -> Report {
        let directory = &self.directory;
        assert!(
            directory.join(kind).is_dir(),
            "{} has no fixture `{kind}`",
            self.name()
        );
        let kilobytes = match (&*self.name(), kind) {
            ("F309", "bad") => 257,
            ("F309-error", "bad") => 901,
            ("F309" | "F309-error", _) => 255,
            _ => return judge(&directory.join(kind), directory, settings),
        };
        let copy = Tree::copy(directory);
        let path = format!("{kind}/hello/tests/world_expected.txt");
        copy.write(&path, &vec![b'a'; kilobytes * 1024]);
        judge(&copy.join(kind), copy.path(), settings)
    }
}

#[test]
fn a_bad_fixture_triggers_its_rule_once_and_no_other() {
    let mut faults = String::new();
    for case in cases() {
        let report = case.judge("bad", &case.settings());
        let found: Vec<_> = report
            .diagnostics
            .iter()
            .map(|d| (d.code, d.severity))
            .collect();
        if found != [(case.code, case.severity)] {
            faults.extend([
                case.name(),
                format!(": {:#?}\n", lines(&report.diagnostics)),
            ]);
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn validate_reports_the_errors_alone() {
    for case in cases() {
        let report = case.judge("bad", &Settings::default());
        let found: Vec<Code> = report.diagnostics.iter().map(|d| d.code).collect();
        let expected = vec![case.code; usize::from(case.severity == Severity::Error)];
        assert_eq!(found, expected, "{}", case.name());
    }
}

#[test]
fn a_good_fixture_is_clean() {
    let mut faults = String::new();
    for case in cases() {
        let report = case.judge("good", &case.settings());
        assert!(report.files > 0, "{}", case.name());
        if !report.diagnostics.is_empty() {
            faults.extend([
                case.name(),
                format!(": {:#?}\n", lines(&report.diagnostics)),
            ]);
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn the_frames_are_as_they_were() {
    let update = std::env::var_os("UPDATE_SNAPSHOTS").is_some_and(|value| value == "1");
    let mut changed = String::new();
    for case in cases() {
        let report = case.judge("bad", &case.settings());
        let frames = Frames::new(&report.sources, false, Some(100));
        let drawn: String = report
            .diagnostics
            .iter()
            .map(|diagnostic| frames.frame(diagnostic))
            .collect();
        let drawn = format!("{}\n", drawn.trim_end());
        let path = case.directory.join("frame.txt");
        let known = std::fs::read_to_string(&path).unwrap_or_default();
        if known == drawn {
            continue;
        }
        if update {
            std::fs::write(&path, &drawn).unwrap();
        } else {
            changed.extend([&*case.name(), " was\n", &known, "\nand is\n", &drawn]);
        }
    }
    assert!(
        changed.is_empty(),
        "{changed}look at them, then run with UPDATE_SNAPSHOTS=1"
    );
}

#[test]
fn no_fixture_is_left_over() {
    let known: Vec<PathBuf> = cases().into_iter().map(|case| case.directory).collect();
    for entry in root().read_dir().unwrap() {
        let path = entry.unwrap().path();
        assert!(
            known.contains(&path),
            "{} is no case of a rule",
            path.display()
        );
    }
}
