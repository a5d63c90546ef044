//! The reading half holds no buffer while nothing has come.

use std::future::poll_fn;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

use super::Incoming;
use super::assembly::Assembly;

/// Bytes read at a time, into memory that is only borrowed.
const CHUNK: usize = 4 * 1024;

/// The reading half.
#[derive(Debug)]
pub(in crate::gateway) struct Reader<R> {
    io: R,
    assembly: Assembly,
    // What was read behind the frame that was returned last.
    ahead: Vec<u8>,
    // How much of that has been taken.
    taken: usize,
    ended: bool,
}

impl<R> Reader<R>
where
    R: AsyncRead + Unpin,
{
    /// The reading half of a socket whose messages have at most so many bytes.
    pub(in crate::gateway) fn new(io: R, message_size: usize) -> Self {
        Self {
            io,
            assembly: Assembly::new(message_size),
            ahead: Vec::new(),
            taken: 0,
            ended: false,
        }
    }

    /// The same, behind what has been read.
    pub(super) fn behind(self, read: &[u8]) -> Self {
        Self {
            ahead: read.to_vec(),
            ..self
        }
    }

    /// Waits for what the peer does next. After it has closed, was refused or is gone, it is gone for
    /// ever. Nothing is lost where this is not waited for.
    pub(in crate::gateway) async fn next(&mut self) -> Incoming {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        if self.ended {
            return Poll::Ready(Incoming::Gone);
        }
        let incoming = match self.take_ahead() {
            Some(incoming) => incoming,
            None => ready!(self.poll_read(cx)),
        };
        self.ended = match incoming {
            Incoming::Text(_) | Incoming::Ping(_) | Incoming::Pong => false,
            Incoming::Closing(_) | Incoming::Refused(_) | Incoming::Gone => true,
        };
        if self.ended {
            self.assembly = Assembly::new(0);
            self.ahead = Vec::new();
        }
        Poll::Ready(incoming)
    }

    fn take_ahead(&mut self) -> Option<Incoming> {
        let mut input = self.ahead.get(self.taken..)?;
        if input.is_empty() {
            return None;
        }
        let incoming = self.assembly.take(&mut input);
        self.taken = self.ahead.len() - input.len();
        if input.is_empty() {
            self.ahead = Vec::new();
            self.taken = 0;
        }
        incoming
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        let mut chunk = [const { MaybeUninit::uninit() }; CHUNK];
        loop {
            let mut chunk = ReadBuf::uninit(&mut chunk);
            let read = ready!(Pin::new(&mut self.io).poll_read(cx, &mut chunk));
            let mut input = chunk.filled();
            if read.is_err() || input.is_empty() {
                return Poll::Ready(Incoming::Gone);
            }
            if let Some(incoming) = self.assembly.take(&mut input) {
                self.ahead = input.to_vec();
                return Poll::Ready(incoming);
            }
        }
    }
}
