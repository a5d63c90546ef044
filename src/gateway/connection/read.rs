//! Every frame that is read has one outcome: an answer, a change of the principal, or the end.

use std::pin::pin;
use std::time::Duration;

use tokio::io::AsyncRead;
use tokio::time::{Instant, sleep_until};

use crate::gateway::departure::{self, Departure};
use crate::gateway::gatekeeper::{Gatekeeper, Unproven};
use crate::gateway::outbox::Outbox;
use crate::gateway::rate::{Meter, Verdict};
use crate::gateway::session::{Reaction, Session, SessionError};
use crate::gateway::socket::{Incoming, Reader};
use crate::gateway::vigil::{Activity, Due, Vigil};
use crate::metrics::Metrics;
use crate::protocol::{CloseCode, RequestId, SentToken};

/// What the reading half of a connection works with.
pub(super) struct Reading<'a> {
    pub(super) session: &'a mut Session,
    pub(super) outbox: &'a Outbox,
    pub(super) vigil: &'a mut Vigil,
    pub(super) activity: &'a Activity,
    pub(super) gatekeeper: &'a Gatekeeper,
    pub(super) departure: &'a Departure,
    pub(super) meter: Meter,
    pub(super) metrics: &'a Metrics,
}

impl Reading<'_> {
    /// Reads until the peer is gone. What comes after the connection was closed is thrown away.
    pub(super) async fn read<R>(&mut self, reader: &mut Reader<R>)
    where
        R: AsyncRead + Unpin,
    {
        // This and the answers are boxed: an idle connection does not hold room for what may wait.
        Box::pin(self.session.open()).await;
        let outbox = self.outbox;
        let gatekeeper = self.gatekeeper;
        let mut stopping = pin!(gatekeeper.stopping());
        let mut stays = true;
        let mut timer = pin!(sleep_until(self.next_look()));
        let why = loop {
            let next = async {
                outbox.room().await;
                reader.next().await
            };
            let incoming = tokio::select! {
                // A peer that never pauses must not put these off.
                biased;
                () = &mut stopping, if stays => {
                    stays = false;
                    self.vigil.leave_at(Instant::now() + self.departure.next());
                    timer.as_mut().reset(self.next_look());
                    continue;
                }
                () = &mut timer => {
                    match self.due() {
                        Due::Nothing => {}
                        Due::Ping => self.outbox.ping(),
                        Due::Close(code) => break code.into(),
                        Due::Leave => break departure::goodbye(),
                    }
                    timer.as_mut().reset(self.next_look());
                    continue;
                }
                incoming = next => incoming,
            };
            match Box::pin(self.take(incoming)).await {
                Ok(Step::On) => {}
                Ok(Step::Renewed) => timer.as_mut().reset(self.next_look()),
                Err(Some(code)) => break code.into(),
                Err(None) => return,
            }
        };
        outbox.close(why);
        while !matches!(reader.next().await, Incoming::Gone) {}
        outbox.peer_is_gone();
    }

    /// Does what the peer did; the error is why the connection ends, none where that has been said.
    async fn take(&mut self, incoming: Incoming) -> Result<Step, Option<CloseCode>> {
        match incoming {
            Incoming::Text(text) => {
                let now = Instant::now();
                self.activity.touch(now);
                match self.meter.count(now) {
                    Verdict::Pass => self.answer(&text).await.map_err(Some),
                    Verdict::TooMany => {
                        self.metrics.rate_limited();
                        let limited = self.session.limited(&text);
                        limited.map_err(|error| Some(unanswered(&error)))?;
                        Ok(Step::On)
                    }
                    Verdict::Enough => {
                        self.metrics.rate_limited();
                        Err(Some(CloseCode::RateLimited))
                    }
                }
            }
            // A flood of pings is a flood too, but no error answers one that is too many.
            Incoming::Ping(answer) => match self.meter.count(Instant::now()) {
                Verdict::Pass | Verdict::TooMany => {
                    self.outbox.pong(answer);
                    Ok(Step::On)
                }
                Verdict::Enough => Err(Some(CloseCode::RateLimited)),
            },
            Incoming::Pong => {
                self.vigil.pong();
                Ok(Step::On)
            }
            // After these there is nothing left to read.
            Incoming::Closing(answer) => {
                self.outbox.peer_closes(answer);
                Err(None)
            }
            Incoming::Refused(code) => {
                self.outbox.close(code);
                Err(None)
            }
            Incoming::Gone => {
                self.outbox.peer_is_gone();
                Err(None)
            }
        }
    }

    async fn answer(&mut self, text: &str) -> Result<Step, CloseCode> {
        match self.session.receive(text).await {
            Ok(Reaction::Answered) => Ok(Step::On),
            Ok(Reaction::Prove { token, request_id }) => {
                self.prove(&token, request_id.as_ref()).await
            }
            Err(error) => Err(unanswered(&error)),
        }
    }

    /// Another token of the same user counts from now on; any other changes nothing, but that of
    /// another user ends the connection.
    async fn prove(
        &mut self,
        token: &SentToken,
        id: Option<&RequestId>,
    ) -> Result<Step, CloseCode> {
        let current = &self.session.principal;
        match self.gatekeeper.renew(current, token.expose()) {
            Ok(principal) => {
                let renewed = self.session.renewed(principal, id).await;
                renewed.map_err(|error| unanswered(&error))?;
                Ok(Step::Renewed)
            }
            Err(unproven) => {
                let told = self.session.unproven(&unproven, id);
                told.map_err(|error| unanswered(&error))?;
                match unproven {
                    Unproven::AnotherUser => Err(CloseCode::AuthFailed),
                    Unproven::Token(_) | Unproven::TooManyFailures => Ok(Step::On),
                }
            }
        }
    }

    fn next_look(&self) -> Instant {
        self.vigil
            .next(self.activity, Instant::now(), self.lifetime())
    }

    fn due(&mut self) -> Due {
        let ended = self.lifetime().err();
        self.vigil.due(self.activity, Instant::now(), ended)
    }

    /// How long the token lasts; the error is how long ago it ended.
    fn lifetime(&self) -> Result<Duration, Duration> {
        let expires = self.session.principal.expires;
        let lifetime = expires.duration_since(self.session.services.clock.now());
        Duration::try_from(lifetime).map_err(|_| lifetime.unsigned_abs())
    }
}

/// The code to close with where an answer could not be given.
fn unanswered(error: &SessionError) -> CloseCode {
    tracing::debug!(error = error as &dyn std::error::Error, "no answer");
    error.code()
}

/// What a frame changed.
enum Step {
    /// Nothing that the timer has to know.
    On,
    /// When the token ends.
    Renewed,
}
