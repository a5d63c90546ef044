//! A frame is encoded once, with its head, and shared by all sockets that it is written to.

use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;

use super::head::{self, MAX_CONTROL, Opcode};
use crate::protocol::Close;

/// The longest head of a frame of ours: two bytes and a length of eight.
const LONGEST_HEAD: usize = 10;

/// A frame as it is written. A clone costs a counter.
#[derive(Clone)]
pub(in crate::gateway) struct Frame(Arc<Encoded>);

struct Encoded {
    bytes: Vec<u8>,
    // Where the payload begins.
    payload: usize,
    // When its message arrived from the broker, where that is measured.
    arrived: Option<Instant>,
}

impl Frame {
    /// Asks the peer whether it is there.
    pub(in crate::gateway) fn ping() -> Self {
        Self::encode(Opcode::Ping, &[])
    }

    /// Says why the connection ends.
    pub(in crate::gateway) fn close(close: Close) -> Self {
        Self::control(Opcode::Close, close.code.number(), &close.reason())
    }

    /// Answers a ping with what is in it.
    pub(super) fn pong(payload: &[u8]) -> Self {
        Self::encode(Opcode::Pong, payload)
    }

    /// Answers a close with its code, if it has one.
    pub(super) fn closing(code: Option<u16>) -> Self {
        match code {
            Some(code) => Self::control(Opcode::Close, code, ""),
            None => Self::encode(Opcode::Close, &[]),
        }
    }

    fn control(opcode: Opcode, code: u16, reason: &str) -> Self {
        let mut payload = code.to_be_bytes().to_vec();
        payload.extend(reason.as_bytes());
        debug_assert!(payload.len() <= MAX_CONTROL, "reasons fit by construction");
        Self::encode(opcode, &payload)
    }

    fn encode(opcode: Opcode, payload: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(LONGEST_HEAD + payload.len());
        head::write(opcode, payload.len(), &mut bytes);
        let begin = bytes.len();
        bytes.extend(payload);
        Self(Arc::new(Encoded {
            bytes,
            payload: begin,
            arrived: None,
        }))
    }

    /// The same, of a message that arrived then. It must not be shared yet.
    pub(in crate::gateway) fn arrived(mut self, at: Option<Instant>) -> Self {
        if let Some(encoded) = Arc::get_mut(&mut self.0) {
            encoded.arrived = at;
        }
        self
    }

    /// When its message arrived from the broker, where that is measured.
    pub(in crate::gateway) fn arrival(&self) -> Option<Instant> {
        self.0.arrived
    }

    /// Bytes of payload.
    pub(in crate::gateway) fn len(&self) -> usize {
        self.0.bytes.len() - self.0.payload
    }

    /// Whether it is about the connection and not of a message.
    pub(in crate::gateway) fn is_control(&self) -> bool {
        // All that is sent beside text is.
        self.0.bytes.first().is_some_and(|first| first & 0x08 != 0)
    }

    /// What it says.
    pub(super) fn payload(&self) -> &[u8] {
        self.0.bytes.get(self.0.payload..).unwrap_or_default()
    }

    /// All of it: head and payload.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }
}

impl From<String> for Frame {
    fn from(text: String) -> Self {
        Self::encode(Opcode::Text, text.as_bytes())
    }
}

/// What is said to a user is no business of a log.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({} bytes)", self.len())
    }
}

#[cfg(test)]
impl Frame {
    /// The payload of a text.
    pub(in crate::gateway) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0.bytes[self.0.payload..]).unwrap()
    }
}
