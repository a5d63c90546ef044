//! A [`Principal`] exists only for a token that was verified; nothing else makes one.
//!
//! The algorithm comes from the configuration, never from the token. `exp` is required, there is no
//! leeway, `nbf` is obeyed, and the time is the gateway's clock. Keys and tokens cannot be printed.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use crate::clock::Clock;
use crate::ids::{IdError, UserId};

use super::policy::Grants;

/// Bytes of a key that is made up at start.
const EPHEMERAL_KEY: usize = 32;

/// Who a connection belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The user.
    pub user: UserId,
    /// When the token that proved it ends.
    pub expires: Timestamp,
    /// What the token grants beyond the defaults.
    pub grants: Grants,
}

/// How users prove who they are.
#[derive(Clone)]
pub struct AuthConfig {
    verify: DecodingKey,
    sign: EncodingKey,
    ephemeral: bool,
    /// Whether the query parameter `token` is read.
    pub query_token: bool,
}

impl AuthConfig {
    /// HS256 with this secret.
    pub fn hs256(secret: &[u8]) -> Self {
        Self {
            verify: DecodingKey::from_secret(secret),
            sign: EncodingKey::from_secret(secret),
            ephemeral: false,
            query_token: true,
        }
    }

    /// HS256 with a random key that nobody else knows and that ends with the process.
    pub fn ephemeral() -> Result<Self, AuthError> {
        let mut key = [0; EPHEMERAL_KEY];
        aws_lc_rs::rand::fill(&mut key).map_err(|_| AuthError::NoRandomness)?;
        Ok(Self {
            ephemeral: true,
            ..Self::hs256(&key)
        })
    }

    /// Whether the key was made up at start.
    pub fn is_ephemeral(&self) -> bool {
        self.ephemeral
    }

    /// A token for this user that ends after this time.
    pub fn mint(
        &self,
        user: &UserId,
        clock: &Clock,
        lifetime: Duration,
    ) -> Result<String, AuthError> {
        let now = clock.now();
        let ends = now.saturating_add(lifetime).unwrap_or(Timestamp::MAX);
        let claims = MintedClaims {
            sub: user,
            iat: now.as_second(),
            exp: ends.as_second(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.sign)
            .map_err(AuthError::Mint)
    }

    /// Who this token proves its bearer to be.
    pub fn verify(&self, token: &str, clock: &Clock) -> Result<Principal, AuthError> {
        let mut validation = Validation::new(Algorithm::HS256);
        // The times are judged below, by the gateway's clock; an audience is demanded only where
        // one is configured, which the first slice does not know.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.verify, &validation)
            .map_err(AuthError::Token)?
            .claims;
        let now = clock.now();
        let expires = moment(&claims.exp.ok_or(AuthError::NoExpiry)?);
        if expires <= now {
            return Err(AuthError::Expired);
        }
        if claims.nbf.is_some_and(|begin| moment(&begin) > now) {
            return Err(AuthError::NotYetValid);
        }
        let user = match claims.sub.or(claims.user_id) {
            Some(Value::String(text)) => text,
            Some(Value::Number(number)) if !number.is_f64() => number.to_string(),
            Some(_) | None => return Err(AuthError::NoUser),
        };
        let user = UserId::parse(&user).map_err(AuthError::User)?;
        let grants = Grants::of_claims(claims.topics.as_ref(), claims.rooms.as_ref());
        Ok(Principal {
            user,
            expires,
            grants,
        })
    }
}

/// Keys are not shown.
impl fmt::Debug for AuthConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthConfig")
            .field("ephemeral", &self.ephemeral)
            .field("query_token", &self.query_token)
            .finish_non_exhaustive()
    }
}

/// Why a token does not prove who its bearer is. No variant holds any of the token.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// It is malformed, of another algorithm, or signed with another key.
    #[error("failed to verify the token")]
    Token(#[source] jsonwebtoken::errors::Error),
    /// It has no end.
    #[error("the token has no exp")]
    NoExpiry,
    /// It has ended.
    #[error("the token has expired")]
    Expired,
    /// It has not begun.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// It names no user.
    #[error("the token names no user")]
    NoUser,
    /// What it names is not a user's id.
    #[error("the token's user is not an id")]
    User(#[source] IdError),
    /// A token could not be signed.
    #[error("failed to sign a token")]
    Mint(#[source] jsonwebtoken::errors::Error),
    /// The system has no random bytes to give.
    #[error("failed to read random bytes for a key")]
    NoRandomness,
}

#[derive(Serialize)]
struct MintedClaims<'a> {
    sub: &'a UserId,
    iat: i64,
    exp: i64,
}

#[derive(Deserialize)]
struct Claims {
    exp: Option<Number>,
    nbf: Option<Number>,
    sub: Option<Value>,
    user_id: Option<Value>,
    topics: Option<Value>,
    rooms: Option<Value>,
}

// RFC 7519 allows fractions of a second. What is outside the calendar is its first or last moment.
fn moment(seconds: &Number) -> Timestamp {
    let seconds = seconds.as_f64().unwrap_or(f64::MAX);
    let bound = if seconds < 0.0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    jiff::SignedDuration::try_from_secs_f64(seconds)
        .ok()
        .and_then(|since| Timestamp::from_duration(since).ok())
        .unwrap_or(bound)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
            (json!({"sub": "a", "exp": "1001"}), "failed to verify"),
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
}
