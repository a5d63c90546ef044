//! F: the files that tests name. What stands beside an exercise unnamed is judged in `orphans`, what
//! expected outputs hold in `outputs`.
//!
//! Looking for a file says the most specific thing that is wrong with it, in the order: the path
//! leaves the exercise, a link leaves the tree, it is no regular file, it has another case, it is
//! missing.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fs::Metadata;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::diagnostics::yaml::{in_quotes, shortened};
use crate::diagnostics::{Applicability, Code, Findings, Severity, nearest};
use crate::exercise::Text;

use super::super::texts::Texts;
use super::ExerciseContext;

/// From this size on a fixture slows the grader down.
pub(super) const LARGE: u64 = 256 * 1024;
/// From this size on a fixture does not fit into one NATS message (1 MiB, less the envelope).
const TOO_LARGE: u64 = 900 * 1024;

/// The bytes of a path with its NUL that a system call takes.
const MAX_PATH: usize = 4096;
/// The bytes of a name that file systems hold.
const MAX_NAME: usize = 255;
/// How many links a kernel follows.
const MAX_LINKS: usize = 40;

/// The directory of an exercise, and the tree that links must not leave.
#[derive(Debug, Clone)]
pub struct Beside {
    /// The exercise's own file.
    pub file: PathBuf,
    /// The exercise's directory.
    pub directory: PathBuf,
    /// The tree's root.
    pub root: PathBuf,
    /// Texts that stand for files.
    pub texts: Arc<Texts>,
}

