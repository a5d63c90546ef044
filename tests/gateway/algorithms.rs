//! Keys of every family verify tokens of the configured algorithm, and of no other.

use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use mithril::config::{Auth, Config, Layers};
use mithril::gateway::{AuthConfig, KeyError};
use serde_json::{Value, json};

use crate::fixture::{Fixture, NOW, SECRET, token, upgrade};

// Made for these tests with `openssl genpkey`; they guard nothing.
const RSA: &str = include_str!("../fixtures/keys/rsa.pem");
const RSA_PUBLIC: &str = include_str!("../fixtures/keys/rsa.pub.pem");
const EC: &str = include_str!("../fixtures/keys/ec.pem");
const EC_PUBLIC: &str = include_str!("../fixtures/keys/ec.pub.pem");
const ED: &str = include_str!("../fixtures/keys/ed.pem");
const ED_PUBLIC: &str = include_str!("../fixtures/keys/ed.pub.pem");

/// `[auth]` with these values.
pub(crate) fn auth(values: &[(&str, &str)]) -> Auth {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("mithril.toml");
    std::fs::write(&file, "").unwrap();
    let name = |key: &str| format!("MITHRIL_AUTH_{}", key.to_uppercase());
    let layers = Layers {
        file: Some(file),
        environment: values
            .iter()
            .map(|(key, value)| (name(key), (*value).to_owned()))
            .collect(),
        ..Layers::default()
    };
    Config::load(&layers).unwrap().auth
}

async fn daemon(values: &[(&str, &str)]) -> Fixture {
    let keys = AuthConfig::of(&auth(values)).unwrap().unwrap();
    Fixture::with(|config| config.auth = Some(keys)).await
}

fn refused(values: &[(&str, &str)]) -> KeyError {
    AuthConfig::of(&auth(values)).unwrap_err()
}

fn claims() -> Value {
    json!({"sub": "42", "exp": NOW + 60})
}

fn signed(algorithm: Algorithm, key: &EncodingKey, name: Option<&str>, claims: &Value) -> String {
    let mut header = Header::new(algorithm);
    header.kid = name.map(str::to_owned);
    jsonwebtoken::encode(&header, claims, key).unwrap()
}

async fn status(fixture: &Fixture, token: &str) -> u16 {
    let line = format!("Authorization: Bearer {token}\r\n");
    fixture.http(&upgrade("/ws", &line)).await.status
}

