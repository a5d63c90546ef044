//! Changes are told of once they have come to rest, and at the latest after a while. It is pure: what
//! time it is, is passed in.

use std::time::Duration;

use tokio::time::Instant;

use super::ChangeSet;

/// How long nothing may change before changes are told of.
const QUIET: Duration = Duration::from_millis(100);
/// How long changes wait at most.
const MOST: Duration = Duration::from_secs(2);

/// Changes that wait.
#[derive(Debug, Default)]
pub struct Debounce {
    changes: ChangeSet,
    waiting: Option<Waiting>,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    since: Instant,
    last: Instant,
}

impl Debounce {
    /// Something changed.
    pub fn add(&mut self, changes: ChangeSet, now: Instant) {
        self.changes.add(changes);
        let since = self.waiting.map_or(now, |waiting| waiting.since);
        self.waiting = Some(Waiting { since, last: now });
    }

    /// When the changes are to be told of, if nothing more changes until then.
    pub fn due(&self) -> Option<Instant> {
        let Waiting { since, last } = self.waiting?;
        Some((last + QUIET).min(since + MOST))
    }

    /// The changes, if they are due.
    pub fn take(&mut self, now: Instant) -> Option<ChangeSet> {
        if self.due()? > now {
            return None;
        }
        self.waiting = None;
        Some(std::mem::take(&mut self.changes))
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tokio::time::{advance, sleep_until};

    use super::*;

    fn change(name: &str) -> ChangeSet {
        ChangeSet::of(PathBuf::from(name))
    }

    #[tokio::test(start_paused = true)]
    async fn changes_are_told_of_after_a_tenth_of_a_second_of_quiet() {
        let begin = Instant::now();
        let mut debounce = Debounce::default();
        assert_eq!(debounce.due(), None);
        assert_eq!(debounce.take(begin), None);
        debounce.add(change("a"), Instant::now());
        advance(Duration::from_millis(99)).await;
        assert_eq!(debounce.take(Instant::now()), None);
        debounce.add(change("b"), Instant::now());
        sleep_until(debounce.due().unwrap()).await;
        assert_eq!(begin.elapsed(), Duration::from_millis(199));
        let mut both = change("a");
        both.add(change("b"));
        assert_eq!(debounce.take(Instant::now()), Some(both));
        assert_eq!(debounce.due(), None, "once");
    }

    #[tokio::test(start_paused = true)]
    async fn changes_that_never_rest_wait_two_seconds() {
        let begin = Instant::now();
        let mut debounce = Debounce::default();
        debounce.add(change("first"), Instant::now());
        while debounce.take(Instant::now()).is_none() {
            advance(Duration::from_millis(50)).await;
            debounce.add(change("more"), Instant::now());
        }
        assert_eq!(begin.elapsed(), Duration::from_secs(2));
        debounce.add(change("later"), Instant::now());
        let wait = debounce.due().unwrap() - Instant::now();
        assert_eq!(wait, QUIET, "the next changes wait for themselves");
    }
}
