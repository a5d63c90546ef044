//! What Redis costs: subscriptions made anew after a restart, publishing, recording, receiving, the way
//! to a client, and the cache, against a real redis-server.
//!
//! `make bench-redis`, or `cargo bench --bench redis [-- PART …]` with the names of [`PARTS`]. Beside
//! publishing stands the bare loop: the same messages written as one pipeline; and beside the way to a
//! client one that writes to its socket. Compare the ratios, not figures of two machines.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench prints, stops where it can't go on, and waits for what it spawns"
)]

#[expect(unreachable_pub, reason = "the generators are shared with the tests")]
#[path = "../tests/support/content.rs"]
mod content;
#[path = "redis/durable.rs"]
mod durable;
#[path = "redis/latency.rs"]
mod latency;
#[path = "../tests/broker/recorder.rs"]
#[expect(dead_code, reason = "a bench uses a part of it")]
mod recorder;
#[path = "../tests/support/redis.rs"]
#[expect(dead_code, reason = "a bench uses a part of it")]
mod server;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream;
use mithril::broker::redis::{RedisBroker, RedisConfig};
use mithril::broker::{Broker, ConnectionChange, Delivery, Inbox, Subscription};
use mithril::cache::{Cache, Lifetimes, Progress, Scope};
use mithril::catalog;
use mithril::link::{Link, LinkLimits};
use mithril::lint::Settings;
use mithril::metrics::Metrics;
use mithril::shutdown::Tasks;

use recorder::Recorder;
use server::RedisServer;

const USERS: usize = 20_000;
const MESSAGES: usize = 100_000;
/// Bytes of a published message.
const PAYLOAD: usize = 200;
/// Messages that are published before the first of them is waited for.
const OUTSTANDING: usize = 100;
const EXERCISES: usize = 10_000;

/// What can be measured.
const PARTS: [&str; 6] = [
    "restoring",
    "publishing",
    "recording",
    "receiving",
    "latency",
    "caching",
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, redis] = &arguments[..]
        && mode == latency::MODE
    {
        return latency::serve(redis);
    }
    rlimit::increase_nofile_limit(u64::MAX).expect("the limit of open files can be raised");
    let is_asked = |part: &&str| arguments.iter().any(|argument| argument == part);
    let asked: Vec<&str> = PARTS.into_iter().filter(is_asked).collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        for part in if asked.is_empty() { &PARTS[..] } else { &asked } {
            match *part {
                "restoring" => restoring().await,
                "publishing" => publishing().await,
                "recording" => durable::publishing().await,
                "receiving" => receiving().await,
                "latency" => latency::compare().await,
                _ => caching().await,
            }
        }
    });
}

fn connect(server: &RedisServer, inbox: Arc<dyn Inbox>, tasks: &Tasks) -> RedisBroker {
    let config = RedisConfig::new(server.url().parse().unwrap());
    RedisBroker::connect(config, inbox, Metrics::new(), tasks)
}

async fn restoring() {
    let (mut server, inbox, tasks) = (RedisServer::start(), Recorder::new(), Tasks::new());
    let broker = connect(&server, inbox.clone(), &tasks);
    let begin = Instant::now();
    let users = (0..USERS).map(|user| broker.subscribe(Subscription::to(format!("ws:{user}"))));
    for subscribed in join_all(users).await {
        subscribed.unwrap();
    }
    println!("{USERS} subscriptions: made in {:.0?}", begin.elapsed());
    for _ in 0..5 {
        server.kill();
        inbox.changed(ConnectionChange::Lost).await;
        server.restart();
        let begin = Instant::now();
        inbox.changed(ConnectionChange::Restored).await;
        println!(
            "{USERS} subscriptions: back {:.0?} after Redis",
            begin.elapsed()
        );
    }
}

