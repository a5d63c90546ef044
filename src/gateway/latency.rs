//! One of so many messages tells how long it took from the broker to each socket: enough to see what
//! most take, and so few that they cost the others nothing.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::Instant;

/// One of so many messages is measured.
const EVERY: u64 = 64;

/// Says which messages are measured.
#[derive(Debug, Default)]
pub(super) struct Sampler(AtomicU64);

impl Sampler {
    /// The moment, for a message that arrives now and is measured. The first one is.
    pub(super) fn arrival(&self) -> Option<Instant> {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        number.is_multiple_of(EVERY).then(Instant::now)
    }
}
