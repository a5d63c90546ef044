//! A server that may not be used for everything.

use futures_util::future::join_all;
use mithril::broker::{Broker, BrokerError, Subscription};

use crate::recorder::soon;
use crate::server::RedisServer;
use crate::subscriber::Subscriber;

const PASSWORD: &str = "hunter2-and-more";

/// A server with a user who may do what these rules say, and the user's URL.
fn server(rules: &[&str]) -> (RedisServer, String) {
    let server = RedisServer::start();
    let password = format!(">{PASSWORD}");
    let mut command = vec!["ACL", "SETUSER", "ann", "on", &password];
    command.extend(rules);
    assert_eq!(server.cli(&command), "OK");
    let url = format!("redis://ann:{PASSWORD}@127.0.0.1:{}", server.port());
    (server, url)
}

#[tokio::test]
async fn who_may_not_publish_is_told_and_still_listens() {
    let (server, url) = server(&["+@all", "-publish", "~*", "&*"]);
    let subscriber = Subscriber::patient(&url);
    subscriber.subscribe("a").await.unwrap();
    let refused = subscriber.publish("a", "1").await;
    let Err(BrokerError::Refused(why)) = refused else {
        panic!("{refused:?}");
    };
    assert!(
        why.contains("does not allow this user to use publish"),
        "{why}"
    );
    assert!(!why.contains(PASSWORD), "{why}");
    server.cli(&["PUBLISH", "a", "heard"]);
    assert_eq!(subscriber.next().await.1, "heard");
    assert!(subscriber.broker.is_connected());
}

#[tokio::test]
async fn of_many_channels_only_the_forbidden_one_is_refused() {
    let (mut server, url) = server(&["+@all", "~*", "resetchannels", "&ws:*", "&room:*"]);
    let subscriber = Subscriber::patient(&url);
    let names = (0..100).map(|number| match number {
        50 => "secret".to_owned(),
        60 => "room:*".to_owned(),
        _ => format!("ws:{number}"),
    });
    let outcomes = names.map(|name| subscriber.broker.subscribe(Subscription::to(name)));
    let outcomes = soon(join_all(outcomes)).await;
    for (number, outcome) in outcomes.iter().enumerate() {
        match outcome {
            Err(BrokerError::Refused(why)) if number == 50 => {
                assert!(why.contains("use that channel"), "{why}");
            }
            outcome => assert_eq!(outcome, &Ok(()), "{number}"),
        }
    }
    server.cli(&["PUBLISH", "ws:99", "heard"]);
    assert_eq!(subscriber.next().await.1, "heard");
    // The user is not there after a restart, so nothing comes back, and nothing is told of it.
    server.restart();
    subscriber
        .inbox
        .changed(mithril::broker::ConnectionChange::Lost)
        .await;
    assert!(!subscriber.broker.is_connected());
}

#[tokio::test]
async fn a_server_that_is_full_carries_messages_all_the_same() {
    let options = ["--maxmemory", "100kb", "--maxmemory-policy", "noeviction"];
    let server = RedisServer::with(&options);
    let subscriber = Subscriber::patient(&server.url());
    subscriber.subscribe("a").await.unwrap();
    let full = server.cli_with(&["SET", "key", "value"], b"");
    assert!(String::from_utf8(full.stdout).unwrap().contains("OOM"));
    subscriber.publish("a", "heard").await.unwrap();
    assert_eq!(subscriber.next().await.1, "heard");
}
