//! What all sessions of a gateway share; none of it belongs to one connection.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::catalog::Launch;
use crate::clock::Clock;
use crate::protocol::{Address, Content, EncodeError, Envelope, Stamp, Topic};

use super::dispatch::Dispatch;
use super::hub::Hub;
use super::policy::Rules;
use super::presence::{Presence, Present};
use super::relay::Relay;

/// What sessions need.
#[derive(Debug)]
pub(super) struct Services {
    /// What answers requests.
    pub(super) dispatch: Dispatch,
    /// What time it is.
    pub(super) clock: Clock,
    /// What the operator has decided.
    pub(super) rules: Rules,
    /// Who is subscribed.
    pub(super) hub: Arc<Hub>,
    /// What is followed upstream.
    pub(super) relay: Arc<Relay>,
    /// Who is where.
    pub(super) presence: Arc<Presence>,
    /// How many topics one connection may have.
    pub(super) topics: usize,
    /// How long the broker may take to confirm a subscription.
    pub(super) patience: Duration,
}

#[derive(Serialize)]
struct PresenceAnswer {
    total: usize,
    users: Vec<Present>,
}

#[derive(Serialize)]
struct LaunchStatus<'a> {
    user_id: &'a str,
    exercise_id: &'a str,
    status: &'static str,
    session_id: String,
    timestamp: String,
}

impl Services {
    /// Who is there, as whoever asks is answered.
    pub(super) fn presence(&self, topic: &Topic) -> Result<String, EncodeError> {
        let users = self.presence.users(topic);
        let total = users.len();
        Ok(serde_json::to_string(&PresenceAnswer { total, users })?)
    }

    /// Tells the user's subscribers that an exercise was launched.
    pub(super) async fn announce_launch(&self, launch: &Launch) -> Result<(), EncodeError> {
        let status = LaunchStatus {
            user_id: launch.user_id.as_str(),
            exercise_id: launch.exercise_id.as_str(),
            status: "started",
            session_id: launch.session_id.to_string(),
            timestamp: Stamp::new(self.clock.now()).time(),
        };
        let address = Address::Topic(Topic::Status(launch.user_id.clone()));
        let envelope = Envelope::new(address, Content::Text(serde_json::to_string(&status)?));
        self.relay.publish(&envelope).await
    }

    /// Tells places who came and who left, until there is nothing more to tell.
    pub(super) async fn announce(self: Arc<Self>, stopping: CancellationToken) {
        loop {
            let change = tokio::select! {
                // What waits is told also when the gateway stops: other replicas want to know.
                biased;
                change = self.presence.next() => change,
                () = stopping.cancelled() => return,
            };
            let stamp = Stamp::new(self.clock.now());
            let content = Content::Moved {
                user: change.user,
                movement: change.movement,
                timestamp: stamp.time(),
                message_id: stamp.message_id.to_string(),
            };
            let envelope = Envelope::new(Address::Topic(change.topic), content);
            if let Err(error) = self.relay.publish(&envelope).await {
                tracing::error!(error = &error as &dyn std::error::Error, "not announced");
            }
        }
    }
}

#[cfg(test)]
impl Services {
    /// Services over an empty catalog and a broker of this process, whose tasks these are.
    pub(super) fn for_tests(
        clock: Clock,
        broker: &crate::broker::memory::MemoryBroker,
        tasks: &crate::shutdown::Tasks,
    ) -> Arc<Self> {
        let hub = Hub::new();
        let arrivals = super::relay::Arrivals {
            hub: Arc::clone(&hub),
            payload: 1024,
            metrics: crate::metrics::Metrics::new(),
        };
        let broker = broker.connect(Arc::new(arrivals));
        let relay = Relay::new(Arc::new(broker), Arc::clone(&hub));
        tasks.spawn("relay", Arc::clone(&relay).run(tasks.stopping()));
        let catalog = Arc::new(crate::catalog::CatalogStore::default());
        Arc::new(Self {
            dispatch: Dispatch::new(
                crate::catalog::ExerciseService::new(catalog),
                crate::metrics::Metrics::new(),
            ),
            clock,
            rules: Rules::default(),
            hub,
            relay,
            presence: Presence::new(),
            topics: 8,
            patience: Duration::from_secs(5),
        })
    }
}
