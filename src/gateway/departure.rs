//! Those who leave a daemon that stops leave one after another, evenly over a window, and come back
//! at random moments.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::protocol::{Close, CloseCode};

/// Says who leaves when.
#[derive(Debug, Default)]
pub(super) struct Departure {
    plan: OnceLock<Plan>,
    gone: AtomicU32,
}

#[derive(Debug)]
struct Plan {
    window: Duration,
    connections: u32,
}

impl Departure {
    /// So many are to leave within this time. The first plan stays.
    pub(super) fn begin(&self, connections: usize, window: Duration) {
        let connections = u32::try_from(connections).unwrap_or(u32::MAX).max(1);
        self.plan.get_or_init(|| Plan {
            window,
            connections,
        });
    }

    /// How long the next one stays. Who comes after the last one has been counted leaves at once.
    pub(super) fn next(&self) -> Duration {
        let Some(plan) = self.plan.get() else {
            return Duration::ZERO;
        };
        let turn = self.gone.fetch_add(1, Ordering::Relaxed);
        if turn >= plan.connections {
            return Duration::ZERO;
        }
        plan.window / plan.connections * turn
    }
}

/// The close of a daemon that stops.
pub(super) fn goodbye() -> Close {
    let mut random = [0; 2];
    // Without random bytes all come back at the first moment, which is no reason not to say goodbye.
    aws_lc_rs::rand::fill(&mut random).ok();
    let spread = u64::from(u16::from_le_bytes(random)) % 901;
    Close {
        code: CloseCode::Draining,
        retry_after: Some(Duration::from_millis(100 + spread)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_leave_evenly_within_the_window() {
        let departure = Departure::default();
        assert_eq!(departure.next(), Duration::ZERO, "there is no plan yet");
        departure.begin(4, Duration::from_secs(20));
        departure.begin(1, Duration::ZERO);
        let delays: Vec<_> = (0..6).map(|_| departure.next().as_secs()).collect();
        assert_eq!(delays, [0, 5, 10, 15, 0, 0]);
    }

    #[test]
    fn they_come_back_at_different_moments() {
        let waits: std::collections::BTreeSet<_> = (0..100)
            .map(|_| goodbye().retry_after.unwrap().as_millis())
            .collect();
        assert!(waits.iter().all(|wait| (100..=1000).contains(wait)));
        assert!(waits.len() > 30, "{waits:?}");
    }
}
