//! Judging a whole tree: find the files, judge each, judge what needs several, put it in order.

mod ledger;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::diagnostics::{Code, Diagnostic, Report, Severity, Source, Span};
use crate::exercise::Exercise;
use crate::pool::Pool;

use super::across::{self, misnamed};
use super::check::{self, Content, Judged};
use super::rules::Beside;
use super::texts::Texts;
use super::walk::{self, EXERCISE_FILE, Found, FoundFile, POOL_FILE, Role, Unreadable};
use super::{Selection, Settings, silence};

pub use ledger::{Judgement, Ledger, Since, Standing};

/// What the user named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A directory or a file.
    Path(PathBuf),
    /// Text from standard input, and the file that it is to be taken for.
    Text {
        /// The bytes.
        bytes: Vec<u8>,
        /// Where it would be, if that is known.
        path: Option<PathBuf>,
    },
}

impl Target {
    /// What a text from standard input is called in reports; nothing for a path.
    pub fn name_of_text(&self) -> Option<Arc<str>> {
        match self {
            Self::Path(_) => None,
            Self::Text { path, .. } => {
                let shown = path.as_deref().map(walk::shown);
                Some(shown.unwrap_or_else(|| Arc::from(STDIN)))
            }
        }
    }
}

/// What standard input is called where it stands for no file.
const STDIN: &str = "<stdin>";

/// How far a check has come; for a progress bar.
#[derive(Debug, Default)]
pub struct Progress {
    /// The files to judge; 0 while they are being found.
    pub total: AtomicUsize,
    /// The files that have been judged.
    pub done: AtomicUsize,
    /// Whether to stop and conclude with what is known.
    cancelled: AtomicBool,
}

impl Progress {
    /// Asks the check to stop and to conclude with what it knows.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether the check was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

/// A pool that was found sound, with its sound exercises in teaching order.
#[derive(Debug, Clone)]
pub struct SoundPool {
    /// The pool.
    pub pool: Pool,
    /// Its exercises.
    pub exercises: Vec<Exercise>,
}

/// The outcome of a check.
#[derive(Debug, Default)]
pub struct Checked {
    /// All problems, selected and in order.
    pub report: Report,
    /// How many other YAML files the walk passed by.
    pub other_yaml: usize,
}

/// What a tree holds that is sound.
#[derive(Debug, Default)]
pub struct Sound {
    /// All problems, selected and in order.
    pub report: Report,
    /// What was found sound: of clashing ids, the first by path.
    pub pools: Vec<SoundPool>,
    /// How many exercises and pools were left out of `pools`.
    pub skipped: usize,
}

/// Why nothing could be checked.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// A path that the user named can't be looked at.
    #[error("failed to read {}", path.display())]
    Path {
        /// The path.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// Judges what the user named.
pub fn check(
    targets: Vec<Target>,
    settings: &Settings,
    progress: &Progress,
) -> Result<Checked, CheckError> {
    check_with(targets, settings, progress, &Arc::default())
}

/// Judges what the user named, as if these texts stood in their files.
pub fn check_with(
    targets: Vec<Target>,
    settings: &Settings,
    progress: &Progress,
    stand_ins: &Arc<Texts>,
) -> Result<Checked, CheckError> {
    let (concluded, other_yaml) = check_all(targets, settings, progress, stand_ins, Keep::Names)?;
    Ok(Checked {
        report: concluded.report,
        other_yaml,
    })
}

/// Judges the tree below a directory, and takes what is sound.
pub fn sound(root: PathBuf, settings: &Settings) -> Result<Sound, CheckError> {
    let targets = vec![Target::Path(root)];
    let progress = Progress::default();
    let (concluded, _) = check_all(targets, settings, &progress, &Arc::default(), Keep::Content)?;
    let (pools, skipped) = across::sound(&concluded.places, concluded.contents);
    Ok(Sound {
        report: concluded.report,
        pools,
        skipped,
    })
}

/// What is kept of each file until all are judged.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    /// What other files may clash with, so that a large tree stays small in memory.
    Names,
    /// Its decoded form too.
    Content,
}

/// Judges what the user named. Returns the number of other YAML files too.
fn check_all(
    targets: Vec<Target>,
    settings: &Settings,
    progress: &Progress,
    stand_ins: &Arc<Texts>,
    keep: Keep,
) -> Result<(Concluded, usize), CheckError> {
    let mut found = Found::default();
    let mut texts = Vec::new();
    let several = targets.len() > 1;
    for target in targets {
        match target {
            Target::Path(path) => find(path, &mut found, progress)?,
            Target::Text { bytes, path } => texts.push((bytes, path)),
        }
    }
    if several {
        found.unite();
        // Text from standard input stands for the file that it names.
        for place in texts.iter().filter_map(|(_, path)| path.clone()) {
            let place = FoundFile::named(place).place();
            found.files.retain(|file| file.place() != place);
        }
    }
    found.sort();
    progress
        .total
        .store(found.files.len() + texts.len(), Ordering::Relaxed);
    let mut judged: Vec<(FoundFile, Judged)> = found
        .files
        .into_par_iter()
        .filter(|_| !progress.is_cancelled())
        .map(|file| {
            let beside = beside(&file, stand_ins);
            let mut judged = check::read(&file.path, &file.shown, file.role, &beside, settings);
            if keep == Keep::Names {
                judged.content.forget();
            }
            progress.done.fetch_add(1, Ordering::Relaxed);
            let stands_in = stand_ins.get(&file.shown).is_some();
            (file, trim(judged, settings, stands_in))
        })
        .collect();
    for (bytes, path) in texts {
        judged.push(text(bytes, path, settings, stand_ins));
        progress.done.fetch_add(1, Ordering::Relaxed);
    }
    let advise = settings.selection != Selection::Errors;
    let misnamed = if advise && !progress.is_cancelled() {
        found
            .other_yaml
            .par_iter()
            .filter_map(|path| misnamed::judge(path))
            .collect()
    } else {
        Vec::new()
    };
    let outside = Outside {
        unread: found.unreadable,
        misnamed,
        partial: progress.is_cancelled(),
    };
    let concluded = conclude(judged, outside, settings);
    Ok((concluded, found.other_yaml.len()))
}

/// What was found besides the files that were judged.
#[derive(Debug, Default)]
pub(super) struct Outside {
    /// What could not be read.
    pub(super) unread: Vec<Unreadable>,
    /// Files that are never loaded, and probably should be.
    pub(super) misnamed: Vec<(PathBuf, Diagnostic)>,
    /// Whether not everything was judged.
    partial: bool,
}

/// Judges one text by itself.
pub fn check_text(name: &str, text: &str, settings: &Settings) -> Report {
    let file = FoundFile::placeless(name);
    let judged = check::judge(
        text.as_bytes().to_vec(),
        &file.shown,
        Role::Named,
        None,
        settings,
    );
    conclude(vec![(file, judged)], Outside::default(), settings).report
}

fn find(path: PathBuf, found: &mut Found, progress: &Progress) -> Result<(), CheckError> {
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(source) => return Err(CheckError::Path { path, source }),
    };
    if metadata.is_dir() {
        walk::walk(&path, found, &|| progress.is_cancelled());
    } else {
        found.files.push(FoundFile::named(path));
    }
    Ok(())
}

