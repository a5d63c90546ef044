//! Wherever a Redis is: behind a socket, TLS, sentinels, or in several parts.

use std::process::Command as Process;

use mithril::broker::{Broker, ConnectionChange};
use mithril::config::RedisUrl;
use mithril::ids::{RoomId, UserId};
use mithril::link::{Command, Link, LinkFailure, LinkLimits, Reply};
use mithril::presence::redis::{PresenceTiming, RedisPresence};
use mithril::presence::{Member, Place, Presence};
use mithril::protocol::Topic;

use crate::binary::{Outcome, mithril};
use crate::content::write_tree;
use crate::recorder::soon;
use crate::server::{RedisServer, free_port};
use crate::subscriber::Subscriber;

fn link(url: &str) -> Link {
    Link::new(url.parse::<RedisUrl>().unwrap(), LinkLimits::default())
}

/// Sends a message round.
async fn goes_round(url: &str) {
    let subscriber = Subscriber::patient(url);
    subscriber.subscribe("a").await.unwrap();
    subscriber.publish("a", "round").await.unwrap();
    assert_eq!(subscriber.next().await.1, "round", "{url}");
}

#[tokio::test]
async fn a_socket_of_this_machine() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("redis.sock");
    let _server = RedisServer::with(&["--unixsocket", socket.to_str().unwrap()]);
    goes_round(&format!("unix://{}", socket.display())).await;
}

#[tokio::test]
async fn a_database_that_is_named() {
    let server = RedisServer::start();
    let set = Command::new("SET").arg("key").arg("value");
    link(&format!("{}/7", server.url()))
        .send(set)
        .await
        .unwrap();
    assert_eq!(server.cli(&["-n", "7", "GET", "key"]), "value");
    assert_eq!(server.cli(&["EXISTS", "key"]), "0");
}

#[tokio::test]
async fn a_primary_that_fails_over_is_followed() {
    let mut first = RedisServer::start();
    let second = RedisServer::with(&["--replicaof", "127.0.0.1", &first.port().to_string()]);
    let sentinel = RedisServer::sentinel(&first);
    let absent = free_port();
    let sentinels = format!("127.0.0.1:{absent},127.0.0.1:{}", sentinel.port());
    let url = format!("redis+sentinel://{sentinels}/school");
    let subscriber = Subscriber::patient(&url);
    subscriber.subscribe("a").await.unwrap();
    first.cli(&["PUBLISH", "a", "from the first"]);
    assert_eq!(subscriber.next().await.1, "from the first");
    let unknown = link(&format!("redis+sentinel://{sentinels}/other"));
    let error = soon(unknown.connect()).await.unwrap_err();
    let expected = LinkFailure::UnknownPrimary("other".into());
    assert!(
        error.failure == expected || matches!(error.failure, LinkFailure::Unreachable(_)),
        "{error}"
    );
    let replicas = || sentinel.cli(&["SENTINEL", "REPLICAS", "school"]);
    soon(async { while replicas().is_empty() {} }).await;
    first.kill();
    subscriber.inbox.changed(ConnectionChange::Restored).await;
    assert_eq!(second.cli(&["PUBLISH", "a", "from the second"]), "1");
    assert_eq!(subscriber.next().await.1, "from the second");
    subscriber.publish("a", "to the second").await.unwrap();
    assert_eq!(subscriber.next().await.1, "to the second");
}

