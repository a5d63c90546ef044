//! Replicas that share one presence in Redis: users come and go once, whichever replicas they are on,
//! and whatever becomes of the replicas and of Redis.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use mithril::broker::redis::RedisConfig;
use mithril::config::RedisUrl;
use mithril::daemon::DaemonConfig;
use mithril::history::Bounds;
use mithril::history::redis::RedisHistory;
use mithril::link::{Link, LinkLimits};
use mithril::presence::redis::{PresenceTiming, RedisPresence};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::connect_async;

use crate::fixture::{Client, Fixture, NOW, SECRET, soon, token};
use crate::server::RedisServer;

/// Replicas look often; who is to run out runs out because a test says so.
const TIMING: PresenceTiming = PresenceTiming {
    lease: Duration::from_mins(1),
    renewal: Duration::from_millis(20),
};
const ROOM: &str = "mithril:presence:{room:maths}";
const EVERYONE: &str = "mithril:presence:{ws:*}";

/// Ends the lease of that connection of a user which was confirmed longest ago.
const RUN_OUT: &str = "
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], 0, '+inf')) do
  if string.find(member, ARGV[1] .. ' ', 1, true) == 1 then
    return redis.call('ZADD', KEYS[1], 1, member)
  end
end";

/// A replica whose history is its own, so that no loss of one ends its sockets.
async fn replica(url: String) -> Fixture {
    Fixture::with(|config| drop(share(config, &url))).await
}

/// A replica that shares its history too.
async fn remembering(server: &RedisServer) -> Fixture {
    Fixture::with(|config| {
        let history = RedisHistory::new(share(config, &server.url()), Bounds::default(), false);
        config.history = Arc::new(history);
    })
    .await
}

fn share(config: &mut DaemonConfig, url: &str) -> Link {
    let url: RedisUrl = url.parse().unwrap();
    // A busy machine is not a Redis that is away.
    let limits = LinkLimits {
        answer: Duration::from_secs(5),
        dial: Duration::from_secs(5),
    };
    let link = Link::new(url.clone(), limits);
    config.broker = RedisConfig::new(url).into();
    config.presence = Arc::new(RedisPresence::new(link.clone(), TIMING));
    link
}

/// A socket in the room, which hears what is said there: its user has joined as the first.
async fn enters(replica: &Fixture, user: &str) -> Client {
    let mut client = replica.connect_as(user, "/ws/maths").await;
    hears(&mut client, "joined", user).await;
    client
}

/// The next frame says this of a user.
async fn hears(client: &mut Client, action: &str, user: &str) {
    let frame = client.receive().await;
    assert_eq!(frame["type"], format!("user_{action}"), "{frame}");
    assert_eq!(frame["data"], json!({"user_id": user, "action": action}));
}

/// Who is in the room, if that is all; nothing else is sent to the client.
async fn listed(client: &mut Client) -> (Value, bool) {
    let ask = json!({"type": "presence", "topic": "room:maths"});
    let answer = client.ask_with_id(ask).await;
    let data = &answer["data"];
    assert_eq!(data["users"].as_array().unwrap().len(), data["total"]);
    (data["users"].clone(), data["partial"] == true)
}

