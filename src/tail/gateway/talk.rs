//! Asking on a connection on which events arrive all the time: none is lost while an answer is waited
//! for, and the order stays.

use std::collections::VecDeque;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::frame::Frame;
use super::loss::Loss;
use super::socket::Socket;

/// How long an answer may take: longer than a gateway waits for its broker.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most frames that are kept while an answer is waited for.
const MOST: usize = 10_000;

/// A connection, and what came on it before it could be looked at.
pub(super) struct Talk {
    socket: Socket,
    early: VecDeque<Utf8Bytes>,
}

impl Talk {
    pub(super) fn new(socket: Socket) -> Self {
        Self {
            socket,
            early: VecDeque::new(),
        }
    }

    /// Asks for this, and waits for the answer.
    pub(super) async fn ask<T: DeserializeOwned>(
        &mut self,
        what: &'static str,
        request: String,
    ) -> Result<T, Loss> {
        self.socket.send(request).await?;
        let answered = timeout(PATIENCE, self.answer(what)).await;
        answered.unwrap_or(Err(Loss::Silent(PATIENCE)))
    }

    async fn answer<T: DeserializeOwned>(&mut self, what: &'static str) -> Result<T, Loss> {
        loop {
            let text = self.socket.next().await?;
            match Frame::read(&text) {
                Some(Frame::Answer(data)) => {
                    return serde_json::from_str(data.get()).map_err(|_| Loss::Unreadable(what));
                }
                Some(Frame::Denied { code, said }) => {
                    return Err(Loss::Denied { what, code, said });
                }
                Some(Frame::Event(_) | Frame::Gap | Frame::Error(_)) => {
                    if self.early.len() == MOST {
                        return Err(Loss::Flooded);
                    }
                    self.early.push_back(text);
                }
                None => {}
            }
        }
    }

    /// The next frame that is no answer.
    pub(super) async fn next(&mut self) -> Result<Utf8Bytes, Loss> {
        match self.early.pop_front() {
            Some(text) => Ok(text),
            None => self.socket.next().await,
        }
    }
}
