//! A connection without a network, in paused time.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures_util::stream::{self, StreamExt};
use tokio::time::Instant;

use super::*;
use crate::broker::memory::MemoryBroker;
use crate::clock::Clock;
use crate::gateway::auth::Principal;
use crate::gateway::outbox::Bounds;
use crate::gateway::policy::Grants;
use crate::gateway::services::Services;
use crate::ids::UserId;
use crate::protocol::Dialect;
use crate::shutdown::Tasks;

const PATIENCE: Patience = Patience {
    write: Duration::from_secs(10),
    close: Duration::from_secs(5),
};

/// What was written, and whether the peer takes it.
#[derive(Clone, Default)]
struct Peer {
    sent: Arc<Mutex<Vec<Message>>>,
    stuck: bool,
}

impl Peer {
    fn texts(&self) -> Vec<String> {
        let sent = self.sent.lock().unwrap();
        let text = |message: &Message| message.to_text().ok().map(str::to_owned);
        sent.iter().filter_map(text).collect()
    }

    fn close(&self) -> Option<(u16, String)> {
        match self.sent.lock().unwrap().last()? {
            Message::Close(Some(frame)) => Some((frame.code, frame.reason.to_string())),
            _ => None,
        }
    }

    fn taken(&self) -> Poll<Result<(), axum::Error>> {
        if self.stuck {
            Poll::Pending
        } else {
            Poll::Ready(Ok(()))
        }
    }
}

impl Sink<Message> for Peer {
    type Error = axum::Error;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), axum::Error>> {
        self.taken()
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), axum::Error> {
        self.sent.lock().unwrap().push(message);
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), axum::Error>> {
        self.taken()
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), axum::Error>> {
        self.taken()
    }
}

/// A session whose token ends after this time, by a clock that follows the paused timers.
fn session(lifetime: Duration, outbox: Arc<Outbox>) -> Session {
    let begin = Instant::now();
    let midnight = "2026-01-01T00:00:00Z".parse::<jiff::Timestamp>().unwrap();
    let clock = Clock::new(move || midnight.saturating_add(begin.elapsed()).unwrap());
    let services = Services::for_tests(clock, &MemoryBroker::new(), &Tasks::new());
    let principal = Principal {
        user: UserId::parse("42").unwrap(),
        expires: midnight.saturating_add(lifetime).unwrap(),
        grants: Grants::default(),
    };
    Session::new(services, principal, Dialect::V1, (1, None), outbox)
}

async fn serve(
    stream: impl Stream<Item = Result<Message, axum::Error>> + Unpin,
    peer: &Peer,
    lifetime: Duration,
    draining: CancellationToken,
) -> Duration {
    let begin = Instant::now();
    let halves = (Reader::over(stream), Writer::over(peer.clone()));
    let outbox = Arc::new(Outbox::new(Bounds {
        frames: 16,
        bytes: 4096,
    }));
    let goodbye = (draining, CloseCode::Draining.into());
    let session = session(lifetime, Arc::clone(&outbox));
    run(halves, session, outbox, PATIENCE, goodbye).await;
    begin.elapsed()
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it is the item of a reader's stream"
)]
fn ping() -> Result<Message, axum::Error> {
    Ok(Message::Text(r#"{"type":"ping"}"#.into()))
}

const DAY: Duration = Duration::from_hours(24);

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_is_asked_no_more_and_cut_off() {
    let begin = Instant::now();
    let asked = AtomicUsize::new(0);
    let flood = stream::iter(0..1_000).map(|_| {
        // What is read after the cut is thrown away, and does not count.
        if begin.elapsed() < PATIENCE.write {
            asked.fetch_add(1, Ordering::Relaxed);
        }
        ping()
    });
    let peer = Peer {
        stuck: true,
        ..Peer::default()
    };
    let took = serve(
        flood.chain(stream::pending()),
        &peer,
        DAY,
        CancellationToken::new(),
    )
    .await;
    assert_eq!(took, PATIENCE.write + PATIENCE.close);
    assert!(asked.into_inner() <= 16 / 2 + 2, "reading pauses half full");
}

#[tokio::test(start_paused = true)]
async fn a_flood_is_answered_frame_by_frame_by_a_peer_that_reads() {
    let flood = stream::iter((0..1_000).map(|_| ping()));
    let peer = Peer::default();
    let took = serve(flood, &peer, DAY, CancellationToken::new()).await;
    assert_eq!(took, Duration::ZERO);
    // The last answers may be lost with the peer: it has gone without a close.
    assert!(peer.texts().len() >= 990, "{}", peer.texts().len());
    assert_eq!(peer.close(), None);
}

#[tokio::test(start_paused = true)]
async fn an_expired_token_is_told_then_closed() {
    let lifetime = Duration::from_mins(1);
    let late = stream::once(Box::pin(async move {
        sleep(lifetime).await;
        ping()
    }));
    let peer = Peer::default();
    let silence = late.chain(stream::pending());
    let took = serve(Box::pin(silence), &peer, lifetime, CancellationToken::new()).await;
    assert_eq!(took, lifetime + REFRESH_GRACE + PATIENCE.close);
    assert!(peer.texts()[0].contains(r#""code":"auth_failed""#));
    let reason = r#"{"code":"token_expired"}"#.to_owned();
    assert_eq!(peer.close(), Some((1008, reason)));
}

#[tokio::test(start_paused = true)]
async fn draining_answers_what_was_read_then_says_goodbye() {
    let draining = CancellationToken::new();
    let stop = draining.clone();
    let frames = stream::iter([ping()]).chain(stream::once(Box::pin(async move {
        stop.cancel();
        ping()
    })));
    let peer = Peer::default();
    let took = serve(frames.chain(stream::pending()), &peer, DAY, draining).await;
    assert_eq!(took, PATIENCE.close);
    assert_eq!(peer.texts().len(), 3, "two answers and the reason");
    let reason = r#"{"code":"draining"}"#.to_owned();
    assert_eq!(peer.close(), Some((1012, reason)));
}

#[tokio::test(start_paused = true)]
async fn a_broken_stream_ends_the_connection_at_once() {
    let broken = stream::iter([Err(axum::Error::new(std::io::Error::other("reset")))]);
    let peer = Peer::default();
    let took = serve(broken, &peer, DAY, CancellationToken::new()).await;
    assert_eq!(took, Duration::ZERO);
    assert_eq!(peer.close(), None);
}