/// Waits until the list is this, of all replicas or of one alone. Nothing else is sent meanwhile.
async fn becomes(client: &mut Client, expected: &[(&str, u64)], is_partial: bool) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(user, connections)| json!({"user_id": user, "connections": connections}))
        .collect();
    let expected = (json!(expected), is_partial);
    soon(async {
        while listed(client).await != expected {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn two_tabs_on_two_replicas_are_one_user_who_comes_and_goes_once() {
    let server = RedisServer::start();
    let (one, two) = (replica(server.url()).await, replica(server.url()).await);
    let mut ben = enters(&one, "ben").await;
    let mut carl = enters(&two, "carl").await;
    hears(&mut ben, "joined", "carl").await;
    let tab = enters(&one, "anna").await;
    for client in [&mut ben, &mut carl] {
        hears(client, "joined", "anna").await;
    }
    let other_tab = two.connect_as("anna", "/ws/maths").await;
    let all = [("anna", 2), ("ben", 1), ("carl", 1)];
    for client in [&mut ben, &mut carl] {
        becomes(client, &all, false).await;
    }
    for replica in [&one, &two] {
        let path = "GET /api/v1/presence/room:maths HTTP/1.1\r\nHost: a\r\n";
        let request = format!("{path}Authorization: Bearer {}\r\n\r\n", token("dora"));
        let answer = replica.http(&request).await.json();
        assert_eq!(
            (&answer["total"], &answer["users"][0]["connections"]),
            (&json!(3), &json!(2))
        );
    }
    drop(tab);
    becomes(&mut carl, &[("anna", 1), ("ben", 1), ("carl", 1)], false).await;
    // What either replica had to say of it comes before what it says next.
    let next = [enters(&one, "dora").await, enters(&two, "emil").await];
    for client in [&mut ben, &mut carl] {
        hears(client, "joined", "dora").await;
        hears(client, "joined", "emil").await;
    }
    drop(other_tab);
    for client in [&mut ben, &mut carl] {
        hears(client, "left", "anna").await;
    }
    drop(next);
    for client in [&mut ben, &mut carl] {
        let mut gone = [client.receive().await, client.receive().await]
            .map(|frame| (frame["type"].clone(), frame["data"]["user_id"].clone()));
        gone.sort_by_key(|(_, user)| user.to_string());
        let expected = ["dora", "emil"].map(|user| (json!("user_left"), json!(user)));
        assert_eq!(gone, expected);
        becomes(client, &[("ben", 1), ("carl", 1)], false).await;
    }
}

#[tokio::test]
async fn a_replica_that_stops_leaves_no_ghosts() {
    const CLASS: usize = 50;
    let server = RedisServer::start();
    let staying = replica(server.url()).await;
    let leaving = Fixture::with(|config| {
        drop(share(config, &server.url()));
        config.drain = Duration::from_secs(1);
    })
    .await;
    let mut ben = enters(&staying, "ben").await;
    let mut class = Vec::new();
    for number in 0..CLASS {
        let pupil = format!("pupil-{number}");
        class.push(leaving.connect_as(&pupil, "/ws/maths").await);
        hears(&mut ben, "joined", &pupil).await;
    }
    let everybody = async {
        for mut pupil in class {
            pupil.closed().await;
        }
    };
    let (late, ()) = tokio::join!(leaving.daemon.drain(), everybody);
    assert_eq!(late, []);
    for key in [ROOM, EVERYONE] {
        let left = server.cli(&["ZRANGEBYSCORE", key, "0", "+inf"]);
        assert!(
            left.starts_with("ben ") && left.lines().count() == 1,
            "{left}"
        );
    }
    for _ in 0..CLASS {
        let frame = ben.receive().await;
        assert_eq!(frame["type"], "user_left", "{frame}");
    }
    becomes(&mut ben, &[("ben", 1)], false).await;
}

/// A daemon as operators start it, in a process of its own.
struct Process {
    child: Child,
    address: SocketAddr,
    /// So that it can go on to write there.
    _log: Lines<BufReader<ChildStderr>>,
}

impl Process {
    async fn start(server: &RedisServer) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mithril"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json"])
            .env_clear()
            .env("JWT_SECRET_KEY", std::str::from_utf8(SECRET).unwrap())
            .env("REDIS_URL", server.url())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = loop {
            let line = soon(log.next_line()).await.unwrap().expect("it serves");
            let event: Value = serde_json::from_str(&line).unwrap();
            if event["message"] == "serving" {
                break event["address"].as_str().unwrap().parse().unwrap();
            }
        };
        Self {
            child,
            address,
            _log: log,
        }
    }

    async fn kill(mut self) {
        soon(self.child.kill()).await.unwrap();
    }
}

/// A socket of a daemon that goes by the time of today, or by that of these tests.
async fn connect(address: SocketAddr, user: &str, path: &str, now: i64) -> Client {
    let claims = json!({"sub": user, "exp": now + 600});
    let token = crate::fixture::signed(&claims);
    let url = format!("ws://{address}{path}?token={token}");
    let (socket, _) = soon(connect_async(url)).await.unwrap();
    Client::new(socket, None)
}

fn today() -> i64 {
    jiff::Timestamp::now().as_second()
}

