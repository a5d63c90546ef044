//! A connection to a Redis, and what arrives on it.

use std::sync::Arc;
use std::time::Duration;

use mithril::backoff::Backoff;
use mithril::broker::redis::{RedisBroker, RedisConfig, RedisTiming};
use mithril::broker::{Broker, BrokerError, Subscription};
use mithril::link::LinkLimits;
use mithril::metrics::Metrics;
use mithril::shutdown::Tasks;

use crate::recorder::{Recorder, soon};

/// Shorter than the daemon's, so that what is frozen is soon noticed.
pub(crate) fn impatient() -> RedisTiming {
    let limit = Duration::from_millis(200);
    RedisTiming {
        limits: LinkLimits {
            answer: limit,
            dial: limit,
        },
        idle: Duration::from_millis(100),
        patience: limit,
        gather: Duration::from_millis(2),
        backoff: Backoff::new(Duration::from_millis(10), Duration::from_millis(50)),
    }
}

pub(crate) struct Subscriber {
    pub(crate) broker: RedisBroker,
    pub(crate) inbox: Arc<Recorder>,
    pub(crate) metrics: Metrics,
    _tasks: Tasks,
}

impl Subscriber {
    /// With the daemon's times.
    pub(crate) fn patient(url: &str) -> Self {
        Self::with(url, RedisTiming::default())
    }

    pub(crate) fn impatient(url: &str) -> Self {
        Self::with(url, impatient())
    }

    fn with(url: &str, timing: RedisTiming) -> Self {
        let (inbox, metrics, tasks) = (Recorder::new(), Metrics::new(), Tasks::new());
        let config = RedisConfig {
            url: url.parse().unwrap(),
            timing,
        };
        let broker = RedisBroker::connect(config, inbox.clone(), metrics.clone(), &tasks);
        Self {
            broker,
            inbox,
            metrics,
            _tasks: tasks,
        }
    }

    pub(crate) async fn subscribe(&self, channel: &str) -> Result<(), BrokerError> {
        soon(self.broker.subscribe(Subscription::to(channel))).await
    }

    pub(crate) async fn publish(&self, channel: &str, text: &str) -> Result<(), BrokerError> {
        let payload = text.to_owned().into();
        soon(self.broker.publish(channel.into(), payload)).await
    }

    /// The next message, as text.
    pub(crate) async fn next(&self) -> (String, String) {
        let delivery = self.inbox.next().await;
        let text = String::from_utf8(delivery.payload.to_vec()).unwrap();
        (delivery.channel.to_string(), text)
    }
}
