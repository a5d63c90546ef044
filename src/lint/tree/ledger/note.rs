//! What a ledger notes of a file beside its judgement: enough to know that nothing has changed.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::exercise::Exercise;
use crate::ids::PoolId;
use crate::lint::Settings;
use crate::lint::check::{self, Content, Judged};
use crate::lint::rules::Fixture;
use crate::lint::tree::{beside, trim};
use crate::lint::walk::{FoundFile, Role};
use crate::pool::Pool;

use super::stamp::Stamp;

/// From this size on, rules have something to say about a file that a test names.
const LARGE: u64 = 256 * 1024;

/// What is known of a file beside its judgement.
#[derive(Debug, Default)]
pub(super) struct Note {
    pub(super) model: Model,
    /// Whether a link leads to it or to a file that it names: what is there may change elsewhere.
    pub(super) linked: bool,
    stamp: Stamp,
}

/// What a sound file describes.
#[derive(Debug, Default)]
pub(super) enum Model {
    /// The file is broken, or nobody has asked for it yet.
    #[default]
    Unmade,
    Exercise(Arc<Exercise>),
    Pool(Arc<Pool>),
}

/// A file that was judged.
#[derive(Debug)]
pub(super) struct Looked {
    pub(super) judged: Judged,
    pub(super) note: Note,
    /// What differs from what was known before.
    pub(super) news: News,
}

/// What is new of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum News {
    /// Nothing that a judgement or a catalog shows.
    Nothing,
    /// What it describes, and nothing that a judgement goes by.
    Content,
    /// What a judgement goes by.
    Judgement,
}

impl Looked {
    /// Reads and judges a file of which this is known.
    pub(super) fn at(
        file: &FoundFile,
        settings: &Settings,
        rest: Duration,
        former: Option<(&Judged, &Note)>,
    ) -> Self {
        // The stamp is older than the text: what is written in between is seen the next time.
        let stamp = Stamp::of(&file.path, rest);
        let mut judged = check::read(
            &file.path,
            &file.shown,
            file.role,
            &beside(file, &Arc::default()),
            settings,
        );
        let text = judged.source.take();
        judged = trim(judged, settings, false);
        // A pool's list is compared with the disk whenever an exercise changes.
        judged.source = text.filter(|_| file.role == Role::Pool && judged.sound);
        let model = Model::of(&mut judged, former.map(|(_, note)| &note.model));
        let linked = file.path.is_symlink()
            || named_files(&model, &judged.content).any(|name| meets_link(&file.path, name));
        let news = match former {
            Some((other, _)) if !judged.says_the_same(other) => News::Judgement,
            Some((_, note)) if model.is_the_same(&note.model) => News::Nothing,
            Some(_) => News::Content,
            None => News::Judgement,
        };
        let note = Note {
            model,
            linked,
            stamp,
        };
        Self { judged, note, news }
    }
}

impl Judged {
    fn says_the_same(&self, other: &Self) -> bool {
        self.sound == other.sound
            && self.diagnostics == other.diagnostics
            && self.content.names_the_same(&other.content)
    }
}

impl Content {
    /// Places may differ: a comment more moves all that is below it.
    fn names_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exercise { id, .. }, Self::Exercise { id: other, .. }) => {
                id.as_ref().map(|(id, _)| id) == other.as_ref().map(|(id, _)| id)
            }
            (
                Self::Pool { slug, listed, .. },
                Self::Pool {
                    slug: other,
                    listed: others,
                    ..
                },
            ) => {
                let ids = |list: &Option<Vec<check::Name>>| {
                    let list = list.as_ref()?.iter();
                    Some(list.map(|(id, _)| id.clone()).collect::<Vec<_>>())
                };
                slug.as_ref().map(|(slug, _)| slug) == other.as_ref().map(|(slug, _)| slug)
                    && ids(listed) == ids(others)
            }
            (Self::Exercise { .. }, Self::Pool { .. })
            | (Self::Pool { .. }, Self::Exercise { .. }) => false,
        }
    }
}