#[tokio::test]
async fn who_was_on_a_replica_that_was_killed_leaves_once() {
    let server = RedisServer::start();
    let (one, two) = (replica(server.url()).await, replica(server.url()).await);
    let killed = Process::start(&server).await;
    let mut ben = enters(&one, "ben").await;
    let mut carl = enters(&two, "carl").await;
    hears(&mut ben, "joined", "carl").await;
    let mut anna = connect(killed.address, "anna", "/ws/maths", today()).await;
    for client in [&mut ben, &mut carl, &mut anna] {
        hears(client, "joined", "anna").await;
    }
    let mut tab = connect(killed.address, "carl", "/ws/maths", today()).await;
    becomes(&mut tab, &[("anna", 1), ("ben", 1), ("carl", 2)], false).await;
    killed.kill().await;
    becomes(&mut ben, &[("anna", 1), ("ben", 1), ("carl", 2)], false).await;
    server.cli(&["EVAL", RUN_OUT, "1", ROOM, "anna"]);
    for client in [&mut ben, &mut carl] {
        hears(client, "left", "anna").await;
    }
    // Carl was there too, and is here: of both connections the one that is confirmed counts.
    let latest = || -> f64 {
        let members = server.cli(&["ZRANGEBYSCORE", ROOM, "0", "+inf", "WITHSCORES"]);
        let lines: Vec<_> = members.lines().collect();
        let of_carl = lines.chunks(2).filter(|pair| pair[0].starts_with("carl "));
        of_carl
            .map(|pair| pair[1].parse().unwrap())
            .fold(0.0, f64::max)
    };
    let first = latest();
    soon(async {
        while latest() <= first {
            tokio::task::yield_now().await;
        }
    })
    .await;
    server.cli(&["EVAL", RUN_OUT, "1", ROOM, "carl"]);
    becomes(&mut ben, &[("ben", 1), ("carl", 1)], false).await;
    let _next = enters(&one, "dora").await;
    for client in [&mut ben, &mut carl] {
        hears(client, "joined", "dora").await;
    }
}

/// A replica on a thread of its own, which can be stopped in the middle of all that it does.
struct Apart {
    address: SocketAddr,
    orders: mpsc::Sender<(oneshot::Sender<()>, std::sync::mpsc::Receiver<()>)>,
}