async fn publishing() {
    let (server, tasks) = (RedisServer::start(), Tasks::new());
    let broker = connect(&server, Recorder::new(), &tasks);
    let payload = bytes::Bytes::from(vec![b'x'; PAYLOAD]);
    // The first waits for the connection.
    broker.subscribe(Subscription::to("up")).await.unwrap();
    let messages = (0..MESSAGES).map(|_| broker.publish("ws:1".into(), payload.clone()));
    let begin = Instant::now();
    let mut published = stream::iter(messages).buffered(OUTSTANDING);
    while let Some(outcome) = published.next().await {
        outcome.unwrap();
    }
    let ours = begin.elapsed();
    let begin = Instant::now();
    let mut commands = Vec::new();
    for _ in 0..MESSAGES {
        commands.extend_from_slice(b"*3\r\n$7\r\nPUBLISH\r\n$4\r\nws:1\r\n$200\r\n");
        commands.extend_from_slice(&payload);
        commands.extend_from_slice(b"\r\n");
    }
    bare(&server, &commands);
    let bare = begin.elapsed();
    println!(
        "publishing, {OUTSTANDING} outstanding: {:.0}/s, {:.1} x the bare loop",
        rate(MESSAGES, ours),
        ours.as_secs_f64() / bare.as_secs_f64()
    );
    let begin = Instant::now();
    for _ in 0..MESSAGES / 10 {
        broker
            .publish("ws:1".into(), payload.clone())
            .await
            .unwrap();
    }
    println!(
        "publishing, one by one: {:.0}/s",
        rate(MESSAGES / 10, begin.elapsed())
    );
}

/// Writes it all and reads as many answers.
fn bare(server: &RedisServer, commands: &[u8]) {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    let mut reader = stream.try_clone().unwrap();
    let reading = std::thread::spawn(move || {
        let (mut lines, mut buffer) = (0, vec![0; 64 * 1024]);
        while lines < MESSAGES {
            let count = reader.read(&mut buffer).unwrap();
            let newline = |byte: &u8| usize::from(*byte == b'\n');
            lines += buffer[..count].iter().map(newline).sum::<usize>();
        }
    });
    stream.write_all(commands).unwrap();
    reading.join().unwrap();
}

/// Counts what arrives.
#[derive(Default)]
struct Counter {
    count: AtomicUsize,
    all: tokio::sync::Notify,
}

impl Inbox for Counter {
    fn deliver(&self, _: Delivery) {
        if self.count.fetch_add(1, Ordering::Relaxed) + 1 == MESSAGES {
            self.all.notify_one();
        }
    }

    fn changed(&self, _: ConnectionChange) {}
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counter")
    }
}

async fn receiving() {
    for patterns in [false, true] {
        let (server, tasks) = (RedisServer::start(), Tasks::new());
        let counter = Arc::new(Counter::default());
        let broker = connect(&server, counter.clone(), &tasks);
        broker.subscribe(Subscription::to("ws:1")).await.unwrap();
        if patterns {
            broker.subscribe(Subscription::to("ws:*")).await.unwrap();
        }
        let mut commands = Vec::new();
        for _ in 0..MESSAGES {
            commands.extend_from_slice(b"*3\r\n$7\r\nPUBLISH\r\n$4\r\nws:1\r\n$200\r\n");
            commands.extend_from_slice(&[b'x'; PAYLOAD]);
            commands.extend_from_slice(b"\r\n");
        }
        let begin = Instant::now();
        let all = counter.all.notified();
        let sending = tokio::task::spawn_blocking(move || {
            bare(&server, &commands);
            server
        });
        all.await;
        let what = if patterns {
            "two copies each"
        } else {
            "one copy each"
        };
        println!(
            "receiving, {what}: {:.0}/s",
            rate(MESSAGES, begin.elapsed())
        );
        drop(sending.await);
    }
}

async fn caching() {
    let (server, directory) = (RedisServer::start(), tempfile::tempdir().unwrap());
    content::write_tree(directory.path(), EXERCISES);
    let loaded = catalog::load(directory.path(), &Settings::default()).unwrap();
    let lifetimes = Lifetimes {
        content: Duration::from_hours(1),
        pools: Duration::from_mins(30),
    };
    let link = Link::new(server.url().parse().unwrap(), LinkLimits::default());
    let cache = Cache::new(link, lifetimes);
    for what in ["new", "unchanged"] {
        let begin = Instant::now();
        let warmed = cache
            .warm(&loaded.catalog, &Scope::All, &Progress::default())
            .await;
        assert!(warmed.failed.is_none());
        println!(
            "cache, {EXERCISES} {what} exercises: written in {:.0?}",
            begin.elapsed()
        );
    }
    let begin = Instant::now();
    assert!(cache.status(&loaded.catalog).await.unwrap().is_clean());
    println!(
        "cache, {EXERCISES} exercises: compared in {:.0?}",
        begin.elapsed()
    );
}

fn rate(count: usize, took: Duration) -> f64 {
    let count = u32::try_from(count).expect("a bench counts to less than four billion");
    f64::from(count) / took.as_secs_f64()
}
