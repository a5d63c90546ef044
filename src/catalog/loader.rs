//! A loader loads a tree again and again, and reads only what changed.
//!
//! It goes by the judgement that `validate` comes to. After the first load it never makes things
//! worse for what is served already: a file that is broken keeps its last good version, a tree in
//! which ids clash or which has no pool changes nothing, and what can't be read is broken, not gone.

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostics::Report;
use crate::ids::PoolId;
use crate::lint::{Judgement, Ledger, Settings, Since, Standing};
use crate::pool::Pool;

use super::draft::Draft;
use super::{Catalog, CatalogDiff, CatalogError, ExerciseEntry, LoadError};

/// Loads one tree again and again.
#[derive(Debug)]
pub struct Loader {
    ledger: Ledger,
    good: Good,
    loads: u64,
    /// Whether something is new that no catalog was made of yet.
    news: bool,
    /// Whether a catalog was made of the last judgement.
    settled: bool,
}

/// What is, or was last, good in each file.
#[derive(Debug, Default)]
struct Good {
    pools: HashMap<PathBuf, Seen<Listed>>,
    exercises: HashMap<PathBuf, Seen<Arc<ExerciseEntry>>>,
}

/// A pool without its exercises, and the ids that it lists.
#[derive(Debug, Clone)]
struct Listed {
    pool: Arc<Pool>,
    ids: Arc<[String]>,
}

/// Something that a load has found in its place, good or broken.
#[derive(Debug)]
struct Seen<T> {
    what: T,
    load: u64,
}

/// A load.
#[derive(Debug)]
pub struct Reload {
    /// What is wrong, in the whole tree.
    pub report: Report,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a load.
#[derive(Debug)]
pub enum Outcome {
    /// There is another catalog to serve, with what differs from the one before.
    Made(Catalog, CatalogDiff),
    /// What is served stays.
    Rejected(Rejection),
}

/// Why what is served stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Ids are not unique.
    #[error("two exercises or two pools have one id: give one of them another")]
    Clash,
    /// Nothing is left to serve.
    #[error("there is no pool to serve: `mithril validate` says why")]
    Empty,
}

impl Loader {
    /// A loader of the tree below a directory.
    pub fn new(root: PathBuf, settings: Settings) -> Self {
        Self {
            ledger: Ledger::new(root, settings),
            good: Good::default(),
            loads: 0,
            news: false,
            settled: false,
        }
    }

    /// The tree's root.
    pub fn root(&self) -> &Path {
        self.ledger.root()
    }

    /// From now on these settings count. Where they differ, everything is judged anew at the next
    /// look at everything.
    pub fn set_settings(&mut self, settings: Settings) {
        self.ledger.set_settings(settings);
    }

    /// Looks at these paths, which begin at the root, or at everything. Says whether anything is new
    /// for a catalog or its report; what no catalog depends on never is.
    pub fn examine(&mut self, paths: Option<&BTreeSet<PathBuf>>) -> Result<bool, LoadError> {
        self.news |= self.ledger.update(paths)?;
        Ok(self.news)
    }

    /// Does so with what happened while nobody saw it: what the file system says tells.
    pub fn catch_up(&mut self) -> Result<bool, LoadError> {
        self.news |= self.ledger.catch_up()?;
        Ok(self.news)
    }

    /// Makes a catalog of the first load: what is broken is left out, and of clashing ids the first
    /// by path counts.
    pub fn first(&mut self) -> Result<(Catalog, Report), CatalogError> {
        let (judgement, _) = self.ledger.judge();
        let catalog = self.draft(&judgement)?.catalog(&Catalog::default())?;
        self.good.forget_before(self.loads);
        self.news = false;
        self.settled = !judgement.clashes;
        Ok((catalog, judgement.report.clone()))
    }

