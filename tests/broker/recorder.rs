//! An inbox that writes down what arrives, and says when.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mithril::broker::{ConnectionChange, Delivery, Inbox};
use tokio::sync::Notify;

/// Waits for what must come soon.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what)
        .await
        .expect("it should have come by now")
}

/// What arrived.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    deliveries: Mutex<Vec<Delivery>>,
    changes: Mutex<Vec<ConnectionChange>>,
    arrived: Notify,
}

impl Recorder {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Takes all that arrived up to a message on this channel, which is not among them.
    pub(crate) async fn until(&self, channel: &str) -> Vec<Delivery> {
        soon(self.wait(|| {
            let mut deliveries = self.deliveries.lock().unwrap();
            let end = deliveries
                .iter()
                .position(|delivery| &*delivery.channel == channel)?;
            let mut taken: Vec<_> = deliveries.drain(..=end).collect();
            taken.pop();
            Some(taken)
        }))
        .await
    }

    /// Takes the next message.
    pub(crate) async fn next(&self) -> Delivery {
        soon(self.wait(|| {
            let mut deliveries = self.deliveries.lock().unwrap();
            (!deliveries.is_empty()).then(|| deliveries.remove(0))
        }))
        .await
    }

    /// Waits for this change of the connection, and takes all up to it.
    pub(crate) async fn changed(&self, change: ConnectionChange) {
        soon(self.wait(|| {
            let mut changes = self.changes.lock().unwrap();
            let end = changes.iter().position(|seen| *seen == change)?;
            changes.drain(..=end);
            Some(())
        }))
        .await;
    }

    async fn wait<T>(&self, look: impl Fn() -> Option<T>) -> T {
        loop {
            let arrived = self.arrived.notified();
            if let Some(found) = look() {
                return found;
            }
            arrived.await;
        }
    }
}

impl Inbox for Recorder {
    fn deliver(&self, delivery: Delivery) {
        self.deliveries.lock().unwrap().push(delivery);
        self.arrived.notify_waiters();
    }

    fn changed(&self, change: ConnectionChange) {
        self.changes.lock().unwrap().push(change);
        self.arrived.notify_waiters();
    }
}
