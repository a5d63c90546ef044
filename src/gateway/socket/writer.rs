//! The writing half writes whole frames in their order, all that waits in one system call, and copies
//! no payload.
//!
//! A write that is given up leaves a frame half written. What has been begun is finished before
//! anything else is said, or the peer would read the rest of it as a frame.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

use super::frame::Frame;

/// Frames that are taken along, and bytes, before they have to be written. The system takes up to
/// 1,024 pieces at once.
const FRAMES: usize = 256;
const BYTES: usize = 64 * 1024;

/// The socket could not be written to.
#[derive(Debug, thiserror::Error)]
#[error("failed to write to the socket")]
pub(in crate::gateway) struct WriteError(#[from] io::Error);

/// The writing half.
#[derive(Debug)]
pub(in crate::gateway) struct Writer<W> {
    io: W,
    frames: VecDeque<Frame>,
    // Bytes of all that was taken along since the last flush, and how many of the first frame have
    // been written.
    bytes: usize,
    written: usize,
}

impl<W> Writer<W>
where
    W: AsyncWrite + Unpin,
{
    pub(in crate::gateway) fn new(io: W) -> Self {
        Self {
            io,
            frames: VecDeque::new(),
            bytes: 0,
            written: 0,
        }
    }

    /// Takes a frame along; it leaves at the next flush.
    pub(in crate::gateway) fn feed(&mut self, frame: Frame) {
        self.bytes += frame.bytes().len();
        self.frames.push_back(frame);
    }

    /// Whether what was taken along has to be flushed before more is.
    pub(in crate::gateway) fn is_full(&self) -> bool {
        self.frames.len() >= FRAMES || self.bytes >= BYTES
    }

    /// Writes everything that was taken along. What is not written where this is not waited for is
    /// written by the next flush.
    pub(in crate::gateway) async fn flush(&mut self) -> Result<(), WriteError> {
        poll_fn(|cx| self.poll_flush(cx)).await.map_err(WriteError)
    }

    /// Lets go of what has not been begun.
    pub(in crate::gateway) fn abandon(&mut self) {
        self.frames.truncate(usize::from(self.written > 0));
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.frames.is_empty() {
            let written = ready!(self.poll_write(cx))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.advance(written);
        }
        self.bytes = 0;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let io = Pin::new(&mut self.io);
        let mut slices = self.frames.iter().map(Frame::bytes);
        let first = slices.next().and_then(|first| first.get(self.written..));
        let first = first.unwrap_or_default();
        if self.frames.len() == 1 {
            return io.poll_write(cx, first);
        }
        let slices: Vec<_> = std::iter::once(first)
            .chain(slices)
            .map(IoSlice::new)
            .collect();
        io.poll_write_vectored(cx, &slices)
    }

    /// Lets go of the frames that are written.
    fn advance(&mut self, written: usize) {
        self.written += written;
        while let Some(first) = self.frames.front()
            && let Some(rest) = self.written.checked_sub(first.bytes().len())
        {
            self.written = rest;
            self.frames.pop_front();
        }
        if self.frames.is_empty() {
            // A deque keeps the memory of its busiest moment.
            self.frames = VecDeque::new();
        }
    }
}

#[cfg(test)]
impl<W> Writer<W> {
    /// What is beneath.
    pub(super) fn into_inner(self) -> W {
        self.io
    }
}
