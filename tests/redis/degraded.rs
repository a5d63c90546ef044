//! A Redis that refuses takes nothing from the daemon that it can do by itself, and
//! nothing has to be restarted when it is well again.

use std::sync::Arc;
use std::time::Duration;

use mithril::broker::redis::RedisConfig;
use mithril::cache::{Cache, CacheStatus, LeaseTiming};
use mithril::catalog::{Catalog, CatalogStore};
use mithril::config::RedisUrl;
use mithril::daemon::CacheUse;
use mithril::history::Bounds;
use mithril::history::redis::RedisHistory;
use mithril::link::Link;
use serde_json::json;

use crate::cache::{cache, catalog};
use crate::fixture::{Client, Fixture, content, soon};
use crate::server::{RedisServer, free_port};
use crate::subscriber::impatient;

const TIMING: LeaseTiming = LeaseTiming {
    lease: Duration::from_millis(400),
    renewal: Duration::from_millis(50),
};

/// A daemon that does with this Redis all that a daemon does, and its content.
pub(crate) async fn daemon(url: &str) -> (Fixture, Arc<CatalogStore>) {
    let url: RedisUrl = url.parse().unwrap();
    let store = Arc::new(CatalogStore::new(Catalog::build(content()).unwrap()));
    let fixture = Fixture::with(|config| {
        config.catalog = Arc::clone(&store);
        config.limits.frames_burst = 1_000;
        config.broker = RedisConfig {
            url: url.clone(),
            timing: impatient(),
        }
        .into();
        let link = Link::new(url, impatient().limits);
        config.history = Arc::new(RedisHistory::new(link.clone(), Bounds::default(), false));
        let lifetimes = mithril::cache::Lifetimes {
            content: Duration::from_hours(1),
            pools: Duration::from_hours(1),
        };
        config.cache = Some(CacheUse::Keep(Cache::new(link, lifetimes), TIMING));
    })
    .await;
    (fixture, store)
}

async fn status(daemon: &Fixture, path: &str) -> u16 {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    daemon.http(&request).await.status
}

/// Says something in the room, which is heard once; where it was recorded, if it was.
async fn say(text: &str, speaker: &mut Client, listener: &mut Client) -> Option<u64> {
    let frame = json!({"type": "publish", "topic": "room:maths", "data": text, "request_id": "p"});
    speaker.send(frame.to_string()).await;
    let (mut offset, mut heard) = (None, 0);
    while offset.is_none() || heard == 0 {
        let frame = speaker.receive().await;
        if frame["request_id"] == "p" {
            assert_eq!(frame["type"], "response", "{frame}");
            offset = Some(frame["data"]["offset"].as_u64());
        } else if frame["type"] == "chat" {
            assert_eq!(frame["data"], text);
            heard += 1;
        }
    }
    loop {
        let frame = listener.receive().await;
        if frame["type"] == "chat" {
            assert_eq!(frame["data"], text);
            break;
        }
    }
    nothing_said(listener).await;
    offset.flatten()
}

/// No message of the room is on its way to the client.
async fn nothing_said(client: &mut Client) {
    let mut frame = client.ask(r#"{"type":"ping"}"#).await;
    while frame["type"] != "pong" {
        assert_ne!(frame["type"], "chat", "{frame}");
        frame = client.receive().await;
    }
}

async fn exercise(client: &mut Client) {
    let frame =
        json!({"type": "request", "subject": "exercise.get", "data": {"exercise_id": "hello"}});
    let answer = client.ask_past_events(frame).await;
    assert_eq!(answer["data"]["exercise"]["id"], "hello", "{answer}");
}

/// Waits until the cache is as this catalog is.
async fn cached(server: &RedisServer, wanted: &Catalog) {
    let cache = cache(server);
    soon(async {
        while !cache
            .status(wanted)
            .await
            .as_ref()
            .is_ok_and(CacheStatus::is_clean)
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Two in a room that both hear.
async fn room(daemon: &Fixture) -> (Client, Client) {
    let mut anna = daemon.connect_as("anna", "/ws/maths").await;
    let mut ben = daemon.connect_as("ben", "/ws/maths").await;
    soon(async { while say("before", &mut anna, &mut ben).await.is_none() {} }).await;
    (anna, ben)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_refuses_is_done_without_until_it_does_not() {
    let server = RedisServer::start();
    let (daemon, store) = daemon(&server.url()).await;
    cached(&server, &store.snapshot()).await;
    let (mut anna, mut ben) = room(&daemon).await;
    let absent = free_port().to_string();
    let refusals: [Refusal<'_>; 3] = [
        (
            &[&["CONFIG", "SET", "maxmemory", "1"]],
            &["CONFIG", "SET", "maxmemory", "0"],
            200,
        ),
        (
            &[&["REPLICAOF", "127.0.0.1", &absent]],
            &["REPLICAOF", "NO", "ONE"],
            200,
        ),
        (
            &[
                &["CONFIG", "SET", "requirepass", "hunter2"],
                &["-a", "hunter2", "CLIENT", "KILL", "TYPE", "normal"],
                &["-a", "hunter2", "CLIENT", "KILL", "TYPE", "pubsub"],
            ],
            &["-a", "hunter2", "CONFIG", "SET", "requirepass", ""],
            503,
        ),
    ];
    for (round, (refuse, relent, health)) in refusals.into_iter().enumerate() {
        for command in refuse {
            server.cli(command);
        }
        // What is said reaches all who are there, recorded or not; content is served.
        for number in 0..3 {
            let text = format!("{round} {number}");
            let offset = say(&text, &mut anna, &mut ben).await;
            assert_eq!(offset, None, "{refuse:?} took {text}");
            exercise(&mut ben).await;
        }
        let mut carol = daemon.connect_as("carol", "/ws").await;
        exercise(&mut carol).await;
        assert_eq!(status(&daemon, "/readyz").await, 200);
        assert_eq!(status(&daemon, "/healthz").await, 200);
        soon(async {
            // The last answer counts for a second.
            while status(&daemon, "/healthz/redis").await != health {}
        })
        .await;
        // The content changes meanwhile.
        store.swap(Arc::new(if round == 1 {
            Catalog::build(content()).unwrap()
        } else {
            both(round)
        }));
        exercise(&mut carol).await;
        server.cli(relent);
        soon(async { while say("after", &mut anna, &mut ben).await.is_none() {} }).await;
        cached(&server, &store.snapshot()).await;
        soon(async { while status(&daemon, "/healthz/redis").await != 200 {} }).await;
    }
    // These are the sockets from the beginning.
    nothing_said(&mut anna).await;
    nothing_said(&mut ben).await;
}

/// What makes a server refuse, what makes it well again, and what is said of it meanwhile.
type Refusal<'a> = (&'a [&'a [&'a str]], &'a [&'a str], u16);

/// The content of the fixture, and another pool.
fn both(version: usize) -> Catalog {
    let mut contents = content();
    let other = catalog(2 * version);
    for entry in other.pools() {
        let exercises = other.exercises_of(entry);
        contents.push(mithril::catalog::PoolContent {
            pool: entry.pool.clone(),
            exercises: exercises.map(|entry| (*entry.exercise).clone()).collect(),
        });
    }
    Catalog::build(contents).unwrap()
}
