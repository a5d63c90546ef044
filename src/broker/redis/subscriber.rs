//! The task behind the subscriptions: it connects, makes them, listens, and begins anew.
//!
//! Reading never waits for anything: what the crate has read and nobody has taken is kept without
//! bound. A server that has stopped without hanging up is noticed by what it fails to answer.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _};
use redis::aio::{PubSubSink, PubSubStream};
use redis::{Msg, RedisError};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::broker::{BrokerError, ConnectionChange, Delivery, Inbox};
use crate::link::{self, Link, LinkError, LinkFailure};
use crate::metrics::Metrics;

use super::RedisTiming;
use super::once::Once;
use super::registry::{Asked, BATCH, Registry, Verb};

/// What this broker is called where it is counted.
const NAME: &str = "redis";

/// What the task works with.
pub(super) struct Subscriber {
    pub(super) link: Link,
    pub(super) registry: Arc<Registry>,
    pub(super) inbox: Arc<dyn Inbox>,
    pub(super) metrics: Metrics,
    pub(super) timing: RedisTiming,
}

/// When something was heard last.
struct Pulse {
    begin: Instant,
    milliseconds: AtomicU64,
}

impl Subscriber {
    /// Connects again and again, until it is to stop.
    pub(super) async fn run(mut self, stopping: CancellationToken) {
        self.metrics.broker_up(NAME, false);
        let mut lost = false;
        let mut cause = None;
        loop {
            self.registry.trying();
            // A message that its receiver can't bear is not to end all others.
            let attempt = AssertUnwindSafe(self.attempt(lost)).catch_unwind();
            let Some(ended) = stopping.run_until_cancelled(attempt).await else {
                self.registry.close();
                return;
            };
            let was_up = self.registry.is_up();
            self.registry.down();
            self.metrics.broker_up(NAME, false);
            if was_up {
                self.timing.backoff.reset();
            }
            match ended {
                Ok(error) if was_up || cause.as_ref() != Some(&error) => {
                    tracing::warn!(cause = %error, "no connection to Redis");
                    cause = Some(error);
                }
                Ok(_) => {}
                Err(_panic) => tracing::error!("a message from Redis was not borne"),
            }
            if was_up || !lost {
                lost = true;
                self.inbox.changed(ConnectionChange::Lost);
            }
            let pause = sleep(self.timing.backoff.delay());
            if stopping.run_until_cancelled(pause).await.is_none() {
                return;
            }
        }
    }

    /// Connects and listens until the connection ends; says why it did.
    async fn attempt(&self, lost: bool) -> LinkError {
        let (sink, stream) = match self.link.subscriber().await {
            Ok(connection) => connection.split(),
            Err(error) => return error,
        };
        let pulse = Pulse::new();
        let failure = tokio::select! {
            () = self.read(stream, &pulse) => LinkFailure::Closed,
            failure = self.tend(sink, &pulse, lost) => failure,
        };
        self.link.error(failure)
    }

    /// Takes messages to the inbox.
    async fn read(&self, mut stream: PubSubStream, pulse: &Pulse) {
        let mut once = Once::default();
        while let Some(message) = stream.next().await {
            pulse.beat();
            if let Some(delivery) = self.first_copy(&message, &mut once) {
                self.inbox.deliver(delivery);
            }
        }
    }

    /// The message, unless it is none of ours or has come already.
    fn first_copy(&self, message: &Msg, once: &mut Once) -> Option<Delivery> {
        let channel = message.get_channel_name();
        // This is what the crate calls a channel that is no text. It is none of ours.
        if channel == "?" && message.get_channel::<String>().is_err() {
            return None;
        }
        let channel: Arc<str> = channel.into();
        let payload = Bytes::copy_from_slice(message.get_payload_bytes());
        if message.from_pattern() {
            let pattern: Arc<str> = message.get_pattern::<String>().ok()?.into();
            let is_ours = self.registry.is_for(&pattern, &channel);
            if !is_ours || !once.pattern(&pattern, &channel, &payload) {
                return None;
            }
        } else if self.registry.has_patterns() {
            once.exact(&channel, &payload);
        }
        Some(Delivery {
            channel,
            payload,
            reply: None,
        })
    }

    /// Makes all subscriptions, and then what changes of them, until Redis does not answer.
    async fn tend(&self, mut sink: PubSubSink, pulse: &Pulse, lost: bool) -> LinkFailure {
        if let Err(failure) = self.restore(&mut sink).await {
            return failure;
        }
        // What failed while Redis was away says nothing about it now.
        self.link.renew();
        self.registry.up();
        self.metrics.broker_up(NAME, true);
        tracing::info!(place = self.link.place(), "connected to Redis");
        if lost {
            self.metrics.broker_reconnected(NAME);
            self.inbox.changed(ConnectionChange::Restored);
        }
        loop {
            let idle = sleep_until(pulse.last() + self.timing.idle);
            let tended = tokio::select! {
                () = self.registry.work.notified() => {
                    sleep(self.timing.gather).await;
                    self.settle(&mut sink).await
                }
                () = self.registry.doubt.notified() => self.ping(&mut sink, pulse).await,
                () = idle => self.ping(&mut sink, pulse).await,
            };
            if let Err(failure) = tended {
                return failure;
            }
        }
    }

