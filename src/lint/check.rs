//! Judging one file: read, parse, decode, rules. Nothing here knows of other files.

use std::io::Read;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use crate::diagnostics::yaml::{self, Limits, Literal, Tree, Value};
use crate::diagnostics::{Applicability, Code, Diagnostic, Encoding, Findings, Source, Span};
use crate::exercise::{self, ExerciseFile};
use crate::pool::{self, PoolFile};

use super::Settings;
use super::ignores::Ignores;
use super::rules::{self, Beside, ExerciseContext, PoolContext};
use super::settings::{MAX_FILE_SIZE, Selection};
use super::walk::Role;

/// A name and where it is written.
pub(super) type Name = (String, Range<usize>);

/// What a file turned out to be.
#[derive(Debug)]
pub(super) enum Content {
    /// An exercise; its decoded form only if the file has no errors.
    Exercise {
        id: Option<Name>,
        file: Option<Box<ExerciseFile>>,
    },
    /// A pool; its decoded form only if the file has no errors.
    Pool {
        slug: Option<Name>,
        listed: Option<Vec<Name>>,
        file: Option<Box<PoolFile>>,
    },
}

impl Content {
    /// Drops the decoded form. What other files may clash with stays.
    pub(super) fn forget(&mut self) {
        match self {
            Self::Exercise { file, .. } => *file = None,
            Self::Pool { file, .. } => *file = None,
        }
    }

    /// Whether the decoded form is there.
    fn is_there(&self) -> bool {
        match self {
            Self::Exercise { file, .. } => file.is_some(),
            Self::Pool { file, .. } => file.is_some(),
        }
    }
}

/// A judged file.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) content: Content,
    /// Whether it was decoded and has no errors.
    pub(super) sound: bool,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) ignores: Ignores,
    /// The text, while it may be needed.
    pub(super) source: Option<Arc<Source>>,
}

impl Judged {
    /// A file that could not be read at all.
    fn unread(role: Role, source: Source, problem: Diagnostic) -> Self {
        Self {
            content: broken(role),
            sound: false,
            diagnostics: vec![problem],
            ignores: Ignores::default(),
            source: Some(Arc::new(source)),
        }
    }
}

/// Reads and judges a file.
pub(super) fn read(
    path: &Path,
    shown: &Arc<str>,
    role: Role,
    beside: &Beside,
    settings: &Settings,
) -> Judged {
    let bytes = match beside.texts.get(shown) {
        Some(text) => Ok(text.to_vec()),
        None => bytes(path, settings.max_file_size),
    };
    match bytes {
        Ok(bytes) => judge(bytes, shown, role, Some(beside), settings),
        Err(error) => {
            let source = Source::new(Arc::clone(shown), Vec::new());
            let message = format!("the file can't be read: {error}");
            let problem = Findings::new(&source).at(Code::F307, 0..0, message);
            let problem = problem.help("give the file back its permissions, or remove it");
            Judged::unread(role, source, problem)
        }
    }
}

/// The text of a file that is no longer in memory, to show a place in it. What is no regular file is
/// not opened: a named pipe would wait for ever.
pub(super) fn read_again(path: &Path, shown: &Arc<str>) -> Option<Source> {
    let regular = path.metadata().is_ok_and(|found| found.is_file());
    if !regular {
        return None;
    }
    let bytes = bytes(path, MAX_FILE_SIZE).ok()?;
    Some(Source::new(Arc::clone(shown), bytes))
}