/// What a path that an exercise names leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fixture {
    /// A regular file of that many bytes.
    File(u64),
    /// The path leaves the exercise's directory, and how.
    Escapes(&'static str),
    /// A link on the way leaves the tree, or leads nowhere.
    LinkEscapes(&'static str),
    /// Something that is no regular file, or can't be read.
    Irregular(&'static str),
    /// The file exists under this name, in another case.
    OtherCase(String),
    /// Nothing is there; the nearest name, if one is near.
    Missing(Option<String>),
}

/// F301 to F304, F307 and F309 of the files that tests name.
pub(super) fn fixtures(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    for (test, found) in context.file.tests().iter().zip(context.fixtures()) {
        for (text, found) in [&test.input, &test.expected_output].into_iter().zip(found) {
            if let (Some(text), Some(found)) = (text.as_ref(), found) {
                fixture(text, found, findings);
            }
        }
    }
}

fn fixture(text: &Text, found: &Fixture, findings: &mut Findings<'_>) {
    let path = &*shortened(&text.value);
    let at = |code, message: String| findings.at(code, text.span.clone(), message);
    let problem = match found {
        Fixture::File(size) if *size > LARGE => {
            let too_large = *size > TOO_LARGE;
            let severity = if too_large {
                Severity::Error
            } else {
                Severity::Warning
            };
            let message = format!("`{path}` has {} KiB", size.div_ceil(1024));
            let limit = if too_large { TOO_LARGE } else { LARGE } / 1024;
            at(Code::F309, message)
                .severity(severity)
                .help(format!("it may have at most {limit} KiB"))
        }
        Fixture::File(_) => return,
        Fixture::Escapes(how) => at(Code::F302, format!("`{path}` {how}"))
            .help("name a file below the exercise's directory, such as `tests/1_input.txt`"),
        Fixture::LinkEscapes(how) => {
            at(Code::F303, format!("`{path}` {how}")).help("put a copy of the file in its place")
        }
        Fixture::Irregular(what) => {
            at(Code::F307, format!("`{path}` {what}")).help("name a file that can be read")
        }
        Fixture::OtherCase(actual) => {
            let span = findings.source().span(text.span.clone());
            at(Code::F304, format!("`{path}` exists only as `{actual}`"))
                .help("write the name as the file has it: not every file system folds case")
                .fix(
                    Applicability::Safe,
                    "write its name",
                    span,
                    in_quotes(actual),
                )
        }
        Fixture::Missing(near) => {
            let problem = at(Code::F301, format!("there is no file `{path}`"));
            match near {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help("add the file, its path begins at the exercise's directory"),
            }
        }
    };
    findings.push(problem);
}

impl Beside {
    /// The bytes of a file that `find` found with that size; nothing for one that can't be read any
    /// more, or is large.
    pub fn read(&self, path: &str, size: u64) -> Option<Cow<'_, [u8]>> {
        let path = self.directory.join(path);
        if let Some(text) = self.texts.at(&path) {
            return Some(Cow::Borrowed(text));
        }
        if size > LARGE {
            return None;
        }
        let mut bytes = vec![0; usize::try_from(size).ok()?];
        // One system call for a small file; what it has grown by since is not looked at.
        let mut file = std::fs::File::open(path).ok()?;
        file.read_exact(&mut bytes).ok()?;
        Some(Cow::Owned(bytes))
    }

    /// The names in the exercise's directory.
    pub fn names(&self) -> Vec<String> {
        names(&self.directory)
    }

    /// What a path leads to. `plain` are directories that are reached without a link: an exercise has many
    /// files in few directories.
    pub fn find(&self, path: &str, plain: &mut Vec<String>) -> Fixture {
        if let Some(how) = escapes(path) {
            return Fixture::Escapes(how);
        }
        let whole = self.directory.join(path);
        match whole.symlink_metadata() {
            Ok(found) if !found.is_symlink() && !self.link_on_the_way(path, plain) => {
                self.regular(&whole, &found)
            }
            Ok(_) => self.through_links(&whole),
            Err(_) if self.link_on_the_way(path, plain) => self.through_links(&whole),
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                Fixture::Irregular("can't be read")
            }
            Err(_) => self.absent(path),
        }
    }

    fn regular(&self, path: &Path, found: &Metadata) -> Fixture {
        if found.is_dir() {
            return Fixture::Irregular("is a directory");
        }
        if !found.is_file() {
            return Fixture::Irregular("is no regular file");
        }
        if !readable(path, found) {
            return Fixture::Irregular("can't be read");
        }
        // A file system that folds case finds what others do not.
        if cfg!(any(windows, target_os = "macos"))
            && let Ok(short) = path.strip_prefix(&self.directory)
            && let Some(actual) = self.other_case(&short.to_string_lossy())
        {
            return Fixture::OtherCase(actual);
        }
        Fixture::File(found.len())
    }

    /// Whether one of the directories of the path is a link.
    fn link_on_the_way(&self, path: &str, plain: &mut Vec<String>) -> bool {
        let above = path.rsplit_once('/').map_or("", |(above, _)| above);
        if plain.iter().any(|known| known == above) {
            return false;
        }
        let mut at = self.directory.clone();
        let mut components = Path::new(path).components().peekable();
        while let Some(component) = components.next() {
            at.push(component);
            if components.peek().is_none() {
                break;
            }
            match at.symlink_metadata() {
                Ok(found) if found.is_symlink() => return true,
                Ok(_) => {}
                // Below what is not there nothing is.
                Err(_) => return false,
            }
        }
        plain.push(above.to_owned());
        false
    }

    fn through_links(&self, whole: &Path) -> Fixture {
        let rest = whole.strip_prefix(&self.directory).unwrap_or(whole);
        if self.meets_absolute_link(rest) {
            return Fixture::LinkEscapes("is an absolute link, which leads nowhere elsewhere");
        }
        let Ok(target) = whole.canonicalize() else {
            return Fixture::LinkEscapes("is a link that leads nowhere");
        };
        if !self
            .root
            .canonicalize()
            .is_ok_and(|root| target.starts_with(root))
        {
            return Fixture::LinkEscapes("is a link that leads out of the tree");
        }
        match target.symlink_metadata() {
            Ok(found) => self.regular(&target, &found),
            Err(_) => Fixture::Irregular("can't be read"),
        }
    }

    /// Whether a link on the way is absolute, or leads to one that is.
    fn meets_absolute_link(&self, path: &Path) -> bool {
        let parts = |path: &Path| -> Vec<OsString> {
            let parts = path.components().rev();
            parts.map(|part| part.as_os_str().to_owned()).collect()
        };
        let mut at = self.directory.clone();
        let mut rest = parts(path);
        let mut links = 0;
        while let Some(part) = rest.pop() {
            if part == ".." {
                if !at.pop() {
                    at.push(part);
                }
                continue;
            }
            at.push(part);
            let Ok(target) = at.read_link() else { continue };
            if target.is_absolute() {
                return true;
            }
            links += 1;
            if links > MAX_LINKS {
                return false;
            }
            at.pop();
            rest.extend(parts(&target));
        }
        false
    }

    fn absent(&self, path: &str) -> Fixture {
        match self.other_case(path) {
            // A `/` too many is no matter of case.
            Some(actual) if Path::new(path) == Path::new(&actual) => Fixture::Missing(Some(actual)),
            Some(actual) if actual != path => Fixture::OtherCase(actual),
            _ => Fixture::Missing(self.near(path)),
        }
    }

    /// The path as the file system has it, if only the case differs.
    fn other_case(&self, path: &str) -> Option<String> {
        let mut at = self.directory.clone();
        let mut actual = Vec::new();
        for component in Path::new(path).components() {
            let Component::Normal(name) = component else {
                continue;
            };
            let name = name.to_str()?;
            let names = names(&at);
            let found = names.iter().find(|known| *known == name).or_else(|| {
                names
                    .iter()
                    .find(|k| k.to_lowercase() == name.to_lowercase())
            })?;
            at.push(found);
            actual.push(found.clone());
        }
        at.is_file().then(|| actual.join("/"))
    }

    /// A file of a near name: in the directory that is named, or in `tests`.
    fn near(&self, path: &str) -> Option<String> {
        let (above, name) = match path.rsplit_once('/') {
            Some((above, name)) => (above, name),
            None => ("", path),
        };
        [above, "tests", ""].into_iter().find_map(|above| {
            let names = names(&self.directory.join(above));
            let near = nearest(name, names.iter().map(String::as_str))?;
            let near = if above.is_empty() {
                near.to_owned()
            } else {
                format!("{above}/{near}")
            };
            self.directory.join(&near).is_file().then_some(near)
        })
    }
}

