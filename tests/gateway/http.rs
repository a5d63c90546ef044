//! What is not a socket.

use mithril::daemon::{Daemon, DaemonConfig, DaemonError};
use mithril::gateway::AuthConfig;
use mithril::ids::UserId;
use serde_json::json;

use crate::fixture::{Fixture, broker_of, config, http, soon, upgrade};

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

#[tokio::test]
async fn health_tells_what_is_served() {
    let fixture = Fixture::start().await;
    let _socket = fixture.connect().await;
    let answer = fixture.http(&get("/healthz")).await;
    assert_eq!(answer.status, 200);
    let body = answer.json();
    assert_eq!(body["status"], "ok");
    assert_eq!(body["version"], env!("CARGO_PKG_VERSION"));
    assert!(body["uptime_seconds"].is_u64());
    assert_eq!(body["connections"], 1);
    assert_eq!(body["content"]["pools"], 2);
    assert_eq!(body["content"]["exercises"], 2);
    for path in ["/livez", "/readyz"] {
        let answer = fixture.http(&get(path)).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json(), json!({"status": "ok"}));
    }
}

#[tokio::test]
async fn what_is_not_configured_is_not_ill() {
    let fixture = Fixture::start().await;
    for path in ["/healthz/nats", "/healthz/redis"] {
        let answer = fixture.http(&get(path)).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json(), json!({"state": "off"}));
    }
}

#[tokio::test]
async fn metrics_may_have_a_listener_of_their_own() {
    let fixture = Fixture::with(|config| {
        config.metrics_listen = Some("127.0.0.1:0".parse().unwrap());
        config.base_path = "/api/chat-api".to_owned();
    })
    .await;
    let apart = fixture.daemon.metrics_address().unwrap();
    let _socket = fixture.connect_as("42", "/api/chat-api/ws").await;
    let answer = http(apart, &get("/metrics")).await;
    assert_eq!(answer.status, 200);
    let line = "websocket_active_connections 1";
    assert!(answer.body.lines().any(|found| found == line));
    for path in ["/healthz", "/api/chat-api/ws", "/"] {
        assert_eq!(http(apart, &get(path)).await.status, 404, "{path}");
    }
    assert_eq!(fixture.http(&get("/metrics")).await.status, 404);
    assert_eq!(fixture.http(&get("/healthz")).await.status, 200);
    assert_eq!(fixture.daemon.drain().await, []);
    tokio::net::TcpStream::connect(apart).await.unwrap_err();
}

#[tokio::test]
async fn a_listener_of_metrics_that_is_taken_is_an_error_at_start() {
    let fixture = Fixture::start().await;
    let mut config = config();
    config.metrics_listen = Some(fixture.address);
    let error = Daemon::bind(config).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "failed to listen on {}: choose another address, or port 0 for any free port",
            fixture.address
        )
    );
}

#[tokio::test]
async fn errors_are_json() {
    let fixture = Fixture::start().await;
    // Without --dev there is no page either.
    for path in ["/", "/nope", "/ws/a/b"] {
        let answer = fixture.http(&get(path)).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.json()["code"], "not_found");
    }
    for path in ["/healthz", "/ws"] {
        let request = format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
        let answer = fixture.http(&request).await;
        assert_eq!(answer.status, 405, "{path}");
        assert_eq!(answer.json()["code"], "method_not_allowed");
        assert_eq!(answer.header("allow"), Some("GET,HEAD"));
    }
}

#[tokio::test]
async fn the_page_runs_its_own_script_alone() {
    let fixture = Fixture::with(|config| config.dev = true).await;
    let answer = fixture.http(&get("/")).await;
    assert_eq!(answer.status, 200);
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    let (_, rest) = policy.split_once("script-src 'nonce-").unwrap();
    let (nonce, _) = rest.split_once('\'').unwrap();
    assert_eq!(nonce.len(), 32);
    let script = format!("<script nonce=\"{nonce}\">");
    assert_eq!(answer.body.matches(&script).count(), 1);
    assert_eq!(answer.body.matches("<script").count(), 1);
    assert!(!answer.body.contains("{{nonce}}"));
    assert!(!answer.body.contains("http://") && !answer.body.contains("https://"));
    assert!(!answer.body.contains(" style="), "the policy forbids it");
    assert!(!answer.body.contains("{{"), "all is filled in");
    let again = fixture.http(&get("/")).await;
    assert!(!again.body.contains(nonce), "a nonce is used once");
}

