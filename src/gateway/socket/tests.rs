//! Both halves over streams that take and give as little as they like.

use std::collections::VecDeque;
use std::io::{self, Cursor, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use proptest::collection::vec;
use proptest::prelude::*;
use tokio::io::{AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket};

use super::*;
use crate::protocol::Close;

const LIMIT: usize = 1024;

/// A text as a client sends it; the mask is zero.
fn sent(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    let head = [0x81, 0x80 | length, 0, 0, 0, 0];
    [&head, text.as_bytes()].concat()
}

fn connected() -> (Reader<DuplexStream>, DuplexStream) {
    let (ours, theirs) = duplex(64 * 1024);
    (Reader::new(ours, LIMIT), theirs)
}

async fn expect_text(reader: &mut Reader<DuplexStream>, expected: &str) {
    match reader.next().await {
        Incoming::Text(text) => assert_eq!(text, expected),
        other => panic!("{other:?}"),
    }
}

/// Polls once, and then gives up.
fn try_once<F: Future>(work: F) -> Poll<F::Output> {
    let work = pin!(work);
    work.poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test]
async fn nothing_is_lost_where_reading_is_given_up() {
    let (mut reader, mut peer) = connected();
    let bytes = [sent("one"), sent("two")].concat();
    for byte in &bytes[..8] {
        assert!(try_once(reader.next()).is_pending());
        peer.write_all(&[*byte]).await.unwrap();
    }
    assert!(try_once(reader.next()).is_pending());
    peer.write_all(&bytes[8..]).await.unwrap();
    expect_text(&mut reader, "one").await;
    expect_text(&mut reader, "two").await;
    assert!(try_once(reader.next()).is_pending());
}

#[tokio::test]
async fn what_came_before_the_end_is_read_and_then_the_peer_is_gone() {
    let (mut reader, mut peer) = connected();
    for number in 0..2_000 {
        peer.write_all(&sent(&number.to_string())).await.unwrap();
    }
    drop(peer);
    for number in 0..2_000 {
        expect_text(&mut reader, &number.to_string()).await;
    }
    for _ in 0..3 {
        assert!(matches!(reader.next().await, Incoming::Gone));
    }
}

#[tokio::test]
async fn nothing_is_read_behind_a_close_or_a_refusal() {
    let close = [0x88, 0x80, 0, 0, 0, 0];
    let reserved = [0xc1, 0x80, 0, 0, 0, 0];
    for end in [close, reserved] {
        let (mut reader, mut peer) = connected();
        let bytes = [sent("one"), end.to_vec(), sent("two")].concat();
        peer.write_all(&bytes).await.unwrap();
        expect_text(&mut reader, "one").await;
        let end = reader.next().await;
        assert!(matches!(end, Incoming::Closing(_) | Incoming::Refused(_)));
        assert!(matches!(reader.next().await, Incoming::Gone));
    }
}

#[tokio::test]
async fn frames_that_came_with_the_handshake_are_first() {
    let (reader, mut peer) = connected();
    let bytes = [sent("one"), sent("two")].concat();
    let mut reader = reader.behind(&bytes[..10]);
    peer.write_all(&bytes[10..]).await.unwrap();
    expect_text(&mut reader, "one").await;
    expect_text(&mut reader, "two").await;
}

/// Takes so many bytes at each write, where zero is none yet; all of them once these are used up.
#[derive(Default)]
struct Trickle {
    taken: Vec<u8>,
    takes: VecDeque<usize>,
    writes: usize,
}

impl AsyncWrite for Trickle {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.writes += 1;
        let most = match self.takes.pop_front() {
            Some(0) => return Poll::Pending,
            Some(most) => most,
            None => usize::MAX,
        };
        let bytes: Vec<u8> = slices
            .iter()
            .flat_map(|slice| slice.iter().copied())
            .collect();
        let taken = bytes.len().min(most);
        self.taken.extend(&bytes[..taken]);
        Poll::Ready(Ok(taken))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// What a client of another make reads in these bytes.
fn heard(bytes: Vec<u8>) -> Vec<Message> {
    let mut client = WebSocket::from_raw_socket(Cursor::new(bytes), Role::Client, None);
    std::iter::from_fn(|| client.read().ok()).collect()
}

/// Flushes until it is done, giving up each time it has to wait.
fn flush(writer: &mut Writer<Trickle>) {
    while try_once(writer.flush()).is_pending() {}
}

#[test]
fn all_that_waits_is_one_write() {
    let mut writer = Writer::new(Trickle::default());
    let mut count = 0;
    while !writer.is_full() {
        count += 1;
        writer.feed("x".repeat(count).into());
    }
    flush(&mut writer);
    let Trickle { taken, writes, .. } = writer.into_inner();
    assert_eq!((writes, heard(taken).len()), (1, count));
}

#[test]
fn a_frame_of_any_length_is_understood() {
    for length in [0, 1, 125, 126, 127, 0xffff, 0x1_0000] {
        let text = "x".repeat(length);
        let mut writer = Writer::new(Trickle::default());
        writer.feed(text.clone().into());
        flush(&mut writer);
        assert_eq!(heard(writer.into_inner().taken), [Message::text(text)]);
    }
}

#[test]
fn a_peer_that_takes_nothing_more_is_gone() {
    struct Full;
    impl AsyncWrite for Full {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(0))
        }
        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }
    let mut writer = Writer::new(Full);
    writer.feed(Frame::ping());
    assert!(matches!(try_once(writer.flush()), Poll::Ready(Err(_))));
}

proptest! {
    #[test]
    fn frames_arrive_whole_and_in_order_however_they_are_taken(
        batches in vec(vec("\\PC{0,40}", 0..6), 0..6),
        takes in vec(0_usize..30, 0..60),
    ) {
        let mut writer = Writer::new(Trickle { takes: takes.into(), ..Trickle::default() });
        for batch in &batches {
            for text in batch {
                writer.feed(text.clone().into());
            }
            flush(&mut writer);
        }
        let texts: Vec<_> = batches.concat().into_iter().map(Message::text).collect();
        prop_assert_eq!(heard(writer.into_inner().taken), texts);
    }

    #[test]
    fn a_close_in_place_of_what_waits_is_understood(
        texts in vec("\\PC{0,40}", 0..6),
        takes in vec(0_usize..30, 0..12),
    ) {
        let mut writer = Writer::new(Trickle { takes: takes.into(), ..Trickle::default() });
        for text in &texts {
            writer.feed(text.clone().into());
        }
        // Given up the first time that it has to wait.
        let _ = try_once(writer.flush());
        writer.abandon();
        writer.feed(Frame::close(Close::from(CloseCode::SlowConsumer)));
        flush(&mut writer);
        let mut heard = heard(writer.into_inner().taken);
        let last = heard.pop();
        prop_assert!(matches!(last, Some(Message::Close(Some(frame))) if u16::from(frame.code) == 4008));
        let texts: Vec<_> = texts.into_iter().map(Message::text).collect();
        prop_assert!(texts.starts_with(&heard), "what was begun is whole");
    }
}
