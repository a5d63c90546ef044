//! A channel is followed once per process while a lease on it lives, and counts once the broker has
//! confirmed it.
//!
//! One task does all subscribing and unsubscribing, so the broker never sees two intents for one
//! channel at once. A channel whose last lease is gone is followed for a second more, and looked at
//! again then: whoever reloads a page costs the broker nothing.

#[cfg(test)]
mod tests;
mod upstreams;

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::broker::{Broker, ConnectionChange, Delivery, Inbox, Subscription};
use crate::metrics::{DeliveryOutcome, Metrics};
use crate::protocol::{EncodeError, Envelope, Topic};

use super::history::AROUND;
use super::hub::Hub;
use super::latency::Sampler;
use super::presence::Roster;
use super::recorder::Recorder;
use upstreams::{Step, Upstreams};

/// How long a channel is followed after its last lease.
const LINGER: Duration = Duration::from_secs(1);
/// After what time a subscription that failed is tried again.
const RETRY: Duration = Duration::from_millis(500);
/// How many subscriptions are asked for at a time.
const BATCH: usize = 512;

/// This process's side of the broker.
#[derive(Debug)]
pub(super) struct Relay {
    broker: Arc<dyn Broker>,
    hub: Arc<Hub>,
    upstreams: Mutex<Upstreams>,
    work: Notify,
    /// Whether this process itself says what changes in the content.
    announces: AtomicBool,
}

/// A reason to follow a channel; it ends when it is dropped.
#[derive(Debug)]
#[must_use = "the channel is not followed for it when it is dropped"]
pub(super) struct Lease {
    relay: Arc<Relay>,
    /// Nothing where there is nobody to hear it from but this process.
    channel: Option<Arc<str>>,
    settled: Arc<Notify>,
}

/// The broker has not confirmed a subscription.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the broker has not confirmed the subscription")]
pub(super) struct Unconfirmed;

impl Relay {
    /// A relay that follows nothing. [`Relay::run`] does its work.
    pub(super) fn new(broker: Arc<dyn Broker>, hub: Arc<Hub>) -> Arc<Self> {
        Arc::new(Self {
            broker,
            hub,
            upstreams: Mutex::default(),
            work: Notify::new(),
            announces: AtomicBool::new(false),
        })
    }

    /// From now on what changes in the content is known first hand, and would be heard twice if other
    /// replicas were listened to.
    pub(super) fn follow_no_content(&self) {
        self.announces.store(true, Ordering::Relaxed);
    }

    /// Follows a channel, from now on or sooner than the broker confirms it.
    pub(super) fn lease(self: &Arc<Self>, channel: impl Into<Arc<str>>) -> Lease {
        let channel = channel.into();
        let topic = Topic::parse(&channel);
        let about_content = matches!(topic, Some(Topic::ExerciseUpdated | Topic::PoolUpdated));
        if about_content && self.announces.load(Ordering::Relaxed) {
            return Lease {
                relay: Arc::clone(self),
                channel: None,
                settled: Arc::default(),
            };
        }
        let (settled, is_news) = self.upstreams().add(&channel);
        if is_news {
            self.work.notify_one();
        }
        Lease {
            relay: Arc::clone(self),
            channel: Some(channel),
            settled,
        }
    }

