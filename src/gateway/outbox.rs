//! What waits to be sent on one connection is bounded, and putting something in never waits.
//!
//! Answers and events share this one queue, so their order on a socket is the order in which they
//! were pushed. Frames count until the writer takes them. A queue that is full closes itself as a
//! slow consumer and lets go of what it held; an empty one holds no memory. Pings and the answers to
//! pings go first and do not count: there is at most one of each.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::Notify;

use crate::protocol::{Close, CloseCode, Position};

use super::receipts::Reader;
use super::socket::Frame;

/// What may wait on one connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Frames.
    pub(super) frames: usize,
    /// Bytes of all frames. A single frame may be larger where nothing else waits.
    pub(super) bytes: usize,
}

/// The frame was not taken: the connection is closed, or has just been closed as a slow consumer.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the outbox is full or closed")]
pub(super) struct Full;

/// What the writer does next.
#[derive(Debug)]
pub(super) enum Next {
    /// Take this frame along.
    Send(Frame),
    /// Send everything taken along, then wait.
    Flush,
    /// Say goodbye; nothing follows.
    Close(Close),
    /// The peer is gone; nothing follows.
    End,
}

/// The queue between whoever has something to say and the writer of one connection.
#[derive(Debug)]
pub(super) struct Outbox {
    bounds: Bounds,
    /// Who is told how far the user has been written to.
    reader: Option<Box<Reader>>,
    queue: Mutex<Queue>,
    drained: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<(Frame, Option<Arc<Position>>)>,
    bytes: usize,
    ping: Option<Frame>,
    answer: Option<Frame>,
    end: Option<End>,
    /// The position of the last frame that the writer took, until it is flushed.
    taken: Option<Arc<Position>>,
    // Whom to wake when there is something to do.
    writer: Option<Waker>,
}

#[derive(Debug, Clone, Copy)]
enum End {
    Close(Close),
    Gone,
}

