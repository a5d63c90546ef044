//! A socket without a token has a short while to say whose it is, and nothing else to say until then.

use std::pin::pin;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep};

use super::auth::Principal;
use super::connection::{self, Terms, in_time};
use super::departure;
use super::gatekeeper::{Gatekeeper, Unproven};
use super::rate::{Meter, Verdict};
use super::socket::{Frame, Incoming, Reader, Writer};
use crate::clock::Clock;
use crate::protocol::{
    ClientBody, ClientMessage, Close, CloseCode, Dialect, ErrorCode, OtherTypes, RequestId,
    ServerMessage, Stamp, Undecodable,
};

/// What a socket speaks before it is anybody's.
#[derive(Debug)]
pub(super) struct Greeting<'a> {
    pub(super) dialect: Dialect,
    pub(super) clock: &'a Clock,
    pub(super) gatekeeper: &'a Gatekeeper,
    pub(super) terms: &'a Terms,
}

impl Greeting<'_> {
    /// Whose the socket is. `None` where the peer is gone or was told goodbye.
    pub(super) async fn exchange<R, W>(
        &self,
        reader: &mut Reader<R>,
        writer: &mut Writer<W>,
    ) -> Option<Principal>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let outcome = self.ask(reader, writer).await;
        match outcome {
            Ok(principal) => Some(principal),
            Err(Some(close)) => {
                self.gatekeeper.count_close(close);
                connection::farewell(reader, writer, close, self.terms).await;
                None
            }
            Err(None) => None,
        }
    }

    async fn ask<R, W>(
        &self,
        reader: &mut Reader<R>,
        writer: &mut Writer<W>,
    ) -> Result<Principal, Option<Close>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let mut meter = Meter::new(self.terms.frames, Instant::now());
        let mut late = pin!(sleep(self.terms.auth));
        let mut stopping = pin!(self.gatekeeper.stopping());
        self.say(writer, &ServerMessage::AuthRequired).await?;
        loop {
            let incoming = tokio::select! {
                biased;
                () = &mut stopping => return Err(Some(departure::goodbye())),
                () = &mut late => return Err(Some(CloseCode::AuthTimeout.into())),
                incoming = reader.next() => incoming,
            };
            let verdict = match &incoming {
                Incoming::Text(_) | Incoming::Ping(_) | Incoming::Pong => {
                    meter.count(Instant::now())
                }
                Incoming::Closing(_) | Incoming::Refused(_) | Incoming::Gone => Verdict::Pass,
            };
            if verdict == Verdict::Enough {
                return Err(Some(CloseCode::RateLimited.into()));
            }
            match incoming {
                Incoming::Text(text) if verdict == Verdict::TooMany => {
                    self.limit(writer, &text).await?;
                }
                Incoming::Text(text) => {
                    if let Some(principal) = self.hear(writer, &text).await? {
                        return Ok(principal);
                    }
                }
                Incoming::Ping(answer) => self.send(writer, answer).await?,
                Incoming::Pong => {}
                Incoming::Closing(answer) => {
                    self.send(writer, answer).await?;
                    return Err(None);
                }
                Incoming::Refused(code) => return Err(Some(code.into())),
                Incoming::Gone => return Err(None),
            }
        }
    }

    async fn hear<W>(
        &self,
        writer: &mut Writer<W>,
        text: &str,
    ) -> Result<Option<Principal>, Option<Close>>
    where
        W: AsyncWrite + Unpin,
    {
        let (token, request_id) = match ClientMessage::decode(text, OtherTypes::Unknown) {
            Ok(ClientMessage {
                body: ClientBody::Auth { token },
                request_id,
            }) => (token, request_id),
            Ok(ClientMessage { request_id, .. }) => {
                let sentence = "say first who you are";
                let code = ErrorCode::AuthFailed;
                self.refuse(writer, code, sentence, request_id.as_ref())
                    .await?;
                return Ok(None);
            }
            Err(Undecodable { request_id, error }) => {
                self.refuse(
                    writer,
                    error.code(),
                    &error.to_string(),
                    request_id.as_ref(),
                )
                .await?;
                return Ok(None);
            }
        };
        match self.gatekeeper.admit(token.expose()) {
            Ok(principal) => {
                let user = &principal.user;
                self.say(writer, &ServerMessage::AuthSuccess { user })
                    .await?;
                if let Some(request_id) = &request_id {
                    let data = "{}";
                    self.say(writer, &ServerMessage::Response { request_id, data })
                        .await?;
                }
                Ok(Some(principal))
            }
            Err(unproven) => {
                self.say(writer, &unproven.message()).await?;
                if request_id.is_some() {
                    let code = ErrorCode::AuthFailed;
                    self.refuse(writer, code, unproven.sentence(), request_id.as_ref())
                        .await?;
                }
                Err(Some(CloseCode::AuthFailed.into()))
            }
        }
    }

    /// Answers a frame that is one too many.
    async fn limit<W>(&self, writer: &mut Writer<W>, text: &str) -> Result<(), Option<Close>>
    where
        W: AsyncWrite + Unpin,
    {
        let request_id = match ClientMessage::decode(text, OtherTypes::Unknown) {
            Ok(message) => message.request_id,
            Err(bad) => bad.request_id,
        };
        let sentence = "these are too many messages";
        self.refuse(
            writer,
            ErrorCode::RateLimited,
            sentence,
            request_id.as_ref(),
        )
        .await
    }

    async fn refuse<W>(
        &self,
        writer: &mut Writer<W>,
        code: ErrorCode,
        sentence: &str,
        request_id: Option<&RequestId>,
    ) -> Result<(), Option<Close>>
    where
        W: AsyncWrite + Unpin,
    {
        let message = ServerMessage::Error {
            code,
            sentence,
            request_id,
        };
        self.say(writer, &message).await
    }

    async fn say<W>(
        &self,
        writer: &mut Writer<W>,
        message: &ServerMessage<'_>,
    ) -> Result<(), Option<Close>>
    where
        W: AsyncWrite + Unpin,
    {
        let text = message
            .encode(self.dialect, || Stamp::new(self.clock.now()))
            .map_err(|_| Some(CloseCode::Internal.into()))?;
        self.send(writer, text.into()).await
    }

    async fn send<W>(&self, writer: &mut Writer<W>, frame: Frame) -> Result<(), Option<Close>>
    where
        W: AsyncWrite + Unpin,
    {
        writer.feed(frame);
        match in_time(self.terms.write, writer.flush()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(None),
        }
    }
}

impl Unproven {
    /// What the peer is told.
    pub(super) fn message(&self) -> ServerMessage<'_> {
        ServerMessage::AuthFailed {
            code: self.code(),
            sentence: self.sentence(),
        }
    }
}
