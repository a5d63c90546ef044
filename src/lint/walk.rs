//! Finding the files of a tree: `pool.yaml` and `exercise.yaml`, in an order that never changes.
//!
//! `.gitignore` is respected, also outside of git, but never against a path that the user named.
//! What begins with a dot and what editors leave behind is passed over. Links to directories are
//! not followed, links to files are read if they end inside of the root.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::gitignore::GitignoreBuilder;
use ignore::{DirEntry, WalkBuilder, WalkState};

/// The name of an exercise's file.
pub const EXERCISE_FILE: &str = "exercise.yaml";
/// The name of a pool's file.
pub const POOL_FILE: &str = "pool.yaml";
/// The name of the files that decide which files a walk finds.
pub const IGNORE_FILE: &str = ".gitignore";
/// Directories of an exercise in which no other exercise is looked for.
const EXERCISE_DIRECTORIES: [&str; 4] = ["tests", "solution", "starter", "assets"];

/// What a file is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A pool, by its name.
    Pool,
    /// An exercise, by its name.
    Exercise,
    /// A file that the user named: a pool if its root has a `slug`, else an exercise.
    Named,
}

/// A file to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    /// Where it is.
    pub path: PathBuf,
    /// How it is shown: below the path as the user named it.
    pub shown: Arc<str>,
    /// What it is taken for.
    pub role: Role,
    /// The directory below which it was found.
    pub root: Arc<Path>,
    /// The directory that links must not leave: the root, or the tree around a pool that was named.
    pub bounds: Arc<Path>,
}

impl FoundFile {
    /// Where the file is, however it is spelled.
    pub fn place(&self) -> PathBuf {
        let directory = absolute(self.path.parent().unwrap_or(Path::new("")));
        directory.join(self.path.file_name().unwrap_or_default())
    }

    /// Whether the text has a name and no place.
    pub fn is_placeless(&self) -> bool {
        self.bounds.as_os_str().is_empty()
    }

    /// Text that has a name and no place.
    pub fn placeless(name: &str) -> Self {
        Self {
            path: PathBuf::from(name),
            shown: Arc::from(name),
            role: Role::Named,
            root: Arc::from(Path::new("")),
            bounds: Arc::from(Path::new("")),
        }
    }

    /// A file that the user named.
    pub fn named(path: PathBuf) -> Self {
        let directory = path.parent().unwrap_or(Path::new(""));
        Self {
            shown: shown(&path),
            role: Role::Named,
            root: Arc::from(directory),
            bounds: Arc::from(bounds(directory)),
            path,
        }
    }
}

/// Something in the tree that can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Where it is.
    pub path: PathBuf,
    /// What it is, as it is shown.
    pub shown: Arc<str>,
    /// Why it can't be read.
    pub reason: String,
    /// Whether it is a link that leaves the tree.
    pub escapes: bool,
}

impl Unreadable {
    fn new(path: &Path, reason: String, escapes: bool) -> Self {
        let shown = shown(path);
        Self {
            path: path.to_owned(),
            shown,
            reason,
            escapes,
        }
    }
}

/// What a walk found, sorted by path.
#[derive(Debug, Default)]
pub struct Found {
    /// The files to judge.
    pub files: Vec<FoundFile>,
    /// What could not be read.
    pub unreadable: Vec<Unreadable>,
    /// The YAML files of other names, which are not judged.
    pub other_yaml: Vec<PathBuf>,
}

impl Found {
    /// Drops what two of the paths that the user named led to; the first of them counts.
    pub fn unite(&mut self) {
        let mut seen = HashSet::with_capacity(self.files.len());
        self.files.retain(|file| seen.insert(file.place()));
    }

    /// Puts what was found in its order.
    pub fn sort(&mut self) {
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        self.unreadable.sort_by(|a, b| a.shown.cmp(&b.shown));
        self.unreadable.dedup();
        self.other_yaml.sort();
        self.other_yaml.dedup();
    }
}

