//! What waits to be sent on one connection is bounded, and putting something in never waits.
//!
//! Answers and events share this one queue, so their order on a socket is the order in which they
//! were pushed. Frames count until the writer takes them. A queue that is full closes itself as a
//! slow consumer and lets go of what it held; an empty one holds no memory. Pings and the answers to
//! pings go first and do not count: there is at most one of each. What the connection is owed waits to
//! be put in until there is room, and counts for itself: it takes no room from anything else.

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

/// A frame that is to be put in, and where its message is in the user's history.
pub(super) type Owed = (Frame, Option<Arc<Position>>);

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
    frames: VecDeque<Waiting>,
    /// Of what was put in without waiting.
    pushed: Account,
    owed: Account,
    ping: Option<Frame>,
    answer: Option<Frame>,
    end: Option<End>,
    /// The position of the last frame that the writer took, until it is flushed.
    taken: Option<Arc<Position>>,
    // Whom to wake when there is something to do.
    writer: Option<Waker>,
}

#[derive(Debug)]
struct Waiting {
    frame: Frame,
    /// Where its message is in the user's history.
    position: Option<Arc<Position>>,
    is_owed: bool,
}

/// How much waits.
#[derive(Debug, Default)]
struct Account {
    frames: usize,
    bytes: usize,
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
        let Account { frames, bytes } = queue.pushed;
        let fits = frames == 0
            || (frames < self.bounds.frames && bytes + frame.len() <= self.bounds.bytes);
        if fits {
            queue.put(Waiting {
                frame,
                position,
                is_owed: false,
            });
        } else {
            queue.clear();
            queue.end = Some(End::Close(CloseCode::SlowConsumer.into()));
        }
        wake(queue);
        if fits {
            return Ok(());
        }
        // Whoever waits for room waits for nothing any more.
        self.drained.notify_waiters();
        Err(Full)
    }

    /// Puts a frame in that the connection is owed, if there is room for it as [`Outbox::room_for`]
    /// has it; else it comes back. One that can't be sent any more is taken.
    pub(super) fn offer(&self, frame: Frame, position: Option<Arc<Position>>) -> Result<(), Owed> {
        let mut queue = self.queue();
        if queue.end.is_some() {
            return Ok(());
        }
        if !self.has_room_for(&queue, frame.len()) {
            return Err((frame, position));
        }
        queue.put(Waiting {
            frame,
            position,
            is_owed: true,
        });
        wake(queue);
        Ok(())
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
        let Some(Waiting {
            frame,
            position,
            is_owed,
        }) = queue.frames.pop_front()
        else {
            return match queue.end {
                None => Next::Flush,
                Some(End::Close(close)) => Next::Close(close),
                Some(End::Gone) => Next::End,
            };
        };
        queue.account(is_owed).take_off(&frame);
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
    /// peer that asks without reading is slowed down instead of cut off.
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

    /// The same for a frame of so many bytes that the connection is owed: until all that it is owed
    /// would fill no more than half of the queue, or nothing of it waits.
    pub(super) async fn room_for(&self, bytes: usize) {
        loop {
            let mut drained = pin!(self.drained.notified());
            drained.as_mut().enable();
            if matches!(self.queue(), queue if queue.end.is_some() || self.has_room_for(&queue, bytes))
            {
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

    /// Whether the queue is at most half full or at its end.
    pub(super) fn is_roomy(&self) -> bool {
        let queue = self.queue();
        queue.end.is_some() || self.has_room(&queue)
    }

    fn has_room(&self, queue: &Queue) -> bool {
        let Account { frames, bytes } = queue.pushed;
        frames <= self.bounds.frames / 2 && bytes <= self.bounds.bytes / 2
    }

    // It implies the other, at which whoever waits is woken.
    fn has_room_for(&self, queue: &Queue, bytes: usize) -> bool {
        let owed = &queue.owed;
        let fits = owed.frames == 0
            || (owed.frames < self.bounds.frames / 2
                && owed.bytes + bytes <= self.bounds.bytes / 2);
        fits && self.has_room(queue)
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

    fn put(&mut self, waiting: Waiting) {
        let account = self.account(waiting.is_owed);
        account.frames += 1;
        account.bytes += waiting.frame.len();
        self.frames.push_back(waiting);
    }

    fn account(&mut self, is_owed: bool) -> &mut Account {
        if is_owed {
            &mut self.owed
        } else {
            &mut self.pushed
        }
    }

    // A new deque, because `clear` would keep the memory of the busiest moment.
    fn clear(&mut self) {
        self.frames = VecDeque::new();
        self.pushed = Account::default();
        self.owed = Account::default();
        self.ping = None;
        self.answer = None;
    }
}

impl Account {
    fn take_off(&mut self, frame: &Frame) {
        self.frames -= 1;
        self.bytes -= frame.len();
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
        assert_eq!(outbox.queue().pushed.bytes, 0);
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
    async fn what_is_owed_waits_for_room_and_takes_none_away() {
        let outbox = outbox(8, 100);
        outbox.offer(frame(200), None).unwrap();
        let (back, _) = outbox.offer(frame(1), None).unwrap_err();
        assert_eq!(back.len(), 1, "a large one is alone");
        // What is not owed has all of its room, and is behind it.
        outbox.push(frame(60)).unwrap();
        outbox.push(frame(40)).unwrap();
        assert!(matches!(outbox.next(), Next::Send(frame) if frame.len() == 200));
        assert!(
            outbox.offer(frame(1), None).is_err(),
            "it is more than half full"
        );
        let writer = async {
            outbox.filled().await;
            assert!(matches!(outbox.next(), Next::Send(frame) if frame.len() == 60));
        };
        let ((), ()) = tokio::join!(outbox.room_for(30), writer);
        outbox.offer(frame(30), None).unwrap();
        assert!(outbox.offer(frame(21), None).is_err());
        outbox.offer(frame(20), None).unwrap();
        for length in [40, 30, 20] {
            assert!(matches!(outbox.next(), Next::Send(frame) if frame.len() == length));
        }
        assert_eq!(outbox.queue().pushed.bytes, 0);
        assert_eq!(outbox.queue().owed.bytes, 0);
        outbox.abandon(CloseCode::SlowConsumer);
        outbox.room_for(1_000).await;
        assert!(outbox.offer(frame(1), None).is_ok(), "nobody waits for it");
    }

    #[tokio::test]
    async fn whoever_waits_for_room_learns_of_one_frame_too_many() {
        let outbox = outbox(1, 100);
        outbox.offer(frame(90), None).unwrap();
        outbox.push(frame(60)).unwrap();
        let overflow = async { assert_eq!(outbox.push(frame(1)), Err(Full)) };
        let ((), (), (), ()) =
            tokio::join!(outbox.room(), outbox.room_for(20), outbox.ended(), overflow);
    }

    #[tokio::test]
    async fn an_end_wakes_both_sides() {
        let outbox = outbox(1, 1);
        outbox.push(frame(2)).unwrap();
        let end = async { outbox.abandon(CloseCode::SlowConsumer) };
        let ((), (), ()) = tokio::join!(outbox.room(), outbox.filled(), end);
    }
}