fn text(
    bytes: Vec<u8>,
    path: Option<PathBuf>,
    settings: &Settings,
    stand_ins: &Arc<Texts>,
) -> (FoundFile, Judged) {
    let placed = path.map(FoundFile::named);
    let beside = placed.as_ref().map(|file| beside(file, stand_ins));
    let file = placed.unwrap_or_else(|| FoundFile::placeless(STDIN));
    let bytes = stand_ins.get(&file.shown).map_or(bytes, <[u8]>::to_vec);
    let judged = check::judge(bytes, &file.shown, Role::Named, beside.as_ref(), settings);
    (file, judged)
}

fn beside(file: &FoundFile, stand_ins: &Arc<Texts>) -> Beside {
    Beside {
        file: file.path.clone(),
        texts: Arc::clone(stand_ins),
        directory: file.path.parent().unwrap_or(Path::new("")).to_owned(),
        root: file.bounds.to_path_buf(),
    }
}

/// Drops at once what will not be reported, so that a large tree stays small in memory. A text that
/// stands in for its file is kept: the file says something else.
fn trim(mut judged: Judged, settings: &Settings, stands_in: bool) -> Judged {
    if settings.selection == Selection::Errors {
        judged.diagnostics.retain(|d| d.severity == Severity::Error);
    }
    if judged.diagnostics.is_empty() && !stands_in {
        judged.source = None;
    }
    judged
}

fn unreadable(item: Unreadable) -> Diagnostic {
    let code = if item.escapes { Code::F303 } else { Code::F307 };
    Diagnostic {
        code,
        severity: Severity::Error,
        message: item.reason,
        path: item.shown,
        span: Span::START,
        labels: Vec::new(),
        help: Some("put a regular file in its place, or remove it".into()),
        fix: None,
    }
}

/// What the files say together.
struct Concluded {
    report: Report,
    /// Where each file stands.
    places: Vec<across::Place>,
    /// What each file holds, if it may be used.
    contents: Vec<Option<Content>>,
}

