//! The head of a frame is read by the letter of RFC 6455, section 5.2, and judged before its payload.
//!
//! What a client may not send ends the connection, however it would be understood: reserved bits,
//! opcodes nobody has defined, a frame without a mask, a length that is longer than it has to be.

use crate::protocol::CloseCode;

/// The most payload of a control frame, in bytes.
pub(super) const MAX_CONTROL: usize = 125;
/// What stands for a length in the next two bytes, and in the next eight.
const TWO_BYTES: u8 = 126;
const EIGHT_BYTES: u8 = 127;
/// The bit of the last frame of a message, and that of a frame with a mask.
const LAST: u8 = 0x80;
const MASKED: u8 = 0x80;
/// The longest head of a client's frame: two bytes, a length of eight, a mask.
const LONGEST: usize = 14;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    fn read(byte: u8) -> Option<Self> {
        match byte & 0x0f {
            0x0 => Some(Self::Continuation),
            0x1 => Some(Self::Text),
            0x2 => Some(Self::Binary),
            0x8 => Some(Self::Close),
            0x9 => Some(Self::Ping),
            0xa => Some(Self::Pong),
            _ => None,
        }
    }

    fn number(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xa,
        }
    }

    /// Whether it is about the connection and not of a message.
    pub(super) fn is_control(self) -> bool {
        match self {
            Self::Continuation | Self::Text | Self::Binary => false,
            Self::Close | Self::Ping | Self::Pong => true,
        }
    }
}

/// The head of a client's frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// Whether it ends its message.
    pub(super) is_last: bool,
    pub(super) opcode: Opcode,
    /// Bytes of payload.
    pub(super) length: u64,
    pub(super) mask: [u8; 4],
}

/// The bytes of a head, of which some have come.
#[derive(Debug, Default)]
pub(super) struct Begun {
    bytes: [u8; LONGEST],
    come: usize,
}

impl Begun {
    /// Takes what belongs to the head off the input; returns the head once it is whole.
    pub(super) fn take(&mut self, input: &mut &[u8]) -> Result<Option<Head>, CloseCode> {
        if !self.fill(2, input) {
            return Ok(None);
        }
        let [first, second, ..] = self.bytes;
        let opcode = judge(first, second).ok_or(CloseCode::ProtocolError)?;
        let short = second & 0x7f;
        let of_length = match short {
            EIGHT_BYTES => 8,
            TWO_BYTES => 2,
            _ => 0,
        };
        if !self.fill(2 + of_length + 4, input) {
            return Ok(None);
        }
        self.come = 0;
        let (length, least, mask) = match (short, self.bytes) {
            (EIGHT_BYTES, [_, _, length @ .., m0, m1, m2, m3]) => {
                (u64::from_be_bytes(length), 1 << 16, [m0, m1, m2, m3])
            }
            (TWO_BYTES, [_, _, high, low, m0, m1, m2, m3, ..]) => {
                let length = u16::from_be_bytes([high, low]);
                (length.into(), TWO_BYTES.into(), [m0, m1, m2, m3])
            }
            (length, [_, _, m0, m1, m2, m3, ..]) => (length.into(), 0, [m0, m1, m2, m3]),
        };
        // The first bit of eight bytes is reserved.
        if length < least || length >= 1 << 63 {
            return Err(CloseCode::ProtocolError);
        }
        Ok(Some(Head {
            is_last: first & LAST != 0,
            opcode,
            length,
            mask,
        }))
    }

    /// Whether that many bytes have come, with what the input has of them.
    fn fill(&mut self, wanted: usize, input: &mut &[u8]) -> bool {
        while self.come < wanted {
            let (Some((byte, rest)), Some(place)) =
                (input.split_first(), self.bytes.get_mut(self.come))
            else {
                return false;
            };
            *place = *byte;
            *input = rest;
            self.come += 1;
        }
        true
    }
}

/// What the frame is, where its first two bytes are allowed.
fn judge(first: u8, second: u8) -> Option<Opcode> {
    let opcode = Opcode::read(first)?;
    let is_reserved = first & 0x70 != 0;
    let is_masked = second & MASKED != 0;
    let fits =
        !opcode.is_control() || (first & LAST != 0 && usize::from(second & !MASKED) <= MAX_CONTROL);
    (!is_reserved && is_masked && fits).then_some(opcode)
}

/// The head of a frame of ours, which is whole and has no mask.
pub(super) fn write(opcode: Opcode, length: usize, to: &mut Vec<u8>) {
    to.push(LAST | opcode.number());
    if let Ok(length) = u8::try_from(length)
        && length < TWO_BYTES
    {
        to.push(length);
    } else if let Ok(length) = u16::try_from(length) {
        to.push(TWO_BYTES);
        to.extend(length.to_be_bytes());
    } else {
        to.push(EIGHT_BYTES);
        // A length is at most that of a `Vec`, which fits.
        to.extend((length as u64).to_be_bytes());
    }
}
