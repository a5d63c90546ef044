//! What is due on a connection is done when it is due, whatever the connection waits for meanwhile:
//! the peer, or a broker that is slow to answer it.

use std::pin::Pin;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::WaitForCancellationFuture;

use crate::clock::Clock;
use crate::gateway::departure::{self, Departure};
use crate::gateway::outbox::Outbox;
use crate::gateway::vigil::{Activity, Due, Vigil};
use crate::protocol::Close;

/// Looks after the times of one connection.
pub(super) struct Watch<'a, 'b> {
    pub(super) vigil: &'a mut Vigil,
    pub(super) activity: &'a Activity,
    pub(super) departure: &'a Departure,
    pub(super) outbox: &'a Outbox,
    pub(super) clock: Clock,
    /// When the token ends.
    pub(super) expires: Timestamp,
    /// Ready when the daemon stops; not looked at any more once that is known.
    pub(super) stopping: Pin<&'a mut WaitForCancellationFuture<'b>>,
    pub(super) stays: bool,
    pub(super) timer: Pin<&'a mut Sleep>,
    /// Whether the peer was not heard until now.
    pub(super) was_deaf: bool,
}

/// Whether what the peer sends is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ears {
    Open,
    /// The connection works on something that was read before.
    Closed,
}

impl Watch<'_, '_> {
    /// The user has proved anew until when the connection may live.
    pub(super) fn renewed(&mut self, expires: Timestamp) {
        self.expires = expires;
        self.wind();
    }

    /// The peer has answered a ping.
    pub(super) fn pong(&mut self) {
        self.vigil.pong();
    }

    /// Does what is due until the connection has to end. Nothing is lost where this is given up.
    pub(super) async fn ends(&mut self, ears: Ears) -> Close {
        if std::mem::replace(&mut self.was_deaf, ears == Ears::Closed) {
            self.excuse();
        }
        loop {
            tokio::select! {
                biased;
                () = &mut self.stopping, if self.stays => {
                    self.stays = false;
                    self.vigil.leave_at(Instant::now() + self.departure.next());
                }
                () = &mut self.timer => {
                    if ears == Ears::Closed {
                        self.excuse();
                    }
                    match self.due() {
                        Due::Nothing => {}
                        Due::Ping => self.outbox.ping(),
                        Due::Close(code) => return code.into(),
                        Due::Leave => return departure::goodbye(),
                    }
                }
            }
            self.wind();
        }
    }

    /// It is not the peer's fault where its answer to a ping is not heard.
    fn excuse(&mut self) {
        self.vigil.excuse(Instant::now());
    }

    /// Sets the timer to when something may be due.
    pub(super) fn wind(&mut self) {
        let next = self
            .vigil
            .next(self.activity, Instant::now(), self.lifetime());
        self.timer.as_mut().reset(next);
    }

    fn due(&mut self) -> Due {
        let ended = self.lifetime().err();
        self.vigil.due(self.activity, Instant::now(), ended)
    }

    /// How long the token lasts; the error is how long ago it ended.
    fn lifetime(&self) -> Result<Duration, Duration> {
        let lifetime = self.expires.duration_since(self.clock.now());
        Duration::try_from(lifetime).map_err(|_| lifetime.unsigned_abs())
    }
}
