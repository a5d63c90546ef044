//! A user asks as often as frames may come on a connection, over all connections together.

use mithril::gateway::{AuthConfig, TrustedProxies};

use super::client::Ask;
use crate::fixture::Fixture;

const PATH: &str = "/api/v1/pools";

#[tokio::test]
async fn a_user_who_asks_too_often_is_told_when_to_come_back() {
    let fixture = Fixture::with(|config| {
        config.limits.frames_per_second = 1;
        config.limits.frames_burst = 3;
    })
    .await;
    let mut refused = None;
    // A slow machine may give one more request a second; nobody asks that slowly.
    for _ in 0..100 {
        let answer = Ask::get(PATH).send(&fixture).await;
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.unwrap();
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (429, "rate_limited")
    );
    assert_eq!(refused.header("retry-after"), Some("1"));
    let other = Ask::get(PATH).user("7").send(&fixture).await;
    assert_eq!(other.status, 200, "another user has a budget of the own");
    let metrics = Ask::get("/metrics").no_token().send(&fixture).await;
    let line = "mithril_rate_limited_total 1";
    assert!(metrics.body.lines().any(|found| found == line));
    // The budget is of requests, not of frames: a socket has its own.
    let mut socket = fixture.connect().await;
    socket.expect_silence().await;
}

#[tokio::test]
async fn where_nobody_proves_anything_an_address_has_the_budget_of_its_connects() {
    let fixture = Fixture::with(|config| {
        config.auth = Some(AuthConfig::anonymous());
        config.limits.connects_per_address = 1;
        config.limits.connects_burst = 3;
        config.proxies = TrustedProxies::new(vec!["127.0.0.0/8".parse().unwrap()]);
    })
    .await;
    let from = |address| Ask::get(PATH).no_token().header("x-forwarded-for", address);
    let mut answers = Vec::new();
    while answers.last() != Some(&429) {
        answers.push(from("192.0.2.1").send(&fixture).await.status);
    }
    assert!(answers.len() > 3, "{answers:?}");
    assert_eq!(from("192.0.2.2").send(&fixture).await.status, 200);
    // From this machine all may.
    for _ in 0..9 {
        let own = Ask::get(PATH).no_token().send(&fixture).await;
        assert_eq!(own.status, 200);
    }
}