fn families() -> [(Algorithm, EncodingKey, &'static str); 3] {
    [
        (
            Algorithm::RS256,
            EncodingKey::from_rsa_pem(RSA.as_bytes()).unwrap(),
            RSA_PUBLIC,
        ),
        (
            Algorithm::ES256,
            EncodingKey::from_ec_pem(EC.as_bytes()).unwrap(),
            EC_PUBLIC,
        ),
        (
            Algorithm::EdDSA,
            EncodingKey::from_ed_pem(ED.as_bytes()).unwrap(),
            ED_PUBLIC,
        ),
    ]
}

#[tokio::test]
async fn each_family_verifies_its_own_tokens_alone() {
    for (algorithm, key, public) in families() {
        let name = format!("{algorithm:?}");
        let fixture = daemon(&[("algorithm", &name), ("public_key", public)]).await;
        assert_eq!(
            status(&fixture, &signed(algorithm, &key, None, &claims())).await,
            101
        );
        for (other, key, _) in families() {
            let expected = if other == algorithm { 101 } else { 401 };
            let token = signed(other, &key, None, &claims());
            assert_eq!(
                status(&fixture, &token).await,
                expected,
                "{other:?} at {name}"
            );
        }
        // The public key is no secret: whoever signs with it proves nothing.
        let public = EncodingKey::from_secret(public.as_bytes());
        let forged = signed(Algorithm::HS256, &public, None, &claims());
        assert_eq!(status(&fixture, &forged).await, 401, "{name}");
        assert_eq!(status(&fixture, &token("42")).await, 401, "{name}");
    }
}

#[tokio::test]
async fn a_key_set_chooses_by_name() {
    let [(rs, rsa, _), (es, ec, _), _] = families();
    let jwk = |name: &str, algorithm, key: &EncodingKey| {
        let mut jwk = Jwk::from_encoding_key(key, algorithm).unwrap();
        jwk.common.key_id = Some(name.to_owned());
        jwk
    };
    let set = JwkSet {
        keys: vec![jwk("r", rs, &rsa), jwk("e", es, &ec)],
    };
    let set = serde_json::to_string(&set).unwrap();
    let fixture = daemon(&[("algorithm", "ES256"), ("jwks", &set)]).await;
    for (name, expected) in [
        (Some("e"), 101),
        (None, 101),
        (Some("r"), 401),
        (Some("x"), 401),
    ] {
        let token = signed(es, &ec, name, &claims());
        assert_eq!(status(&fixture, &token).await, expected, "{name:?}");
    }
    assert_eq!(
        status(&fixture, &signed(rs, &rsa, Some("r"), &claims())).await,
        401
    );
    let none_fits = refused(&[("algorithm", "EdDSA"), ("jwks", &set)]);
    assert!(matches!(none_fits, KeyError::NoJwk(Algorithm::EdDSA)));
    let broken = refused(&[("algorithm", "ES256"), ("jwks", "{")]);
    assert!(matches!(broken, KeyError::Jwks(_)));
}

#[tokio::test]
async fn both_secrets_count_while_they_are_rotated() {
    let new = "another secret of thirty-two bytes!";
    let old = std::str::from_utf8(SECRET).unwrap();
    let both = daemon(&[("secret", new), ("previous_secret", old)]).await;
    let new_token = signed(
        Algorithm::HS256,
        &EncodingKey::from_secret(new.as_bytes()),
        None,
        &claims(),
    );
    assert_eq!(status(&both, &token("42")).await, 101);
    assert_eq!(status(&both, &new_token).await, 101);
    let new_alone = daemon(&[("secret", new)]).await;
    assert_eq!(status(&new_alone, &token("42")).await, 401);
    assert_eq!(status(&new_alone, &new_token).await, 101);
}

#[tokio::test]
async fn audience_issuer_and_user_are_those_configured() {
    let secret = std::str::from_utf8(SECRET).unwrap();
    let fixture = daemon(&[
        ("secret", secret),
        ("audience", "here, there"),
        ("issuer", "school"),
        ("user_claim", "uid"),
    ])
    .await;
    let key = EncodingKey::from_secret(SECRET);
    let good =
        json!({"uid": 7, "sub": "*", "exp": NOW + 60, "iss": "school", "aud": ["x", "here"]});
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        signed(Algorithm::HS256, &key, None, &claims)
    };
    assert_eq!(status(&fixture, &with("aud", json!("there"))).await, 101);
    assert_eq!(status(&fixture, &with("x", json!(1))).await, 101);
    for (name, value) in [
        ("aud", json!("elsewhere")),
        ("aud", json!(["elsewhere"])),
        ("aud", json!([])),
        ("aud", json!(null)),
        ("aud", json!({"here": 1})),
        ("iss", json!("School")),
        ("iss", json!(null)),
        ("iss", json!(["school"])),
        ("uid", json!("*")),
        ("uid", json!("x".repeat(10_000))),
        ("uid", json!(null)),
    ] {
        let token = with(name, value.clone());
        assert_eq!(status(&fixture, &token).await, 401, "{name} {value}");
    }
    // Where no audience is configured, a token may have one.
    let any = daemon(&[("secret", secret)]).await;
    let audience = json!({"sub": "42", "exp": NOW + 60, "aud": "elsewhere"});
    assert_eq!(
        status(&any, &signed(Algorithm::HS256, &key, None, &audience)).await,
        101
    );
}

#[test]
fn keys_that_do_not_fit_are_refused_at_start() {
    let secret = std::str::from_utf8(SECRET).unwrap();
    for (values, problem) in [
        (&[("secret", RSA_PUBLIC)][..], "is a PEM file"),
        (
            &[("public_key", RSA_PUBLIC)],
            "would take a public key for a secret",
        ),
        (&[("jwks", "{}")], "would take a public key for a secret"),
        (&[("secret", "short")], "at least 32 are needed"),
        (
            &[("secret", secret), ("previous_secret", "short")],
            "at least 32 are needed",
        ),
        (
            &[("secret", secret), ("algorithm", "RS256")],
            "needs auth.public_key",
        ),
        (
            &[("public_key", EC_PUBLIC), ("algorithm", "RS256")],
            "is not a public key of",
        ),
        (
            &[("public_key", RSA), ("algorithm", "RS256")],
            "is a private key",
        ),
        (
            &[
                ("public_key", EC_PUBLIC),
                ("jwks", "{}"),
                ("algorithm", "ES256"),
            ],
            "set one of them",
        ),
    ] {
        let error = refused(values).to_string();
        assert!(error.contains(problem), "{error}");
        assert!(
            !error.contains(secret) && !error.contains("short\""),
            "{error}"
        );
    }
    let short = [("secret", "short"), ("allow_short_secret", "true")];
    assert!(AuthConfig::of(&auth(&short)).unwrap().is_some());
    assert!(AuthConfig::of(&auth(&[])).unwrap().is_none());
}
