//! Following channels on Redis itself: what Redis has confirmed is followed, and the broker comes back
//! to it by itself after an outage.

mod past;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{Ended, Intake, Notice, Observer};
use crate::broker::redis::{RedisBroker, RedisConfig, RedisTiming};
use crate::broker::{Broker, BrokerError, ConnectionChange, Delivery, Glob, Inbox, Subscription};
use crate::config::RedisUrl;
use crate::history::redis::RedisHistory;
use crate::history::{Bounds, HistoryError};
use crate::link::{Link, LinkError, LinkLimits};
use crate::metrics::Metrics;
use crate::shutdown::Tasks;
use past::Read;

pub use past::Past;

/// How long connecting and subscribing may take: whoever waits sits before it.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is followed on Redis, and how.
#[derive(Debug)]
pub struct Redis {
    /// Where it is.
    pub url: RedisUrl,
    /// Whether to come back after a loss.
    pub reconnects: bool,
    /// What is shown before it.
    pub past: Option<Past>,
    /// How much the histories there keep.
    pub kept: Bounds,
    /// Whether a Redis that was restarted is taken to have kept all.
    pub trust_restart: bool,
}

/// Why nothing is followed on Redis.
#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    /// It is not there, or can't be spoken to.
    #[error(transparent)]
    NotReached(#[from] LinkError),
    /// Redis did not subscribe.
    #[error("failed to subscribe on Redis at {place}")]
    NotSubscribed {
        /// Where.
        place: String,
        /// Why.
        source: BrokerError,
    },
    /// No history keeps what is published there.
    #[error("there is no history of {0}: ws:, room: and project: topics have one")]
    NoHistory(String),
    /// A history was not read.
    #[error("failed to read the history of {topic}")]
    NotRead {
        /// Of what.
        topic: String,
        /// Why.
        source: HistoryError,
    },
    /// It was there, and is not any more.
    #[error("the connection to Redis at {place} is lost")]
    Lost {
        /// Where.
        place: String,
    },
}

impl Redis {
    /// Follows what the intake asks for until that is not possible any more, and says why it is not.
    pub async fn follow(&self, intake: &Arc<Intake>, observer: &Observer<'_>) -> Ended<RedisError> {
        let listener = Arc::new(Listener::new(Arc::clone(intake), self.past.is_some()));
        let tasks = Tasks::new();
        // Dropping it ends the listening.
        let _broker = match self.begun(&listener, &tasks).await {
            Ok(broker) => broker,
            Err(error) => return Ended::NotBegun(error),
        };
        observer(Notice::Following);
        let lost = RedisError::Lost {
            place: self.url.to_string(),
        };
        loop {
            listener.lost.notified().await;
            if !self.reconnects {
                return Ended::Lost(lost);
            }
            observer(Notice::Lost(&lost));
        }
    }

    /// A broker that has confirmed everything, once the past has been shown.
    async fn begun(
        &self,
        listener: &Arc<Listener>,
        tasks: &Tasks,
    ) -> Result<RedisBroker, RedisError> {
        let limits = LinkLimits {
            answer: PATIENCE,
            dial: PATIENCE,
        };
        // Asked first, because a link says what is wrong with a Redis that can't be spoken to.
        let link = Link::new(self.url.clone(), limits);
        link.connect().await?;
        let broker = self.subscribed(limits, listener, tasks).await?;
        if let Some(past) = self.past {
            let history = RedisHistory::new(link.clone(), self.kept, self.trust_restart);
            let (read, intake) = (&listener.read, &listener.intake);
            past.show(&link, &history, read, intake).await?;
        }
        Ok(broker)
    }

    async fn subscribed(
        &self,
        limits: LinkLimits,
        listener: &Arc<Listener>,
        tasks: &Tasks,
    ) -> Result<RedisBroker, RedisError> {
        let config = RedisConfig {
            url: self.url.clone(),
            timing: RedisTiming {
                limits,
                ..RedisTiming::default()
            },
        };
        let inbox = Arc::clone(listener);
        let broker = RedisBroker::connect(config, inbox, Metrics::new(), tasks);
        let globs = listener.intake.channels.upstream();
        let subscribed = globs
            .iter()
            .map(|glob| broker.subscribe(subscription(glob)));
        let subscribed = try_join_all(subscribed).await;
        let failed = |source| RedisError::NotSubscribed {
            place: self.url.to_string(),
            source,
        };
        subscribed.map_err(failed)?;
        Ok(broker)
    }
}

fn subscription(glob: &Glob) -> Subscription {
    match glob.name() {
        Some(name) => Subscription::to(name),
        None => Subscription::glob(glob.as_str()),
    }
}

/// Hands what the broker brings to an intake, and marks where it was away.
#[derive(Debug)]
struct Listener {
    intake: Arc<Intake>,
    read: Read,
    /// Since when there is no connection.
    since: Mutex<Option<Instant>>,
    lost: Notify,
}

impl Listener {
    fn new(intake: Arc<Intake>, wants_past: bool) -> Self {
        Self {
            intake,
            read: Read::new(wants_past),
            since: Mutex::default(),
            lost: Notify::new(),
        }
    }
}

impl Inbox for Listener {
    fn deliver(&self, delivery: Delivery) {
        let Delivery {
            channel, payload, ..
        } = delivery;
        if self.read.lets_through(&channel, &payload) {
            self.intake.published(&channel, payload);
        }
    }

    fn changed(&self, change: ConnectionChange) {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        match change {
            ConnectionChange::Lost => {
                *since = Some(Instant::now());
                self.lost.notify_one();
            }
            ConnectionChange::Restored => {
                let gap = since.take().map(|since| since.elapsed().as_secs_f64());
                self.intake.gap(gap);
            }
        }
    }
}
