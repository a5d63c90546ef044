//! Bytes become what the peer did, wherever they were cut on the way; nothing is kept of a message
//! but its payload, and never more than it may have.
//!
//! A message is judged by the head of each of its frames, before any of it is kept (RFC 6455,
//! sections 5.4 and 5.5). Where the peer breaks the rules the rest of its bytes means nothing.

use super::Incoming;
use super::frame::Frame;
use super::head::{Begun, Head, Opcode};
use crate::protocol::CloseCode;

/// A message may have so many frames, and one more for so many bytes that it may have: frames without
/// anything in them could go on for ever.
const MAX_FRAGMENTS: usize = 64;
const LEAST_FRAGMENT: usize = 16;

/// What has come of a peer's frames.
#[derive(Debug)]
pub(super) struct Assembly {
    // The most payload of one message.
    limit: usize,
    head: Begun,
    body: Option<Body>,
    // The message whose last frame has not ended, and how many frames it has begun; control frames
    // may come between them.
    message: Option<Vec<u8>>,
    fragments: usize,
    control: Vec<u8>,
}

/// A frame whose payload is not whole.
#[derive(Debug, Clone, Copy)]
struct Body {
    opcode: Opcode,
    is_last: bool,
    // Bytes to come, and the mask from where they begin.
    left: usize,
    mask: [u8; 4],
}

impl Assembly {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            head: Begun::default(),
            body: None,
            message: None,
            fragments: 0,
            control: Vec::new(),
        }
    }

    /// How many bytes of memory it keeps, about.
    pub(super) fn keeps(&self) -> usize {
        self.message.as_ref().map_or(0, Vec::capacity) + self.control.capacity()
    }

    /// Takes bytes off the input until the peer has done something. Nothing means that all of the
    /// input was taken. After a refusal nothing may be read.
    pub(super) fn take(&mut self, input: &mut &[u8]) -> Option<Incoming> {
        loop {
            let step = self.step(input);
            match step.unwrap_or_else(|code| Step::Done(Incoming::Refused(code))) {
                Step::On => {}
                Step::Done(incoming) => return Some(incoming),
                Step::Starved => return None,
            }
        }
    }

    fn step(&mut self, input: &mut &[u8]) -> Result<Step, CloseCode> {
        let mut body = match self.body.take() {
            Some(body) => body,
            None => match self.head.take(input)? {
                Some(head) => self.begin(head)?,
                None => return Ok(Step::Starved),
            },
        };
        let (part, rest) = input.split_at(body.left.min(input.len()));
        *input = rest;
        let payload = match body.opcode {
            Opcode::Continuation | Opcode::Text | Opcode::Binary => {
                self.message.get_or_insert_default()
            }
            Opcode::Close | Opcode::Ping | Opcode::Pong => &mut self.control,
        };
        unmask(part, body.mask, payload);
        body.left -= part.len();
        if body.left > 0 {
            body.mask.rotate_left(part.len() % 4);
            self.body = Some(body);
            return Ok(Step::Starved);
        }
        self.end(body.opcode, body.is_last)
    }

    /// Whether a frame with this head may come now.
    fn begin(&mut self, head: Head) -> Result<Body, CloseCode> {
        let kept = match (head.opcode, &self.message) {
            // These are short, or begin a message.
            (Opcode::Close | Opcode::Ping | Opcode::Pong, _) | (Opcode::Text, None) => 0,
            (Opcode::Continuation, Some(message)) => message.len(),
            (Opcode::Binary, None) => return Err(CloseCode::BinaryFrame),
            (Opcode::Text | Opcode::Binary, Some(_)) | (Opcode::Continuation, None) => {
                return Err(CloseCode::ProtocolError);
            }
        };
        let left = usize::try_from(head.length).map_err(|_| CloseCode::TooLarge)?;
        if !head.opcode.is_control() && left > self.limit.saturating_sub(kept) {
            return Err(CloseCode::TooLarge);
        }
        if head.opcode == Opcode::Continuation {
            self.fragments += 1;
            if self.fragments > MAX_FRAGMENTS + self.limit / LEAST_FRAGMENT {
                return Err(CloseCode::TooLarge);
            }
        }
        Ok(Body {
            opcode: head.opcode,
            is_last: head.is_last,
            left,
            mask: head.mask,
        })
    }

    /// What the peer has done with a frame that is whole.
    fn end(&mut self, opcode: Opcode, is_last: bool) -> Result<Step, CloseCode> {
        let incoming = match opcode {
            Opcode::Continuation | Opcode::Text | Opcode::Binary if !is_last => {
                return Ok(Step::On);
            }
            Opcode::Continuation | Opcode::Text | Opcode::Binary => {
                let message = self.message.take().unwrap_or_default();
                self.fragments = 0;
                let text = String::from_utf8(message).map_err(|_| CloseCode::InvalidUtf8)?;
                Incoming::Text(text)
            }
            Opcode::Close => Incoming::Closing(closing(&self.control)?),
            Opcode::Ping => Incoming::Ping(Frame::pong(&self.control)),
            Opcode::Pong => Incoming::Pong,
        };
        if opcode.is_control() {
            self.control = Vec::new();
        }
        Ok(Step::Done(incoming))
    }
}

enum Step {
    /// There may be more in the input.
    On,
    /// The peer has done this.
    Done(Incoming),
    /// The input is used up.
    Starved,
}

/// The answer to a close: none where it breaks the rules (sections 5.5.1 and 7.4).
fn closing(payload: &[u8]) -> Result<Frame, CloseCode> {
    let (code, reason) = match payload {
        [] => return Ok(Frame::closing(None)),
        [_] => return Err(CloseCode::ProtocolError),
        [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
    };
    // 1004 to 1006 and 1015 are never sent; below 3000 the rest is nobody's.
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(CloseCode::ProtocolError);
    }
    match std::str::from_utf8(reason) {
        Ok(_) => Ok(Frame::closing(Some(code))),
        Err(_) => Err(CloseCode::InvalidUtf8),
    }
}

/// Adds masked bytes as they were before (section 5.3).
fn unmask(part: &[u8], mask: [u8; 4], to: &mut Vec<u8>) {
    let begin = to.len();
    to.extend_from_slice(part);
    let Some(added) = to.get_mut(begin..) else {
        return;
    };
    let mut fours = added.chunks_exact_mut(4);
    for four in &mut fours {
        for (byte, key) in four.iter_mut().zip(mask) {
            *byte ^= key;
        }
    }
    for (byte, key) in fours.into_remainder().iter_mut().zip(mask) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
