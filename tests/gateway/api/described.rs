//! Each status that the description promises is got here, and each answer is as it says.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mithril::catalog::{self, CatalogStore};
use mithril::daemon::DaemonConfig;
use mithril::lint::Settings;
use serde_json::{Value, json};

use super::client::{Answer, Ask};
use crate::fixture::{Fixture, NOW, signed, unreachable_history};
use crate::schema::Document;

/// A daemon's description, and what of it has been seen.
struct Described {
    document: Document,
    seen: BTreeSet<(String, String, String)>,
}

impl Described {
    async fn of(fixture: &Fixture) -> Self {
        let answer = Ask::get("/openapi.json").no_token().send(fixture).await;
        Self {
            document: Document(answer.json()),
            seen: BTreeSet::new(),
        }
    }

    /// Asks for a path of the document, and holds the answer against what is said of it.
    async fn see(&mut self, fixture: &Fixture, path: &str, ask: Ask, status: u16) {
        let method = ask.method().to_ascii_lowercase();
        let answer = ask.send(fixture).await;
        let place = format!("{method} {path} {status}");
        assert_eq!(answer.status, status, "{place}: {}", answer.body);
        let status = status.to_string();
        let response = &self.document.0["paths"][path][&method]["responses"][&status];
        assert!(response.is_object(), "{place} is not described");
        self.judge(self.document.resolve(response), &answer, &place);
        self.seen.insert((path.to_owned(), method, status));
    }

    fn judge(&self, response: &Value, answer: &Answer, place: &str) {
        let headers = response["headers"].as_object();
        for (name, header) in headers.into_iter().flatten() {
            let value = answer.header(name);
            assert!(
                value.is_some() || header["required"] != true,
                "{place} {name}"
            );
            let (Some(value), Some(constant)) = (value, header["schema"].get("const")) else {
                continue;
            };
            assert_eq!(json!(value), *constant, "{place} {name}");
        }
        let Some(content) = response["content"].as_object() else {
            assert!(answer.body.is_empty() || answer.status == 101, "{place}");
            return;
        };
        let (kind, media) = content.iter().next().unwrap();
        let said = answer.header("content-type").unwrap();
        assert_eq!(said.split(';').next().unwrap(), kind, "{place}");
        if kind == "application/json" {
            let deviations = self.document.deviations(&media["schema"], &answer.json());
            assert_eq!(deviations, Vec::<String>::new(), "{place}");
        }
    }

    /// All that is described and has not been seen.
    fn unseen(&self) -> BTreeSet<String> {
        let paths = self.document.0["paths"].as_object().unwrap();
        let all = paths.iter().flat_map(|(path, item)| {
            let operations = item.as_object().unwrap().iter();
            let operations = operations.filter(|(_, operation)| operation["responses"].is_object());
            operations.flat_map(move |(method, operation)| {
                let statuses = operation["responses"].as_object().unwrap().keys();
                statuses.map(move |status| (path.clone(), method.clone(), status.clone()))
            })
        });
        all.filter(|place| !self.seen.contains(place))
            .map(|(path, method, status)| format!("{method} {path} {status}"))
            .collect()
    }
}

/// A path of the document, and one with names in it.
const GETS: [(&str, &str); 6] = [
    ("/api/v1/pools", "/api/v1/pools"),
    ("/api/v1/pools/{id}", "/api/v1/pools/c-basics"),
    (
        "/api/v1/pools/{id}/exercises",
        "/api/v1/pools/c-basics/exercises",
    ),
    ("/api/v1/exercises/{id}", "/api/v1/exercises/hello"),
    ("/api/v1/presence/{topic}", "/api/v1/presence/room:algebra"),
    ("/api/v1/history/{topic}", "/api/v1/history/room:algebra"),
];
const LAUNCH: (&str, &str) = (
    "/api/v1/exercises/{id}/launch",
    "/api/v1/exercises/hello/launch",
);
const DISCONNECT: &str = "/api/v1/disconnect";
const PUBLISH: &str = "/api/v1/publish";
const SOCKETS: [(&str, &str); 4] = [
    ("/ws", "/ws"),
    ("/ws/", "/ws/"),
    ("/ws/connect", "/ws/connect"),
    ("/ws/{room}", "/ws/algebra"),
];

fn admin() -> String {
    signed(&json!({"sub": "operator", "exp": NOW + 60, "scope": "admin publish"}))
}

/// Every request that the API answers, as it should be.
fn good() -> Vec<(&'static str, Ask)> {
    let mut all: Vec<_> = GETS.map(|(path, real)| (path, Ask::get(real))).into();
    all.push((LAUNCH.0, Ask::post(LAUNCH.1)));
    let body = json!({"topic": "room:algebra", "data": {}, "type": "hint"});
    all.push((PUBLISH, Ask::post(PUBLISH).json(&body).token(&admin())));
    let body = json!({"user_id": "42"});
    let ask = Ask::post(DISCONNECT).json(&body).token(&admin());
    all.push((DISCONNECT, ask));
    all
}

fn upgrade(path: &str) -> Ask {
    Ask::get(path)
        .header("upgrade", "websocket")
        .header("connection", "upgrade")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
}

