//! A connection that is closed while its peer still sends is read to the end first.
//!
//! Closing a socket with unread bytes makes the kernel send a reset, and a reset can overtake the
//! close frame or the refusal that was just written: the peer would never learn why. So what is left
//! of a connection says that nothing follows, and throws away what arrives until the peer is done,
//! within bounds. A peer that takes nothing of what is written is not waited for.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Sleep, sleep, timeout};

use crate::shutdown::Tasks;

/// How long a peer may go on sending.
const PATIENCE: Duration = Duration::from_secs(2);
/// How much a peer may go on sending, in bytes.
const MOST: u64 = 16 * 1024 * 1024;

/// A listener whose connections linger.
#[derive(Debug)]
pub struct Lingering {
    listener: TcpListener,
    // How long a peer may take nothing.
    stall: Duration,
    tasks: Tasks,
}

impl Lingering {
    /// What is left of a connection is one of these tasks.
    pub fn new(listener: TcpListener, stall: Duration, tasks: Tasks) -> Self {
        Self {
            listener,
            stall,
            tasks,
        }
    }
}

impl Listener for Lingering {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(error = &error as &dyn std::error::Error, "no TCP_NODELAY");
        }
        let connection = Connection {
            stream: Some(stream),
            ended: false,
            stall: self.stall,
            stalled: None,
            tasks: self.tasks.clone(),
        };
        (connection, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A TCP connection that lingers when it is dropped before its peer has ended it.
#[derive(Debug)]
pub struct Connection {
    // There until it is dropped.
    stream: Option<TcpStream>,
    // Whether the peer has sent its last byte, or the network has broken.
    ended: bool,
    stall: Duration,
    // Runs while nothing can be written.
    stalled: Option<Pin<Box<Sleep>>>,
    tasks: Tasks,
}

impl Connection {
    fn poll<T>(
        &mut self,
        poll: impl FnOnce(Pin<&mut TcpStream>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let Some(stream) = &mut self.stream else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        let result = ready!(poll(Pin::new(stream)));
        self.ended |= result.is_err();
        Poll::Ready(result)
    }

    fn poll_in_time(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut TcpStream>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let written = self.poll(|stream| write(stream, cx));
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stall = self.stall;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(stall)));
        ready!(stalled.as_mut().poll(cx));
        self.ended = true;
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = ready!(self.poll(|stream| stream.poll_read(cx, buffer)));
        self.ended |= buffer.remaining() > 0 && buffer.filled().len() == before;
        Poll::Ready(result)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_in_time(cx, |stream, cx| stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_in_time(cx, |stream, cx| stream.poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(|stream| stream.poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(|stream| stream.poll_shutdown(cx))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let (Some(stream), false) = (self.stream.take(), self.ended) {
            self.tasks.spawn("linger", linger(stream));
        }
    }
}

async fn linger(mut stream: TcpStream) {
    let rest = async {
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(MOST), &mut tokio::io::sink()).await
    };
    // The peer was told all there is to tell; how it takes that changes nothing.
    timeout(PATIENCE, rest).await.ok();
}