fn conclude(judged: Vec<(FoundFile, Judged)>, outside: Outside, settings: &Settings) -> Concluded {
    let mut report = Report {
        files: judged.len(),
        ..Report::default()
    };
    let places = across::places(&judged);
    // Of a part of the tree nothing can be said that needs the whole.
    let verdicts = if outside.partial {
        judged.iter().map(|_| across::Verdict::default()).collect()
    } else {
        across::judge(&judged, &places, &outside, settings)
    };
    let scope = Scope::of(&judged, outside.partial, settings);
    let mut diagnostics: Vec<Diagnostic> = outside.unread.into_iter().map(unreadable).collect();
    for diagnostic in &diagnostics {
        // What may not be read is not shown either.
        let nothing = Source::new(Arc::clone(&diagnostic.path), Vec::new());
        report
            .sources
            .insert(Arc::clone(&diagnostic.path), Arc::new(nothing));
    }
    diagnostics.extend(outside.misnamed.into_iter().map(|(_, problem)| problem));
    let mut contents = Vec::with_capacity(judged.len());
    for ((file, judged), verdict) in judged.into_iter().zip(verdicts) {
        let Judged {
            content,
            diagnostics: mut own,
            mut ignores,
            source,
            ..
        } = judged;
        own.extend(verdict.diagnostics);
        silence::silence(&mut own);
        let sound = own.iter().all(|d| d.severity != Severity::Error);
        own.retain(|d| !ignores.silence(&file.shown, d) && select(d, settings));
        let mut left_over = ignores.refused(&file.shown);
        if sound {
            left_over.extend(ignores.unused(&file.shown, |code| scope.judges(code, &file)));
        }
        left_over.retain(|d| !ignores.silence(&file.shown, d) && select(d, settings));
        own.extend(left_over);
        for diagnostic in &mut own {
            adjust(diagnostic, settings);
        }
        if let Some(source) = source.filter(|_| !own.is_empty()) {
            report.sources.insert(Arc::clone(&file.shown), source);
        }
        diagnostics.extend(own);
        contents.push((!verdict.rejected).then_some(content));
    }
    diagnostics.retain(|d| select(d, settings));
    report.diagnostics = diagnostics;
    report.sort();
    load_sources(&mut report);
    Concluded {
        report,
        places,
        contents,
    }
}

/// Which rules were judged, of which files.
struct Scope<'s> {
    settings: &'s Settings,
    partial: bool,
    pools: usize,
}

impl<'s> Scope<'s> {
    fn of(files: &[(FoundFile, Judged)], partial: bool, settings: &'s Settings) -> Self {
        let pools = files
            .iter()
            .filter(|(file, _)| file.role == Role::Pool)
            .count();
        Self {
            settings,
            partial,
            pools,
        }
    }

    /// Whether a rule was selected and had all that it needs to judge a file.
    fn judges(&self, code: Code, file: &FoundFile) -> bool {
        let selected = match &self.settings.selection {
            Selection::Errors => false,
            Selection::Selected { codes, .. } => codes.contains(&code),
        };
        let whole = match code {
            Code::I204 => self.pools > 1,
            Code::I205 | Code::I210 | Code::I211 | Code::I212 => file.role != Role::Named,
            _ => true,
        };
        let own_name = file.path.ends_with(EXERCISE_FILE) || file.path.ends_with(POOL_FILE);
        let placed = match code {
            Code::F305 => own_name,
            Code::F306 | Code::F308 | Code::F309 | Code::M903 => !file.is_placeless(),
            _ => true,
        };
        selected && placed && whole && !self.partial
    }
}

/// Reads the files that diagnostics point into and that are not in memory: a label may point into
/// a file that has no problem of its own.
fn load_sources(report: &mut Report) {
    let mut wanted: Vec<Arc<str>> = Vec::new();
    for diagnostic in &report.diagnostics {
        wanted.push(Arc::clone(&diagnostic.path));
        wanted.extend(
            diagnostic
                .labels
                .iter()
                .map(|label| Arc::clone(&label.path)),
        );
    }
    wanted.sort();
    wanted.dedup();
    for path in wanted {
        if report.sources.contains_key(&path) {
            continue;
        }
        if let Some(source) = check::read_again(Path::new(&*path), &path) {
            report.sources.insert(path, Arc::new(source));
        }
    }
}

fn select(diagnostic: &Diagnostic, settings: &Settings) -> bool {
    match &settings.selection {
        Selection::Errors => diagnostic.severity == Severity::Error,
        Selection::Selected { codes, .. } => codes.contains(&diagnostic.code),
    }
}

fn adjust(diagnostic: &mut Diagnostic, settings: &Settings) {
    if let Selection::Selected { severities, .. } = &settings.selection
        && let Some(&severity) = severities.get(&diagnostic.code)
    {
        diagnostic.severity = severity;
    }
}
