//! A connection is one socket and one task; no frame from the peer, and no peer that stops reading,
//! keeps the task longer than its limits.
//!
//! Reading and writing are two halves of the task that meet in the outbox. Reading pauses while the
//! outbox is half full, so memory is bounded whatever the peer asks for. After a close was sent the
//! peer has a moment to answer it.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::Message;
use futures_util::{Sink, Stream};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};

use crate::protocol::{Close, CloseCode, RequestId, SentToken};

use super::Limits;
use super::admission::Seat;
use super::departure::{self, Departure};
use super::gatekeeper::{Gatekeeper, Unproven};
use super::outbox::{Next, Outbox};
use super::rate::{Meter, Rate, Verdict};
use super::session::{Reaction, Session, SessionError};
use super::socket::{Frame, Incoming, Reader, WriteError, Writer};
use super::vigil::{Activity, Due, Vigil};

/// On what terms a connection is served.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// How long the peer may take to take what is written.
    pub(super) write: Duration,
    /// How long it may take to answer a close.
    pub(super) close: Duration,
    /// How long it may take to say who it is.
    pub(super) auth: Duration,
    /// How often it may send a frame.
    pub(super) frames: Rate,
}

impl Terms {
    pub(super) fn of(limits: &Limits) -> Self {
        Self {
            write: limits.write_timeout,
            close: limits.close_timeout,
            auth: limits.auth_timeout,
            frames: Rate::new(limits.frames_per_second, limits.frames_burst),
        }
    }
}

/// Who looks after a connection while it lives.
#[derive(Debug)]
pub(super) struct Care {
    /// What it is served on.
    pub(super) terms: Terms,
    /// Its timer.
    pub(super) vigil: Vigil,
    /// When something was last said on it.
    pub(super) activity: Activity,
    /// Who checks the tokens that it sends.
    pub(super) gatekeeper: Gatekeeper,
    /// When it leaves, once the daemon stops.
    pub(super) departure: Arc<Departure>,
    /// What counts it among its user's; nothing in tests without a gateway.
    pub(super) seat: Option<Seat>,
}

/// How writing ended.
#[derive(Debug, PartialEq, Eq)]
enum Written {
    /// With a close frame: an answer may come.
    Closed,
    /// There is nobody left to read.
    Lost,
}

/// Serves one socket until it is closed.
pub(super) async fn run<R, W>(
    (mut reader, mut writer): (Reader<R>, Writer<W>),
    mut session: Session,
    outbox: Arc<Outbox>,
    care: Care,
) where
    R: Stream<Item = Result<Message, axum::Error>> + Unpin,
    W: Sink<Message, Error = axum::Error> + Unpin,
{
    tracing::debug!(dialect = ?session.dialect(), "opened");
    let Care {
        terms,
        mut vigil,
        activity,
        gatekeeper,
        departure,
        seat: _seat,
    } = care;
    let ping = Notify::new();
    let meter = Meter::new(terms.frames, Instant::now());
    let reading = Reading {
        session: &mut session,
        outbox: &outbox,
        vigil: &mut vigil,
        activity: &activity,
        gatekeeper: &gatekeeper,
        departure: &departure,
        meter,
        ping: &ping,
    };
    let mut read = pin!(reading.read(&mut reader));
    let mut write = pin!(write(&mut writer, &outbox, terms, &activity, &ping));
    tokio::select! {
        () = &mut read => {
            outbox.peer_is_gone();
            write.await;
        }
        written = &mut write => if written == Written::Closed {
            // Whether the peer answers or not, the connection is over.
            timeout(terms.close, read).await.ok();
        },
    }
    tracing::debug!("ended");
}

/// Closes a socket on which nothing waits to be sent.
pub(super) async fn farewell<R, W>(
    reader: &mut Reader<R>,
    writer: &mut Writer<W>,
    close: Close,
    terms: &Terms,
) where
    R: Stream<Item = Result<Message, axum::Error>> + Unpin,
    W: Sink<Message, Error = axum::Error> + Unpin,
{
    if goodbye(writer, close, *terms).await == Written::Closed {
        let gone = async { while !matches!(reader.next().await, Incoming::Gone) {} };
        timeout(terms.close, gone).await.ok();
    }
}

