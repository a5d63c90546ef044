//! What is wanted of Redis, and what has been asked for: the only place that knows.
//!
//! A channel is wanted once Redis has confirmed it, and no longer from the moment at which it is to
//! be left; so what is made anew on the next connection is what callers count on, no more.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use crate::broker::{BrokerError, Subscription};

use super::glob::glob;

/// The most names in one command.
pub(super) const BATCH: usize = 512;

/// Says what came of a wish.
type Done = oneshot::Sender<Result<(), BrokerError>>;

/// What is wanted, shared by callers and the task that sees to it.
#[derive(Debug)]
pub(super) struct Registry {
    state: Mutex<State>,
    /// There are wishes.
    pub(super) work: Notify,
    /// Redis may not be there.
    pub(super) doubt: Notify,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    channels: HashSet<Arc<str>>,
    // By glob.
    patterns: HashMap<Arc<str>, Pattern>,
    wishes: VecDeque<Wished>,
}

#[derive(Debug)]
struct Pattern {
    subscription: Subscription,
    confirmed: bool,
}

/// How things stand with the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// There is none, and none is being made.
    Down,
    /// It is being made: wishes wait for it.
    Trying,
    /// It stands, and everything wanted is subscribed to.
    Up,
    /// It stood when this process began to stop: last words are still published.
    Closed,
}

/// What a caller wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Join,
    Leave,
}

#[derive(Debug)]
struct Wished {
    subscription: Subscription,
    wish: Wish,
    done: Done,
}

/// The commands that change subscriptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Verb {
    Subscribe,
    Unsubscribe,
    PatternSubscribe,
    PatternUnsubscribe,
}

/// A name in a command, and who waits for it.
#[derive(Debug)]
pub(super) struct Asked {
    /// A channel or a glob.
    pub(super) name: Arc<str>,
    done: Done,
}

