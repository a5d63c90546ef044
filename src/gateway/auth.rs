//! A [`Principal`] exists only for a token that was verified, or where nobody has to prove anything.
//!
//! The algorithm comes from the configuration, never from the token. `exp` is required, there is no
//! leeway, `nbf` is obeyed, and the time is the gateway's clock. Keys and tokens cannot be printed.

mod api_keys;
mod claims;
mod error;
mod inspect;
mod keys;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use uuid::Uuid;

use crate::clock::Clock;
use crate::ids::UserId;

use super::policy::{Grants, Scopes};
use api_keys::ApiKeys;
use claims::{Claims, Demands};
use keys::KeySet;

pub use error::AuthError;
pub use inspect::{Check, Inspection};
pub use keys::KeyError;

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
    /// What the token lets one do beyond the own connections.
    pub scopes: Scopes,
}

impl Principal {
    /// A user who may what every user may, until then.
    pub fn plain(user: UserId, expires: Timestamp) -> Self {
        Self {
            user,
            expires,
            grants: Grants::default(),
            scopes: Scopes::default(),
        }
    }
}

/// How users prove who they are.
#[derive(Clone)]
pub struct AuthConfig {
    // Nothing where nobody has to prove anything.
    keys: Option<KeySet>,
    demands: Demands,
    api_keys: ApiKeys,
    ephemeral: bool,
    /// Whether the query parameter `token` is read.
    pub query_token: bool,
}

/// What a token says about its bearer, to mint one.
#[derive(Debug, Clone, Serialize)]
pub struct Grant<'a> {
    /// The user.
    pub sub: &'a UserId,
    /// Patterns of topics.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub topics: &'a [String],
    /// Rooms.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub rooms: &'a [String],
    /// Scopes, with spaces between them.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub scope: &'a str,
}

impl AuthConfig {
    fn with(keys: Option<KeySet>, demands: Demands) -> Self {
        Self {
            keys,
            demands,
            api_keys: ApiKeys::default(),
            ephemeral: false,
            query_token: true,
        }
    }

    /// HS256 with this secret.
    pub fn hs256(secret: &[u8]) -> Self {
        let keys = KeySet::of_secrets(Algorithm::HS256, secret, None);
        Self::with(Some(keys), Demands::default())
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

    /// Nobody proves anything: each connection is of a user of its own.
    pub fn anonymous() -> Self {
        Self::with(None, Demands::default())
    }

    /// Whether the key was made up at start.
    pub fn is_ephemeral(&self) -> bool {
        self.ephemeral
    }

    /// Whether nobody proves anything.
    pub fn is_anonymous(&self) -> bool {
        self.keys.is_none()
    }

    /// Whether tokens can be minted: nobody needs one, or of a public key alone none can be.
    pub fn can_mint(&self) -> bool {
        self.signing_key().is_ok()
    }

    /// Whether this is the key of a service.
    pub(super) fn knows_key(&self, key: &[u8]) -> bool {
        self.api_keys.include(key)
    }

    /// A user of its own, where nobody has to prove anything.
    pub(super) fn stranger(&self) -> Result<Option<Principal>, AuthError> {
        if !self.is_anonymous() {
            return Ok(None);
        }
        let name = format!("anonymous-{}", Uuid::new_v4());
        let user = UserId::parse(&name).map_err(AuthError::User)?;
        Ok(Some(Principal::plain(user, Timestamp::MAX)))
    }

    /// A token for this user that ends after this time.
    pub fn mint(
        &self,
        user: &UserId,
        clock: &Clock,
        lifetime: Duration,
    ) -> Result<String, AuthError> {
        let grant = Grant {
            sub: user,
            topics: &[],
            rooms: &[],
            scope: "",
        };
        self.mint_with(&grant, clock, lifetime)
    }

    /// A token that grants this and ends after this time.
    pub fn mint_with(
        &self,
        grant: &Grant<'_>,
        clock: &Clock,
        lifetime: Duration,
    ) -> Result<String, AuthError> {
        #[derive(Serialize)]
        struct Minted<'a> {
            #[serde(flatten)]
            grant: &'a Grant<'a>,
            iat: i64,
            exp: i64,
            #[serde(skip_serializing_if = "Option::is_none")]
            aud: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            iss: Option<&'a str>,
        }
        let (algorithm, key) = self.signing_key()?;
        let now = clock.now();
        let ends = now.saturating_add(lifetime).unwrap_or(Timestamp::MAX);
        let claims = Minted {
            grant,
            iat: now.as_second(),
            exp: ends.as_second(),
            aud: self.demands.audience.first().map(String::as_str),
            iss: self.demands.issuer.as_deref(),
        };
        let mut claims = serde_json::to_value(claims).map_err(AuthError::Claims)?;
        // The user stands where the configuration looks for it.
        if let (Some(claim), Some(claims)) = (&self.demands.user_claim, claims.as_object_mut())
            && let Some(user) = claims.remove("sub")
        {
            claims.insert(claim.clone(), user);
        }
        jsonwebtoken::encode(&Header::new(algorithm), &claims, key).map_err(AuthError::Mint)
    }

    fn signing_key(&self) -> Result<(Algorithm, &EncodingKey), AuthError> {
        let keys = self.keys.as_ref().ok_or(AuthError::NoSigningKey)?;
        let key = keys.sign.as_ref().ok_or(AuthError::NoSigningKey)?;
        Ok((keys.algorithm, key))
    }

    /// Who this token proves its bearer to be.
    pub fn verify(&self, token: &str, clock: &Clock) -> Result<Principal, AuthError> {
        let claims = self.open(token)?;
        claims.judge(&self.demands, clock.now())
    }

    /// The claims of a token whose signature is good.
    fn open(&self, token: &str) -> Result<Claims, AuthError> {
        let keys = self.keys.as_ref().ok_or(AuthError::NoKey)?;
        let header = jsonwebtoken::decode_header(token).map_err(AuthError::Token)?;
        if header.alg != keys.algorithm {
            return Err(AuthError::Token(ErrorKind::InvalidAlgorithm.into()));
        }
        let (message, signature) = token.rsplit_once('.').unwrap_or_default();
        let name = header.kid.filter(|_| keys.are_named());
        let mut why = AuthError::NoKey;
        for key in keys.candidates(name.as_deref()) {
            let message = message.as_bytes();
            match jsonwebtoken::crypto::verify(signature, message, key, keys.algorithm) {
                // The claims are judged by the gateway's clock and demands. The crate's own reading
                // of them ends at a `sub` that is no text, as if the signature were bad.
                Ok(true) => {
                    let claims = jsonwebtoken::dangerous::insecure_decode_claims(token);
                    return claims.map_err(AuthError::Token);
                }
                Ok(false) => why = AuthError::Token(ErrorKind::InvalidSignature.into()),
                Err(error) => why = AuthError::Token(error),
            }
        }
        Err(why)
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
