//! Broadcasts with an id are recorded by every replica that hears them, of which one is the first;
//! those of one topic are recorded in the order in which they came.
//!
//! A broker does not wait, so they wait here, in a few queues. One that can't be recorded goes to
//! this process's own connections, so that it is not lost where it could be delivered.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio_util::sync::CancellationToken;

use super::history::Unpublished;
use super::services::Services;
use crate::history::{Idempotency, MAX_ID};
use crate::metrics::DeliveryOutcome;
use crate::protocol::{Address, Content, Envelope};

/// How many queues there are.
const LANES: u64 = 16;
/// How many broadcasts wait in one.
const WAITING: usize = 256;

/// Where broadcasts wait to be recorded.
#[derive(Debug)]
pub(super) struct Recorder {
    hasher: RandomState,
    lanes: Vec<Sender<Envelope>>,
}

/// The other ends of a [`Recorder`].
#[derive(Debug)]
pub(super) struct Lanes(Vec<Receiver<Envelope>>);

impl Recorder {
    pub(super) fn new() -> (Self, Lanes) {
        let (lanes, ends) = (0..LANES).map(|_| mpsc::channel(WAITING)).unzip();
        let hasher = RandomState::new();
        (Self { hasher, lanes }, Lanes(ends))
    }

    /// Takes a broadcast that is to be recorded; hands back what is not, or can't wait.
    pub(super) fn take(&self, envelope: Envelope) -> Option<Envelope> {
        let has_id = match &envelope.content {
            Content::Notice { message_id, .. } => {
                message_id.as_ref().is_some_and(|id| id.len() <= MAX_ID)
            }
            Content::Text(_) | Content::Said { .. } | Content::Moved { .. } => false,
        };
        let lane = match &envelope.address {
            Address::Topic(topic) if has_id => self.hasher.hash_one(topic) % LANES,
            Address::Topic(_) | Address::Everyone => return Some(envelope),
        };
        let lane = usize::try_from(lane)
            .ok()
            .and_then(|lane| self.lanes.get(lane));
        match lane {
            Some(lane) => lane
                .try_send(envelope)
                .map_err(TrySendError::into_inner)
                .err(),
            None => Some(envelope),
        }
    }
}

impl Lanes {
    /// Records what waits, on tasks of the services.
    pub(super) fn spawn(self, services: &Arc<Services>) {
        let tasks = &services.tasks;
        for lane in self.0 {
            let services = Arc::clone(services);
            tasks.spawn("recorder", record(lane, services, tasks.stopping()));
        }
    }
}

async fn record(mut lane: Receiver<Envelope>, services: Arc<Services>, stop: CancellationToken) {
    loop {
        let envelope = tokio::select! {
            // What waits is recorded also when the gateway stops.
            biased;
            envelope = lane.recv() => envelope,
            () = stop.cancelled() => return,
        };
        let Some(envelope) = envelope else { return };
        let known_by = Idempotency::MessageId;
        if let Err(error) = services.publish_durable(&envelope, known_by).await {
            match error {
                Unpublished::Unavailable | Unpublished::Unanswered | Unpublished::TooLarge => {
                    tracing::debug!(%error, "a broadcast was not recorded");
                }
                Unpublished::NotKept | Unpublished::Encode(_) => {
                    tracing::error!(%error, "a broadcast was not recorded");
                }
            }
            let taken = services.hub.publish_once(&envelope);
            let event = envelope.event_name();
            services
                .metrics
                .delivery(event.as_deref(), DeliveryOutcome::Taken(taken));
        }
    }
}