#[tokio::test]
async fn a_development_daemon_makes_its_own_key() {
    let mut dev = config();
    dev.auth = None;
    dev.dev = true;
    let (broker, history) = (broker_of(&dev), dev.history.clone());
    let daemon = Daemon::bind(dev).await.unwrap();
    let user = UserId::parse("dev").unwrap();
    let token = daemon.dev_token(&user).unwrap().unwrap();
    let daemon = daemon.spawn();
    let fixture = Fixture {
        broker,
        history,
        address: daemon.address(),
        daemon,
    };
    let offer = format!("mithril.v1, mithril.bearer.{token}");
    let origin = format!("http://{}", fixture.address);
    let headers = [
        ("sec-websocket-protocol", offer.as_str()),
        ("origin", origin.as_str()),
    ];
    let mut client = fixture.connect_with("/ws", &headers).await;
    let data = json!({"user_id": "dev", "exercise_id": "hello"});
    let launch = client.request("exercise.launch", data).await;
    assert_eq!(launch["type"], "response");
}

#[tokio::test]
async fn a_daemon_without_a_key_does_not_start() {
    let refused = |change: fn(&mut DaemonConfig)| async move {
        let mut config = config();
        config.auth = None;
        change(&mut config);
        Daemon::bind(config).await.unwrap_err()
    };
    assert!(matches!(refused(|_| {}).await, DaemonError::NoKey));
    let open = |config: &mut DaemonConfig| {
        config.dev = true;
        config.listen = "0.0.0.0:0".parse().unwrap();
    };
    assert!(matches!(refused(open).await, DaemonError::NotLoopback(_)));
}

