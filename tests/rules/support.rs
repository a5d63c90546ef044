//! What the modules share: judging a tree or a text, and files made for one test.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mithril::diagnostics::{Code, Diagnostic, Position, Report, Source};
use mithril::lint::{Progress, Selection, Settings, Target, check, check_text};

/// What `lint` goes by where nothing is configured.
pub(crate) fn standard() -> Settings {
    Settings {
        selection: Selection::standard(),
        ..Settings::default()
    }
}

/// Settings that select one rule.
pub(crate) fn only(code: Code) -> Settings {
    Settings {
        selection: Selection::of([code]),
        ..Settings::default()
    }
}

/// Settings that select all rules, those that are off by default too.
pub(crate) fn all() -> Settings {
    Settings {
        selection: Selection::all(),
        ..Settings::default()
    }
}

/// Judges a directory. Paths in the report begin below `base`.
pub(crate) fn judge(directory: &Path, base: &Path, settings: &Settings) -> Report {
    let target = Target::Path(directory.to_owned());
    let checked = check(vec![target], settings, &Progress::default()).unwrap();
    relative(checked.report, base)
}

/// The same report with paths that begin below `base`, as if the program had been run there.
fn relative(report: Report, base: &Path) -> Report {
    let short = |path: &Arc<str>| -> Arc<str> {
        let path = Path::new(&**path);
        let short = path.strip_prefix(base).unwrap_or(path);
        Arc::from(short.to_str().unwrap())
    };
    let mut relative = Report {
        files: report.files,
        ..Report::default()
    };
    for mut diagnostic in report.diagnostics {
        diagnostic.path = short(&diagnostic.path);
        for label in &mut diagnostic.labels {
            label.path = short(&label.path);
        }
        relative.diagnostics.push(diagnostic);
    }
    for path in report.sources.keys() {
        let bytes = std::fs::read(&**path).unwrap_or_default();
        let source = Source::new(short(path), bytes);
        relative.sources.insert(short(path), Arc::new(source));
    }
    relative
}

/// What is found in a text, in one line each.
pub(crate) fn found(text: &str, settings: &Settings) -> Vec<String> {
    lines(&check_text("x.yaml", text, settings).diagnostics)
}

/// The codes that are found in a text, in order.
pub(crate) fn codes(text: &str, settings: &Settings) -> Vec<Code> {
    let report = check_text("x.yaml", text, settings);
    report.diagnostics.iter().map(|d| d.code).collect()
}

/// One line a diagnostic.
pub(crate) fn lines(diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics
        .iter()
        .map(|d| {
            let at = d.span.start;
            let severity = d.severity.as_str();
            format!(
                "{}:{}:{} {severity}[{}] {}",
                d.path, at.line, at.column, d.code, d.message
            )
        })
        .collect()
}

/// Takes the `§` out of a text and says where it stood. Counts for itself, by the definition: lines
/// end at LF, CR LF or CR, columns are characters, a byte order mark has none.
pub(crate) fn marked(text: &str) -> (String, Position) {
    let (before, after) = text.split_once('§').expect("a text with a `§`");
    let unix = before.replace("\r\n", "\n").replace('\r', "\n");
    let last = unix.rsplit('\n').next().unwrap();
    let column = last.chars().filter(|&c| c != '\u{feff}').count() + 1;
    let position = Position {
        line: unix.matches('\n').count() + 1,
        column,
        offset: before.len(),
    };
    (format!("{before}{after}"), position)
}

/// A tree of files that goes away with the test.
pub(crate) struct Tree {
    root: tempfile::TempDir,
}

impl Tree {
    /// Writes the files.
    pub(crate) fn of(files: &BTreeMap<String, String>) -> Self {
        let root = tempfile::tempdir().unwrap();
        let tree = Self { root };
        for (path, text) in files {
            tree.write(path, text.as_bytes());
        }
        tree
    }

    /// A copy of a directory, links as links.
    pub(crate) fn copy(from: &Path) -> Self {
        let tree = Self {
            root: tempfile::tempdir().unwrap(),
        };
        copy(from, tree.path());
        tree
    }

    pub(crate) fn path(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn join(&self, path: &str) -> PathBuf {
        self.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in from.read_dir().unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            copy(&entry.path(), &target);
        } else if kind.is_symlink() {
            let link = std::fs::read_link(entry.path()).unwrap();
            std::os::unix::fs::symlink(link, target).unwrap();
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
