//! What the gateway costs: fan-out, with a history and without, unicast, request and reply, a reader that stops, idle memory,
//! connects, and losing every socket at once, measured from outside against the release binary.
//!
//! `make bench-gateway`, or `cargo bench --bench gateway [-- SOCKETS] [PART …]` with the names of
//! [`PARTS`]. Processor time is what the system charges the daemon's process, so what this generator
//! costs does not count. Beside each delivery stands the bare loop: a single-threaded program that
//! does one `write` per socket and message. Both take turns in one run. Compare the ratios, not
//! figures of two machines.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench prints, stops where it can't go on, and waits for what it spawns"
)]

#[path = "gateway/bare.rs"]
mod bare;
#[path = "gateway/client.rs"]
mod client;
#[path = "gateway/daemon.rs"]
mod daemon;
#[path = "gateway/kept.rs"]
mod kept;
#[path = "gateway/measure.rs"]
mod measure;
#[path = "gateway/stalled.rs"]
mod stalled;

use std::time::{Duration, Instant};

use client::{Client, Crowd};
use daemon::Daemon;
use measure::{middle, quantile};

/// Bytes of a published message.
const PAYLOAD: usize = 200;
/// Messages of one turn, and turns of one measurement.
const ROUNDS: u64 = 100;
const TURNS: usize = 7;
/// Messages that are published before the first of them is waited for.
const OUTSTANDING: u64 = 100;
/// What can be measured.
const PARTS: [&str; 7] = [
    "fan-out", "kept", "unicast", "requests", "stalled", "idle", "losing",
];

/// Rooms that one connection publishes to.
const TOPICS: usize = 100;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == bare::MODE) {
        return bare::serve();
    }
    let sockets = arguments
        .iter()
        .find_map(|text| text.parse().ok())
        .unwrap_or(1000);
    rlimit::increase_nofile_limit(u64::MAX).expect("the limit of open files can be raised");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let asked: Vec<_> = PARTS
        .into_iter()
        .filter(|part| arguments.iter().any(|argument| argument == part))
        .collect();
    runtime.block_on(async {
        for part in PARTS {
            if !asked.is_empty() && !asked.contains(&part) {
                continue;
            }
            match part {
                "fan-out" => fan_out(sockets).await,
                "kept" => kept::beside_fleeting(sockets).await,
                "unicast" => unicast(sockets).await,
                "requests" => requests().await,
                "stalled" => stalled::one_of(sockets).await,
                "idle" => idle(5 * sockets).await,
                _ => losing_all(10 * sockets).await,
            }
        }
    });
}

/// One message to all sockets of a room: one at a time, then a hundred outstanding.
async fn fan_out(sockets: usize) {
    println!("fan-out of {PAYLOAD} bytes to {sockets} sockets, processor time a delivery");
    for (name, outstanding) in [("one at a time", 1), ("100 outstanding", OUTSTANDING)] {
        let bare = bare::Loop::start(sockets).await;
        let daemon = Daemon::start();
        let crowd = Crowd::join(&daemon, "/ws/bench", sockets).await;
        let mut publisher = Client::connect(&daemon, "/ws/bench").await;
        let deliveries = measure::float((sockets as u64 + 1) * ROUNDS);
        let mut sent = 0;
        let mut turns = Vec::with_capacity(TURNS);
        for _ in 0..TURNS {
            let lowest = bare.run(ROUNDS, outstanding).await / bare.deliveries(ROUNDS);
            let before = daemon.process.cpu();
            for _ in 0..ROUNDS / outstanding {
                for _ in 0..outstanding {
                    publisher.publish("room:bench", PAYLOAD).await;
                }
                sent += outstanding;
                crowd.all_have(sent).await;
            }
            turns.push((lowest, daemon.process.micros_since(before) / deliveries));
        }
        let lowest = middle(turns.iter().map(|turn| turn.0));
        let cost = middle(turns.iter().map(|turn| turn.1));
        let ratio = middle(turns.iter().map(|turn| turn.1 / turn.0));
        println!(
            "  {name:<16} bare loop {lowest:>6.2} µs   mithril {cost:>6.2} µs   ratio {ratio:.2}"
        );
    }
}

