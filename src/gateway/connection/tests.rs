//! A connection without a network, in paused time.

use std::io::{self, Cursor};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use futures_util::stream::{self, Stream, StreamExt};
use tokio::io::ReadBuf;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::*;
use crate::broker::memory::MemoryBroker;
use crate::catalog::{CatalogStore, ExerciseService};
use crate::clock::Clock;
use crate::gateway::auth::{AuthConfig, Principal};
use crate::gateway::outbox::Bounds;
use crate::gateway::vigil::REFRESH_GRACE;
use crate::gateway::{Gateway, GatewayConfig, Origins, Rules, TrustedProxies};
use crate::history::memory::MemoryHistory;
use crate::history::{
    Appended, Bounds as HistoryBounds, History, HistoryFuture, Idempotency, Page, Portion,
};
use crate::ids::UserId;
use crate::presence::memory::MemoryPresence;
use crate::protocol::{Dialect, Position, Record, Topic};

const WRITE: Duration = Duration::from_secs(10);
const CLOSE: Duration = Duration::from_secs(5);
/// More than any message here.
const MESSAGE_SIZE: usize = 64 * 1024;

/// What was written, and whether the peer takes it.
#[derive(Clone, Default)]
struct Peer {
    sent: Arc<Mutex<Vec<u8>>>,
    stuck: bool,
    /// Writing fails, though nothing is read that says so.
    broken: bool,
}

impl Peer {
    /// What was written, as a client of another make reads it.
    fn messages(&self) -> Vec<Message> {
        let sent = Cursor::new(self.sent.lock().unwrap().clone());
        let mut client = WebSocket::from_raw_socket(sent, Role::Client, None);
        std::iter::from_fn(|| client.read().ok()).collect()
    }

    fn texts(&self) -> Vec<String> {
        let text = |message: &Message| message.to_text().ok().map(str::to_owned);
        self.messages().iter().filter_map(text).collect()
    }

    fn pings(&self) -> usize {
        let is_ping = |message: &&Message| matches!(message, Message::Ping(_));
        self.messages().iter().filter(is_ping).count()
    }

    fn close(&self) -> Option<(u16, String)> {
        match self.messages().last()? {
            Message::Close(Some(frame)) => Some((frame.code.into(), frame.reason.to_string())),
            _ => None,
        }
    }
}

