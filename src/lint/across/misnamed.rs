//! I210: YAML files that are never loaded, because their names are not quite right.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostics::yaml::{self, Limits};
use crate::diagnostics::{Applicability, Code, Diagnostic, Findings, Source};

use super::super::check::read_again;
use super::super::walk::{EXERCISE_FILE, POOL_FILE, shown};

/// Judges a YAML file of another name than exercises and pools have.
pub(in super::super) fn judge(path: &Path) -> Option<(PathBuf, Diagnostic)> {
    let meant = by_name(path).or_else(|| by_shape(path))?;
    let source = Source::new(shown(path), Vec::new());
    let what = if meant == POOL_FILE {
        "a pool"
    } else {
        "an exercise"
    };
    let message = format!("{what} in a file of this name is never loaded");
    let problem = Findings::new(&source).at(Code::I210, 0..0, message);
    let problem = problem.help(format!("call it `{meant}`, or move it out of the tree"));
    let free = path.with_file_name(meant).symlink_metadata().is_err();
    let problem = if free {
        problem.rename(Applicability::Unsafe, meant)
    } else {
        problem
    };
    Some((path.to_owned(), problem))
}

/// `exercise.yml`, `Pool.yaml` and the like.
fn by_name(path: &Path) -> Option<&'static str> {
    let stem = path.file_stem()?.to_str()?.to_lowercase();
    match &*stem {
        "exercise" => Some(EXERCISE_FILE),
        "pool" => Some(POOL_FILE),
        _ => None,
    }
}

/// A file with the keys that every exercise, or every pool, has.
fn by_shape(path: &Path) -> Option<&'static str> {
    let source = read_again(path, &Arc::from(""))?;
    let mut findings = Findings::new(&source);
    let tree = yaml::parse(&source, &Limits::default(), &mut findings)?;
    let has = |keys: &[&str]| keys.iter().all(|key| tree.entry(key).is_some());
    if has(&["id", "title", "type"]) {
        return Some(EXERCISE_FILE);
    }
    has(&["slug", "name"]).then_some(POOL_FILE)
}