impl Outbox {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            reader: None,
            queue: Mutex::default(),
            drained: Notify::new(),
        }
    }

    /// The same outbox, which tells how far this user has been written to.
    pub(super) fn read_by(mut self, reader: Reader) -> Self {
        self.reader = Some(Box::new(reader));
        self
    }

    /// Puts a frame in, without waiting.
    pub(super) fn push(&self, frame: Frame) -> Result<(), Full> {
        self.push_recorded(frame, None)
    }

    /// Puts a frame in whose message is at this position of the user's history.
    pub(super) fn push_recorded(
        &self,
        frame: Frame,
        position: Option<Arc<Position>>,
    ) -> Result<(), Full> {
        let mut queue = self.queue();
        if queue.end.is_some() {
            return Err(Full);
        }
        let fits = queue.frames.is_empty()
            || (queue.frames.len() < self.bounds.frames
                && queue.bytes + frame.len() <= self.bounds.bytes);
        if fits {
            queue.bytes += frame.len();
            queue.frames.push_back((frame, position));
        } else {
            queue.clear();
            queue.end = Some(End::Close(CloseCode::SlowConsumer.into()));
        }
        wake(queue);
        if fits { Ok(()) } else { Err(Full) }
    }

    /// Asks the peer whether it is there.
    pub(super) fn ping(&self) {
        let mut queue = self.queue();
        queue.ping = Some(Frame::ping());
        wake(queue);
    }

    /// Answers a ping. An answer that still waits need not be sent any more.
    pub(super) fn pong(&self, answer: Frame) {
        let mut queue = self.queue();
        queue.answer = Some(answer);
        wake(queue);
    }

    /// Closes the connection once what waits has been sent. The first reason stays.
    pub(super) fn close(&self, close: impl Into<Close>) {
        self.end(End::Close(close.into()), false);
    }

    /// Closes the connection without sending what waits: the peer does not read.
    pub(super) fn abandon(&self, close: impl Into<Close>) {
        self.end(End::Close(close.into()), true);
    }

    /// Ends the writer: there is nobody to write to. A reason to close stays: it may still arrive.
    pub(super) fn peer_is_gone(&self) {
        self.end(End::Gone, true);
    }

    /// Answers the peer's close, after which nothing is sent. A reason of ours to close stays.
    pub(super) fn peer_closes(&self, answer: Frame) {
        let mut queue = self.queue();
        queue.clear();
        if queue.end.is_none() {
            queue.answer = Some(answer);
            queue.end = Some(End::Gone);
        }
        wake(queue);
        self.drained.notify_waiters();
    }

    /// What the writer does next.
    pub(super) fn next(&self) -> Next {
        let mut queue = self.queue();
        if let Some(frame) = queue.answer.take().or_else(|| queue.ping.take()) {
            return Next::Send(frame);
        }
        let Some((frame, position)) = queue.frames.pop_front() else {
            return match queue.end {
                None => Next::Flush,
                Some(End::Close(close)) => Next::Close(close),
                Some(End::Gone) => Next::End,
            };
        };
        queue.bytes -= frame.len();
        if position.is_some() && self.reader.is_some() {
            queue.taken = position;
        }
        if queue.frames.is_empty() {
            queue.clear();
        }
        let has_room = self.has_room(&queue);
        drop(queue);
        if has_room {
            self.drained.notify_waiters();
        }
        Next::Send(frame)
    }

    /// Everything that the writer took has been written.
    pub(super) fn flushed(&self) {
        if let Some(reader) = &self.reader {
            let taken = self.queue().taken.take();
            if let Some(position) = taken {
                reader.wrote(position);
            }
        }
    }

    /// Waits until there is something for the writer to do. There is one writer: whoever waits later
    /// is woken instead.
    pub(super) async fn filled(&self) {
        poll_fn(|cx| self.poll_filled(cx)).await;
    }

    fn poll_filled(&self, cx: &Context<'_>) -> Poll<()> {
        let mut queue = self.queue();
        if queue.is_idle() {
            match &mut queue.writer {
                Some(writer) => writer.clone_from(cx.waker()),
                none => *none = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    /// Waits until the queue is at most half full or at its end. The reader waits here, so that a
    /// peer that asks without reading is slowed down instead of cut off; and so does whoever sends
    /// what was missed.
    pub(super) async fn room(&self) {
        loop {
            let mut drained = pin!(self.drained.notified());
            drained.as_mut().enable();
            if matches!(self.queue(), queue if queue.end.is_some() || self.has_room(&queue)) {
                return;
            }
            drained.await;
        }
    }

    /// Waits until nothing that is put in is sent any more.
    pub(super) async fn ended(&self) {
        loop {
            let mut drained = pin!(self.drained.notified());
            drained.as_mut().enable();
            if self.has_ended() {
                return;
            }
            drained.await;
        }
    }

    /// Whether nothing that is put in is sent any more.
    pub(super) fn has_ended(&self) -> bool {
        self.queue().end.is_some()
    }

    fn has_room(&self, queue: &Queue) -> bool {
        queue.frames.len() <= self.bounds.frames / 2 && queue.bytes <= self.bounds.bytes / 2
    }

    fn end(&self, end: End, discard: bool) {
        let mut queue = self.queue();
        if discard {
            queue.clear();
        }
        queue.end.get_or_insert(end);
        wake(queue);
        self.drained.notify_waiters();
    }

    // Each change leaves the queue consistent, so a panic elsewhere does not spoil it.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn is_idle(&self) -> bool {
        self.frames.is_empty() && self.end.is_none() && self.ping.is_none() && self.answer.is_none()
    }

    // A new deque, because `clear` would keep the memory of the busiest moment.
    fn clear(&mut self) {
        self.frames = VecDeque::new();
        self.bytes = 0;
        self.ping = None;
        self.answer = None;
    }
}

// Whoever is woken finds the queue unlocked.
fn wake(mut queue: MutexGuard<'_, Queue>) {
    let writer = queue.writer.take();
    drop(queue);
    if let Some(writer) = writer {
        writer.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(length: usize) -> Frame {
        Frame::from("x".repeat(length))
    }

    fn outbox(frames: usize, bytes: usize) -> Outbox {
        Outbox::new(Bounds { frames, bytes })
    }

    fn closes_with(outbox: &Outbox, code: CloseCode) -> bool {
        matches!(outbox.next(), Next::Close(close) if close.code == code)
    }

    #[test]
    fn first_in_first_out_then_flush() {
        let outbox = outbox(3, 100);
        for length in 1..=3 {
            outbox.push(frame(length)).unwrap();
        }
        for length in 1..=3 {
            assert!(matches!(outbox.next(), Next::Send(frame) if frame.len() == length));
        }
        assert!(matches!(outbox.next(), Next::Flush));
        assert_eq!(outbox.queue().frames.capacity(), 0, "idle costs nothing");
        assert_eq!(outbox.queue().bytes, 0);
    }

    #[test]
    fn one_frame_too_many_is_a_slow_consumer() {
        let outbox = outbox(2, 100);
        outbox.push(frame(1)).unwrap();
        outbox.push(frame(1)).unwrap();
        assert_eq!(outbox.push(frame(1)), Err(Full));
        assert_eq!(outbox.push(frame(1)), Err(Full));
        assert_eq!(outbox.queue().frames.capacity(), 0, "what waited is let go");
        assert!(closes_with(&outbox, CloseCode::SlowConsumer));
    }

    #[test]
    fn one_byte_too_many_is_a_slow_consumer() {
        let outbox = outbox(10, 100);
        outbox.push(frame(60)).unwrap();
        outbox.push(frame(40)).unwrap();
        assert_eq!(outbox.push(frame(1)), Err(Full));
        assert!(closes_with(&outbox, CloseCode::SlowConsumer));
    }

    #[test]
    fn an_answer_larger_than_the_bound_is_sent_alone() {
        let outbox = outbox(10, 100);
        outbox.push(frame(1_000)).unwrap();
        assert_eq!(outbox.push(frame(1)), Err(Full));
    }

    #[test]
    fn a_close_follows_what_waits_and_the_first_reason_stays() {
        let outbox = outbox(10, 100);
        outbox.push(frame(1)).unwrap();
        outbox.close(CloseCode::Draining);
        outbox.close(CloseCode::Internal);
        assert_eq!(outbox.push(frame(1)), Err(Full));
        assert!(matches!(outbox.next(), Next::Send(_)));
        outbox.peer_is_gone();
        assert!(closes_with(&outbox, CloseCode::Draining));
    }

    #[test]
    fn nothing_is_written_to_a_peer_that_is_gone() {
        let outbox = outbox(10, 100);
        outbox.push(frame(1)).unwrap();
        outbox.peer_is_gone();
        assert!(matches!(outbox.next(), Next::End));
    }

    #[test]
    fn an_abandoned_queue_sends_nothing_more() {
        let outbox = outbox(10, 100);
        outbox.push(frame(1)).unwrap();
        outbox.abandon(CloseCode::SlowConsumer);
        assert!(closes_with(&outbox, CloseCode::SlowConsumer));
    }

    #[test]
    fn pings_and_their_answers_go_first_and_do_not_pile_up() {
        let outbox = outbox(1, 100);
        outbox.push(frame(7)).unwrap();
        for _ in 0..100 {
            outbox.ping();
            outbox.pong(Frame::ping());
        }
        for length in [0, 0, 7] {
            assert!(matches!(outbox.next(), Next::Send(frame) if frame.len() == length));
        }
        assert!(matches!(outbox.next(), Next::Flush));
    }

    #[test]
    fn the_answer_to_a_close_is_the_last_that_is_sent() {
        let outbox = outbox(10, 100);
        outbox.push(frame(1)).unwrap();
        outbox.peer_closes(frame(2));
        assert_eq!(outbox.push(frame(1)), Err(Full));
        assert!(matches!(outbox.next(), Next::Send(frame) if frame.len() == 2));
        assert!(matches!(outbox.next(), Next::End));
    }

    #[test]
    fn a_close_of_ours_answers_that_of_the_peer() {
        let outbox = outbox(10, 100);
        outbox.close(CloseCode::Draining);
        outbox.peer_closes(frame(2));
        assert!(closes_with(&outbox, CloseCode::Draining));
    }

    #[tokio::test]
    async fn the_reader_waits_for_half_of_the_room() {
        let outbox = outbox(4, 100);
        for _ in 0..3 {
            outbox.push(frame(1)).unwrap();
        }
        let writer = async {
            outbox.filled().await;
            assert!(matches!(outbox.next(), Next::Send(_)));
        };
        let ((), ()) = tokio::join!(outbox.room(), writer);
        assert_eq!(outbox.queue().frames.len(), 2);
    }

    #[tokio::test]
    async fn an_end_wakes_both_sides() {
        let outbox = outbox(1, 1);
        outbox.push(frame(2)).unwrap();
        let end = async { outbox.abandon(CloseCode::SlowConsumer) };
        let ((), (), ()) = tokio::join!(outbox.room(), outbox.filled(), end);
    }
}