impl Registry {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                phase: Phase::Trying,
                channels: HashSet::new(),
                patterns: HashMap::new(),
                wishes: VecDeque::new(),
            }),
            work: Notify::new(),
            doubt: Notify::new(),
        }
    }

    pub(super) fn is_up(&self) -> bool {
        self.state().phase == Phase::Up
    }

    /// Whether what is published is worth publishing.
    pub(super) fn may_publish(&self) -> bool {
        match self.state().phase {
            Phase::Up | Phase::Closed => true,
            Phase::Down | Phase::Trying => false,
        }
    }

    /// Redis did not answer: it is asked whether it is there sooner than otherwise.
    pub(super) fn doubt(&self) {
        self.doubt.notify_one();
    }

    /// Notes a wish down; nothing where there is nothing to wait for.
    pub(super) fn wish(
        &self,
        subscription: Subscription,
        wish: Wish,
    ) -> Result<Option<oneshot::Receiver<Result<(), BrokerError>>>, BrokerError> {
        let mut state = self.state();
        match (state.phase, wish) {
            (Phase::Down | Phase::Closed, Wish::Join) => return Err(BrokerError::Disconnected),
            (Phase::Down | Phase::Closed, Wish::Leave) => {
                state.forget(&subscription);
                return Ok(None);
            }
            (Phase::Trying | Phase::Up, Wish::Join | Wish::Leave) => {}
        }
        let (done, outcome) = oneshot::channel();
        state.wishes.push_back(Wished {
            subscription,
            wish,
            done,
        });
        drop(state);
        self.work.notify_one();
        Ok(Some(outcome))
    }

    /// The next commands, each with at most [`BATCH`] names. A name is in them once: the wishes
    /// behind a repeated one wait for the next.
    pub(super) fn next(&self) -> Vec<(Verb, Vec<Asked>)> {
        let mut state = self.state();
        let mut names = HashSet::new();
        let mut batch: Vec<(Verb, Vec<Asked>)> = Vec::new();
        while names.len() < BATCH
            && let Some(wished) = state.wishes.front()
            && names.insert(Arc::clone(&wished.subscription.channel))
            && let Some(wished) = state.wishes.pop_front()
        {
            let Some((verb, name)) = state.begin(&wished) else {
                wished.done.send(Ok(())).ok();
                continue;
            };
            let asked = Asked {
                name,
                done: wished.done,
            };
            match batch.iter_mut().find(|(known, _)| *known == verb) {
                Some((_, names)) => names.push(asked),
                None => batch.push((verb, vec![asked])),
            }
        }
        batch
    }

    /// Redis has confirmed it.
    pub(super) fn confirm(&self, verb: Verb, asked: Asked) {
        let mut state = self.state();
        match verb {
            Verb::Subscribe => drop(state.channels.insert(asked.name)),
            Verb::PatternSubscribe => {
                if let Some(pattern) = state.patterns.get_mut(&asked.name) {
                    pattern.confirmed = true;
                }
            }
            Verb::Unsubscribe | Verb::PatternUnsubscribe => {}
        }
        drop(state);
        // Who waited may have given up in this moment.
        asked.done.send(Ok(())).ok();
    }

    /// Redis has refused it.
    pub(super) fn refuse(&self, verb: Verb, asked: Asked, error: BrokerError) {
        if verb == Verb::PatternSubscribe {
            self.state().patterns.remove(&asked.name);
        }
        asked.done.send(Err(error)).ok();
    }

    /// All that is to be made anew.
    pub(super) fn wanted(&self) -> [(Verb, Vec<Arc<str>>); 2] {
        let state = self.state();
        [
            (Verb::Subscribe, state.channels.iter().cloned().collect()),
            (
                Verb::PatternSubscribe,
                state.patterns.keys().cloned().collect(),
            ),
        ]
    }

    /// Whether a glob's pattern is for this channel; a glob matches more.
    pub(super) fn is_for(&self, glob: &str, channel: &str) -> bool {
        let state = self.state();
        let pattern = state.patterns.get(glob);
        // Of a glob of the caller's own Redis is the judge.
        let matches = |wanted: &Subscription| wanted.is_glob || wanted.matches(channel);
        pattern.is_some_and(|pattern| matches(&pattern.subscription))
    }

    /// Whether there are patterns, so that a message may come in several copies.
    pub(super) fn has_patterns(&self) -> bool {
        !self.state().patterns.is_empty()
    }

    /// A connection is being made.
    pub(super) fn trying(&self) {
        self.state().phase = Phase::Trying;
    }

    /// Everything wanted is subscribed to.
    pub(super) fn up(&self) {
        self.state().phase = Phase::Up;
    }

    /// There is no connection: whoever waits for one is told.
    pub(super) fn down(&self) {
        self.end(Phase::Down);
    }

    /// There will be none any more. What can be published still can be.
    pub(super) fn close(&self) {
        let was_up = self.is_up();
        self.end(if was_up { Phase::Closed } else { Phase::Down });
    }

    fn end(&self, phase: Phase) {
        let mut state = self.state();
        state.phase = phase;
        let wishes = std::mem::take(&mut state.wishes);
        for Wished {
            subscription,
            wish,
            done,
        } in wishes
        {
            let outcome = match wish {
                Wish::Join => Err(BrokerError::Disconnected),
                Wish::Leave => {
                    state.forget(&subscription);
                    Ok(())
                }
            };
            done.send(outcome).ok();
        }
        state.patterns.retain(|_, pattern| pattern.confirmed);
    }

    // Each change leaves the state consistent, so a panic elsewhere does not spoil it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What to ask of Redis for a wish; nothing where it is as wished already.
    fn begin(&mut self, wished: &Wished) -> Option<(Verb, Arc<str>)> {
        let subscription = &wished.subscription;
        match (wished.wish, subscription.is_pattern()) {
            (Wish::Join, false) => {
                let is_news = !self.channels.contains(&subscription.channel);
                is_news.then(|| (Verb::Subscribe, Arc::clone(&subscription.channel)))
            }
            (Wish::Join, true) => {
                let glob = glob(subscription);
                let is_news = !self.patterns.contains_key(&glob);
                // Known from now on: a message may come before the confirmation is seen.
                self.patterns.entry(Arc::clone(&glob)).or_insert(Pattern {
                    subscription: subscription.clone(),
                    confirmed: false,
                });
                is_news.then_some((Verb::PatternSubscribe, glob))
            }
            (Wish::Leave, is_pattern) => {
                let name = self.forget(subscription)?;
                let verb = if is_pattern {
                    Verb::PatternUnsubscribe
                } else {
                    Verb::Unsubscribe
                };
                Some((verb, name))
            }
        }
    }

    /// Wants it no more; its name on Redis, where it was wanted.
    fn forget(&mut self, subscription: &Subscription) -> Option<Arc<str>> {
        if subscription.is_pattern() {
            let name = glob(subscription);
            return self.patterns.remove(&name).map(|_| name);
        }
        let name = self.channels.take(&subscription.channel)?;
        if self.channels.len() < self.channels.capacity() / 4 {
            let twice = self.channels.len() * 2;
            self.channels.shrink_to(twice);
        }
        Some(name)
    }
}
