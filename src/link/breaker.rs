//! A server that does not answer is asked now and then, not by everyone: pure state.

use tokio::time::Instant;

use crate::backoff::Backoff;

/// How many commands in a row must fail before none is sent. One that fails may be its own fault.
const TOLERATED: u32 = 3;

/// Says whether a command is worth sending.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures: u32,
    until: Option<Instant>,
    backoff: Backoff,
}

impl Breaker {
    /// Whether a command may be sent. After a pause one may, and the others wait for what comes of it.
    pub(super) fn permits(&mut self, now: Instant) -> bool {
        match self.until {
            None => true,
            Some(until) if until > now => false,
            Some(_) => {
                self.open(now);
                true
            }
        }
    }

    /// A command was not answered; says whether none is sent for a while.
    pub(super) fn count(&mut self, now: Instant) -> bool {
        self.failures += 1;
        let opens = self.failures >= TOLERATED || self.until.is_some();
        if opens {
            self.open(now);
        }
        opens
    }

    /// There is no connection: nothing is sent for a while.
    pub(super) fn open(&mut self, now: Instant) {
        self.until = Some(now + self.backoff.delay());
    }

    /// A command was answered.
    pub(super) fn close(&mut self) {
        self.failures = 0;
        if self.until.take().is_some() {
            self.backoff.reset();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LONG: Duration = Duration::from_secs(2);

    #[test]
    fn one_failure_is_tolerated_and_three_in_a_row_are_not() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        assert!(!breaker.count(now) && !breaker.count(now));
        assert!(breaker.permits(now));
        breaker.close();
        assert!(!breaker.count(now) && !breaker.count(now) && breaker.count(now));
        assert!(!breaker.permits(now));
    }

    #[test]
    fn after_a_pause_one_command_finds_out() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        breaker.open(now);
        assert!(!breaker.permits(now));
        let later = now + LONG;
        assert!(breaker.permits(later));
        assert!(!breaker.permits(later), "the others wait for it");
        assert!(breaker.count(later), "it failed: another pause");
        assert!(!breaker.permits(later));
        assert!(breaker.permits(later + LONG));
        breaker.close();
        assert!(breaker.permits(later + LONG) && breaker.permits(later + LONG));
    }

    #[test]
    fn a_command_that_never_came_back_does_not_hold_up_the_next() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        breaker.open(now);
        assert!(breaker.permits(now + LONG));
        assert!(breaker.permits(now + 2 * LONG));
    }
}
