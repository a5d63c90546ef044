//! Pools and exercises, and who has them already.

use std::sync::Arc;

use mithril::catalog::{Catalog, Digest};
use serde_json::json;

use super::client::Ask;
use crate::fixture::{Fixture, config, content};

const PATHS: [&str; 4] = [
    "/api/v1/pools",
    "/api/v1/pools/c-basics",
    "/api/v1/pools/c-basics/exercises",
    "/api/v1/exercises/hello",
];

#[tokio::test]
async fn http_and_sockets_answer_alike() {
    let fixture = Fixture::start().await;
    let mut socket = fixture.connect().await;
    for (path, subject, data) in [
        (PATHS[0], "exercise.pool.list", json!({})),
        (
            PATHS[1],
            "exercise.pool.get",
            json!({"pool_id": "c-basics"}),
        ),
        (
            PATHS[2],
            "exercise.pool.exercises",
            json!({"pool_id": "c-basics"}),
        ),
        (
            "/api/v1/pools/regex/exercises",
            "exercise.pool.exercises",
            json!({"pool_id": "regex"}),
        ),
        (PATHS[3], "exercise.get", json!({"exercise_id": "hello"})),
    ] {
        let answer = Ask::get(path).send(&fixture).await;
        assert_eq!(answer.status, 200, "{path}");
        let on_socket = socket.request(subject, data).await;
        assert_eq!(answer.json(), on_socket["data"], "{path}");
        let length = answer.body.len().to_string();
        assert_eq!(answer.header("content-length"), Some(length.as_str()));
        assert!(!answer.body.contains("secret answer"));
    }
    for id in ["no-such-pool", "HELLO"] {
        for path in [
            format!("/api/v1/pools/{id}"),
            format!("/api/v1/pools/{id}/exercises"),
            format!("/api/v1/exercises/{id}"),
        ] {
            let answer = Ask::get(&path).send(&fixture).await;
            let code = answer.code();
            assert_eq!((answer.status, code.as_str()), (404, "not_found"), "{path}");
            assert_eq!(answer.header("etag"), None);
        }
    }
}

#[tokio::test]
async fn ids_are_read_without_their_escapes_and_are_ids_then() {
    let fixture = Fixture::start().await;
    for id in ["c-basics", "c%2Dbasics", "%63%2d%62asics"] {
        let answer = Ask::get(&format!("/api/v1/pools/{id}"))
            .send(&fixture)
            .await;
        assert_eq!(answer.status, 200, "{id}");
    }
    for id in [
        "%FF", "%2e%2e", "a%2Fb", "-a", "a.b", "a%00", "%C3%A9", "a%20b", "%2A",
    ] {
        for path in [
            format!("/api/v1/pools/{id}"),
            format!("/api/v1/exercises/{id}"),
        ] {
            let answer = Ask::get(&path).send(&fixture).await;
            let code = answer.code();
            assert_eq!(
                (answer.status, code.as_str()),
                (400, "bad_request"),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn whoever_has_it_already_is_not_sent_it_again() {
    let fixture = Fixture::start().await;
    for path in PATHS {
        let whole = Ask::get(path).send(&fixture).await;
        let tag = whole.header("etag").unwrap().to_owned();
        let digest = Digest::of(whole.body.as_bytes());
        assert_eq!(tag, format!("\"{digest}\""), "the digest of the body");
        assert_eq!(whole.header("cache-control"), Some("private, no-cache"));
        for known in [
            tag.clone(),
            format!("W/{tag}"),
            "*".to_owned(),
            format!("\"other\", {tag}"),
            format!("\"a,b\",W/\"c\" ,{tag},"),
        ] {
            let ask = Ask::get(path).header("if-none-match", &known);
            let answer = ask.send(&fixture).await;
            assert_eq!(answer.status, 304, "{known}");
            assert_eq!(answer.body, "");
            assert_eq!(answer.header("etag"), Some(tag.as_str()));
            assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
            assert_eq!(answer.header("content-type"), None);
        }
        let lines = Ask::get(path)
            .header("if-none-match", "\"other\"")
            .header("if-none-match", &tag);
        assert_eq!(lines.send(&fixture).await.status, 304);
        for unknown in ["\"other\"", "W/\"other\"", "nonsense", "", &tag[1..]] {
            let ask = Ask::get(path).header("if-none-match", unknown);
            let answer = ask.send(&fixture).await;
            assert_eq!(
                (answer.status, &answer.body),
                (200, &whole.body),
                "{unknown}"
            );
        }
    }
    // What does not exist is not known either.
    let ask = Ask::get("/api/v1/pools/nope").header("if-none-match", "*");
    assert_eq!(ask.send(&fixture).await.status, 404);
}

#[tokio::test]
async fn another_content_has_another_tag() {
    let config = config();
    let store = Arc::clone(&config.catalog);
    let fixture = Fixture::with(|ours| *ours = config).await;
    let mut tags = Vec::new();
    for path in PATHS {
        let answer = Ask::get(path).send(&fixture).await;
        tags.push(answer.header("etag").unwrap().to_owned());
    }
    let mut changed = content();
    changed[0].exercises[0].title = "Another title".to_owned();
    store.swap(Arc::new(Catalog::build(changed).unwrap()));
    for (path, (tag, is_same)) in PATHS
        .iter()
        .zip(tags.iter().zip([true, true, false, false]))
    {
        let ask = Ask::get(path).header("if-none-match", tag);
        let answer = ask.send(&fixture).await;
        assert_eq!(answer.status, if is_same { 304 } else { 200 }, "{path}");
        assert_eq!(answer.header("etag") == Some(tag), is_same, "{path}");
    }
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let fixture = Fixture::start().await;
    for path in PATHS {
        let whole = Ask::get(path).send(&fixture).await;
        let head = Ask::of("HEAD", path).send(&fixture).await;
        assert_eq!((head.status, head.body.as_str()), (200, ""));
        for name in ["etag", "content-length", "content-type", "cache-control"] {
            assert_eq!(head.header(name), whole.header(name), "{path} {name}");
        }
        let tag = whole.header("etag").unwrap();
        let known = Ask::of("HEAD", path).header("if-none-match", tag);
        assert_eq!(known.send(&fixture).await.status, 304);
        let stranger = Ask::of("HEAD", path).no_token().send(&fixture).await;
        assert_eq!((stranger.status, stranger.body.as_str()), (401, ""));
    }
}
