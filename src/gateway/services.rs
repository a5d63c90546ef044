//! What all sessions of a gateway share; none of it belongs to one connection.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::cache::{Invalidations, Sessions};
use crate::catalog::Launch;
use crate::clock::Clock;
use crate::history::History;
use crate::metrics::Metrics;
use crate::presence::Presence;
use crate::protocol::{Address, Content, EncodeError, Envelope, Stamp, Topic};
use crate::shutdown::Tasks;

use super::dispatch::Dispatch;
use super::feeder;
use super::hub::Hub;
use super::policy::Rules;
use super::presence::Roster;
use super::receipts::Receipts;
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
    /// Who is where in this process.
    pub(super) roster: Arc<Roster>,
    /// Who is where.
    pub(super) presence: Arc<dyn Presence>,
    /// What was published.
    pub(super) history: Arc<dyn History>,
    /// How far users have been written to.
    pub(super) receipts: Arc<Receipts>,
    /// Where launches are kept, if they are.
    pub(super) sessions: Option<Sessions>,
    /// Whether users are sent what came while they had no connection.
    pub(super) deliver_on_connect: bool,
    /// Where it is counted what happens.
    pub(super) metrics: Metrics,
    /// Whose tasks work beside the connections.
    pub(super) tasks: Tasks,
    /// The largest message, in bytes.
    pub(super) payload: usize,
    /// How many topics one connection may have.
    pub(super) topics: usize,
    /// How long the broker may take to confirm a subscription, and a history to be read.
    pub(super) patience: Duration,
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
    /// Starts what works beside the connections.
    pub(super) fn begin(self: &Arc<Self>) {
        let tasks = &self.tasks;
        let relay = Arc::clone(&self.relay);
        tasks.supervise("relay", move |stopping| Arc::clone(&relay).run(stopping));
        let services = Arc::clone(self);
        tasks.supervise("presence", move |stopping| {
            Arc::clone(&services).herald(stopping)
        });
        let (hub, history) = (Arc::clone(&self.hub), Arc::clone(&self.history));
        tasks.supervise("feeder", move |stopping| {
            feeder::run(Arc::clone(&hub), Arc::clone(&history), stopping)
        });
        let receipts = Arc::clone(&self.receipts);
        tasks.supervise("receipts", move |stopping| {
            Arc::clone(&receipts).run(stopping)
        });
        // What services say to everyone is for any connection, so it is followed for ever.
        let everyone = self.relay.lease(Envelope::broadcast_channel());
        let stopping = tasks.stopping();
        tasks.spawn("broadcast", async move {
            stopping.cancelled().await;
            drop(everyone);
        });
    }

    /// Follows what is told of the content in Redis, for ever.
    pub(super) fn hear(&self, invalidations: Invalidations) {
        let lease = self.relay.lease(invalidations.channel());
        let stopping = self.tasks.stopping();
        self.tasks.spawn("invalidations", async move {
            let confirmed = stopping.run_until_cancelled(lease.at_last());
            if confirmed.await.is_some() {
                invalidations.confirmed();
                stopping.cancelled().await;
            }
        });
    }

    /// Tells the user's subscribers that an exercise was launched, and keeps what they are told.
    pub(super) async fn announce_launch(&self, launch: &Launch) -> Result<(), EncodeError> {
        let status = LaunchStatus {
            user_id: launch.user_id.as_str(),
            exercise_id: launch.exercise_id.as_str(),
            status: "started",
            session_id: launch.session_id.to_string(),
            timestamp: Stamp::new(self.clock.now()).time(),
        };
        let address = Address::Topic(Topic::Status(launch.user_id.clone()));
        let status = serde_json::to_string(&status)?;
        if let Some(sessions) = &self.sessions {
            sessions.keep(launch.session_id, status.clone());
        }
        let envelope = Envelope::new(address, Content::Text(status));
        self.relay.publish(&envelope).await
    }
}

#[cfg(test)]
impl Services {
    /// Services over an empty catalog and a broker of this process, whose tasks these are.
    pub(super) fn for_tests(
        clock: Clock,
        broker: &crate::broker::memory::MemoryBroker,
        tasks: &Tasks,
    ) -> Arc<Self> {
        use crate::history::{Bounds, memory::MemoryHistory};
        let history = MemoryHistory::new(Bounds::default(), clock.clone(), broker);
        let history: Arc<dyn History> = Arc::new(history);
        let (hub, roster) = (Hub::new(), Roster::new());
        let (recorder, lanes) = super::recorder::Recorder::new();
        let arrivals = super::relay::Arrivals {
            hub: Arc::clone(&hub),
            roster: Arc::clone(&roster),
            recorder,
            payload: 1024,
            metrics: Metrics::new(),
            sampler: super::latency::Sampler::default(),
        };
        let broker = broker.connect(Arc::new(arrivals));
        let relay = Relay::new(Arc::new(broker), Arc::clone(&hub));
        let receipts = Receipts::new(Arc::clone(&history));
        let catalog = Arc::new(crate::catalog::CatalogStore::default());
        let services = Arc::new(Self {
            dispatch: Dispatch::new(
                super::dispatch::Source::Own(crate::catalog::ExerciseService::new(catalog)),
                Metrics::new(),
            ),
            clock,
            rules: Rules::default(),
            hub,
            relay,
            roster,
            presence: Arc::new(crate::presence::memory::MemoryPresence::new()),
            history,
            receipts,
            sessions: None,
            deliver_on_connect: true,
            metrics: Metrics::new(),
            tasks: tasks.clone(),
            payload: 1024,
            topics: 8,
            patience: Duration::from_secs(5),
        });
        services.begin();
        lanes.spawn(&services);
        services
    }
}