    async fn restore(&self, sink: &mut PubSubSink) -> Result<(), LinkFailure> {
        for (verb, names) in self.registry.wanted() {
            for batch in names.chunks(BATCH) {
                match self.ask(sink, verb, batch).await {
                    Err(failure) if failure.is_of_connection() => return Err(failure),
                    Err(_) => {
                        for name in batch {
                            self.restore_one(sink, verb, name).await?;
                        }
                    }
                    Ok(()) => {}
                }
            }
        }
        Ok(())
    }

    /// One name is refused: the others of its command are not to suffer.
    async fn restore_one(
        &self,
        sink: &mut PubSubSink,
        verb: Verb,
        name: &Arc<str>,
    ) -> Result<(), LinkFailure> {
        match self.ask(sink, verb, std::slice::from_ref(name)).await {
            Err(failure) if failure.is_of_connection() => Err(failure),
            Err(refusal) => {
                tracing::error!(channel = %name, %refusal, "not subscribed again");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Does all that is wished.
    async fn settle(&self, sink: &mut PubSubSink) -> Result<(), LinkFailure> {
        loop {
            let batch = self.registry.next();
            if batch.is_empty() {
                return Ok(());
            }
            for (verb, asked) in batch {
                let names: Vec<_> = asked.iter().map(|asked| Arc::clone(&asked.name)).collect();
                match self.ask(sink, verb, &names).await {
                    Err(failure) if failure.is_of_connection() => return Err(failure),
                    Err(refusal) if asked.len() == 1 => self.refuse(verb, asked, &refusal),
                    Err(_) => self.settle_each(sink, verb, asked).await?,
                    Ok(()) => {
                        for asked in asked {
                            self.registry.confirm(verb, asked);
                        }
                    }
                }
            }
        }
    }

    /// One name is refused: the others of its command are not to suffer.
    async fn settle_each(
        &self,
        sink: &mut PubSubSink,
        verb: Verb,
        asked: Vec<Asked>,
    ) -> Result<(), LinkFailure> {
        for asked in asked {
            let name = std::slice::from_ref(&asked.name);
            match self.ask(sink, verb, name).await {
                Err(failure) if failure.is_of_connection() => return Err(failure),
                Err(refusal) => self.refuse(verb, vec![asked], &refusal),
                Ok(()) => self.registry.confirm(verb, asked),
            }
        }
        Ok(())
    }

    fn refuse(&self, verb: Verb, asked: Vec<Asked>, refusal: &LinkFailure) {
        let error = self.link.error(refusal.clone()).to_string();
        for asked in asked {
            let error = BrokerError::Refused(error.as_str().into());
            self.registry.refuse(verb, asked, error);
        }
    }

    /// Sends a command and waits until Redis has confirmed each name.
    async fn ask(
        &self,
        sink: &mut PubSubSink,
        verb: Verb,
        names: &[Arc<str>],
    ) -> Result<(), LinkFailure> {
        let names: Vec<&str> = names.iter().map(|name| &**name).collect();
        let asked = async {
            match verb {
                Verb::Subscribe => sink.subscribe(&names).await,
                Verb::Unsubscribe => sink.unsubscribe(&names).await,
                Verb::PatternSubscribe => sink.psubscribe(&names).await,
                Verb::PatternUnsubscribe => sink.punsubscribe(&names).await,
            }
        };
        self.within(asked).await
    }

    /// Asks whether Redis is there. What it says meanwhile is as good an answer.
    async fn ping(&self, sink: &mut PubSubSink, pulse: &Pulse) -> Result<(), LinkFailure> {
        let begin = Instant::now();
        match self.within(sink.ping::<redis::Value>()).await {
            Err(LinkFailure::Timeout(_)) if pulse.last() > begin => Ok(()),
            Err(failure) => Err(failure),
            Ok(_) => {
                pulse.beat();
                Ok(())
            }
        }
    }

    async fn within<T>(
        &self,
        asked: impl Future<Output = Result<T, RedisError>>,
    ) -> Result<T, LinkFailure> {
        let patience = self.timing.patience;
        let answered = timeout(patience, asked).await;
        let answered = answered.map_err(|_| LinkFailure::Timeout(patience))?;
        answered.map_err(|error| link::failure_of(&error))
    }
}

impl Pulse {
    fn new() -> Self {
        Self {
            begin: Instant::now(),
            milliseconds: AtomicU64::new(0),
        }
    }

    fn beat(&self) {
        let since = u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.milliseconds.store(since, Ordering::Relaxed);
    }

    fn last(&self) -> Instant {
        let since = self.milliseconds.load(Ordering::Relaxed);
        self.begin + std::time::Duration::from_millis(since)
    }
}