/// Messages to single sockets, a thousand a second: the time from publishing to receiving.
async fn unicast(sockets: usize) {
    let daemon = Daemon::start();
    let mut publishers = Vec::new();
    let mut readers = Vec::with_capacity(sockets);
    for index in 0..sockets {
        // A connection may have 128 topics.
        if index % TOPICS == 0 {
            publishers.push(Client::connect(&daemon, "/ws").await);
        }
        let publisher = publishers.last_mut().unwrap();
        readers.push(Client::connect(&daemon, &format!("/ws/r{index}")).await);
        publisher.subscribe(&format!("room:r{index}")).await;
    }
    let before = daemon.process.cpu();
    let mut latencies = Vec::new();
    let mut ticks = tokio::time::interval(Duration::from_millis(1));
    for index in (0..sockets).cycle().take(3000) {
        ticks.tick().await;
        let start = Instant::now();
        publishers[index / TOPICS]
            .publish(&format!("room:r{index}"), PAYLOAD)
            .await;
        readers[index].next_of("chat").await;
        latencies.push(start.elapsed());
    }
    let cost = daemon.process.micros_since(before) / measure::float(latencies.len() as u64);
    println!("unicast over {sockets} rooms, 1,000/s, publish to receipt");
    println!(
        "  p50 {:?}   p99 {:?}   {cost:.2} µs a message",
        quantile(&mut latencies, 0.5),
        quantile(&mut latencies, 0.99)
    );
}

/// `exercise.get` on a hundred connections, each asking again once it is answered.
async fn requests() {
    let daemon = Daemon::start();
    let mut clients = Vec::new();
    for _ in 0..100 {
        clients.push(Client::connect(&daemon, "/ws").await);
    }
    let before = daemon.process.cpu();
    let start = Instant::now();
    let tasks: Vec<_> = clients
        .into_iter()
        .map(|mut client| {
            tokio::spawn(async move {
                for _ in 0..500 {
                    client.get_exercise("c-fizzbuzz").await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let count = 100 * 500;
    let cost = daemon.process.micros_since(before) / measure::float(count);
    let rate = measure::float(count) / start.elapsed().as_secs_f64();
    println!("exercise.get, 100 connections, closed loop");
    println!("  {rate:.0} requests/s   {cost:.2} µs a request");
}

/// Sockets that say nothing: how fast they connect and what each of them keeps.
async fn idle(sockets: usize) {
    let daemon = Daemon::start();
    // What the first connection sets up is not a connection's.
    drop(Client::connect(&daemon, "/ws").await);
    let before = daemon.process.memory();
    let start = Instant::now();
    let crowd = Crowd::join(&daemon, "/ws", sockets).await;
    let rate = measure::float(sockets as u64) / start.elapsed().as_secs_f64();
    let each = (daemon.process.memory().saturating_sub(before)) as u64 / sockets as u64;
    println!("{sockets} idle sockets");
    println!("  {rate:.0} authenticated connects/s   {each} bytes a connection");
    drop(crowd);
}

/// Every socket lost at once: how long a new one waits, and what memory is kept.
async fn losing_all(sockets: usize) {
    let limit = rlimit::Resource::NOFILE.get_hard().unwrap_or(4096);
    let sockets = sockets.min(
        usize::try_from(limit)
            .unwrap_or(usize::MAX)
            .saturating_sub(200),
    );
    let daemon = Daemon::start();
    drop(Client::connect(&daemon, "/ws").await);
    let start = daemon.process.memory();
    let crowd = Crowd::join(&daemon, "/ws", sockets).await;
    let full = daemon.process.memory();
    crowd.abort();
    let mut slowest = Duration::ZERO;
    for _ in 0..20 {
        let begun = Instant::now();
        drop(Client::connect(&daemon, "/ws").await);
        slowest = slowest.max(begun.elapsed());
    }
    daemon.until_empty().await;
    let kept = daemon.process.memory();
    // What is free is given back by and by; a fifth more than at the start is as good as none.
    let begun = Instant::now();
    let mut settled = kept;
    while settled > start * 6 / 5 && begun.elapsed() < Duration::from_mins(1) {
        tokio::time::sleep(Duration::from_millis(100)).await;
        settled = daemon.process.memory();
    }
    let settling = begun.elapsed();
    println!("{sockets} sockets lost at once");
    println!(
        "  the slowest of 20 new connects took {slowest:?}   memory: {} KiB before, {} KiB full, {} KiB after, {} KiB {settling:.1?} later",
        start / 1024,
        full / 1024,
        kept / 1024,
        settled / 1024
    );
}