/// Three servers that share the keys.
pub(crate) async fn cluster() -> (Vec<RedisServer>, String) {
    let mut servers = Vec::new();
    for _ in 0..3 {
        let port = free_port().to_string();
        let options = ["--cluster-enabled", "yes", "--cluster-port", &port];
        let server =
            RedisServer::with(&[&options[..], &["--cluster-node-timeout", "1000"]].concat());
        servers.push((server, port));
    }
    let slots = [("0", "5000"), ("5001", "10000"), ("10001", "16383")];
    let (first, first_bus) = &servers[0];
    let (first_port, first_bus) = (first.port().to_string(), first_bus.clone());
    for (index, (server, _)) in servers.iter().enumerate() {
        let (from, to) = slots[index];
        server.cli(&["CLUSTER", "ADDSLOTSRANGE", from, to]);
        server.cli(&["CLUSTER", "SET-CONFIG-EPOCH", &(index + 1).to_string()]);
        server.cli(&["CLUSTER", "MEET", "127.0.0.1", &first_port, &first_bus]);
    }
    let servers: Vec<_> = servers.into_iter().map(|(server, _)| server).collect();
    let agree = |server: &RedisServer| {
        let info = server.cli(&["CLUSTER", "INFO"]);
        info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
    };
    soon(async {
        while !servers.iter().all(agree) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let hosts: Vec<_> = servers
        .iter()
        .map(|s| format!("127.0.0.1:{}", s.port()))
        .collect();
    (servers, format!("redis+cluster://{}", hosts.join(",")))
}

#[tokio::test]
async fn a_cluster_carries_messages_from_any_node_to_all() {
    let (mut servers, url) = cluster().await;
    let subscriber = Subscriber::patient(&url);
    for channel in ["a", "b", "room:*"] {
        subscriber.subscribe(channel).await.unwrap();
    }
    for (number, channel) in ["a", "b", "room:c", "room:d"].iter().enumerate() {
        let text = number.to_string();
        subscriber.publish(channel, &text).await.unwrap();
        assert_eq!(subscriber.next().await, ((*channel).into(), text));
        servers[number % 3].cli(&["PUBLISH", channel, "by hand"]);
        assert_eq!(subscriber.next().await.1, "by hand");
    }
    // The node that it listens on goes; the others are left.
    let listens = |server: &RedisServer| server.cli(&["PUBSUB", "NUMPAT"]) == "1";
    let node = servers.iter().position(listens).unwrap();
    servers[node].kill();
    subscriber.inbox.changed(ConnectionChange::Restored).await;
    assert!(subscriber.broker.is_connected());
    servers[(node + 1) % 3].cli(&["PUBLISH", "a", "of the others"]);
    assert_eq!(subscriber.next().await.1, "of the others");
}

#[tokio::test]
async fn a_cluster_knows_who_is_where_whatever_node_has_the_room() {
    let (_servers, url) = cluster().await;
    let presence = RedisPresence::new(link(&url), PresenceTiming::default());
    let member = Member {
        user: UserId::parse("anna").unwrap(),
        replica: 1,
        number: 1,
    };
    let rooms = ["a", "b", "c", "d"].map(|room| Topic::Room(RoomId::parse(room).unwrap()));
    let places = rooms.map(Place::Topic).into_iter().chain([Place::Everyone]);
    for place in places {
        let here = [member.clone()];
        let outcome = presence.tell(&place, &here, &[]).await.unwrap();
        assert_eq!(outcome.joined.len(), 1);
        assert_eq!(presence.present(&place, 9).await.unwrap().total, 1);
        let outcome = presence.tell(&place, &[], &here).await.unwrap();
        assert_eq!(outcome.left.len(), 1);
    }
}

#[tokio::test]
async fn keys_of_a_cluster_are_found_on_all_its_nodes() {
    let (servers, url) = cluster().await;
    let link = link(&url);
    let keys: Vec<_> = (0..50).map(|number| format!("key:{number:02}")).collect();
    let sets = keys.iter().map(|key| Command::new("SET").arg(key).arg(key));
    for reply in link.pipeline(sets.collect()).await.unwrap() {
        reply.unwrap();
    }
    assert_eq!(link.keys("key:*").await.unwrap(), keys);
    let counts = servers.iter().map(|server| server.cli(&["DBSIZE"]));
    assert!(counts.into_iter().all(|count| count != "0"));
    // Through one node as if it were all, the error says what to write instead.
    let one = self::link(&servers[0].url());
    let moved = one.pipeline(
        keys.iter()
            .map(|key| Command::new("GET").arg(key))
            .collect(),
    );
    let moved = moved.await.unwrap();
    assert!(moved.contains(&Err(LinkFailure::Moved)));
    assert!(LinkFailure::Moved.to_string().contains("redis+cluster://"));
}
#[tokio::test]
async fn the_cache_lies_on_all_nodes_of_a_cluster() {
    let (servers, url) = cluster().await;
    let directory = tempfile::tempdir().unwrap();
    write_tree(&directory.path().join("exercises"), 120);
    let run = |arguments: &[&str]| -> Outcome {
        let mut command = mithril(directory.path());
        command.arg("cache").args(arguments).env("REDIS_URL", &url);
        command.output().unwrap().into()
    };
    let expect = |code: i32, arguments: &[&str]| {
        let outcome = run(arguments);
        assert_eq!(
            outcome.code, code,
            "{arguments:?}: {}{}",
            outcome.stdout, outcome.stderr
        );
        outcome.stdout
    };
    expect(1, &["status"]);
    expect(0, &["warm"]);
    expect(0, &["status"]);
    expect(0, &["warm", "--pool", "pool-0001"]);
    let size = |server: &RedisServer| -> usize { server.cli(&["DBSIZE"]).parse().unwrap() };
    assert!(servers.iter().all(|server| size(server) > 10));
    assert_eq!(servers.iter().map(size).sum::<usize>(), 120 + 2 * 2 + 1);
    let removed = expect(0, &["invalidate", "--pool", "pool-0001"]);
    assert_eq!(removed.lines().count(), 1 + 20 + 2);
    let list = Command::new("LRANGE").args(["mithril:pools:list", "0", "-1"]);
    let listed = link(&url).send(list).await.unwrap().list().unwrap();
    assert_eq!(listed, [Reply::Bytes(b"pool-0000".to_vec())]);
    expect(1, &["status"]);
    std::fs::remove_dir_all(directory.path().join("exercises/pool-0001")).unwrap();
    expect(0, &["warm", "--prune"]);
    expect(0, &["status"]);
    expect(0, &["invalidate", "--all"]);
    assert_eq!(servers.iter().map(size).sum::<usize>(), 0);
}

#[tokio::test]
async fn a_server_behind_tls_is_trusted_by_its_authority() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let made = Process::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ])
        .args([
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", &file("key"), "-out", &file("certificate")])
        .output()
        .expect("openssl is needed: apt-get install openssl");
    assert!(made.status.success(), "{made:?}");
    let port = free_port().to_string();
    let options = [
        "--tls-port",
        &port,
        "--tls-auth-clients",
        "no",
        "--tls-key-file",
    ];
    let files = [&file("key"), "--tls-cert-file", &file("certificate")];
    let server = RedisServer::with(&[&options[..], &files[..]].concat());
    // The binary, because which authorities are trusted belongs to its environment.
    let status = |url: &str, trusted: &str| {
        let output = Process::new(env!("CARGO_BIN_EXE_mithril"))
            .args(["cache", "status"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env_clear()
            .env("REDIS_URL", url)
            .env("SSL_CERT_FILE", trusted)
            .output()
            .unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let secure = format!("rediss://127.0.0.1:{port}");
    let (code, stderr) = status(&secure, &file("certificate"));
    assert_eq!(code, 1, "nothing is cached yet: {stderr}");
    let other = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let (code, stderr) = status(&secure, other);
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("over TLS"), "{stderr}");
    // The wrong scheme for a port, both ways.
    let (code, stderr) = status(
        &format!("rediss://127.0.0.1:{}", server.port()),
        &file("certificate"),
    );
    assert_eq!(code, 2);
    assert!(stderr.contains("over TLS"), "{stderr}");
    let (code, stderr) = status(&format!("redis://127.0.0.1:{port}"), &file("certificate"));
    assert_eq!(code, 2);
    assert!(stderr.contains("rediss://"), "{stderr}");
}
