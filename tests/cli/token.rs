//! Tokens are minted with the configured key, and taken apart claim by claim.

use std::io::Write;
use std::process::Stdio;

use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};

use crate::fixture::{Outcome, mithril};

const SECRET: &str = "a secret of at least thirty-two bytes";

/// Runs a command with this secret, on this input.
fn token(secret: &str, arguments: &[&str], input: &str) -> Outcome {
    let directory = tempfile::tempdir().unwrap();
    let mut command = mithril(directory.path());
    command
        .env("JWT_SECRET_KEY", secret)
        .arg("token")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that does not read its input may be gone already.
    child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
    let outcome: Outcome = child.wait_with_output().unwrap().into();
    assert!(!outcome.stdout.contains(SECRET) && !outcome.stderr.contains(SECRET));
    outcome
}

/// A token with these claims, which `mint` would not make.
fn signed(claims: &Value) -> String {
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&Header::default(), claims, &key).unwrap()
}

fn verdicts(outcome: &Outcome) -> Vec<(String, String)> {
    let lines = outcome.stdout.lines().skip(1);
    lines
        .map(|line| {
            let cells: Vec<_> = line.split('\t').collect();
            (cells[0].to_owned(), cells[2].to_owned())
        })
        .collect()
}

#[test]
fn what_is_minted_is_good() {
    let grants = [
        "--room",
        "a",
        "--room",
        "b",
        "--topic",
        "exercise.*.progress",
        "--scope",
        "publish:ws:*",
        "--scope",
        "admin",
    ];
    let arguments = [&["mint", "42", "--ttl", "5m"][..], &grants].concat();
    let minted = token(SECRET, &arguments, "");
    assert_eq!(minted.code, 0, "{}", minted.stderr);
    let good = token(SECRET, &["inspect", "--format", "json"], &minted.stdout);
    assert_eq!(good.code, 0, "{}", good.stdout);
    let json: Value = serde_json::from_str(&good.stdout).unwrap();
    assert_eq!(json["valid"], true);
    let value = |name: &str| {
        let checks = json["checks"].as_array().unwrap();
        checks.iter().find(|check| check["name"] == name).unwrap()["value"].clone()
    };
    assert_eq!(value("sub"), "42");
    assert_eq!(value("rooms"), serde_json::json!(["a", "b"]));
    assert_eq!(value("topics"), serde_json::json!(["exercise.*.progress"]));
    assert_eq!(value("scope"), "publish:ws:* admin");
    assert_eq!(value("signature"), "HS256");
}

#[test]
fn what_is_wrong_is_named() {
    let minted = signed(&json!({"sub": "42", "exp": 1}));
    let expired = token(SECRET, &["inspect", &minted], "");
    assert_eq!(expired.code, 1);
    let told = verdicts(&expired);
    assert!(
        told.contains(&("exp".into(), "the token has expired".into())),
        "{told:?}"
    );
    assert!(
        told.contains(&("signature".into(), "ok".into())),
        "{told:?}"
    );
    let foreign = token("another secret of thirty-two bytes", &["inspect"], &minted);
    assert_eq!(foreign.code, 1);
    let told = verdicts(&foreign);
    assert!(told[0].1.ends_with("another key signed it"), "{told:?}");
    assert!(told.contains(&("sub".into(), "ok".into())), "{told:?}");
    let nonsense = token(SECRET, &["inspect"], "nonsense");
    let told = verdicts(&nonsense);
    assert_eq!((nonsense.code, told.len()), (1, 1));
    assert!(told[0].1.contains("not three parts"), "{told:?}");
}

#[test]
fn what_grants_nothing_is_named_and_the_token_is_good() {
    let claims = json!({
        "sub": "42", "exp": 4_000_000_000_i64,
        "topics": ["room:*", "ws:*", 5], "rooms": "hall",
    });
    let outcome = token(SECRET, &["inspect"], &signed(&claims));
    assert_eq!(outcome.code, 0, "{}", outcome.stdout);
    let told = verdicts(&outcome);
    for (name, verdict) in [
        ("topics", "grants nothing: \"ws:*\", 5"),
        ("rooms", "grants nothing: it must be a list of texts"),
    ] {
        assert!(told.contains(&(name.into(), verdict.into())), "{told:?}");
    }
    let rooms = [
        "mint",
        "42",
        "--room",
        "hall",
        "--room",
        "project:7",
        "--topic",
        "room:*",
    ];
    let minted = token(SECRET, &rooms, "");
    assert_eq!(minted.code, 0, "{}", minted.stderr);
    let told = verdicts(&token(SECRET, &["inspect"], &minted.stdout));
    assert!(told.iter().all(|(_, verdict)| verdict == "ok"), "{told:?}");
}

#[test]
fn what_cannot_be_is_an_error() {
    for (secret, arguments, why) in [
        (SECRET, &["mint", "*"][..], "is no user id"),
        (SECRET, &["mint", "42", "--room", "a/b"], "is no room"),
        (SECRET, &["mint", "42", "--room", "ws:43"], "is no room"),
        (SECRET, &["mint", "42", "--topic", "ws:*"], "is no pattern"),
        (SECRET, &["mint", "42", "--topic", "a b"], "is no pattern"),
        (SECRET, &["mint", "42", "--ttl", "0"], "at least a second"),
        (
            SECRET,
            &["mint", "42", "--ttl", "999ms"],
            "at least a second",
        ),
        (SECRET, &["mint", "42", "--scope", "admins"], "is no scope"),
        (
            SECRET,
            &["mint", "42", "--scope", "publish:>"],
            "is no scope",
        ),
        (
            SECRET,
            &["mint", "42", "--ttl", "soon"],
            "it must be seconds",
        ),
        ("", &["mint", "42"], "no key is configured"),
        ("short", &["mint", "42"], "at least 32"),
    ] {
        let outcome = token(secret, arguments, "");
        assert_eq!(outcome.code, 2, "{arguments:?}");
        assert!(outcome.stderr.contains(why), "{}", outcome.stderr);
    }
}
