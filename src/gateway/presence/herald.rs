//! One task tells what all replicas share who is where, and announces what it is answered.
//!
//! All is told again in time, so that no member runs out, and as soon as what others know may be lost.
//! While that can't be asked it is tried again and again, and each time all is told of.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use serde::Serialize;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::{Audience, Change, Round};
use crate::backoff::Backoff;
use crate::gateway::services::Services;
use crate::presence::{Outcome, Place, Present, PresentUser, Unshared};
use crate::protocol::{Address, Content, EncodeError, Envelope, Stamp, Topic};

/// Of how many places is told at a time.
const AT_ONCE: usize = 64;
/// How many users are listed, so that a list fits into a frame.
const LISTED: usize = 1_000;

#[derive(Serialize)]
struct PresenceAnswer {
    total: usize,
    users: Vec<PresentUser>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partial: Option<bool>,
}

/// When all is told again, and whether that goes well.
struct Rhythm {
    renewal: Option<Duration>,
    due: Option<Instant>,
    backoff: Backoff,
    is_alone: bool,
}

impl Rhythm {
    fn new(renewal: Option<Duration>) -> Self {
        Self {
            renewal,
            due: renewal.map(|_| Instant::now()),
            backoff: Backoff::default(),
            is_alone: false,
        }
    }

    fn is_due(&self) -> bool {
        self.due.is_some_and(|due| due <= Instant::now())
    }

    async fn due(&self) {
        match self.due {
            Some(due) => sleep_until(due).await,
            None => std::future::pending().await,
        }
    }

    /// It was told, of everything or of some.
    fn told(&mut self, is_whole: bool, outcome: Result<(), Unshared>) {
        match outcome {
            Err(error) => {
                self.due = Some(Instant::now() + self.backoff.delay());
                if !std::mem::replace(&mut self.is_alone, true) {
                    let cause = &*error.0;
                    tracing::warn!(cause, "who is where is known of this process alone");
                }
            }
            Ok(()) if is_whole => {
                self.due = self.renewal.map(|renewal| Instant::now() + renewal);
                self.backoff.reset();
                if std::mem::take(&mut self.is_alone) {
                    tracing::info!("who is where is known of all replicas again");
                }
            }
            Ok(()) => {}
        }
    }
}

impl Services {
    /// Tells who is where, and places who came and who left, until there is nothing more to tell.
    pub(in crate::gateway) async fn herald(self: Arc<Self>, stopping: CancellationToken) {
        let mut rhythm = Rhythm::new(self.presence.renewal());
        loop {
            tokio::select! {
                // What waits is told also when the gateway stops: other replicas want to know.
                biased;
                () = self.roster.changed.notified() => {}
                () = stopping.cancelled() => return,
                () = rhythm.due() => {}
            }
            let (is_whole, rounds) = self.roster.rounds(rhythm.is_due());
            let told = stream::iter(rounds)
                .map(|round| self.tell(round))
                .buffer_unordered(AT_ONCE)
                .fold(Ok(()), async |all, one| all.and(one));
            rhythm.told(is_whole, told.await);
        }
    }

    async fn tell(&self, round: Round) -> Result<(), Unshared> {
        let (changes, outcome) = match self.share(&round).await {
            Ok(outcome) => (self.roster.shared(&round, outcome), Ok(())),
            Err(error) => (self.roster.alone(&round), Err(error)),
        };
        if let Place::Topic(topic) = &round.place {
            for change in changes {
                if let Err(error) = self.announce(topic, change).await {
                    tracing::error!(error = &error as &dyn std::error::Error, "not announced");
                }
            }
        }
        outcome
    }

    async fn share(&self, round: &Round) -> Result<Outcome, Unshared> {
        // What others know is announced to all, or not known: nobody would hear of it later. A gateway
        // that stops does not listen any more, and may speak all the same.
        if !self.relay.is_connected() && !self.tasks.is_stopping() {
            return Err(Unshared("the broker is away".into()));
        }
        let Round {
            place, here, gone, ..
        } = round;
        match place {
            // Whoever comes back is to hear that nobody else was there.
            Place::Everyone if !here.is_empty() && !gone.is_empty() => {
                self.presence.tell(place, &[], gone).await?;
                self.presence.tell(place, here, &[]).await
            }
            Place::Everyone | Place::Topic(_) => self.presence.tell(place, here, gone).await,
        }
    }

    async fn announce(&self, topic: &Topic, change: Change) -> Result<(), EncodeError> {
        let stamp = Stamp::new(self.clock.now());
        let content = Content::Moved {
            user: change.user,
            movement: change.movement,
            timestamp: stamp.time(),
            message_id: stamp.message_id.to_string(),
        };
        let envelope = Envelope::new(Address::Topic(topic.clone()), content);
        match change.audience {
            Audience::All => self.relay.publish(&envelope).await,
            Audience::Elsewhere => self.relay.publish_elsewhere(&envelope).await,
            Audience::Here => {
                self.hub.publish(&envelope);
                Ok(())
            }
        }
    }

    /// Who is there, as whoever asks is answered: on all replicas, or in this process where others
    /// can't be asked.
    pub(in crate::gateway) async fn presence_of(
        &self,
        topic: &Topic,
    ) -> Result<String, EncodeError> {
        let place = Place::Topic(topic.clone());
        let shared = async {
            self.roster.settled(topic).await;
            self.presence.present(&place, LISTED).await
        };
        let (Present { total, users }, partial) = match timeout(self.patience, shared).await {
            Ok(Ok(present)) => (present, None),
            Ok(Err(_)) | Err(_) => (self.roster.present(topic, LISTED), Some(true)),
        };
        let answer = PresenceAnswer {
            total,
            users,
            partial,
        };
        Ok(serde_json::to_string(&answer)?)
    }
}
