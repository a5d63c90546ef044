//! What is counted of brokers.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::{Metrics, Outcome};

/// What became of a message for Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishOutcome {
    /// Redis has it.
    Published,
    /// Redis did not answer in time.
    Timeout,
    /// Redis refused it.
    Refused,
    /// There was no connection.
    Disconnected,
}

#[derive(Debug, Default)]
pub(super) struct Brokers {
    up: Family<Name, Gauge>,
    reconnects: Family<Name, Counter>,
    redis_publishes: Family<Outcome, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Name {
    broker: &'static str,
}

impl Brokers {
    pub(super) fn register(&self, of: &mut Registry) {
        of.register(
            "mithril_broker_up",
            "Whether the connection to a broker stands",
            self.up.clone(),
        );
        of.register(
            "mithril_broker_reconnects",
            "Connections to a broker that were lost and came back",
            self.reconnects.clone(),
        );
        of.register(
            "mithril_redis_publish",
            "Messages for Redis, by result",
            self.redis_publishes.clone(),
        );
    }
}

impl Metrics {
    /// The connection to a broker stands, or it does not.
    pub fn broker_up(&self, broker: &'static str, up: bool) {
        let gauge = self.0.brokers.up.get_or_create(&Name { broker });
        gauge.set(up.into());
    }

    /// The connection to a broker was lost and is back.
    pub fn broker_reconnected(&self, broker: &'static str) {
        let reconnects = &self.0.brokers.reconnects;
        reconnects.get_or_create(&Name { broker }).inc();
    }

    /// A message was published to Redis, or was not.
    pub fn redis_publish(&self, outcome: PublishOutcome) {
        let result = match outcome {
            PublishOutcome::Published => "ok",
            PublishOutcome::Timeout => "timeout",
            PublishOutcome::Refused => "refused",
            PublishOutcome::Disconnected => "disconnected",
        };
        let publishes = &self.0.brokers.redis_publishes;
        publishes.get_or_create(&Outcome { result }).inc();
    }
}