    /// Makes a catalog after the one that is served.
    pub fn again(&mut self, served: &Catalog) -> Result<Reload, CatalogError> {
        let (judgement, since) = self.ledger.judge();
        let settled = std::mem::take(&mut self.settled);
        let edits = match since {
            Since::Contents(files) if settled => self.edits(&judgement, &files, served)?,
            Since::Contents(_) | Since::Anything => None,
        };
        let outcome = match edits {
            Some(edits) => {
                let (catalog, diff) = served.edited(edits);
                Outcome::Made(catalog, diff)
            }
            None => self.compare(&judgement, served)?,
        };
        self.news = false;
        self.settled = matches!(outcome, Outcome::Made(..));
        let report = judgement.report.clone();
        Ok(Reload { report, outcome })
    }

    /// A catalog of everything, and what differs from the one that is served.
    fn compare(
        &mut self,
        judgement: &Judgement,
        served: &Catalog,
    ) -> Result<Outcome, CatalogError> {
        if judgement.clashes {
            return Ok(Outcome::Rejected(Rejection::Clash));
        }
        let draft = self.draft(judgement)?;
        if draft.is_empty() {
            return Ok(Outcome::Rejected(Rejection::Empty));
        }
        let catalog = draft.catalog(served)?;
        self.good.forget_before(self.loads);
        let diff = CatalogDiff::between(served, &catalog);
        Ok(Outcome::Made(catalog, diff))
    }

    /// The exercises of these files as they are now; nothing where a catalog of them needs more than
    /// putting each in the place of the one that is served.
    fn edits(
        &mut self,
        judgement: &Judgement,
        files: &BTreeSet<usize>,
        served: &Catalog,
    ) -> Result<Option<Vec<Arc<ExerciseEntry>>>, CatalogError> {
        let mut entries = Vec::with_capacity(files.len());
        for &index in files {
            let Some(Standing::Exercise { sound: true, .. }) = judgement.standings.get(index)
            else {
                return Ok(None);
            };
            let file = self.ledger.path(index).to_owned();
            let Some(good) = self.good.exercises.get_mut(&file) else {
                return Ok(None);
            };
            let former = &good.what.exercise;
            let is_served = served
                .exercise(former.id.as_str())
                .is_some_and(|served| Arc::ptr_eq(served, &good.what));
            let exercise = self.ledger.exercise(index, &former.pool_id);
            let Some(exercise) = exercise.filter(|new| is_served && new.id == former.id) else {
                return Ok(None);
            };
            let entry = ExerciseEntry::of(exercise)?;
            good.what = Arc::clone(&entry);
            entries.push(entry);
        }
        Ok(Some(entries))
    }

    fn draft(&mut self, judgement: &Judgement) -> Result<Draft, CatalogError> {
        self.loads += 1;
        let mut draft = Draft::default();
        let broken = self.sound_pools(judgement, &mut draft);
        for file in broken {
            if let Some(good) = self.good.pools.get_mut(&file) {
                let Listed { pool, ids } = good.what.clone();
                good.load = self.loads;
                if draft.add_pool(&file, pool, ids) {
                    draft.add_stale(below(self.ledger.root(), &file));
                }
            }
        }
        let broken = self.sound_exercises(judgement, &mut draft)?;
        for file in broken {
            let Some(good) = self.good.exercises.get_mut(&file) else {
                continue;
            };
            good.load = self.loads;
            let Some((index, pool)) = draft.pool_of(&file) else {
                continue;
            };
            if draft.add_exercise(index, within(&good.what, pool)?) {
                draft.add_stale(below(self.ledger.root(), &file));
            }
        }
        Ok(draft)
    }

