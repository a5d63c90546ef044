//! A broker is well when a message through it comes back, not when a port answers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::{Broker, BrokerError, ConnectionChange, Delivery, Inbox, Subscription};

/// How often a message is sent at most; in between the last answer counts.
const PERIOD: Duration = Duration::from_secs(1);
/// How long it may take to come back.
const PATIENCE: Duration = Duration::from_secs(1);

/// Sends messages through a broker to itself.
#[derive(Debug)]
pub struct Probe {
    channel: Arc<str>,
    waiting: Mutex<Option<(Bytes, oneshot::Sender<()>)>>,
    /// When it was tried last, and how long the message took.
    last: tokio::sync::Mutex<Option<(Instant, Result<Duration, BrokerError>)>>,
}

/// An inbox that keeps a probe's messages from the one behind it.
#[derive(Debug)]
struct Filter {
    probe: Arc<Probe>,
    inbox: Arc<dyn Inbox>,
}

impl Probe {
    /// A probe with a channel of its own.
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            channel: format!("mithril:probe:{}", Uuid::new_v4().simple()).into(),
            waiting: Mutex::default(),
            last: tokio::sync::Mutex::default(),
        })
    }

    /// The inbox to connect with instead of this one.
    pub fn before(self: &Arc<Self>, inbox: Arc<dyn Inbox>) -> Arc<dyn Inbox> {
        Arc::new(Filter {
            probe: Arc::clone(self),
            inbox,
        })
    }

    /// How long a message takes through the broker and back, at most once a second.
    pub async fn measure(&self, broker: &dyn Broker) -> Result<Duration, BrokerError> {
        let mut last = self.last.lock().await;
        match &*last {
            Some((when, outcome)) if when.elapsed() < PERIOD => outcome.clone(),
            Some(_) | None => {
                let sent = timeout(PATIENCE, self.send(broker)).await;
                let outcome = sent.unwrap_or(Err(BrokerError::Timeout(PATIENCE)));
                *self.waiting() = None;
                *last = Some((Instant::now(), outcome.clone()));
                outcome
            }
        }
    }

    async fn send(&self, broker: &dyn Broker) -> Result<Duration, BrokerError> {
        let channel = Arc::clone(&self.channel);
        // A repeated subscription is none; one that failed before is made up for.
        broker.subscribe(Subscription::to(channel.clone())).await?;
        let payload = Bytes::from(Uuid::new_v4().to_string());
        let (arrived, arrival) = oneshot::channel();
        *self.waiting() = Some((payload.clone(), arrived));
        let begin = Instant::now();
        broker.publish(channel, payload).await?;
        arrival.await.map_err(|_| BrokerError::Disconnected)?;
        Ok(begin.elapsed())
    }

    fn arrived(&self, payload: &Bytes) {
        let mut waiting = self.waiting();
        if waiting.as_ref().is_some_and(|(sent, _)| sent == payload)
            && let Some((_, arrived)) = waiting.take()
        {
            // Who waited may have given up in this moment.
            arrived.send(()).ok();
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Option<(Bytes, oneshot::Sender<()>)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inbox for Filter {
    fn deliver(&self, delivery: Delivery) {
        if delivery.channel == self.probe.channel {
            self.probe.arrived(&delivery.payload);
        } else {
            self.inbox.deliver(delivery);
        }
    }

    fn changed(&self, change: ConnectionChange) {
        self.inbox.changed(change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::memory::MemoryBroker;

    #[derive(Debug, Default)]
    struct Seen(Mutex<Vec<Arc<str>>>);

    impl Inbox for Seen {
        fn deliver(&self, delivery: Delivery) {
            self.0.lock().unwrap().push(delivery.channel);
        }

        fn changed(&self, _: ConnectionChange) {}
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_goes_round_once_a_second_and_nobody_else_sees_it() {
        let (memory, seen, probe) = (MemoryBroker::new(), Arc::new(Seen::default()), Probe::new());
        let broker = memory.connect(probe.before(seen.clone()));
        assert!(probe.measure(&broker).await.is_ok());
        memory.cut();
        assert!(
            probe.measure(&broker).await.is_ok(),
            "the last answer counts"
        );
        tokio::time::advance(PERIOD).await;
        assert_eq!(probe.measure(&broker).await, Err(BrokerError::Disconnected));
        memory.restore();
        assert!(
            probe.measure(&broker).await.is_err(),
            "the last answer counts"
        );
        tokio::time::advance(PERIOD).await;
        assert!(probe.measure(&broker).await.is_ok());
        assert!(seen.0.lock().unwrap().is_empty());
    }
}