/// Finds the files of the tree below a directory, until it is told to stop.
pub fn walk(root: &Path, found: &mut Found, stop: &(dyn Fn() -> bool + Sync)) {
    guided(root, found, stop, |_| true);
}

/// Does so, and enters of the directories below those alone that the guide wants to enter. It is asked
/// before a directory is looked into.
pub fn guided(
    root: &Path,
    found: &mut Found,
    stop: &(dyn Fn() -> bool + Sync),
    guide: impl Fn(&Path) -> bool + Send + Sync + 'static,
) {
    let above: Arc<Path> = Arc::from(root);
    let bounds: Arc<Path> = Arc::from(bounds(root));
    let result = Mutex::new(Found::default());
    let mut builder = WalkBuilder::new(root);
    builder
        .follow_links(false)
        .require_git(false)
        // What is content must not depend on who runs the daemon.
        .ignore(false)
        .git_global(false)
        .git_exclude(false)
        .parents(!is_ignored(root))
        .threads(
            std::thread::available_parallelism()
                .map_or(1, usize::from)
                .min(8),
        )
        .filter_entry(move |entry| {
            let is_directory = entry.file_type().is_some_and(|kind| kind.is_dir());
            is_wanted(entry) && (entry.depth() == 0 || !is_directory || guide(entry.path()))
        });
    builder.build_parallel().run(|| {
        let mut local = Local {
            found: Found::default(),
            result: &result,
        };
        let (root, bounds) = (Arc::clone(&above), Arc::clone(&bounds));
        Box::new(move |entry| {
            match entry {
                Ok(entry) => local.entry(&entry, &root, &bounds),
                Err(error) => local.found.unreadable.push(unreadable(&error, &root)),
            }
            if stop() {
                WalkState::Quit
            } else {
                WalkState::Continue
            }
        })
    });
    let all = result.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.files.extend(all.files);
    found.unreadable.extend(all.unreadable);
    found.other_yaml.extend(all.other_yaml);
}

/// What one thread of the walk found; it is handed over when the thread ends.
struct Local<'r> {
    found: Found,
    result: &'r Mutex<Found>,
}

impl Drop for Local<'_> {
    fn drop(&mut self) {
        let mut result = self.result.lock().unwrap_or_else(PoisonError::into_inner);
        result.files.append(&mut self.found.files);
        result.unreadable.append(&mut self.found.unreadable);
        result.other_yaml.append(&mut self.found.other_yaml);
    }
}

impl Local<'_> {
    fn entry(&mut self, entry: &DirEntry, root: &Arc<Path>, bounds: &Arc<Path>) {
        let role = match entry.file_name().to_str() {
            Some(EXERCISE_FILE) => Role::Exercise,
            Some(POOL_FILE) => Role::Pool,
            _ => {
                let ending = entry.path().extension().and_then(OsStr::to_str);
                let yaml = |ending: &str| {
                    ending.eq_ignore_ascii_case("yaml") || ending.eq_ignore_ascii_case("yml")
                };
                if ending.is_some_and(yaml) && entry.file_type().is_some_and(|kind| kind.is_file())
                {
                    self.found.other_yaml.push(entry.path().to_owned());
                }
                return;
            }
        };
        let path = entry.path();
        if entry.depth() == 0 {
            return;
        }
        let is_link = entry.file_type().is_some_and(|kind| kind.is_symlink());
        if let Some(reason) = is_link.then(|| link_escapes(path, bounds)).flatten() {
            self.found
                .unreadable
                .push(Unreadable::new(path, reason, true));
            return;
        }
        // A named pipe would wait for ever, also behind a link.
        let regular = entry.file_type().is_some_and(|kind| kind.is_file());
        if !regular && !path.metadata().is_ok_and(|found| found.is_file()) {
            let reason = "this is no regular file".to_owned();
            self.found
                .unreadable
                .push(Unreadable::new(path, reason, false));
            return;
        }
        let (root, bounds) = (Arc::clone(root), Arc::clone(bounds));
        self.found.files.push(FoundFile {
            path: path.to_owned(),
            shown: shown(path),
            role,
            root,
            bounds,
        });
    }
}

