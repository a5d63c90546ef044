//! What a reload changed is told to this node's own sockets, in its order and no faster than they
//! take it: a reload closes no socket, however much it changed.
//!
//! Who does not take anything at all is waited for only so long, as everyone else waits meanwhile.

use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, sleep};

use crate::catalog::CatalogDiff;
use crate::protocol::{Address, Content, Envelope, Topic};

use super::Gateway;

/// How long one announcement waits for slow sockets, in all.
const PATIENCE: Duration = Duration::from_secs(2);
/// How soon it is looked again whether they have caught up.
const LOOK: Duration = Duration::from_millis(2);

impl Gateway {
    /// Tells this node's own sockets what is served otherwise now, if they want to know.
    pub async fn announce(&self, diff: &CatalogDiff) {
        let mut patience = PATIENCE;
        for exercise in &diff.exercises {
            self.tell(Topic::ExerciseUpdated, exercise, &mut patience)
                .await;
        }
        for pool in &diff.pools {
            self.tell(Topic::PoolUpdated, pool, &mut patience).await;
        }
    }

    async fn tell(&self, topic: Topic, event: &impl Serialize, patience: &mut Duration) {
        let hub = &self.shared.services.hub;
        let begin = Instant::now();
        while !hub.has_room(&topic) && begin.elapsed() < *patience {
            sleep(LOOK).await;
        }
        *patience = patience.saturating_sub(begin.elapsed());
        match serde_json::to_string(event) {
            Ok(text) => {
                let envelope = Envelope::new(Address::Topic(topic), Content::Text(text));
                hub.publish(&envelope);
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(%topic, error, "not announced");
            }
        }
    }
}
