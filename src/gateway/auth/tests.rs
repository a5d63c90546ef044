//! What proves a user and what does not.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::*;

const SECRET: &[u8] = b"a secret of at least thirty-two bytes";

fn clock() -> Clock {
    Clock::new(|| Timestamp::from_second(1_000).unwrap())
}

fn signed(claims: &Value) -> String {
    let key = EncodingKey::from_secret(SECRET);
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).unwrap()
}

fn verified(claims: &Value) -> Result<Principal, AuthError> {
    AuthConfig::hs256(SECRET).verify(&signed(claims), &clock())
}

#[test]
fn a_minted_token_names_its_user_until_it_ends() {
    let auth = AuthConfig::ephemeral().unwrap();
    let user = UserId::parse("dev").unwrap();
    let token = auth.mint(&user, &clock(), Duration::from_mins(1)).unwrap();
    let principal = auth.verify(&token, &clock()).unwrap();
    assert_eq!(principal.user, user);
    assert_eq!(principal.expires.as_second(), 1_060);
    let later = Clock::new(|| Timestamp::from_second(1_060).unwrap());
    assert!(matches!(
        auth.verify(&token, &later),
        Err(AuthError::Expired)
    ));
    let other = AuthConfig::ephemeral().unwrap();
    assert!(matches!(
        other.verify(&token, &clock()),
        Err(AuthError::Token(_))
    ));
}

#[test]
fn times_are_obeyed_without_leeway() {
    assert!(verified(&json!({"sub": "a", "exp": 1_001})).is_ok());
    assert!(verified(&json!({"sub": "a", "exp": 1_000.5})).is_ok());
    assert!(verified(&json!({"sub": "a", "exp": 1e300})).is_ok());
    assert!(verified(&json!({"sub": "a", "exp": 1_001, "nbf": 1_000})).is_ok());
    for (claims, reason) in [
        (json!({"sub": "a"}), "no exp"),
        (json!({"sub": "a", "exp": null}), "no exp"),
        (json!({"sub": "a", "exp": 1_000}), "expired"),
        (json!({"sub": "a", "exp": -1e300}), "expired"),
        (json!({"sub": "a", "exp": "1001"}), "exp is not of its type"),
        (
            json!({"sub": "a", "exp": 1_002, "nbf": 1_001}),
            "not valid yet",
        ),
        (
            json!({"sub": "a", "exp": 1_002, "nbf": 1e300}),
            "not valid yet",
        ),
    ] {
        let error = verified(&claims).unwrap_err().to_string();
        assert!(error.contains(reason), "{claims}: {error}");
    }
}

#[test]
fn the_user_is_an_id() {
    let user = |claims: &Value| verified(claims).map(|p| p.user.to_string());
    assert_eq!(user(&json!({"sub": "a@b", "exp": 2e9})).unwrap(), "a@b");
    assert_eq!(user(&json!({"sub": 42, "exp": 2e9})).unwrap(), "42");
    assert_eq!(user(&json!({"user_id": "u", "exp": 2e9})).unwrap(), "u");
    for sub in [
        json!("*"),
        json!(""),
        json!("a\nb"),
        json!("x".repeat(10_000)),
    ] {
        let error = user(&json!({"sub": sub, "exp": 2e9})).unwrap_err();
        assert!(matches!(error, AuthError::User(_)), "{error}");
    }
    for claims in [json!({"exp": 2e9}), json!({"sub": 1.5, "exp": 2e9})] {
        let error = user(&claims).unwrap_err();
        assert!(matches!(error, AuthError::NoUser), "{error}");
    }
}

#[test]
fn scopes_are_words_or_a_list() {
    let both = Scopes::of(["publish", "admin"].into_iter());
    for (claims, scopes) in [
        (json!({"scope": "publish  other admin"}), &both),
        (json!({"scope": ["publish", 7, "admin"]}), &both),
        (json!({"scopes": ["publish", "admin"]}), &both),
        (json!({"scope": "publish", "scopes": "admin"}), &both),
        // The words of a list stand alone.
        (json!({"scopes": ["publish admin"]}), &Scopes::default()),
        (
            json!({"scope": {"admin": true}, "scopes": 1}),
            &Scopes::default(),
        ),
        (json!({"scope": null}), &Scopes::default()),
    ] {
        let mut all = json!({"sub": "a", "exp": 2e9});
        let add = claims.as_object().unwrap().clone();
        all.as_object_mut().unwrap().extend(add);
        assert_eq!(verified(&all).unwrap().scopes, *scopes, "{claims}");
    }
}

#[test]
fn what_is_no_token_is_refused_without_a_panic() {
    let auth = AuthConfig::hs256(SECRET);
    let good = signed(&json!({"sub": "a", "exp": 2e9}));
    let mut texts: Vec<String> = ["", ".", "..", "...", "a", "é.é.é", "Bearer", "\0"]
        .map(str::to_owned)
        .into();
    texts.extend((0..good.len()).map(|end| good[..end].to_owned()));
    for text in texts {
        assert!(
            matches!(auth.verify(&text, &clock()), Err(AuthError::Token(_))),
            "{text}"
        );
    }
}

#[test]
fn the_token_does_not_choose_the_algorithm() {
    let auth = AuthConfig::hs256(SECRET);
    let claims = json!({"sub": "a", "exp": 2_000});
    let key = EncodingKey::from_secret(SECRET);
    let hs512 = jsonwebtoken::encode(&Header::new(Algorithm::HS512), &claims, &key).unwrap();
    // {"alg":"none","typ":"JWT"} and {"sub":"a","exp":2000}
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJhIiwiZXhwIjoyMDAwfQ.";
    for token in [hs512.as_str(), none] {
        assert!(matches!(
            auth.verify(token, &clock()),
            Err(AuthError::Token(_))
        ));
    }
}

#[test]
fn keys_are_not_printed() {
    assert_eq!(
        format!("{:?}", AuthConfig::hs256(SECRET)),
        "AuthConfig { ephemeral: false, query_token: true, .. }"
    );
}