impl AsyncWrite for Peer {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(poll_budget(cx));
        if self.stuck {
            return Poll::Pending;
        }
        if self.broken {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        self.sent.lock().unwrap().extend(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// What the peer sends: each message arrives by itself. At its end the peer is gone.
struct Sent<S>(S);

impl<S> AsyncRead for Sent<S>
where
    S: Stream<Item = io::Result<Message>> + Unpin,
{
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(poll_budget(cx));
        if let Some(message) = ready!(self.0.poll_next_unpin(cx)) {
            buffer.put_slice(&encoded(message?));
        }
        Poll::Ready(Ok(()))
    }
}

/// A task does only so much in one go, as it is with sockets.
fn poll_budget(cx: &mut Context<'_>) -> Poll<()> {
    pin!(tokio::task::coop::consume_budget()).poll(cx)
}

/// A message as a client of another make writes it.
fn encoded(message: Message) -> Vec<u8> {
    let mut client = WebSocket::from_raw_socket(Cursor::new(Vec::new()), Role::Client, None);
    client.send(message).unwrap();
    client.into_inner().into_inner()
}

/// A gateway without limits on frames, by a clock that follows the paused timers.
fn gateway(change: impl FnOnce(&mut Limits)) -> Gateway {
    gateway_of(change, None)
}

/// The same with this history.
fn gateway_of(change: impl FnOnce(&mut Limits), history: Option<Arc<dyn History>>) -> Gateway {
    let begin = Instant::now();
    let mut limits = Limits {
        frames_per_second: 0,
        ping_interval: Duration::ZERO,
        idle: Duration::ZERO,
        ..Limits::default()
    };
    change(&mut limits);
    let broker = MemoryBroker::new();
    let clock = Clock::new(move || midnight().saturating_add(begin.elapsed()).unwrap());
    let history = history.unwrap_or_else(|| {
        let bounds = HistoryBounds::default();
        Arc::new(MemoryHistory::new(bounds, clock.clone(), &broker))
    });
    Gateway::new(GatewayConfig {
        auth: AuthConfig::hs256(b"a secret of at least thirty-two bytes"),
        limits,
        origins: Origins::default(),
        proxies: TrustedProxies::default(),
        rules: Rules::default(),
        broker: broker.into(),
        presence: Arc::new(MemoryPresence::new()),
        history,
        sessions: None,
        deliver_on_connect: true,
        clock,
        exercises: ExerciseService::new(Arc::new(CatalogStore::default())),
        reader: None,
        invalidations: None,
        announces: false,
        metrics: Metrics::new(),
    })
}

fn midnight() -> jiff::Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

/// Serves a connection whose token ends after this time; returns how long it lasted.
async fn serve(
    gateway: &Gateway,
    stream: impl Stream<Item = io::Result<Message>> + Unpin,
    peer: &Peer,
    lifetime: Duration,
) -> Duration {
    let begin = Instant::now();
    let reader = Reader::new(Sent(stream), MESSAGE_SIZE);
    let halves = (reader, Writer::new(peer.clone()));
    let outbox = Arc::new(Outbox::new(Bounds {
        frames: 16,
        bytes: 4096,
    }));
    let expires = midnight().saturating_add(lifetime).unwrap();
    let session = Session::new(
        Arc::clone(&gateway.shared.services),
        Principal::plain(user("42"), expires),
        Dialect::V1,
        (CONNECTIONS.fetch_add(1, Ordering::Relaxed), None),
        Arc::clone(&outbox),
    );
    let care = Care {
        terms: Terms::of(gateway.limits()),
        vigil: Vigil::new(gateway.limits(), begin),
        activity: Activity::new(begin),
        gatekeeper: Gatekeeper::new(gateway.clone(), [1, 2, 3, 4].into()),
        departure: gateway.shared.departure.clone(),
        metrics: Metrics::new(),
        _seat: None,
    };
    run(halves, session, Arc::clone(&outbox), care).await;
    assert!(outbox.has_ended(), "whoever waits for room waits for ever");
    begin.elapsed()
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it is the item of a reader's stream"
)]
fn ping() -> io::Result<Message> {
    Ok(Message::Text(r#"{"type":"ping"}"#.into()))
}

/// How many connections there have been.
static CONNECTIONS: AtomicU64 = AtomicU64::new(0);

const DAY: Duration = Duration::from_hours(24);

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_is_asked_no_more_and_cut_off() {
    let begin = Instant::now();
    let asked = AtomicUsize::new(0);
    let flood = stream::iter(0..1_000).map(|_| {
        // What is read after the cut is thrown away, and does not count.
        if begin.elapsed() < WRITE {
            asked.fetch_add(1, Ordering::Relaxed);
        }
        ping()
    });
    let peer = Peer {
        stuck: true,
        ..Peer::default()
    };
    let flood = flood.chain(stream::pending());
    let took = serve(&gateway(|_| {}), flood, &peer, DAY).await;
    assert_eq!(took, WRITE + CLOSE);
    // Once for what the writer has taken along, and once for what waits behind it.
    let most = 2 * (16 / 2 + 1) + 1;
    assert!(asked.into_inner() <= most, "reading pauses half full");
}

#[tokio::test(start_paused = true)]
async fn a_connection_ends_where_it_breaks() {
    let peer = Peer {
        broken: true,
        ..Peer::default()
    };
    let asked = stream::iter([ping()]).chain(stream::pending());
    let took = serve(&gateway(|_| {}), asked, &peer, DAY).await;
    assert_eq!(took, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_flood_is_answered_frame_by_frame_by_a_peer_that_reads() {
    let flood = stream::iter((0..1_000).map(|_| ping()));
    let peer = Peer::default();
    let took = serve(&gateway(|_| {}), flood, &peer, DAY).await;
    assert_eq!(took, Duration::ZERO);
    // The last answers may be lost with the peer: it has gone without a close.
    assert!(peer.texts().len() >= 990, "{}", peer.texts().len());
    assert_eq!(peer.close(), None);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_pauses_is_written_to_all_the_same() {
    let peer = Peer::default();
    let asked = stream::iter([ping()]);
    let flood = stream::iter(0..100_000).map(|_| Ok(Message::Pong(Bytes::new())));
    let heard_after = AtomicUsize::new(0);
    let flood = flood.inspect(|_| {
        if peer.sent.lock().unwrap().is_empty() {
            heard_after.fetch_add(1, Ordering::Relaxed);
        }
    });
    serve(&gateway(|_| {}), asked.chain(flood), &peer, DAY).await;
    let heard_after = heard_after.into_inner();
    assert!(
        heard_after < 10_000,
        "an answer waited for {heard_after} frames"
    );
}

#[tokio::test(start_paused = true)]
async fn an_expired_token_is_told_then_closed() {
    let lifetime = Duration::from_mins(1);
    let late = stream::once(Box::pin(async move {
        tokio::time::sleep(lifetime).await;
        ping()
    }));
    let peer = Peer::default();
    let silence = late.chain(stream::pending());
    let took = serve(&gateway(|_| {}), Box::pin(silence), &peer, lifetime).await;
    assert_eq!(took, lifetime + REFRESH_GRACE + CLOSE);
    assert!(peer.texts()[0].contains(r#""code":"auth_failed""#));
    let reason = r#"{"code":"token_expired"}"#.to_owned();
    assert_eq!(peer.close(), Some((1008, reason)));
}

#[tokio::test(start_paused = true)]
async fn draining_answers_what_was_read_then_says_goodbye() {
    let gateway = gateway(|_| {});
    let stop = gateway.clone();
    let frames = stream::iter([ping()]).chain(stream::once(Box::pin(async move {
        stop.shared.connections.stop();
        ping()
    })));
    let peer = Peer::default();
    let took = serve(&gateway, frames.chain(stream::pending()), &peer, DAY).await;
    assert_eq!(took, CLOSE);
    assert_eq!(peer.texts().len(), 3, "two answers and the reason");
    let (code, reason) = peer.close().unwrap();
    assert_eq!(code, 1012);
    assert!(reason.contains(r#""code":"draining""#), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_broken_stream_ends_the_connection_at_once() {
    let broken = stream::iter([Err(io::Error::other("reset"))]);
    let peer = Peer::default();
    let took = serve(&gateway(|_| {}), broken, &peer, DAY).await;
    assert_eq!(took, Duration::ZERO);
    assert_eq!(peer.close(), None);
}

/// A peer that says nothing, but answers pings for so long.
fn ponging(every: Duration, times: usize) -> impl Stream<Item = io::Result<Message>> {
    let pongs = stream::iter(0..times).then(move |_| async move {
        tokio::time::sleep(every).await;
        Ok(Message::Pong(Bytes::new()))
    });
    pongs.chain(stream::pending())
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_no_ping_is_gone() {
    let gateway = gateway(|limits| limits.ping_interval = Duration::from_secs(25));
    let peer = Peer::default();
    let silence = stream::pending();
    let took = serve(&gateway, silence, &peer, DAY).await;
    assert_eq!(took, Duration::from_secs(25 + 10) + CLOSE);
    assert_eq!(peer.pings(), 1);
    let reason = r#"{"code":"ping_timeout"}"#.to_owned();
    assert_eq!(peer.close(), Some((4010, reason)));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_pings_stays() {
    let gateway = gateway(|limits| limits.ping_interval = Duration::from_secs(25));
    let peer = Peer::default();
    let pongs = Box::pin(ponging(Duration::from_secs(26), 4));
    let took = serve(&gateway, pongs, &peer, DAY).await;
    // Asked at 25, 50, 75 and 100, answered at 26, 52, 78 and 104; asked at 125 for the last time.
    assert_eq!(took, Duration::from_secs(125 + 10) + CLOSE);
    assert_eq!(peer.pings(), 5);
}

#[tokio::test(start_paused = true)]
async fn pings_and_pongs_are_nothing_said() {
    let gateway = gateway(|limits| {
        limits.ping_interval = Duration::from_secs(25);
        limits.idle = Duration::from_mins(5);
    });
    let peer = Peer::default();
    let begun = stream::iter([ping()]).chain(ponging(Duration::from_secs(5), 1_000));
    let took = serve(&gateway, Box::pin(begun), &peer, DAY).await;
    assert_eq!(took, Duration::from_mins(5) + CLOSE);
    let reason = r#"{"code":"idle_timeout"}"#.to_owned();
    assert_eq!(peer.close(), Some((4010, reason)));
}

#[tokio::test(start_paused = true)]
async fn a_frame_now_and_then_is_not_idle() {
    let gateway = gateway(|limits| limits.idle = Duration::from_mins(5));
    let peer = Peer::default();
    let frames = stream::iter(0..10).then(|_| async {
        tokio::time::sleep(Duration::from_mins(4)).await;
        ping()
    });
    let frames = Box::pin(frames.chain(stream::pending()));
    let took = serve(&gateway, frames, &peer, DAY).await;
    assert_eq!(took, Duration::from_mins(4 * 10 + 5) + CLOSE);
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_slow_down_is_told_then_closed() {
    let gateway = gateway(|limits| limits.frames_per_second = 10);
    let peer = Peer::default();
    // Slower than the outbox fills up: each answer is sent before the next frame comes.
    let flood = stream::iter(0..1_000).then(|_| async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        ping()
    });
    let flood = Box::pin(flood.chain(stream::pending()));
    serve(&gateway, flood, &peer, DAY).await;
    let texts = peer.texts();
    let limited = texts
        .iter()
        .filter(|text| text.contains("rate_limited"))
        .count();
    assert_eq!(limited, 9 + 1, "nine answers and the reason: {texts:?}");
    assert_eq!(peer.close().unwrap().0, 4009);
}

#[tokio::test(start_paused = true)]
async fn a_refreshed_token_counts_until_it_ends() {
    let gateway = gateway(|_| {});
    let minute = Duration::from_mins(1);
    let token = gateway
        .auth()
        .mint(&user("42"), gateway.clock(), minute * 10)
        .unwrap();
    let refresh = stream::once(Box::pin(async move {
        // In the grace after the end of the first token.
        tokio::time::sleep(minute + REFRESH_GRACE / 2).await;
        Ok(Message::Text(
            format!(r#"{{"type":"auth","token":"{token}"}}"#).into(),
        ))
    }));
    let peer = Peer::default();
    let frames = refresh
        .chain(stream::iter([ping()]))
        .chain(stream::pending());
    let took = serve(&gateway, Box::pin(frames), &peer, minute).await;
    assert_eq!(took, minute * 10 + REFRESH_GRACE + CLOSE);
    let texts = peer.texts();
    assert!(texts[0].contains("auth_success"), "{texts:?}");
    assert!(texts[1].contains("pong"), "{texts:?}");
    assert_eq!(peer.close().unwrap().1, r#"{"code":"token_expired"}"#);
}

#[tokio::test(start_paused = true)]
async fn another_users_token_ends_the_connection_and_a_bad_one_changes_nothing() {
    let gateway = gateway(|_| {});
    let mint = |name| {
        gateway
            .auth()
            .mint(&user(name), gateway.clock(), DAY)
            .unwrap()
    };
    let frame = |token: &str| {
        Ok(Message::Text(
            format!(r#"{{"type":"auth","token":"{token}"}}"#).into(),
        ))
    };
    let frames = stream::iter([frame("nonsense"), ping(), frame(&mint("43")), ping()]);
    let peer = Peer::default();
    serve(&gateway, frames.chain(stream::pending()), &peer, DAY).await;
    let texts = peer.texts();
    assert!(
        texts[0].contains("auth_failed") && texts[0].contains("invalid_token"),
        "{texts:?}"
    );
    assert!(texts[1].contains("pong"), "{texts:?}");
    assert!(texts[2].contains("auth_failed"), "{texts:?}");
    assert_eq!(
        peer.close(),
        Some((1008, r#"{"code":"auth_failed"}"#.to_owned()))
    );
}

#[tokio::test(start_paused = true)]
async fn all_leave_one_after_another() {
    let gateway = gateway(|_| {});
    let peers: Vec<_> = (0..4).map(|_| Peer::default()).collect();
    gateway
        .shared
        .departure
        .begin(peers.len(), Duration::from_secs(20));
    gateway.shared.connections.stop();
    let serving = peers
        .iter()
        .map(|peer| serve(&gateway, stream::pending(), peer, DAY));
    let mut took: Vec<_> = futures_util::future::join_all(serving).await;
    took.sort();
    let seconds: Vec<_> = took.iter().map(Duration::as_secs).collect();
    assert_eq!(seconds, [5, 10, 15, 20], "and five seconds for the close");
}

/// A store that takes questions and answers none, as a server that was stopped does.
#[derive(Debug)]
struct Frozen;

impl History for Frozen {
    fn append<'a>(
        &'a self,
        _: &'a Topic,
        _: &'a Record,
        _: Idempotency<'a>,
    ) -> HistoryFuture<'a, Appended> {
        Box::pin(std::future::pending())
    }

    fn position<'a>(&'a self, _: &'a Topic) -> HistoryFuture<'a, Position> {
        Box::pin(std::future::pending())
    }

    fn read<'a>(&'a self, _: &'a Topic, _: u64, _: Portion) -> HistoryFuture<'a, Page> {
        Box::pin(std::future::pending())
    }

    fn cursor<'a>(&'a self, _: &'a Topic, _: &'a UserId) -> HistoryFuture<'a, Option<Position>> {
        Box::pin(std::future::pending())
    }

    fn move_cursor<'a>(
        &'a self,
        _: &'a Topic,
        _: &'a UserId,
        _: Option<&'a str>,
        _: u64,
    ) -> HistoryFuture<'a, u64> {
        Box::pin(std::future::pending())
    }
}

/// A gateway over that which waits for it for an hour.
fn frozen(change: impl FnOnce(&mut Limits)) -> Gateway {
    let change = |limits: &mut Limits| {
        limits.request_timeout = Duration::from_hours(1);
        change(limits);
    };
    gateway_of(change, Some(Arc::new(Frozen)))
}

#[tokio::test(start_paused = true)]
async fn a_token_ends_while_a_subscription_waits() {
    let lifetime = Duration::from_mins(1);
    let peer = Peer::default();
    let took = serve(&frozen(|_| {}), stream::pending(), &peer, lifetime).await;
    assert_eq!(took, lifetime + REFRESH_GRACE + CLOSE);
    assert_eq!(peer.close().unwrap().1, r#"{"code":"token_expired"}"#);
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_idle_while_a_subscription_waits() {
    let gateway = frozen(|limits| limits.idle = Duration::from_mins(5));
    let peer = Peer::default();
    let took = serve(&gateway, stream::pending(), &peer, DAY).await;
    assert_eq!(took, Duration::from_mins(5) + CLOSE);
    assert_eq!(peer.close().unwrap().1, r#"{"code":"idle_timeout"}"#);
}

#[tokio::test(start_paused = true)]
async fn a_connection_leaves_while_a_subscription_waits() {
    let gateway = frozen(|_| {});
    gateway.shared.departure.begin(1, Duration::from_secs(20));
    gateway.shared.connections.stop();
    let peer = Peer::default();
    let took = serve(&gateway, stream::pending(), &peer, DAY).await;
    assert_eq!(took, CLOSE);
    assert_eq!(peer.close().unwrap().0, 1012);
}

#[tokio::test(start_paused = true)]
async fn a_peer_is_asked_whether_it_is_there_but_not_blamed_while_it_is_not_heard() {
    let wait = Duration::from_mins(1);
    let gateway = frozen(|limits| {
        limits.ping_interval = Duration::from_secs(25);
        limits.request_timeout = wait;
    });
    let peer = Peer::default();
    // It answers the first ping at once, and nothing more.
    let pong = stream::once(Box::pin(async { Ok(Message::Pong(Bytes::new())) }));
    let took = serve(&gateway, pong.chain(stream::pending()), &peer, DAY).await;
    // Asked at 25 and 50; the answer is heard at 60, when the wait is over; asked again at 75.
    assert_eq!(took, Duration::from_secs(75 + 10) + CLOSE);
    assert_eq!(peer.pings(), 3);
    assert_eq!(peer.close().unwrap().1, r#"{"code":"ping_timeout"}"#);
}
