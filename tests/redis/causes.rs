//! Whatever is wrong, the error names the cause and what to do, and no secret.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use mithril::link::{Command, Link, LinkFailure, LinkLimits};

use crate::recorder::soon;
use crate::server::{RedisServer, free_port};

const PASSWORD: &str = "hunter2-and-more";

fn link(url: &str) -> Link {
    let limits = LinkLimits {
        answer: Duration::from_secs(2),
        dial: Duration::from_secs(2),
    };
    Link::new(url.parse().unwrap(), limits)
}

/// What a write fails with.
async fn failure(url: &str) -> LinkFailure {
    let write = Command::new("SET").arg("key").arg("value");
    let error = soon(link(url).send(write)).await.unwrap_err();
    let text = error.to_string();
    assert!(!text.contains(PASSWORD), "{text}");
    assert!(!format!("{error:?}").contains(PASSWORD), "{error:?}");
    let port = url.rsplit(':').next().unwrap().split('/').next().unwrap();
    assert!(text.contains(port), "it does not say where: {text}");
    error.failure
}

#[tokio::test]
async fn a_password_that_is_missing_or_wrong() {
    let server = RedisServer::with(&["--requirepass", PASSWORD]);
    let port = server.port();
    assert_eq!(failure(&server.url()).await, LinkFailure::NoPassword);
    let wrong = format!("redis://:{PASSWORD}x@127.0.0.1:{port}");
    assert_eq!(failure(&wrong).await, LinkFailure::WrongPassword);
    let nobody = format!("redis://nobody:{PASSWORD}@127.0.0.1:{port}");
    assert_eq!(failure(&nobody).await, LinkFailure::WrongPassword);
    let right = format!("redis://:{PASSWORD}@127.0.0.1:{port}/3");
    let reply = link(&right).send(Command::new("PING")).await.unwrap();
    assert_eq!(reply.text().as_deref(), Some("PONG"));
}

#[tokio::test]
async fn nobody_or_a_stranger_at_the_port() {
    let nobody = format!("redis://127.0.0.1:{}", free_port());
    let unreachable = failure(&nobody).await;
    assert!(unreachable.to_string().contains("refused"), "{unreachable}");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silence = format!("redis://{}", silent.local_addr().unwrap());
    assert!(matches!(failure(&silence).await, LinkFailure::Timeout(_)));
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", stranger.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in stranger.incoming() {
            let mut stream = stream.unwrap();
            let mut greeting = [0; 16];
            stream.read_exact(&mut greeting).unwrap();
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").ok();
        }
    });
    assert_eq!(failure(&url).await, LinkFailure::Garbled);
}

#[tokio::test]
async fn a_server_that_takes_no_writes() {
    let full = RedisServer::with(&["--maxmemory", "100kb", "--maxmemory-policy", "noeviction"]);
    assert_eq!(failure(&full.url()).await, LinkFailure::OutOfMemory);
    let primary = RedisServer::start().port().to_string();
    let replica = RedisServer::with(&["--replicaof", "127.0.0.1", &primary]);
    assert_eq!(failure(&replica.url()).await, LinkFailure::ReadOnly);
    let node = RedisServer::with(&["--cluster-enabled", "yes"]);
    assert_eq!(failure(&node.url()).await, LinkFailure::ClusterDown);
    let database = format!("{}/99", full.url());
    assert_eq!(failure(&database).await, LinkFailure::Database);
}

#[tokio::test]
async fn a_transaction_that_is_refused_says_why_and_does_nothing() {
    let server = RedisServer::start();
    let link = link(&server.url());
    let set = |key: &str| Command::new("SET").arg(key).arg("value");
    assert_eq!(
        link.transaction(vec![set("a"), set("b")])
            .await
            .unwrap()
            .len(),
        2
    );
    server.cli(&["CONFIG", "SET", "maxmemory", "100kb"]);
    let error = link
        .transaction(vec![set("a"), set("c")])
        .await
        .unwrap_err();
    assert_eq!(error.failure, LinkFailure::OutOfMemory);
    assert_eq!(server.cli(&["EXISTS", "c"]), "0");
    // Of commands apart, each has its own answer.
    let get = Command::new("GET").arg("a");
    let replies = link.pipeline(vec![set("c"), get]).await.unwrap();
    assert_eq!(replies[0], Err(LinkFailure::OutOfMemory));
    let value = replies[1].clone().unwrap().text();
    assert_eq!(value.as_deref(), Some("value"));
}

#[tokio::test]
async fn a_server_that_is_back_is_used_at_the_next_attempt() {
    let mut server = RedisServer::start();
    let link = link(&server.url());
    let ping = async || link.send(Command::new("PING")).await;
    soon(ping()).await.unwrap();
    server.kill();
    let failed = soon(ping()).await.unwrap_err().failure;
    assert!(failed.is_of_connection(), "{failed}");
    server.restart();
    // It is asked again after a pause of a second at most.
    soon(async { while ping().await.is_err() {} }).await;
}