    /// Publishes to all replicas; to this process alone where there is no broker to be had.
    pub(super) async fn publish(&self, envelope: &Envelope) -> Result<(), EncodeError> {
        let (channel, payload) = envelope.write()?;
        let published = self.broker.publish(channel.into(), Bytes::from(payload));
        if let Err(error) = published.await {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "published here only"
            );
            // What was given up may be done later all the same, and come back.
            self.hub.publish_once(envelope);
        }
        Ok(())
    }

    /// Whether what is published is heard by other replicas, as far as is known.
    pub(super) fn is_connected(&self) -> bool {
        self.broker.is_connected()
    }

    /// Publishes to other replicas what this process's connections were told already.
    pub(super) async fn publish_elsewhere(&self, envelope: &Envelope) -> Result<(), EncodeError> {
        let (channel, payload) = envelope.write()?;
        self.hub.told(envelope);
        let published = self.broker.publish(channel.into(), Bytes::from(payload));
        if let Err(error) = published.await {
            let error = &error as &dyn std::error::Error;
            tracing::debug!(error, "not published elsewhere");
        }
        Ok(())
    }

    /// Subscribes and unsubscribes as leases come and go.
    pub(super) async fn run(self: Arc<Self>, stopping: CancellationToken) {
        self.upstreams().begin_anew();
        loop {
            let (batch, wake) = self.upstreams().due(Instant::now(), BATCH);
            if !batch.is_empty() {
                join_all(batch.into_iter().map(|channel| self.settle(channel))).await;
                continue;
            }
            let asleep = async {
                match wake {
                    Some(moment) => sleep_until(moment).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stopping.cancelled() => return,
                () = self.work.notified() => {}
                () = asleep => {}
            }
        }
    }

    async fn settle(&self, channel: Arc<str>) {
        let step = self.upstreams().step(&channel, Instant::now());
        let subscription = Subscription::to(Arc::clone(&channel));
        match step {
            Step::Nothing => {}
            Step::Subscribe => {
                let done = self.broker.subscribe(subscription).await;
                if let Err(error) = &done {
                    let error = error as &dyn std::error::Error;
                    tracing::debug!(%channel, error, "not subscribed");
                }
                let retry = Instant::now() + RETRY;
                self.upstreams().subscribed(&channel, done.is_ok(), retry);
                if done.is_ok() {
                    // Who was there before it counted may have missed something.
                    self.hub.look_for_gap(&channel);
                }
            }
            Step::Unsubscribe => {
                if let Err(error) = self.broker.unsubscribe(subscription).await {
                    let error = &error as &dyn std::error::Error;
                    tracing::debug!(%channel, error, "not unsubscribed");
                }
                self.upstreams().unsubscribed(&channel);
            }
        }
    }

    // Each change leaves the state consistent, so a panic elsewhere does not spoil it.
    fn upstreams(&self) -> MutexGuard<'_, Upstreams> {
        self.upstreams
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    /// Waits until the broker has confirmed the subscription, or an attempt has failed. A lease that
    /// is kept is confirmed later.
    pub(super) async fn confirmed(&self) -> Result<(), Unconfirmed> {
        let Some(channel) = &self.channel else {
            return Ok(());
        };
        loop {
            let mut settled = std::pin::pin!(self.settled.notified());
            settled.as_mut().enable();
            if let Some(confirmed) = self.relay.upstreams().outcome(channel) {
                return if confirmed { Ok(()) } else { Err(Unconfirmed) };
            }
            settled.await;
        }
    }

    /// Waits until the broker has confirmed the subscription, however many attempts fail.
    pub(super) async fn at_last(&self) {
        let Some(channel) = &self.channel else {
            return;
        };
        loop {
            let mut settled = std::pin::pin!(self.settled.notified());
            settled.as_mut().enable();
            if self.relay.upstreams().outcome(channel) == Some(true) {
                return;
            }
            settled.await;
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(channel) = &self.channel else {
            return;
        };
        let until = Instant::now() + LINGER;
        if self.relay.upstreams().release(channel, until) {
            self.relay.work.notify_one();
        }
    }
}

/// Takes what arrives from the broker to the hub.
#[derive(Debug)]
pub(super) struct Arrivals {
    pub(super) hub: Arc<Hub>,
    pub(super) roster: Arc<Roster>,
    /// Where broadcasts go that are to be recorded.
    pub(super) recorder: Recorder,
    /// The largest payload, in bytes.
    pub(super) payload: usize,
    pub(super) metrics: Metrics,
    /// What says which messages are measured.
    pub(super) sampler: Sampler,
}

impl Inbox for Arrivals {
    fn deliver(&self, delivery: Delivery) {
        let channel = &*delivery.channel;
        let count = |event, outcome| self.metrics.delivery(event, outcome);
        let most = if Envelope::is_live_channel(channel) {
            self.payload + 2 * AROUND
        } else {
            self.payload
        };
        if delivery.payload.len() > most {
            count(None, DeliveryOutcome::TooLarge);
            let bytes = delivery.payload.len();
            tracing::warn!(channel, bytes, "dropped a message that is too large");
            return;
        }
        let arrived = self.sampler.arrival();
        let read = Envelope::read(channel, &delivery.payload);
        match read.map(|envelope| Envelope {
            arrived,
            ..envelope
        }) {
            Ok(envelope) if envelope.recorded.is_some() => {
                let event = envelope.event_name().map(Cow::into_owned);
                let taken = self.hub.arrive(envelope);
                count(event.as_deref(), DeliveryOutcome::Taken(taken));
            }
            Ok(envelope) => {
                if let Some(envelope) = self.recorder.take(envelope) {
                    let taken = self.hub.publish_once(&envelope);
                    count(
                        envelope.event_name().as_deref(),
                        DeliveryOutcome::Taken(taken),
                    );
                }
            }
            Err(error) => {
                count(None, DeliveryOutcome::Unreadable);
                let error = &error as &dyn std::error::Error;
                tracing::warn!(channel, error, "dropped a message");
            }
        }
    }

    fn changed(&self, change: ConnectionChange) {
        match change {
            ConnectionChange::Lost => tracing::warn!("the broker is lost"),
            ConnectionChange::Restored => {
                tracing::info!("the broker is back");
                self.hub.look_for_gaps();
                self.hub.tell_of_gap();
                self.roster.doubt();
            }
        }
    }
}