impl Model {
    /// What a file describes; the former model itself if it is the same.
    fn of(judged: &mut Judged, former: Option<&Self>) -> Self {
        match (&mut judged.content, former) {
            (Content::Pool { file, .. }, former) => {
                let Some(pool) = file.take().and_then(|file| file.into_pool()) else {
                    return Self::Unmade;
                };
                match former {
                    Some(Self::Pool(same)) if **same == pool => Self::Pool(Arc::clone(same)),
                    _ => Self::Pool(Arc::new(pool)),
                }
            }
            // Its pool may have another id by now, which is seen when it is asked for.
            (Content::Exercise { file, .. }, Some(Self::Exercise(former))) => {
                let made = file
                    .take()
                    .and_then(|file| file.into_exercise(former.pool_id.clone()));
                match made {
                    None => Self::Unmade,
                    Some(exercise) if exercise == **former => Self::Exercise(Arc::clone(former)),
                    Some(exercise) => Self::Exercise(Arc::new(exercise)),
                }
            }
            (Content::Exercise { .. }, _) => Self::Unmade,
        }
    }

    /// The exercise in this pool.
    pub(super) fn exercise(
        &mut self,
        content: &mut Content,
        pool: &PoolId,
    ) -> Option<Arc<Exercise>> {
        let exercise = match (&*self, content) {
            (Self::Exercise(exercise), _) if exercise.pool_id == *pool => {
                return Some(Arc::clone(exercise));
            }
            (Self::Exercise(exercise), _) => Exercise {
                pool_id: pool.clone(),
                ..Exercise::clone(exercise)
            },
            (Self::Unmade, Content::Exercise { file, .. }) => {
                file.take()?.into_exercise(pool.clone())?
            }
            (Self::Unmade, Content::Pool { .. }) | (Self::Pool(_), _) => return None,
        };
        let exercise = Arc::new(exercise);
        *self = Self::Exercise(Arc::clone(&exercise));
        Some(exercise)
    }

    fn is_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exercise(exercise), Self::Exercise(other)) => Arc::ptr_eq(exercise, other),
            (Self::Pool(pool), Self::Pool(other)) => Arc::ptr_eq(pool, other),
            // What nobody asks for is in no pool, and shows in no catalog.
            (Self::Unmade, Self::Unmade) => true,
            (Self::Unmade | Self::Exercise(_) | Self::Pool(_), _) => false,
        }
    }
}

impl Note {
    /// Whether the file is sound and nothing on the disk speaks against it.
    pub(super) fn is_as_it_was(&self, file: &FoundFile, judged: &Judged) -> bool {
        let beside = beside(file, &Arc::default());
        let mut plain = Vec::new();
        let is_there =
            |name| matches!(beside.find(name, &mut plain), Fixture::File(size) if size <= LARGE);
        judged.sound
            && self.stamp.is_that_of(&file.path)
            && named_files(&self.model, &judged.content).all(is_there)
    }

    /// Forgets when the file was read.
    pub(super) fn distrust(&mut self) {
        self.stamp = Stamp::default();
    }

    /// Whether a path, which begins at the file's directory, has to do with what the file says.
    pub(super) fn depends_on(&self, path: &Path, judged: &Judged) -> bool {
        // What is wrong with a broken file may have to do with anything beside it.
        !judged.sound
            || named_files(&self.model, &judged.content).any(|name| {
                let name: PathBuf = normal(name).collect();
                name.starts_with(path) || path.starts_with(&name)
            })
    }
}

/// The files that an exercise's tests name.
fn named_files<'n>(
    model: &'n Model,
    content: &'n Content,
) -> Box<dyn Iterator<Item = &'n str> + 'n> {
    match (model, content) {
        (Model::Exercise(exercise), _) => {
            let tests = exercise.tests.iter();
            let names = tests.flat_map(|test| [&*test.input, &*test.expected_output]);
            Box::new(names.filter(|name| !name.is_empty()))
        }
        (
            Model::Unmade,
            Content::Exercise {
                file: Some(file), ..
            },
        ) => {
            let tests = file.tests().iter();
            let names = tests.flat_map(|test| [&test.input, &test.expected_output]);
            Box::new(names.filter_map(|name| Some(name.as_ref()?.value.as_str())))
        }
        (Model::Unmade | Model::Pool(_), _) => Box::new(std::iter::empty()),
    }
}

/// Whether a link stands on the way from a file to one that it names.
fn meets_link(file: &Path, name: &str) -> bool {
    let mut at = file.parent().unwrap_or(Path::new("")).to_owned();
    normal(name).any(|part| {
        at.push(part);
        at.is_symlink()
    })
}

/// A path's parts, without `.` and what is written twice.
fn normal(name: &str) -> impl Iterator<Item = Component<'_>> {
    let parts = Path::new(name).components();
    parts.filter(|part| !matches!(part, Component::CurDir))
}
