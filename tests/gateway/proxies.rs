//! What a proxy says counts where the proxy is known, and limits go by what it says.

use mithril::gateway::{Origins, TrustedProxies};
use serde_json::json;

use crate::fixture::{Fixture, token, upgrade};

fn trusted() -> TrustedProxies {
    TrustedProxies::new(vec!["127.0.0.0/8".parse().unwrap()])
}

fn bearer() -> String {
    format!("Authorization: {}\r\n", token("42"))
}

async fn open(fixture: &Fixture, headers: &str) -> u16 {
    fixture.http(&upgrade("/ws", headers)).await.status
}

#[tokio::test]
async fn connects_are_counted_by_the_address_behind_the_proxy() {
    let fixture = Fixture::with(|config| {
        config.proxies = trusted();
        config.limits.connects_per_address = 1;
        config.limits.connects_burst = 2;
        config.limits.connections_per_user = 100;
    })
    .await;
    let from = |address: &str| format!("X-Forwarded-For: 9.9.9.9, {address}\r\n{}", bearer());
    for address in ["1.2.3.4", "2001:db8::1"] {
        assert_eq!(open(&fixture, &from(address)).await, 101);
        assert_eq!(open(&fixture, &from(address)).await, 101);
        let refused = fixture.http(&upgrade("/ws", &from(address))).await;
        assert_eq!(
            (refused.status, &refused.json()["code"]),
            (429, &json!("too_many_connects"))
        );
        assert_eq!(refused.header("retry-after"), Some("1"));
    }
    // The same household of IPv6, and others.
    assert_eq!(open(&fixture, &from("2001:db8::2")).await, 429);
    assert_eq!(open(&fixture, &from("1.2.3.5")).await, 101);
    for _ in 0..5 {
        assert_eq!(open(&fixture, &bearer()).await, 101, "from this machine");
    }
}

#[tokio::test]
async fn a_stranger_does_not_choose_its_address() {
    let fixture = Fixture::with(|config| {
        config.limits.connects_per_address = 1;
        config.limits.connects_burst = 1;
        config.limits.connections_per_user = 100;
    })
    .await;
    let headers = format!("X-Forwarded-For: 1.2.3.4\r\n{}", bearer());
    for _ in 0..5 {
        assert_eq!(open(&fixture, &headers).await, 101);
    }
}

#[tokio::test]
async fn tokens_that_prove_nothing_are_looked_at_so_often() {
    let fixture = Fixture::with(|config| {
        config.proxies = trusted();
        config.limits.failures_per_address = 3;
    })
    .await;
    let from = |address: &str, token: &str| {
        format!("X-Forwarded-For: {address}\r\nAuthorization: {token}\r\n")
    };
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(open(&fixture, &from("1.2.3.4", "nonsense")).await);
    }
    // One may have become free again meanwhile.
    assert_eq!(statuses[..3], [401, 401, 401]);
    assert!(statuses[3..].contains(&429), "{statuses:?}");
    assert_eq!(open(&fixture, &from("1.2.3.5", &token("42"))).await, 101);
}

#[tokio::test]
async fn the_origin_may_be_the_host_that_the_proxy_was_asked_for() {
    let lines = format!(
        "Origin: https://school.example\r\nX-Forwarded-Host: school.example\r\n{}",
        bearer()
    );
    let known = Fixture::with(|config| config.proxies = trusted()).await;
    assert_eq!(open(&known, &lines).await, 101);
    let unknown = Fixture::start().await;
    assert_eq!(open(&unknown, &lines).await, 403);
}

#[tokio::test]
async fn other_sites_are_let_in_by_name() {
    let listed = ["https://school.example".to_owned()];
    let fixture = Fixture::with(|config| config.origins = Origins::new(&listed)).await;
    let origin = |origin: &str| format!("Origin: {origin}\r\n{}", bearer());
    assert_eq!(open(&fixture, &origin("https://school.example")).await, 101);
    for other in ["https://evil.example", "http://school.example", "null"] {
        assert_eq!(open(&fixture, &origin(other)).await, 403, "{other}");
    }

    let preflight = |origin: &str| {
        format!(
            "OPTIONS /healthz HTTP/1.1\r\nHost: a\r\nOrigin: {origin}\r\n\
             Access-Control-Request-Method: GET\r\n\
             Access-Control-Request-Headers: authorization\r\n\r\n"
        )
    };
    let allowed = fixture.http(&preflight("https://school.example")).await;
    assert_eq!(allowed.status, 200);
    assert_eq!(
        allowed.header("access-control-allow-origin"),
        Some("https://school.example")
    );
    assert_eq!(allowed.header("access-control-allow-credentials"), None);
    let refused = fixture.http(&preflight("https://evil.example")).await;
    assert_eq!(refused.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn sockets_may_stand_behind_a_path() {
    let fixture = Fixture::with(|config| config.base_path = "/api/chat-api".to_owned()).await;
    for path in ["/ws", "/ws/", "/ws/connect"] {
        let request = upgrade(&format!("/api/chat-api{path}"), &bearer());
        assert_eq!(fixture.http(&request).await.status, 101, "{path}");
        assert_eq!(
            fixture.http(&upgrade(path, &bearer())).await.status,
            404,
            "{path}"
        );
    }
    let health = fixture
        .http("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        .await;
    assert_eq!(health.status, 200);
}
