//! What a peer's bytes mean does not depend on where they were cut on their way: tests and the fuzzer
//! hold the codec to it here, where its parts can't be seen.

use super::Incoming;
use super::assembly::Assembly;
use crate::protocol::CloseCode;

/// What a peer did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// It sent this message.
    Text(String),
    /// It asks whether we are there; this is what the answer says.
    Ping(Vec<u8>),
    /// It answered a ping.
    Pong,
    /// It closes, with this code.
    Closing(Option<u16>),
    /// It did what ends a connection.
    Refused(CloseCode),
    /// Nothing more: the rest of its bytes has not come.
    Starved,
}

/// What a peer did that sent these bytes, in pieces of these sizes and a last one; its messages have at
/// most so many bytes. The last of it is the end.
///
/// # Panics
///
/// Where the codec keeps more than it may.
pub fn meaning(bytes: &[u8], pieces: &[usize], limit: usize) -> Vec<Meaning> {
    let mut assembly = Assembly::new(limit);
    let mut done = Vec::new();
    let mut rest = bytes;
    for piece in pieces.iter().copied().chain([usize::MAX]) {
        let (mut input, behind) = rest.split_at(piece.min(rest.len()));
        rest = behind;
        while let Some(incoming) = assembly.take(&mut input) {
            let meaning = Meaning::from(incoming);
            let is_end = matches!(meaning, Meaning::Closing(_) | Meaning::Refused(_));
            done.push(meaning);
            if is_end {
                return done;
            }
        }
        assert!(input.is_empty(), "all of it is taken");
        assert!(assembly.keeps() <= 2 * limit + 256, "no more is kept");
    }
    done.push(Meaning::Starved);
    done
}

impl From<Incoming> for Meaning {
    fn from(incoming: Incoming) -> Self {
        match incoming {
            Incoming::Text(text) => Self::Text(text),
            Incoming::Ping(answer) => Self::Ping(answer.payload().to_vec()),
            Incoming::Pong => Self::Pong,
            Incoming::Closing(answer) => {
                let code = answer.payload().try_into().ok();
                Self::Closing(code.map(u16::from_be_bytes))
            }
            Incoming::Refused(code) => Self::Refused(code),
            Incoming::Gone => Self::Starved,
        }
    }
}