#[tokio::test]
async fn what_is_described_is_so() {
    let fixture = Fixture::with(|config| config.limits.payload = 1000).await;
    let mut described = Described::of(&fixture).await;
    let _member = fixture.connect_as("7", "/ws/algebra").await;
    answers(&mut described, &fixture).await;
    refusals(&mut described, &fixture).await;
    bodies(&mut described, &fixture).await;
    limits(&mut described).await;
    // These take a time that no test waits for, a Redis that is down, or a daemon that stops: the
    // latter two are tested elsewhere.
    let elsewhere = [
        "get /healthz/redis 503",
        "post /api/v1/disconnect 408",
        "post /api/v1/exercises/{id}/launch 408",
        "post /api/v1/publish 408",
        "get /readyz 503",
    ];
    let unseen = described.unseen();
    assert_eq!(unseen, BTreeSet::from(elsewhere.map(str::to_owned)));
}

async fn answers(described: &mut Described, fixture: &Fixture) {
    for (path, ask) in good() {
        described.see(fixture, path, ask, 200).await;
    }
    for (path, real) in &GETS[..4] {
        let known = Ask::get(real).header("if-none-match", "*");
        described.see(fixture, path, known, 304).await;
    }
    for path in [
        "/livez",
        "/readyz",
        "/healthz",
        "/healthz/content",
        "/healthz/nats",
        "/healthz/redis",
        "/healthz/websocket",
        "/metrics",
        "/openapi.json",
    ] {
        let ask = Ask::get(path).no_token();
        described.see(fixture, path, ask, 200).await;
    }
}

async fn refusals(described: &mut Described, fixture: &Fixture) {
    for (path, ask) in good() {
        described.see(fixture, path, ask.no_token(), 401).await;
    }
    for (path, ask) in good() {
        let other = ask.header("origin", "https://evil.example");
        described.see(fixture, path, other, 403).await;
    }
    for (path, _) in &GETS[1..] {
        let bad = path.replace("{id}", "%FF").replace("{topic}", "%FF");
        described.see(fixture, path, Ask::get(&bad), 400).await;
    }
    for (path, _) in &GETS[1..4] {
        let none = path.replace("{id}", "none");
        described.see(fixture, path, Ask::get(&none), 404).await;
    }
    let none = Ask::post("/api/v1/exercises/none/launch");
    described.see(fixture, LAUNCH.0, none, 404).await;
    for (path, real) in SOCKETS {
        described.see(fixture, path, Ask::get(real), 400).await;
        let bad = upgrade(real).token("nonsense");
        described.see(fixture, path, bad, 401).await;
        let other = upgrade(real).header("origin", "https://evil.example");
        described.see(fixture, path, other, 403).await;
    }
}

async fn bodies(described: &mut Described, fixture: &Fixture) {
    for (path, real) in [LAUNCH, (DISCONNECT, DISCONNECT), (PUBLISH, PUBLISH)] {
        let ask = || Ask::post(real).token(&admin());
        described.see(fixture, path, ask().body("[]"), 400).await;
        let large = ask().body(&"x".repeat(6000));
        described.see(fixture, path, large, 413).await;
        let text = ask().header("content-type", "text/plain").body("{}");
        described.see(fixture, path, text, 415).await;
    }
}

async fn limits(described: &mut Described) {
    let with = |change: fn(&mut DaemonConfig)| Fixture::with(change);
    let failing = with(|config| config.limits.failures_per_address = 1).await;
    let spoil = Ask::get("/api/v1/pools").token("nonsense");
    assert_eq!(spoil.send(&failing).await.status, 401);
    // One failure a second is forgiven: whoever goes on failing is not.
    for (path, ask) in good() {
        let bad = || Ask::get("/api/v1/pools").token("nonsense");
        while bad().send(&failing).await.status != 429 {}
        described.see(&failing, path, ask, 429).await;
    }
    for (path, real) in SOCKETS {
        while upgrade(real).token("nonsense").send(&failing).await.status != 429 {}
        described.see(&failing, path, upgrade(real), 429).await;
    }
    let forgetful = with(|config| config.history = unreachable_history()).await;
    let unavailable = ["/api/v1/history/{topic}", PUBLISH];
    for (path, ask) in good()
        .into_iter()
        .filter(|(path, _)| unavailable.contains(path))
    {
        described.see(&forgetful, path, ask, 503).await;
    }
    let full = with(|config| config.limits.connections = 0).await;
    for (path, real) in SOCKETS {
        described.see(&full, path, upgrade(real), 503).await;
    }
    // The client does not speak, so the daemon ends what it has opened.
    let open = with(|config| {
        config.limits.idle = Duration::from_millis(1);
        config.limits.close_timeout = Duration::from_millis(1);
    })
    .await;
    for (path, real) in SOCKETS {
        described.see(&open, path, upgrade(real), 101).await;
    }
}

#[tokio::test]
async fn all_of_the_sample_is_as_described() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("exercises");
    let loaded = catalog::load(&sample, &Settings::default()).unwrap();
    let pools: Vec<_> = loaded.catalog.pools().map(|p| p.pool.id.clone()).collect();
    let store = Arc::new(CatalogStore::new(loaded.catalog));
    let fixture = Fixture::with(|config| config.catalog = store).await;
    let mut described = Described::of(&fixture).await;
    let (list, pool) = ("/api/v1/pools", "/api/v1/pools/{id}/exercises");
    described.see(&fixture, list, Ask::get(list), 200).await;
    assert!(pools.len() > 2);
    for id in pools {
        let path = pool.replace("{id}", id.as_str());
        described.see(&fixture, pool, Ask::get(&path), 200).await;
    }
}
