//! A user asks as often as frames may come on a connection, over all connections together.

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
