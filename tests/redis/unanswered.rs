//! A Redis that stops in the middle of a publish may have done it, or do it when it goes on: nobody
//! knows, so it is said, and whoever tries again under the same id has it once.

use std::path::Path;

use serde_json::{Value, json};

use crate::binary::{Outcome, mithril};
use crate::fixture::{Fixture, HttpAnswer, NOW, signed, soon};
use crate::history::{ROOM, connect, nothing_recorded, recorded, replica, say, subscribe};
use crate::server::RedisServer;

pub(crate) async fn publish(replica: &Fixture, message: &Value) -> HttpAnswer {
    let token = signed(&json!({"sub": "7", "exp": NOW + 60, "scope": "publish"}));
    let body = message.to_string();
    let request = format!(
        "POST /api/v1/publish HTTP/1.1\r\nHost: localhost\r\nAuthorization: {token}\r\nContent-Type: \
         application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    replica.http(&request).await
}

/// Waits until Redis has so many messages of the room.
async fn kept(server: &RedisServer, count: &str) {
    soon(async {
        while server.cli(&["XLEN", &format!("mithril:stream:{{{ROOM}}}")]) != count {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Publishes until it is recorded, and says at which offset.
pub(crate) async fn insist(replica: &Fixture, message: &Value) -> u64 {
    soon(async {
        loop {
            let answer = publish(replica, message).await;
            if answer.status == 200 {
                return answer.json()["offset"].as_u64().unwrap();
            }
            assert_eq!(answer.status, 503, "{}", answer.body);
        }
    })
    .await
}

#[tokio::test]
async fn what_is_done_when_redis_goes_on_is_there_once_under_a_key() {
    let server = RedisServer::start();
    let replica = replica(&server, false).await;
    let mut client = connect(&replica, "anna").await;
    subscribe(&mut client, json!({})).await;
    let message = |number: u64| json!({"topic": ROOM, "data": number});
    assert_eq!(insist(&replica, &message(1)).await, 1);
    assert_eq!(recorded(&mut client).await, (1, json!(1)));

    let mut with_key = message(2);
    with_key["idempotency_key"] = json!("two");
    for (message, kept_then) in [(&with_key, "2"), (&message(3), "3")] {
        server.freeze();
        let answer = publish(&replica, message).await;
        let body = answer.json();
        assert_eq!((answer.status, &body["code"]), (503, &json!("unavailable")));
        let said = body["error"].as_str().unwrap();
        assert!(
            said.contains("whether the message is recorded is not known"),
            "{said}"
        );
        server.thaw();
        kept(&server, kept_then).await;
        // Redis is known to be back before it is stopped again.
        insist(&replica, &with_key).await;
    }
    assert_eq!(insist(&replica, &with_key).await, 2);
    // Without a key it is there again.
    assert_eq!(insist(&replica, &message(3)).await, 4);
    for (offset, number) in [(2, 2), (3, 3), (4, 3)] {
        assert_eq!(recorded(&mut client).await, (offset, json!(number)));
    }
    nothing_recorded(&mut client).await;
}

#[tokio::test]
async fn what_a_member_says_meanwhile_is_shown_once() {
    let server = RedisServer::start();
    let (one, two) = (replica(&server, false).await, replica(&server, false).await);
    let (mut anna, mut ben) = (connect(&one, "anna").await, connect(&two, "ben").await);
    subscribe(&mut anna, json!({})).await;
    subscribe(&mut ben, json!({})).await;
    say(&mut anna, "1").await;
    assert_eq!(recorded(&mut anna).await.0, 1);
    assert_eq!(recorded(&mut ben).await.0, 1);
    server.freeze();
    say(&mut anna, "2").await;
    loop {
        let event = anna.receive().await;
        if event["data"]["data"] == "2" {
            assert_eq!(event.get("offset"), None, "{event}");
            break;
        }
    }
    let answer = anna.receive().await;
    assert_eq!(
        (&answer["request_id"], answer["data"].get("offset")),
        (&json!("p"), None)
    );
    server.thaw();
    let (offset, data) = recorded(&mut ben).await;
    assert_eq!((offset, &data["data"]), (2, &json!("2")));
    // Until it is recorded again, what is said stays here.
    let last = soon(async {
        loop {
            say(&mut anna, "3").await;
            let mut answer = anna.receive().await;
            while answer["request_id"] != "p" {
                assert_ne!(answer["data"]["data"], "2", "{answer}");
                answer = anna.receive().await;
            }
            if let Some(offset) = answer["data"]["offset"].as_u64() {
                return offset;
            }
        }
    });
    let last = last.await;
    loop {
        let (offset, data) = recorded(&mut ben).await;
        assert_eq!(data["data"], "3");
        if offset == last {
            break;
        }
    }
    nothing_recorded(&mut ben).await;
}

#[tokio::test]
async fn a_publisher_that_has_no_answer_says_that_it_does_not_know() {
    let server = RedisServer::start();
    let run = |arguments: &[&str]| {
        let mut command = tokio::process::Command::from(mithril(Path::new("/")));
        command
            .env("REDIS_URL", server.url())
            .args(["publish", ROOM, "--data", "1"])
            .args(arguments);
        async move { Outcome::from(command.output().await.unwrap()) }
    };
    let key = ["--idempotency-key", "k"];
    server.cli(&["CLIENT", "PAUSE", "60000", "WRITE"]);
    let (with_key, without) = tokio::join!(run(&key), run(&[]));
    for (outcome, advice) in [(with_key, "with the same"), (without, "may be there twice")] {
        assert_eq!((outcome.code, &*outcome.stdout), (2, ""));
        for part in ["is not known", advice, "did not answer within"] {
            assert!(outcome.stderr.contains(part), "{}", outcome.stderr);
        }
    }
    server.cli(&["CLIENT", "UNPAUSE"]);
    let before = server.cli(&["XLEN", "mithril:stream:{room:maths}"]);
    assert_eq!(run(&key).await.code, 0);
    assert_eq!(run(&key).await.code, 0);
    let after: u64 = server
        .cli(&["XLEN", "mithril:stream:{room:maths}"])
        .parse()
        .unwrap();
    assert!(after <= before.parse::<u64>().unwrap() + 1);
}
