//! How often something may happen is one instant of memory, and nothing here asks what time it is.
//!
//! A bucket is the moment at which it will be full again (the generic cell rate algorithm): each
//! event moves that moment on by the interval, as long as it is at most a burst away.

use std::time::Duration;

use tokio::time::Instant;

/// Violations without a pause after which there is no more patience.
const PATIENCE: u8 = 10;
/// How long without a violation is a pause.
const PAUSE: Duration = Duration::from_secs(1);

/// So many events a second, and so many at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    // Zero is no limit.
    interval: Duration,
    burst: u32,
}

impl Rate {
    pub(super) fn new(per_second: u32, burst: u32) -> Self {
        Self {
            interval: Duration::from_secs(1)
                .checked_div(per_second)
                .unwrap_or_default(),
            burst: burst.max(1),
        }
    }
}

/// What has happened of late.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    full_at: Instant,
}

impl Bucket {
    pub(super) fn full(now: Instant) -> Self {
        Self { full_at: now }
    }

    /// Whether one more may happen now.
    pub(super) fn has_one(&self, rate: Rate, now: Instant) -> bool {
        let full_at = self.full_at.max(now) + rate.interval;
        full_at - now <= rate.interval * rate.burst
    }

    /// Takes one, if one may happen now.
    pub(super) fn take(&mut self, rate: Rate, now: Instant) -> bool {
        let has_one = self.has_one(rate, now);
        if has_one {
            self.full_at = self.full_at.max(now) + rate.interval;
        }
        has_one
    }
}

/// What is to be done about a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is one of those that may come.
    Pass,
    /// It is one too many.
    TooMany,
    /// There were too many for too long.
    Enough,
}

/// Counts the frames of one connection.
#[derive(Debug)]
pub(super) struct Meter {
    rate: Rate,
    bucket: Bucket,
    violations: u8,
    last_violation: Instant,
}

impl Meter {
    pub(super) fn new(rate: Rate, now: Instant) -> Self {
        Self {
            rate,
            bucket: Bucket::full(now),
            violations: 0,
            last_violation: now,
        }
    }

    /// Counts a frame that comes now.
    pub(super) fn count(&mut self, now: Instant) -> Verdict {
        if self.bucket.take(self.rate, now) {
            return Verdict::Pass;
        }
        if now - self.last_violation >= PAUSE {
            self.violations = 0;
        }
        self.last_violation = now;
        self.violations += 1;
        if self.violations < PATIENCE {
            Verdict::TooMany
        } else {
            Verdict::Enough
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENTH: Duration = Duration::from_millis(100);

    #[test]
    fn a_burst_passes_then_one_an_interval() {
        let rate = Rate::new(10, 20);
        let now = Instant::now();
        let mut bucket = Bucket::full(now);
        let taken = (0..30).filter(|_| bucket.take(rate, now)).count();
        assert_eq!(taken, 20);
        assert!(!bucket.take(rate, now + TENTH - Duration::from_millis(1)));
        assert!(bucket.take(rate, now + TENTH));
        assert!(!bucket.take(rate, now + TENTH));
        let later = now + Duration::from_hours(1);
        let taken = (0..30).filter(|_| bucket.take(rate, later)).count();
        assert_eq!(taken, 20, "a long pause saves no more than a burst");
    }

    #[test]
    fn a_rate_of_zero_is_no_limit() {
        let rate = Rate::new(0, 0);
        let now = Instant::now();
        let mut bucket = Bucket::full(now);
        assert!((0..10_000).all(|_| bucket.take(rate, now)));
    }

    #[test]
    fn ten_violations_without_a_pause_are_enough() {
        let now = Instant::now();
        let mut meter = Meter::new(Rate::new(10, 20), now);
        let verdicts: Vec<_> = (0..30).map(|_| meter.count(now)).collect();
        assert!(verdicts[..20].iter().all(|v| *v == Verdict::Pass));
        assert!(verdicts[20..29].iter().all(|v| *v == Verdict::TooMany));
        assert_eq!(verdicts[29], Verdict::Enough);
    }

    #[test]
    fn a_pause_is_forgiven() {
        let begin = Instant::now();
        let mut meter = Meter::new(Rate::new(10, 20), begin);
        for round in 0..50 {
            // After the pause ten frames may come again; the rest are nine violations.
            let now = begin + PAUSE * 2 * round;
            let worst = (0..29)
                .map(|_| meter.count(now))
                .filter(|v| *v == Verdict::Enough);
            assert_eq!(worst.count(), 0);
        }
    }

    #[test]
    fn a_steady_excess_is_not_forgiven() {
        let begin = Instant::now();
        let mut meter = Meter::new(Rate::new(10, 20), begin);
        let at = |frame: u32| begin + TENTH / 2 * frame;
        assert!((0..100).any(|frame| meter.count(at(frame)) == Verdict::Enough));
    }
}
