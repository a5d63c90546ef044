//! The relay in paused time, over a broker that can be lost.

use std::sync::Mutex;

use crate::broker::memory::MemoryBroker;
use crate::broker::{BrokerError, BrokerFuture};
use crate::shutdown::Tasks;

use super::*;

#[derive(Debug)]
struct Silence;

impl Inbox for Silence {
    fn deliver(&self, _: Delivery) {}

    fn changed(&self, _: ConnectionChange) {}
}

/// Writes down what is asked of it.
#[derive(Debug, Default)]
struct Counting {
    asked: Mutex<Vec<String>>,
    /// Whether nothing is confirmed.
    deaf: bool,
}

impl Counting {
    fn note(&self, what: &str, subscription: &Subscription) {
        let entry = format!("{what} {}", subscription.channel);
        self.asked.lock().unwrap().push(entry);
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Broker for Counting {
    fn publish(&self, _: Arc<str>, _: Bytes) -> BrokerFuture<'_, ()> {
        Box::pin(async { Err(BrokerError::Disconnected) })
    }

    fn subscribe(&self, subscription: Subscription) -> BrokerFuture<'_, ()> {
        Box::pin(async move {
            self.note("+", &subscription);
            if self.deaf {
                std::future::pending::<()>().await;
            }
            Ok(())
        })
    }

    fn unsubscribe(&self, subscription: Subscription) -> BrokerFuture<'_, ()> {
        Box::pin(async move {
            self.note("-", &subscription);
            Ok(())
        })
    }

    fn request(&self, _: Arc<str>, _: Bytes, _: Duration) -> BrokerFuture<'_, Bytes> {
        Box::pin(async { Err(BrokerError::NoResponders) })
    }

    fn is_connected(&self) -> bool {
        true
    }
}

fn start(broker: Arc<dyn Broker>, tasks: &Tasks) -> Arc<Relay> {
    let relay = Relay::new(broker, Hub::new());
    tasks.spawn("relay", Arc::clone(&relay).run(tasks.stopping()));
    relay
}

#[tokio::test(start_paused = true)]
async fn many_leases_are_one_subscription_that_ends_a_second_after_the_last() {
    let (broker, tasks) = (Arc::new(Counting::default()), Tasks::new());
    let relay = start(broker.clone(), &tasks);
    let leases: Vec<_> = (0..100).map(|_| relay.lease("ws:42")).collect();
    for lease in &leases {
        assert_eq!(lease.confirmed().await, Ok(()));
    }
    assert_eq!(broker.asked(), ["+ ws:42"]);
    drop(leases);
    tokio::time::sleep(LINGER / 2).await;
    assert_eq!(broker.asked(), ["+ ws:42"], "not at once");
    tokio::time::sleep(LINGER).await;
    assert_eq!(broker.asked(), ["+ ws:42", "- ws:42"]);
    assert_eq!(relay.upstreams().len(), 0, "nothing is left of it");
    assert_eq!(relay.lease("ws:42").confirmed().await, Ok(()));
    assert_eq!(broker.asked().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_within_the_second_costs_the_broker_nothing() {
    let (broker, tasks) = (Arc::new(Counting::default()), Tasks::new());
    let relay = start(broker.clone(), &tasks);
    for _ in 0..10 {
        let lease = relay.lease("ws:42");
        assert_eq!(lease.confirmed().await, Ok(()));
        drop(lease);
        tokio::time::sleep(LINGER * 2 / 3).await;
    }
    assert_eq!(broker.asked(), ["+ ws:42"]);
    tokio::time::sleep(LINGER).await;
    assert_eq!(broker.asked(), ["+ ws:42", "- ws:42"]);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_does_not_count_before_the_broker_has_confirmed_it() {
    let broker = Arc::new(Counting {
        deaf: true,
        ..Counting::default()
    });
    let tasks = Tasks::new();
    let relay = start(broker.clone(), &tasks);
    let lease = relay.lease("ws:42");
    let waited = tokio::time::timeout(Duration::from_mins(1), lease.confirmed()).await;
    assert!(waited.is_err(), "it was never confirmed");
    assert_eq!(broker.asked(), ["+ ws:42"]);
}

#[tokio::test(start_paused = true)]
async fn what_failed_is_tried_again_while_it_is_wanted() {
    let (memory, tasks) = (MemoryBroker::new(), Tasks::new());
    let broker = memory.connect(Arc::new(Silence));
    let relay = start(Arc::new(broker), &tasks);
    memory.cut();
    let lease = relay.lease("ws:42");
    assert_eq!(lease.confirmed().await, Err(Unconfirmed));
    let given_up = relay.lease("ws:7");
    assert_eq!(given_up.confirmed().await, Err(Unconfirmed));
    drop(given_up);
    tokio::time::sleep(RETRY * 3).await;
    memory.restore();
    tokio::time::sleep(RETRY * 2).await;
    assert_eq!(lease.confirmed().await, Ok(()));
    assert_eq!(memory.followers("ws:42"), 1);
    assert_eq!(memory.followers("ws:7"), 0);
    assert_eq!(relay.upstreams().len(), 1);
}
