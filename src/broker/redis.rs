//! Redis Pub/Sub: one connection listens, another publishes, and what is wanted is known here alone.
//!
//! Redis keeps nothing of a subscription beyond its connection, so all of them are made anew on
//! each, before the broker says that it is back. It has neither queue groups nor requests.
//!
//! While the subscriber is away nothing is published either: what went out would not come back to
//! this process, and what is given up must not be done later.

mod glob;
mod once;
mod registry;
mod subscriber;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::backoff::Backoff;
use crate::config::RedisUrl;
use crate::link::{Command, Link, LinkError, LinkFailure, LinkLimits};
use crate::metrics::{Metrics, PublishOutcome};
use crate::shutdown::Tasks;

use super::{Broker, BrokerError, BrokerFuture, Inbox, Subscription};
use registry::{Registry, Wish};
use subscriber::Subscriber;

/// Where Redis is, and how long things may take.
#[derive(Debug, Clone)]
pub struct RedisConfig {
    /// Where it is.
    pub url: RedisUrl,
    /// How long things may take.
    pub timing: RedisTiming,
}

/// How long things may take.
#[derive(Debug, Clone)]
pub struct RedisTiming {
    /// A command and a connection.
    pub limits: LinkLimits,
    /// For how long nothing may come before Redis is asked whether it is there.
    pub idle: Duration,
    /// How long it may take to answer that, or to confirm subscriptions.
    pub patience: Duration,
    /// For how long subscriptions are gathered into one command.
    pub gather: Duration,
    /// The delays between attempts to connect.
    pub backoff: Backoff,
}

impl Default for RedisTiming {
    fn default() -> Self {
        Self {
            limits: LinkLimits::default(),
            idle: Duration::from_secs(5),
            patience: Duration::from_secs(1),
            gather: Duration::from_millis(2),
            backoff: Backoff::default(),
        }
    }
}

impl RedisConfig {
    /// With the times that the daemon goes by.
    pub fn new(url: RedisUrl) -> Self {
        Self {
            url,
            timing: RedisTiming::default(),
        }
    }
}

/// A connection to Redis Pub/Sub. It is looked after by a task until it is dropped.
pub struct RedisBroker {
    link: Link,
    registry: Arc<Registry>,
    metrics: Metrics,
    _listening: DropGuard,
}

impl RedisBroker {
    /// Begins to connect. Subscriptions wait for the first attempt; after one that failed, they fail
    /// until another succeeds.
    pub fn connect(
        config: RedisConfig,
        inbox: Arc<dyn Inbox>,
        metrics: Metrics,
        tasks: &Tasks,
    ) -> Self {
        let RedisConfig { url, timing } = config;
        let link = Link::new(url, timing.limits);
        let registry = Arc::new(Registry::new());
        let stopping: CancellationToken = tasks.stopping().child_token();
        let subscriber = Subscriber {
            link: link.clone(),
            registry: Arc::clone(&registry),
            inbox,
            metrics: metrics.clone(),
            timing,
        };
        tasks.spawn("redis", subscriber.run(stopping.clone()));
        Self {
            link,
            registry,
            metrics,
            _listening: stopping.drop_guard(),
        }
    }

    async fn send(&self, channel: &str, payload: &[u8]) -> Result<(), BrokerError> {
        if !self.registry.may_publish() {
            return Err(BrokerError::Disconnected);
        }
        let command = Command::new("PUBLISH").arg(channel).arg(payload);
        let sent = self.link.send(command).await;
        sent.map(drop).map_err(|error| {
            if error.failure.is_of_connection() {
                self.registry.doubt();
            }
            refusal(&error)
        })
    }

    async fn wish(&self, subscription: Subscription, wish: Wish) -> Result<(), BrokerError> {
        if subscription.group.is_some() {
            return Err(BrokerError::Unsupported("queue groups"));
        }
        let Some(done) = self.registry.wish(subscription, wish)? else {
            return Ok(());
        };
        // The connection was lost before Redis confirmed it.
        done.await.unwrap_or(Err(BrokerError::Disconnected))
    }
}

fn refusal(error: &LinkError) -> BrokerError {
    match &error.failure {
        LinkFailure::Timeout(limit) => BrokerError::Timeout(*limit),
        failure if failure.is_of_connection() => BrokerError::Disconnected,
        _ => BrokerError::Refused(error.to_string().into()),
    }
}

impl Broker for RedisBroker {
    fn publish(&self, channel: Arc<str>, payload: Bytes) -> BrokerFuture<'_, ()> {
        Box::pin(async move {
            let sent = self.send(&channel, &payload).await;
            self.metrics.redis_publish(match &sent {
                Ok(()) => PublishOutcome::Published,
                Err(BrokerError::Timeout(_)) => PublishOutcome::Timeout,
                Err(BrokerError::Refused(_) | BrokerError::Unsupported(_)) => {
                    PublishOutcome::Refused
                }
                Err(BrokerError::Disconnected | BrokerError::NoResponders) => {
                    PublishOutcome::Disconnected
                }
            });
            sent
        })
    }

    fn subscribe(&self, subscription: Subscription) -> BrokerFuture<'_, ()> {
        Box::pin(self.wish(subscription, Wish::Join))
    }

    fn unsubscribe(&self, subscription: Subscription) -> BrokerFuture<'_, ()> {
        Box::pin(self.wish(subscription, Wish::Leave))
    }

    fn request(&self, _: Arc<str>, _: Bytes, _: Duration) -> BrokerFuture<'_, Bytes> {
        Box::pin(async { Err(BrokerError::Unsupported("requests")) })
    }

    fn is_connected(&self) -> bool {
        self.registry.is_up()
    }
}

impl fmt::Debug for RedisBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisBroker({})", self.link.place())
    }
}