/// How far above a named path a pool is looked for.
pub const LEVELS_ABOVE: usize = 3;

/// The directory that links below a named directory must not leave: the one around the pool that it
/// is, or is in; else itself.
pub fn bounds(directory: &Path) -> PathBuf {
    let absolute = absolute(directory);
    let pool = absolute
        .ancestors()
        .take(LEVELS_ABOVE)
        .find(|at| at.join(POOL_FILE).is_file());
    pool.and_then(Path::parent).unwrap_or(&absolute).to_owned()
}

/// The directory without links and `..`, so that what is above it is really above it.
pub fn absolute(directory: &Path) -> PathBuf {
    let whole = if directory.as_os_str().is_empty() {
        Path::new(".")
    } else {
        directory
    };
    whole.canonicalize().unwrap_or_else(|_| whole.to_owned())
}

/// Whether a file that is a link may not be read.
pub(super) fn escapes(file: &FoundFile) -> bool {
    link_escapes(&file.path, &file.bounds).is_some()
}

/// Why a link may not be followed, if so.
fn link_escapes(path: &Path, bounds: &Path) -> Option<String> {
    let Ok(target) = path.canonicalize() else {
        return Some("the link leads nowhere".into());
    };
    let inside = bounds
        .canonicalize()
        .is_ok_and(|bounds| target.starts_with(bounds));
    (!inside).then(|| "the link leads out of the tree".into())
}

/// A path as it is shown: without a leading `./`, and with bytes that are not UTF-8 written out, so
/// that two paths are never shown alike.
pub fn shown(path: &Path) -> Arc<str> {
    let short = path.strip_prefix("./").unwrap_or(path);
    if let Some(text) = short.to_str() {
        return Arc::from(text);
    }
    let mut text = String::new();
    for chunk in short.as_os_str().as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    Arc::from(text)
}

fn is_wanted(entry: &DirEntry) -> bool {
    if entry.depth() == 0 {
        return true;
    }
    let name = entry.file_name().to_string_lossy();
    if is_leftover(&name) {
        return false;
    }
    let is_directory = entry.file_type().is_some_and(|kind| kind.is_dir());
    let belongs_to_exercise = || {
        let beside = entry.path().with_file_name(EXERCISE_FILE);
        EXERCISE_DIRECTORIES.contains(&&*name) && beside.symlink_metadata().is_ok()
    };
    !(is_directory && belongs_to_exercise())
}

/// Whether a walk passes over what has that name, and all below it.
pub fn is_passed_over(name: &str) -> bool {
    name.starts_with('.') || is_leftover(name)
}

/// Whether a name is one that editors give to files that go away again.
pub fn is_leftover(name: &str) -> bool {
    let swap = name.len() > 4
        && name.starts_with('.')
        && name
            .rsplit_once('.')
            .is_some_and(|(_, ending)| ending.len() == 3 && ending.starts_with("sw"));
    name.ends_with('~')
        || name == "4913"
        || name.starts_with(".#")
        || name.to_ascii_lowercase().ends_with(".tmp")
        || swap
}

/// Whether a `.gitignore` above rules the path out: the user named it all the same.
fn is_ignored(root: &Path) -> bool {
    let Ok(root) = root.canonicalize() else {
        return false;
    };
    root.ancestors().skip(1).any(|above| {
        let mut builder = GitignoreBuilder::new(above);
        // A file that can't be read rules nothing out.
        let _ = builder.add(above.join(".gitignore"));
        builder.build().is_ok_and(|rules| {
            !rules.is_empty() && rules.matched_path_or_any_parents(&root, true).is_ignore()
        })
    })
}

fn unreadable(error: &ignore::Error, root: &Path) -> Unreadable {
    let mut path = root.to_owned();
    let mut inner = error;
    loop {
        match inner {
            ignore::Error::WithPath { path: at, err } => {
                path.clone_from(at);
                inner = err;
            }
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
                inner = err;
            }
            _ => break,
        }
    }
    Unreadable::new(&path, inner.to_string(), false)
}
