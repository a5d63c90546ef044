//! Every frame that is read has one outcome: an answer, a change of the principal, or the end.

use std::pin::pin;

use tokio::io::AsyncRead;
use tokio::time::{Instant, sleep_until};

use super::watch::{Ears, Watch};
use crate::gateway::auth::Principal;
use crate::gateway::departure::Departure;
use crate::gateway::gatekeeper::{Gatekeeper, Unproven};
use crate::gateway::outbox::Outbox;
use crate::gateway::rate::{Meter, Verdict};
use crate::gateway::session::{Reaction, Session, SessionError};
use crate::gateway::socket::{Incoming, Reader};
use crate::gateway::vigil::{Activity, Vigil};
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

/// What is to be done on a connection.
enum Work {
    /// What it follows without being asked.
    Open,
    /// What the peer did.
    Take(Incoming),
    /// What follows from another token.
    Renew(Box<Renewal>),
}

/// Another token of the same user.
struct Renewal {
    principal: Principal,
    request_id: Option<RequestId>,
}

/// What was done.
enum Step {
    /// All of it.
    On,
    /// The user has proved it anew: that counts from now on, and is to be told.
    Renewed(Box<Renewal>),
}

impl Reading<'_> {
    /// Reads until the peer is gone. What comes after the connection was closed is thrown away.
    pub(super) async fn read<R>(self, reader: &mut Reader<R>)
    where
        R: AsyncRead + Unpin,
    {
        let Self {
            session,
            outbox,
            vigil,
            activity,
            gatekeeper,
            departure,
            meter,
            metrics,
        } = self;
        let mut stopping = pin!(gatekeeper.stopping());
        let mut timer = pin!(sleep_until(Instant::now()));
        let mut watch = Watch {
            vigil,
            activity,
            departure,
            outbox,
            clock: session.services.clock.clone(),
            expires: session.principal.expires,
            stopping: stopping.as_mut(),
            stays: true,
            timer: timer.as_mut(),
            was_deaf: false,
        };
        watch.wind();
        let mut hands = Hands {
            session,
            outbox,
            activity,
            gatekeeper,
            meter,
            metrics,
        };
        let mut work = Some(Work::Open);
        let why = loop {
            let next = if let Some(next) = work.take() {
                next
            } else {
                tokio::select! {
                    // A peer that never pauses must not put these off.
                    biased;
                    why = watch.ends(Ears::Open) => break why,
                    incoming = heard(outbox, reader) => Work::Take(incoming),
                }
            };
            if let Work::Take(Incoming::Pong) = next {
                watch.pong();
            }
            // Boxed: an idle connection does not hold room for what may wait.
            let doing = Box::pin(hands.work(next));
            let done = tokio::select! {
                // Most is done at once.
                biased;
                done = doing => done,
                why = watch.ends(Ears::Closed) => break why,
            };
            match done {
                Ok(Step::On) => {}
                Ok(Step::Renewed(renewal)) => {
                    watch.renewed(renewal.principal.expires);
                    work = Some(Work::Renew(renewal));
                }
                Err(Some(code)) => break code.into(),
                Err(None) => return,
            }
        };
        outbox.close(why);
        while !matches!(reader.next().await, Incoming::Gone) {}
        outbox.peer_is_gone();
    }
}

/// What the peer does next, once there is room for an answer.
async fn heard<R>(outbox: &Outbox, reader: &mut Reader<R>) -> Incoming
where
    R: AsyncRead + Unpin,
{
    outbox.room().await;
    reader.next().await
}

/// What does the work on a connection.
struct Hands<'a> {
    session: &'a mut Session,
    outbox: &'a Outbox,
    activity: &'a Activity,
    gatekeeper: &'a Gatekeeper,
    meter: Meter,
    metrics: &'a Metrics,
}

impl Hands<'_> {
    /// Does it; the error is why the connection ends, none where that has been said.
    async fn work(&mut self, work: Work) -> Result<Step, Option<CloseCode>> {
        match work {
            Work::Open => {
                self.session.open().await;
                Ok(Step::On)
            }
            Work::Take(incoming) => self.take(incoming).await,
            Work::Renew(renewal) => {
                let Renewal {
                    principal,
                    request_id,
                } = *renewal;
                let renewed = self.session.renewed(principal, request_id.as_ref()).await;
                renewed.map_err(|error| Some(unanswered(&error)))?;
                Ok(Step::On)
            }
        }
    }

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
            // The watch has heard it. A peer answers no more pings than it gets.
            Incoming::Pong => match self.meter.count(Instant::now()) {
                Verdict::Pass | Verdict::TooMany => Ok(Step::On),
                Verdict::Enough => Err(Some(CloseCode::RateLimited)),
            },
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
            Ok(Reaction::Prove { token, request_id }) => self.prove(&token, request_id),
            Err(error) => Err(unanswered(&error)),
        }
    }

    /// Another token of the same user counts from now on; any other changes nothing, but that of
    /// another user ends the connection.
    fn prove(&self, token: &SentToken, request_id: Option<RequestId>) -> Result<Step, CloseCode> {
        let current = &self.session.principal;
        match self.gatekeeper.renew(current, token.expose()) {
            Ok(principal) => Ok(Step::Renewed(Box::new(Renewal {
                principal,
                request_id,
            }))),
            Err(unproven) => {
                let told = self.session.unproven(&unproven, request_id.as_ref());
                told.map_err(|error| unanswered(&error))?;
                match unproven {
                    Unproven::AnotherUser => Err(CloseCode::AuthFailed),
                    Unproven::Token(_) | Unproven::TooManyFailures => Ok(Step::On),
                }
            }
        }
    }
}

/// The code to close with where an answer could not be given.
fn unanswered(error: &SessionError) -> CloseCode {
    tracing::debug!(error = error as &dyn std::error::Error, "no answer");
    error.code()
}