    /// Adds the sound pools; returns the files of the others.
    fn sound_pools(&mut self, judgement: &Judgement, draft: &mut Draft) -> Vec<PathBuf> {
        let mut broken = Vec::new();
        for (index, standing) in judgement.standings.iter().enumerate() {
            let Standing::Pool { sound } = *standing else {
                continue;
            };
            let file = self.ledger.path(index);
            let Some(pool) = self.ledger.pool(index).filter(|_| sound) else {
                broken.push(file.to_owned());
                continue;
            };
            let pool = Listed {
                pool: Arc::clone(pool),
                ids: self.ledger.listed(index).map(str::to_owned).collect(),
            };
            draft.add_pool(file, Arc::clone(&pool.pool), Arc::clone(&pool.ids));
            note(&mut self.good.pools, file, pool, self.loads);
        }
        broken.extend(self.unread(self.good.pools.keys()));
        broken
    }

    /// Adds the sound exercises; returns the files of the others.
    fn sound_exercises(
        &mut self,
        judgement: &Judgement,
        draft: &mut Draft,
    ) -> Result<Vec<PathBuf>, CatalogError> {
        let mut broken = Vec::new();
        // The pool of a file's index: looked up once for each pool.
        let mut pools: HashMap<usize, Option<(usize, PoolId)>> = HashMap::new();
        for (index, standing) in judgement.standings.iter().enumerate() {
            let Standing::Exercise { pool, sound } = *standing else {
                continue;
            };
            let pool = pool.and_then(|pool| {
                let found = pools.entry(pool);
                let found = found.or_insert_with(|| draft.pool(self.ledger.path(pool)));
                found.clone()
            });
            // A pool's file that can't be read stands nowhere, and its last good version here.
            let pool = pool.or_else(|| draft.pool_of(self.ledger.path(index)));
            let Some((pool, id)) = pool else {
                continue;
            };
            let exercise = if sound {
                self.ledger.exercise(index, &id)
            } else {
                None
            };
            let file = self.ledger.path(index);
            let Some(exercise) = exercise else {
                broken.push(file.to_owned());
                continue;
            };
            let known = self.good.exercises.get(file);
            let entry = match known.filter(|good| Arc::ptr_eq(&good.what.exercise, &exercise)) {
                Some(good) => Arc::clone(&good.what),
                None => ExerciseEntry::of(exercise)?,
            };
            note(
                &mut self.good.exercises,
                file,
                Arc::clone(&entry),
                self.loads,
            );
            draft.add_exercise(pool, entry);
        }
        broken.extend(self.unread(self.good.exercises.keys()));
        Ok(broken)
    }

    /// Those of these files that can't be read, by themselves or with all that is beside them.
    fn unread<'f>(&self, files: impl Iterator<Item = &'f PathBuf>) -> Vec<PathBuf> {
        let unreadable: BTreeSet<&Path> = self.ledger.unreadable().collect();
        if unreadable.is_empty() {
            return Vec::new();
        }
        let mut unread: Vec<PathBuf> = files
            .filter(|file| file.ancestors().any(|above| unreadable.contains(above)))
            .cloned()
            .collect();
        unread.sort();
        unread
    }
}

impl Good {
    /// Lets go of what the last load did not find.
    fn forget_before(&mut self, load: u64) {
        self.pools.retain(|_, seen| seen.load == load);
        self.exercises.retain(|_, seen| seen.load == load);
    }
}

fn note<T>(good: &mut HashMap<PathBuf, Seen<T>>, file: &Path, what: T, load: u64) {
    match good.get_mut(file) {
        Some(seen) => *seen = Seen { what, load },
        None => {
            good.insert(file.to_owned(), Seen { what, load });
        }
    }
}

/// The exercise in this pool, whose id may have changed since.
fn within(entry: &Arc<ExerciseEntry>, pool: PoolId) -> Result<Arc<ExerciseEntry>, CatalogError> {
    if entry.exercise.pool_id == pool {
        return Ok(Arc::clone(entry));
    }
    let mut exercise = (*entry.exercise).clone();
    exercise.pool_id = pool;
    ExerciseEntry::of(Arc::new(exercise))
}

fn below<'f>(root: &Path, file: &'f Path) -> &'f Path {
    file.strip_prefix(root).unwrap_or(file)
}
