//! The codec is held against one of another make: what both make of the same bytes is the same, but
//! for where they stop.

use std::io::{self, Read, Write};

use proptest::collection::vec;
use proptest::prelude::*;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocket, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::super::{Meaning as Event, meaning};
use super::tests::{LIMIT, masked};
use super::*;

/// Bytes that came; what is written is thrown away.
struct Came<'a>(&'a [u8]);

impl Read for Came<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Came<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the other codec makes of the bytes; the last is the end.
fn theirs(bytes: &[u8]) -> Vec<Event> {
    let config = WebSocketConfig::default()
        .max_message_size(Some(LIMIT))
        .max_frame_size(Some(LIMIT));
    let mut socket = WebSocket::from_raw_socket(Came(bytes), Role::Server, Some(config));
    let mut events = Vec::new();
    loop {
        let event = match socket.read() {
            Ok(Message::Text(text)) => Event::Text(text.to_string()),
            Ok(Message::Binary(_)) => Event::Refused(CloseCode::BinaryFrame),
            Ok(Message::Ping(payload)) => Event::Ping(payload.to_vec()),
            Ok(Message::Pong(_)) => Event::Pong,
            Ok(Message::Close(Some(CloseFrame { code, reason })))
                if u16::from(code) == 1002 && reason.as_str() == "Protocol violation" =>
            {
                Event::Refused(CloseCode::ProtocolError)
            }
            Ok(Message::Close(frame)) => Event::Closing(frame.map(|frame| frame.code.into())),
            Err(Error::Capacity(_)) => Event::Refused(CloseCode::TooLarge),
            Err(Error::Utf8(_)) => Event::Refused(CloseCode::InvalidUtf8),
            Err(Error::Protocol(
                tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
            )) => Event::Starved,
            Err(Error::Protocol(_)) => Event::Refused(CloseCode::ProtocolError),
            other => panic!("{other:?}"),
        };
        let is_end = matches!(
            event,
            Event::Closing(_) | Event::Refused(_) | Event::Starved
        );
        events.push(event);
        if is_end {
            return events;
        }
    }
}

/// What our codec makes of the bytes, cut there; the last is the end.
fn ours(bytes: &[u8], cuts: &[prop::sample::Index]) -> Vec<Event> {
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    cuts.push(0);
    cuts.sort_unstable();
    let pieces: Vec<_> = cuts.windows(2).map(|two| two[1] - two[0]).collect();
    meaning(bytes, &pieces, LIMIT)
}

/// Whether the end that we see is right where they see the other. We refuse by the head what they
/// wait for, and they refuse text before it is whole.
fn agree(ours: &Event, theirs: &Event) -> bool {
    use CloseCode::{BinaryFrame, InvalidUtf8, ProtocolError, TooLarge};
    let may_differ = matches!(
        (ours, theirs),
        (_, Event::Refused(InvalidUtf8))
            | (Event::Refused(BinaryFrame), _)
            | (Event::Refused(ProtocolError), Event::Refused(TooLarge))
            | (Event::Refused(ProtocolError | TooLarge), Event::Starved)
    );
    ours == theirs || may_differ
}

fn compare(bytes: &[u8], cuts: &[prop::sample::Index]) -> Result<(), TestCaseError> {
    let (ours, theirs) = (ours(bytes, cuts), theirs(bytes));
    let both = ours.iter().zip(&theirs);
    let same = both.take_while(|(our, their)| our == their).count();
    let end = ours.get(same).zip(theirs.get(same));
    prop_assert!(
        end.is_none_or(|(ours, theirs)| agree(ours, theirs)),
        "we: {ours:?}\nthey: {theirs:?}"
    );
    Ok(())
}

/// A frame that is mostly allowed.
fn frame() -> impl Strategy<Value = Vec<u8>> {
    let control = vec(any::<u8>(), 0..8);
    let text = prop_oneof![
        8 => "\\PC{0,60}".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..8),
        1 => vec(Just(b'x'), 0..LIMIT + 10),
    ];
    let close = (990_u16..1020, "\\PC{0,9}").prop_map(|(code, reason)| {
        // They do not know 1014.
        let code = if code == 1014 { 1000 } else { code };
        [&code.to_be_bytes()[..], reason.as_bytes()].concat()
    });
    let first = |bytes: &[u8]| prop::sample::select(bytes.to_vec());
    let body = prop_oneof![
        20 => (first(&[0x81, 0x81, 0x01, 0x00, 0x80]), text),
        6 => (first(&[0x89, 0x8a]), control.clone().boxed()),
        1 => (Just(0x88), close),
        1 => (any::<u8>(), control),
    ];
    (body, any::<[u8; 4]>()).prop_map(|((first, payload), mask)| masked(first, &payload, mask))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn frames_are_what_they_are_to_others(
        frames in vec(frame(), 0..12),
        cuts in vec(any::<prop::sample::Index>(), 0..20),
    ) {
        compare(&frames.concat(), &cuts)?;
    }

    #[test]
    fn any_bytes_have_one_meaning_however_they_are_cut(
        frames in vec(frame(), 0..4),
        rest in vec(any::<u8>(), 0..300),
        cuts in vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let bytes = [frames.concat(), rest].concat();
        prop_assert_eq!(ours(&bytes, &cuts), ours(&bytes, &[]));
    }
}
