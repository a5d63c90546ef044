//! What is counted of the tiers that a node without content answers from.

use prometheus_client::encoding::EncodeLabelSet;

use super::Metrics;

/// Where an answer is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheTier {
    /// What this process has read before.
    Memory,
    /// What others keep in Redis.
    Redis,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TierResult {
    /// It was there.
    Hit,
    /// It was not, or may be another by now.
    Miss,
    /// It was there, and taken although it may be another by now: Redis could not be asked.
    Stale,
    /// It could not be asked.
    Unavailable,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct TierRequest {
    tier: &'static str,
    result: &'static str,
}

impl Metrics {
    /// An answer was looked for.
    pub fn cache_request(&self, tier: CacheTier, result: TierResult) {
        let tier = match tier {
            CacheTier::Memory => "memory",
            CacheTier::Redis => "redis",
        };
        let result = match result {
            TierResult::Hit => "hit",
            TierResult::Miss => "miss",
            TierResult::Stale => "stale",
            TierResult::Unavailable => "unavailable",
        };
        let requests = &self.0.cache;
        requests.get_or_create(&TierRequest { tier, result }).inc();
    }
}