impl Apart {
    async fn start(server: &RedisServer) -> Self {
        let (orders, mut ordered) =
            mpsc::channel::<(oneshot::Sender<()>, std::sync::mpsc::Receiver<()>)>(1);
        let (starts, started) = oneshot::channel();
        let url = server.url();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = { runtime }.enable_all().build().unwrap();
            runtime.block_on(async {
                let replica = replica(url).await;
                starts.send(replica.address).unwrap();
                while let Some((frozen, thaw)) = ordered.recv().await {
                    frozen.send(()).unwrap();
                    // Nothing else runs on this thread until then.
                    thaw.recv().ok();
                }
            });
        });
        let address = soon(started).await.unwrap();
        Self { address, orders }
    }

    /// Stops it until what is returned is dropped.
    async fn freeze(&self) -> std::sync::mpsc::Sender<()> {
        let (thaws, thaw) = std::sync::mpsc::channel();
        let (freezes, frozen) = oneshot::channel();
        self.orders.send((freezes, thaw)).await.unwrap();
        soon(frozen).await.unwrap();
        thaws
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_was_frozen_puts_its_users_back() {
    let server = RedisServer::start();
    let one = replica(server.url()).await;
    let apart = Apart::start(&server).await;
    let mut ben = enters(&one, "ben").await;
    let mut anna = connect(apart.address, "anna", "/ws/maths", NOW).await;
    for client in [&mut ben, &mut anna] {
        hears(client, "joined", "anna").await;
    }
    // For a moment, which nobody notices.
    let frozen = apart.freeze().await;
    becomes(&mut ben, &[("anna", 1), ("ben", 1)], false).await;
    drop(frozen);
    // For so long that it is taken to have crashed.
    let frozen = apart.freeze().await;
    server.cli(&["EVAL", RUN_OUT, "1", ROOM, "anna"]);
    hears(&mut ben, "left", "anna").await;
    becomes(&mut ben, &[("ben", 1)], false).await;
    drop(frozen);
    hears(&mut ben, "joined", "anna").await;
    becomes(&mut ben, &[("anna", 1), ("ben", 1)], false).await;
    let _next = enters(&one, "dora").await;
    hears(&mut ben, "joined", "dora").await;
}

#[tokio::test]
async fn a_redis_that_comes_back_empty_is_told_all_and_nobody_hears_of_it() {
    let mut server = RedisServer::start();
    let (one, two) = (replica(server.url()).await, replica(server.url()).await);
    let mut anna = enters(&one, "anna").await;
    let mut ben = enters(&two, "ben").await;
    hears(&mut anna, "joined", "ben").await;
    let both = [("anna", 1), ("ben", 1)];
    for _ in 0..2 {
        server.restart();
        for client in [&mut anna, &mut ben] {
            becomes(client, &both, false).await;
        }
    }
    // Also where no connection was lost.
    server.cli(&["FLUSHALL"]);
    for client in [&mut anna, &mut ben] {
        becomes(client, &both, false).await;
    }
    // The broker may not be back as soon as the presence is.
    soon(async {
        while server.cli(&["PUBSUB", "NUMSUB", "room:maths"]) != "room:maths\n2" {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let _carl = enters(&one, "carl").await;
    for client in [&mut anna, &mut ben] {
        hears(client, "joined", "carl").await;
    }
}

#[tokio::test]
async fn while_redis_is_away_each_replica_counts_its_own_and_says_nothing_twice() {
    let mut server = RedisServer::start();
    let (one, two) = (replica(server.url()).await, replica(server.url()).await);
    let mut anna = enters(&one, "anna").await;
    let mut ben = enters(&two, "ben").await;
    hears(&mut anna, "joined", "ben").await;
    server.kill();
    becomes(&mut anna, &[("anna", 1)], true).await;
    becomes(&mut ben, &[("ben", 1)], true).await;
    let mut carl = enters(&one, "carl").await;
    hears(&mut anna, "joined", "carl").await;
    becomes(&mut carl, &[("anna", 1), ("carl", 1)], true).await;
    server.restart();
    let all = [("anna", 1), ("ben", 1), ("carl", 1)];
    for client in [&mut anna, &mut carl] {
        becomes(client, &all, false).await;
    }
    let _dora = enters(&two, "dora").await;
    for client in [&mut anna, &mut carl] {
        hears(client, "joined", "dora").await;
    }
    drop(carl);
    hears(&mut anna, "left", "carl").await;
}

/// Waits until nobody is connected to any replica, as far as Redis knows.
async fn nobody(server: &RedisServer) {
    soon(async {
        while server.cli(&["ZCOUNT", EVERYONE, "0", "+inf"]) != "0" {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn who_is_connected_to_another_replica_is_not_sent_what_came_before() {
    let server = RedisServer::start();
    let (one, two) = (remembering(&server).await, remembering(&server).await);
    one.record("ws:42", "1").await;
    let claims = json!({"sub": "42", "exp": NOW + 60});
    // It has read nothing, but may.
    let mut v1 = one.connect_v1(&claims, "/ws").await;
    v1.expect_silence().await;
    let mut classic = two.connect().await;
    classic.expect_silence().await;
    one.record("ws:42", "2").await;
    assert_eq!(classic.receive_text().await, "2");
    assert_eq!(v1.receive().await["data"], 2);
    drop((v1, classic));
    nobody(&server).await;
    two.record("ws:42", "3").await;
    let mut first = one.connect().await;
    assert_eq!(first.receive_text().await, "3");
    // Whoever loads a page anew was nowhere else.
    drop(first);
    nobody(&server).await;
    two.record("ws:42", "4").await;
    let mut again = one.connect().await;
    assert_eq!(again.receive_text().await, "4");
    again.expect_silence().await;
}

#[tokio::test]
async fn a_replica_that_was_killed_keeps_nothing_from_its_users() {
    let server = RedisServer::start();
    let one = remembering(&server).await;
    let killed = Process::start(&server).await;
    let mut before = connect(killed.address, "42", "/ws", today()).await;
    before.subscribe(&["ws:42"]).await;
    one.record("ws:42", "1").await;
    assert_eq!(before.receive_text().await, "1");
    killed.kill().await;
    one.record("ws:42", "2").await;
    let mut after = one.connect().await;
    // It may not have been noted that the first one was sent.
    let mut text = after.receive_text().await;
    if text == "1" {
        text = after.receive_text().await;
    }
    assert_eq!(text, "2");
    assert_eq!(
        server.cli(&["ZCOUNT", EVERYONE, "0", "+inf"]),
        "2",
        "one is a ghost"
    );
}