/// The bytes of a file, at most one more than the limit, so that what is too large is seen.
fn bytes(path: &Path, limit: usize) -> std::io::Result<Vec<u8>> {
    let file = std::fs::File::open(path)?;
    let length = file.metadata().map_or(0, |found| found.len());
    let limit = limit as u64 + 1;
    // Knowing the length spares the look for an end; what tells none, such as a pipe, is read to its end.
    let most = if length == 0 {
        limit
    } else {
        limit.min(length)
    };
    let mut bytes = Vec::with_capacity(usize::try_from(limit.min(length)).unwrap_or(0));
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Judges a file's bytes.
pub(super) fn judge(
    bytes: Vec<u8>,
    shown: &Arc<str>,
    role: Role,
    beside: Option<&Beside>,
    settings: &Settings,
) -> Judged {
    if bytes.len() > settings.max_file_size {
        let source = Source::new(Arc::clone(shown), Vec::new());
        let limit = settings.max_file_size / 1024;
        let message = format!("the file is larger than {limit} KiB");
        let problem = Findings::new(&source).at(Code::Y020, 0..0, message);
        let problem = problem.help("put long texts and data into files beside the exercise");
        return Judged::unread(role, source, problem);
    }
    let source = Source::new(Arc::clone(shown), bytes);
    let mut findings = Findings::new(&source);
    let tree = tree(&source, settings, &mut findings);
    let (mut content, ignores) = match &tree {
        Some(tree) => {
            let ignores = Ignores::of(tree, &source, &mut findings);
            (decode(tree, role, beside, settings, &mut findings), ignores)
        }
        None => (broken(role), Ignores::default()),
    };
    drop(tree);
    if findings.has_errors() {
        content.forget();
    }
    Judged {
        sound: content.is_there(),
        content,
        diagnostics: findings.into_diagnostics(),
        ignores,
        source: Some(Arc::new(source)),
    }
}

/// What is left of a file of which nothing could be decoded.
fn broken(role: Role) -> Content {
    match role {
        Role::Pool => Content::Pool {
            slug: None,
            listed: None,
            file: None,
        },
        Role::Exercise | Role::Named => Content::Exercise {
            id: None,
            file: None,
        },
    }
}

/// The tree of a file that has a mapping at its root; else the findings say why not.
fn tree<'s>(
    source: &'s Source,
    settings: &Settings,
    findings: &mut Findings<'_>,
) -> Option<Tree<'s>> {
    if !is_utf8(source, findings) {
        return None;
    }
    let advise = settings.selection != Selection::Errors;
    if advise {
        for rule in rules::TEXT_ADVICE {
            rule(source, findings);
        }
    }
    let tree = yaml::parse(source, &Limits::default(), findings)?;
    for rule in rules::TREE {
        rule(&tree, findings);
    }
    let root = tree.root().map(|root| tree.resolve(root));
    let Some(root) = root.filter(|root| root.literal() != Some(Literal::Null)) else {
        let what = if tree.comments().is_empty() {
            "is empty"
        } else {
            "holds only comments"
        };
        let what = if root.is_some() {
            "holds nothing"
        } else {
            what
        };
        let start = source.mark_length();
        let problem = findings.at(Code::Y008, start..start, format!("the file {what}"));
        findings.push(problem.help("write the exercise or the pool, or remove the file"));
        return None;
    };
    if !matches!(root.value, Value::Mapping(_)) {
        let message = format!("the file holds {}, not a mapping", root.describe());
        let start = root.span.start;
        let problem = findings.at(Code::Y009, start..start, message);
        findings.push(problem.help("begin with keys: `id:`, `title:`, …"));
        return None;
    }
    if advise {
        for rule in rules::TREE_ADVICE {
            rule(&tree, findings);
        }
    }
    Some(tree)
}

fn is_utf8(source: &Source, findings: &mut Findings<'_>) -> bool {
    let problem = match source.encoding() {
        Encoding::Utf8 => return true,
        Encoding::Wide { name, text, length } => {
            let message = format!("the file is in {name}, not in UTF-8");
            let problem = findings.at(Code::Y002, 0..0, message);
            let problem = problem.help(format!("convert it: iconv -f {name} -t UTF-8"));
            match text {
                Some(text) => {
                    let span = whole(text, *length);
                    problem.fix(Applicability::Safe, "convert it", span, text)
                }
                None => problem,
            }
        }
        Encoding::Invalid(range) => findings
            .at(Code::Y002, range.clone(), "the bytes here are not UTF-8")
            .help("save the file as UTF-8; it was probably written as Latin-1"),
    };
    findings.push(problem);
    false
}

/// All bytes of a file whose text this is, in an encoding of its own.
fn whole(text: &str, length: usize) -> Span {
    let lines = Source::new(Arc::from(""), text.as_bytes().to_vec());
    let mut span = lines.span(0..text.len());
    span.end.offset = length;
    span
}

fn decode(
    tree: &Tree<'_>,
    role: Role,
    beside: Option<&Beside>,
    settings: &Settings,
    findings: &mut Findings<'_>,
) -> Content {
    let Some(root) = tree.root() else {
        return broken(role);
    };
    let advise = settings.selection != Selection::Errors;
    let is_pool = match role {
        Role::Pool => true,
        Role::Exercise => false,
        Role::Named => tree.entry("slug").is_some(),
    };
    if is_pool {
        let Some(file) = pool::decode(tree, root, findings) else {
            return broken(Role::Pool);
        };
        let context = PoolContext { file: &file, tree };
        let further = if advise { rules::POOL_ADVICE } else { &[] };
        for rule in rules::POOL.iter().chain(further) {
            rule(&context, findings);
        }
        let slug = file
            .slug
            .as_ref()
            .map(|slug| (slug.value.clone(), slug.span.clone()));
        let listed = file.exercises.as_ref().map(|list| {
            list.value
                .iter()
                .map(|id| (id.value.clone(), id.span.clone()))
                .collect()
        });
        Content::Pool {
            slug,
            listed,
            file: Some(Box::new(file)),
        }
    } else {
        let Some(file) = exercise::decode(tree, root, findings) else {
            return broken(role);
        };
        let context = ExerciseContext::new(&file, tree, settings, beside);
        let further = if advise { rules::EXERCISE_ADVICE } else { &[] };
        for rule in rules::EXERCISE.iter().chain(further) {
            rule(&context, findings);
        }
        let id = file
            .id
            .as_ref()
            .map(|id| (id.value.clone(), id.span.clone()));
        Content::Exercise {
            id,
            file: Some(Box::new(file)),
        }
    }
}