/// What the reading half of a connection works with.
struct Reading<'a> {
    session: &'a mut Session,
    outbox: &'a Outbox,
    vigil: &'a mut Vigil,
    activity: &'a Activity,
    gatekeeper: &'a Gatekeeper,
    departure: &'a Departure,
    meter: Meter,
    ping: &'a Notify,
}

impl Reading<'_> {
    /// Reads until the peer is gone. What comes after the connection was closed is thrown away.
    async fn read<R>(mut self, reader: &mut Reader<R>)
    where
        R: Stream<Item = Result<Message, axum::Error>> + Unpin,
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
                        Due::Ping => self.ping.notify_one(),
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
    }

    /// Does what the peer did; the error is why the connection ends, none if the peer is gone.
    async fn take(&mut self, incoming: Incoming) -> Result<Step, Option<CloseCode>> {
        match incoming {
            Incoming::Text(frame) => {
                let now = Instant::now();
                self.activity.touch(now);
                match self.meter.count(now) {
                    Verdict::Pass => self.answer(&frame).await.map_err(Some),
                    Verdict::TooMany => {
                        let limited = self.session.limited(frame.as_str());
                        limited.map_err(|error| Some(unanswered(&error)))?;
                        Ok(Step::On)
                    }
                    Verdict::Enough => Err(Some(CloseCode::RateLimited)),
                }
            }
            // A flood of pings is a flood too, but nothing answers one that is too many.
            Incoming::Ping => match self.meter.count(Instant::now()) {
                Verdict::Pass | Verdict::TooMany => Ok(Step::On),
                Verdict::Enough => Err(Some(CloseCode::RateLimited)),
            },
            Incoming::Pong => {
                self.vigil.pong();
                Ok(Step::On)
            }
            Incoming::Closing => Ok(Step::On),
            Incoming::Refused(code) => Err(Some(code)),
            Incoming::Gone => Err(None),
        }
    }

    async fn answer(&mut self, frame: &Frame) -> Result<Step, CloseCode> {
        match self.session.receive(frame.as_str()).await {
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
        let lifetime = self.lifetime().unwrap_or_default();
        self.vigil.next(self.activity, Instant::now(), lifetime)
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

/// Writes everything that waits, then flushes once; until the outbox ends or the peer does not take
/// what is written.
async fn write<W>(
    writer: &mut Writer<W>,
    outbox: &Outbox,
    terms: Terms,
    activity: &Activity,
    ping: &Notify,
) -> Written
where
    W: Sink<Message, Error = axum::Error> + Unpin,
{
    loop {
        let step = match outbox.next() {
            Next::Send(frame) => {
                activity.touch(Instant::now());
                timeout(terms.write, writer.feed(frame)).await
            }
            Next::Flush => match timeout(terms.write, writer.flush()).await {
                Ok(Ok(())) => tokio::select! {
                    () = outbox.filled() => continue,
                    () = ping.notified() => timeout(terms.write, writer.ping()).await,
                },
                failed => failed,
            },
            Next::Close(close) => return goodbye(writer, close, terms).await,
            Next::End => return Written::Lost,
        };
        match step {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return lost(&error),
            Err(_elapsed) => outbox.abandon(CloseCode::SlowConsumer),
        }
    }
}

async fn goodbye<W>(writer: &mut Writer<W>, close: Close, terms: Terms) -> Written
where
    W: Sink<Message, Error = axum::Error> + Unpin,
{
    tracing::debug!(code = close.code.as_str(), "closing");
    match timeout(terms.close, writer.close(close)).await {
        Ok(Ok(())) => Written::Closed,
        Ok(Err(error)) => lost(&error),
        Err(_elapsed) => {
            tracing::debug!("the peer did not take the close");
            Written::Lost
        }
    }
}

fn lost(error: &WriteError) -> Written {
    tracing::debug!(error = error as &dyn std::error::Error, "the peer is gone");
    Written::Lost
}

#[cfg(test)]
mod tests;
