//! What was read from Redis is kept until it is told that it is new, or expires there; what was
//! being read when that was told is not kept.
//!
//! While it can't be heard what is new, what is kept counts only where Redis can't be asked. There is
//! a bound on the bytes: of two halves, the one that was used longer ago is let go of.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use tokio::time::Instant;

use crate::ids::{ExerciseId, PoolId};

use super::reader::ReadError;

/// The bytes of answers that are kept.
const BYTES: usize = 32 * 1024 * 1024;
/// About what an answer takes besides its text.
const AROUND: usize = 256;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Query {
    /// All pools.
    Pools,
    /// One pool.
    Pool(PoolId),
    /// A pool's exercises.
    Exercises(PoolId),
    /// One exercise.
    Exercise(ExerciseId),
}

/// An answer as it was read.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    /// The `data` of the answer.
    pub(super) text: Arc<str>,
    /// When it expires in Redis; nothing where it does not.
    pub(super) until: Option<Instant>,
    /// The exercises of a pool that are in it.
    pub(super) exercises: Arc<[ExerciseId]>,
}

/// What comes of reading, for all who wait for it.
pub(super) type Outcome = Result<Option<Arc<str>>, ReadError>;

/// What is kept of an answer.
#[derive(Debug)]
pub(super) enum Found {
    /// What Redis would say too.
    Sure(Arc<str>),
    /// What Redis said once.
    Unsure(Option<Arc<str>>),
}

/// When something was read: what was told since is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// How much had been told.
    told: u64,
    /// The hearing that it was read in; none while nothing could be heard.
    hearing: Option<u64>,
}

/// The answers of a node without content.
pub(super) struct Shelf {
    state: Mutex<State>,
    bytes: usize,
}

#[derive(Default)]
struct State {
    recent: Half,
    former: Half,
    reading: HashMap<Query, WeakShared<BoxFuture<'static, Outcome>>>,
    told: u64,
    hearing: u64,
    confirmed: bool,
    lost: bool,
}

#[derive(Default)]
struct Half {
    kept: HashMap<Query, Kept>,
    bytes: usize,
}

struct Kept {
    answer: Answer,
    hearing: Option<u64>,
}

impl Shelf {
    /// A shelf on which nothing is.
    pub(super) fn new() -> Self {
        Self::with(BYTES)
    }

    fn with(bytes: usize) -> Self {
        Self {
            state: Mutex::default(),
            bytes,
        }
    }

    /// From now on it is heard what is new, unless the connection is lost.
    pub(super) fn hears(&self) {
        self.state().confirmed = true;
    }

    /// It is not heard any more what is new.
    pub(super) fn lost(&self) {
        self.state().lost = true;
    }

    /// It is heard again; what was told meanwhile is not known.
    pub(super) fn restored(&self) {
        let mut state = self.state();
        state.lost = false;
        state.hearing += 1;
        state.told += 1;
        state.reading.clear();
    }

    /// What is kept of an answer.
    pub(super) fn find(&self, query: &Query) -> Found {
        let mut state = self.state();
        let hearing = state.hearing();
        let Some(kept) = state.take(query) else {
            return Found::Unsure(None);
        };
        let text = Arc::clone(&kept.answer.text);
        let lasts = kept.answer.until.is_none_or(|until| until > Instant::now());
        let is_sure = lasts && hearing.is_some() && kept.hearing == hearing;
        self.put(&mut state, query.clone(), kept);
        if is_sure {
            Found::Sure(text)
        } else {
            Found::Unsure(Some(text))
        }
    }

    /// What comes of reading this: of a reading that is under way, or of another.
    pub(super) fn read(
        &self,
        query: &Query,
        begin: impl FnOnce(Moment) -> BoxFuture<'static, Outcome>,
    ) -> Shared<BoxFuture<'static, Outcome>> {
        let mut state = self.state();
        let reading = state.reading.get(query).and_then(WeakShared::upgrade);
        if let Some(reading) = reading {
            return reading;
        }
        let moment = state.moment();
        let reading = begin(moment).shared();
        state
            .reading
            .retain(|_, reading| reading.upgrade().is_some());
        if let Some(weak) = reading.downgrade() {
            state.reading.insert(query.clone(), weak);
        }
        reading
    }

    /// Keeps what was read at this moment, or that there is nothing, unless it may be known better.
    pub(super) fn keep(&self, query: Query, answer: Option<Answer>, moment: Moment) {
        let mut state = self.state();
        state.reading.remove(&query);
        if state.told != moment.told {
            return;
        }
        drop(state.take(&query));
        if let Some(answer) = answer {
            let hearing = moment.hearing.filter(|then| Some(*then) == state.hearing());
            self.put(&mut state, query, Kept { answer, hearing });
        }
    }

    /// These are new.
    pub(super) fn forget(&self, pools: &[String], exercises: &[String]) {
        let named = |names: &[String], id: &str| names.iter().any(|name| name == id);
        self.forget_where(|query, answer| match query {
            Query::Pools => !pools.is_empty(),
            Query::Pool(id) => named(pools, id.as_str()),
            Query::Exercises(id) => {
                let has = |id: &ExerciseId| named(exercises, id.as_str());
                named(pools, id.as_str()) || answer.exercises.iter().any(has)
            }
            Query::Exercise(id) => named(exercises, id.as_str()),
        });
    }

    /// Anything may be new.
    pub(super) fn forget_all(&self) {
        self.forget_where(|_, _| true);
    }

    fn forget_where(&self, is_new: impl Fn(&Query, &Answer) -> bool) {
        let mut state = self.state();
        state.told += 1;
        state.reading.clear();
        let State { recent, former, .. } = &mut *state;
        for half in [recent, former] {
            let bytes = &mut half.bytes;
            half.kept.retain(|query, kept| {
                let is_old = is_new(query, &kept.answer);
                if is_old {
                    *bytes -= kept.size();
                }
                !is_old
            });
        }
    }

    fn put(&self, state: &mut State, query: Query, kept: Kept) {
        let size = kept.size();
        if size > self.bytes / 2 {
            return;
        }
        if state.recent.bytes + size > self.bytes / 2 {
            state.former = std::mem::take(&mut state.recent);
        }
        state.recent.bytes += size;
        state.recent.kept.insert(query, kept);
    }

    // Each change leaves the state consistent, so a panic elsewhere does not spoil it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The hearing of this moment; none while nothing can be heard.
    fn hearing(&self) -> Option<u64> {
        (self.confirmed && !self.lost).then_some(self.hearing)
    }

    fn moment(&self) -> Moment {
        Moment {
            told: self.told,
            hearing: self.hearing(),
        }
    }

    fn take(&mut self, query: &Query) -> Option<Kept> {
        self.recent.take(query).or_else(|| self.former.take(query))
    }
}

impl Half {
    fn take(&mut self, query: &Query) -> Option<Kept> {
        let kept = self.kept.remove(query)?;
        self.bytes -= kept.size();
        Some(kept)
    }
}

impl Kept {
    fn size(&self) -> usize {
        let ids = self.answer.exercises.iter();
        let ids: usize = ids
            .map(|id| size_of::<ExerciseId>() + id.as_str().len())
            .sum();
        self.answer.text.len() + ids + AROUND
    }
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shelf(…)")
    }
}