/// How a path leaves the exercise's directory, if it does. Nothing is looked up for it.
fn escapes(path: &str) -> Option<&'static str> {
    if path.contains('\0') {
        return Some("holds a NUL");
    }
    if path.len() >= MAX_PATH || path.split('/').any(|part| part.len() > MAX_NAME) {
        return Some("is longer than a path may be");
    }
    if path.contains("://") {
        return Some("is a URL");
    }
    if path.contains('\\') {
        return Some("holds a backslash, paths are written with `/`");
    }
    let drive = matches!(path.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    if path.starts_with('/') || drive {
        return Some("is absolute");
    }
    if path.starts_with('~') {
        return Some("begins with `~`, which only a shell knows");
    }
    path.split('/')
        .any(|part| part == "..")
        .then_some("leaves the exercise's directory with `..`")
}

/// Whether the file can be read. Asking the mode spares an open for each fixture; what the mode
/// can't tell is found out by opening.
fn readable(path: &Path, found: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if found.permissions().mode() & 0o444 == 0o444 {
            return true;
        }
    }
    let _ = found;
    std::fs::File::open(path).is_ok()
}

/// The names in a directory, sorted; none where it can't be read.
fn names(directory: &Path) -> Vec<String> {
    let Ok(entries) = directory.read_dir() else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|e| e.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::escapes;

    #[test]
    fn a_path_that_no_system_takes_is_refused() {
        assert!(escapes(&"a/".repeat(2048)).is_some());
        assert!(escapes(&"a".repeat(256)).is_some());
        assert_eq!(escapes(&"a/".repeat(2047)), None);
        assert_eq!(escapes(&"a".repeat(255)), None);
    }

    #[test]
    fn paths_that_leave_are_told_by_their_text() {
        for path in [
            "../a", "a/../b", "/a", "~/a", "a\\b", "C:a", "http://a", "a\0",
        ] {
            assert!(escapes(path).is_some(), "{path}");
        }
        for path in [
            "a",
            "tests/1.txt",
            "./a",
            "a..b",
            "..a",
            "...",
            "é/ñ",
            "1:in.txt",
        ] {
            assert_eq!(escapes(path), None, "{path}");
        }
    }
}
