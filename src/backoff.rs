//! Delays before another attempt grow, and no two who failed together come back together.
//!
//! Full jitter: a delay is drawn evenly between the least one and a ceiling that doubles with each
//! attempt. The least one is never undercut, so that what fails at once does not spin.

use std::time::Duration;

/// The delays between attempts at one thing.
#[derive(Debug, Clone)]
pub struct Backoff {
    least: Duration,
    most: Duration,
    ceiling: Duration,
}

impl Backoff {
    /// Delays from the least to the most.
    pub fn new(least: Duration, most: Duration) -> Self {
        Self {
            least,
            most: most.max(least),
            ceiling: least,
        }
    }

    /// The delay before the next attempt.
    pub fn delay(&mut self) -> Duration {
        self.ceiling = self.ceiling.saturating_mul(2).min(self.most);
        let spread = self.ceiling.saturating_sub(self.least);
        let part = Duration::try_from_secs_f64(spread.as_secs_f64() * fraction());
        self.least.saturating_add(part.unwrap_or(spread))
    }

    /// Begins anew: the last attempt went well.
    pub fn reset(&mut self) {
        self.ceiling = self.least;
    }
}

impl Default for Backoff {
    /// 50 ms to 1 s: what the daemon goes by wherever it tries again.
    fn default() -> Self {
        Self::new(Duration::from_millis(50), Duration::from_secs(1))
    }
}

/// A random number from 0 to 1.
fn fraction() -> f64 {
    let mut random = [0; 4];
    match aws_lc_rs::rand::fill(&mut random) {
        Ok(()) => f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX),
        // Without random bytes the whole delay is waited for: late is better than together.
        Err(_) => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: Duration = Duration::from_millis(50);
    const MOST: Duration = Duration::from_secs(1);

    #[test]
    fn delays_stay_between_the_least_and_a_ceiling_that_doubles() {
        for _ in 0..100 {
            let mut backoff = Backoff::default();
            for ceiling in [100, 200, 400, 800, 1000, 1000, 1000] {
                let delay = backoff.delay();
                assert!(delay >= LEAST, "{delay:?}");
                assert!(delay <= Duration::from_millis(ceiling), "{delay:?}");
            }
        }
    }

    #[test]
    fn delays_differ() {
        let grown = || {
            let mut backoff = Backoff::new(LEAST, MOST);
            (0..10).map(|_| backoff.delay()).max()
        };
        let first = grown();
        assert!((0..10).any(|_| grown() != first), "always {first:?}");
    }

    #[test]
    fn success_begins_anew() {
        let mut backoff = Backoff::new(LEAST, MOST);
        for _ in 0..10 {
            backoff.delay();
        }
        backoff.reset();
        assert!(backoff.delay() <= 2 * LEAST);
    }

    #[test]
    fn a_most_below_the_least_is_the_least() {
        assert_eq!(Backoff::new(MOST, LEAST).delay(), MOST);
    }

    #[test]
    fn no_length_overflows() {
        let mut backoff = Backoff::new(Duration::MAX / 3, Duration::MAX);
        for _ in 0..5 {
            assert!(backoff.delay() >= Duration::MAX / 3);
        }
    }
}