#[tokio::test]
async fn an_address_in_use_is_an_error_at_start() {
    let fixture = Fixture::start().await;
    let mut config = config();
    config.listen = fixture.address;
    let error = Daemon::bind(config).await.unwrap_err();
    assert!(matches!(error, DaemonError::Bind { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        format!(
            "failed to listen on {}: choose another address, or port 0 for any free port",
            fixture.address
        )
    );
}

#[tokio::test]
async fn only_a_development_daemon_mints_tokens() {
    let daemon = Daemon::bind(config()).await.unwrap();
    let user = UserId::parse("dev").unwrap();
    assert_eq!(daemon.dev_token(&user).unwrap(), None);
}

#[tokio::test]
async fn what_happens_is_counted_without_naming_anybody() {
    let fixture = Fixture::with(|config| config.limits.connections_per_user = 1).await;
    let mut client = fixture.connect().await;
    let mut second = fixture.connect().await;
    assert_eq!(second.closed().await.0, 4000);
    for id in ["hello", "a-name-of-its-own"] {
        client
            .request("exercise.get", json!({"exercise_id": id}))
            .await;
    }
    client.request("a-subject-of-its-own", json!({})).await;
    fixture.publish("ws:42", r#"{"event":"graded"}"#).await;
    assert_eq!(client.receive().await["event"], "graded");
    let refused = fixture.http(&upgrade("/ws?token=nonsense", "")).await;
    assert_eq!(refused.status, 401);
    let answer = fixture.http(&get("/metrics")).await;
    assert_eq!(answer.status, 200);
    let kind = answer.header("content-type").unwrap();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    for line in [
        r#"websocket_connections_total{status="accepted"} 1"#,
        r#"websocket_connections_total{status="limited"} 1"#,
        r#"websocket_connections_total{status="refused"} 1"#,
        "websocket_active_connections 1",
        "websocket_messages_sent_total 4",
        "websocket_message_size_bytes_count 4",
        r#"jwt_validation_total{result="valid"} 2"#,
        r#"jwt_validation_total{result="invalid_token"} 1"#,
        r#"mithril_close_total{code="connection_limit"} 1"#,
        r#"mithril_requests_total{subject="exercise.get",result="ok"} 1"#,
        r#"mithril_requests_total{subject="exercise.get",result="not_found"} 1"#,
        r#"mithril_requests_total{subject="other",result="unknown_subject"} 1"#,
        "mithril_request_duration_seconds_count 3",
        "mithril_rate_limited_total 0",
        "mithril_subscriptions 1",
        r#"mithril_deliveries_total{event="graded",result="delivered"} 1"#,
        "mithril_content_revision 1",
        "mithril_content_pools 2",
        "mithril_content_exercises 2",
        "mithril_content_stale 0",
    ] {
        assert!(
            answer.body.lines().any(|found| found == line),
            "{line}\n{}",
            answer.body
        );
    }
    for name in ["\"42\"", "a-name-of-its-own", "a-subject-of-its-own"] {
        assert!(!answer.body.contains(name), "{name}");
    }
    drop(client);
    let counted_out = async {
        while !fixture
            .http(&get("/metrics"))
            .await
            .body
            .contains("websocket_active_connections 0")
        {}
    };
    soon(Box::pin(counted_out)).await;
}

#[tokio::test]
async fn deliveries_are_counted_by_the_names_of_services_and_not_of_clients() {
    let fixture = Fixture::with(|config| config.limits.frames_burst = 1_000).await;
    let mut client = fixture.connect_as("42", "/ws/maths").await;
    assert_eq!(client.receive().await["type"], "user_joined");
    let subjects = ["exercise.42.progress", "exercise.updated"];
    client.subscribe(&subjects).await;
    // More than have a label.
    for number in 0..70 {
        let message = json!({"type": format!("junk{number}"), "data": number});
        client.send(message.to_string()).await;
        assert_eq!(client.receive().await["data"], number);
    }
    client.send(r#"{"type":"chat","data":"hi"}"#).await;
    assert_eq!(client.receive().await["type"], "chat");
    let long = json!({"event": "x".repeat(65)}).to_string();
    for (channel, text) in [
        ("ws:42", r#"{"event":"graded","type":"notification"}"#),
        ("ws:42", r#" {"data":{"type":"inner"},"type":"slot"}"#),
        ("ws:42", r#"{"event":"class.moved/2"}"#),
        ("room:maths", r#"{"type":"quiz"}"#),
        ("exercise.42.progress", r#"{"progress":60}"#),
        ("exercise.updated", r#"{"exercise_id":"hello"}"#),
        ("exercise.42.progress", r#"{"event":"halfway"}"#),
        ("ws:42", "hello"),
        ("ws:42", r#"["graded"]"#),
        ("ws:42", r#"{"event":"bell\u0007"}"#),
        ("ws:42", &long),
    ] {
        fixture.publish(channel, text.to_owned()).await;
        client.receive_text().await;
    }
    let metrics = fixture.http(&get("/metrics")).await.body;
    let counted = |line: &str| line.starts_with("mithril_deliveries_total{");
    let mut counts: Vec<_> = metrics.lines().filter(|line| counted(line)).collect();
    counts.sort_unstable();
    let delivered = |event| {
        let count = if event == "other" { 74 } else { 1 };
        format!("mithril_deliveries_total{{event=\"{event}\",result=\"delivered\"}} {count}")
    };
    let events = [
        "chat",
        "class.moved/2",
        "graded",
        "halfway",
        "other",
        "progress",
        "quiz",
        "slot",
        "updated",
        "user_joined",
    ];
    assert_eq!(counts, events.map(delivered));
}

#[tokio::test]
async fn everyone_is_let_in_on_this_machine_alone() {
    let anonymous = |listen: &str, insecure| {
        let mut config = config();
        config.auth = Some(AuthConfig::anonymous());
        config.listen = listen.parse().unwrap();
        config.insecure = insecure;
        Daemon::bind(config)
    };
    assert!(anonymous("127.0.0.1:0", false).await.is_ok());
    assert!(anonymous("0.0.0.0:0", true).await.is_ok());
    let error = anonymous("0.0.0.0:0", false).await.unwrap_err();
    assert!(matches!(error, DaemonError::Anonymous(_)), "{error}");
}
