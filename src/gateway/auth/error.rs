//! Why a token is refused, for the log in full and for its bearer in few words.

use jsonwebtoken::errors::{Error, ErrorKind};

use crate::ids::IdError;

/// Why a token does not prove who its bearer is. No variant holds any of the token.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// It is malformed, of another algorithm, or signed with another key.
    #[error("failed to verify the token: {}", unverified(.0))]
    Token(Error),
    /// No key is known by the name that it gives.
    #[error("no key is known that the token could be signed with")]
    NoKey,
    /// A claim is not of its type.
    #[error("the token's {0} is not of its type")]
    Claim(&'static str),
    /// It has no end.
    #[error("the token has no exp")]
    NoExpiry,
    /// It has ended.
    #[error("the token has expired")]
    Expired,
    /// It has not begun.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// It is for somebody else.
    #[error("the token's aud is not the one that is expected here")]
    Audience,
    /// It is from somebody else.
    #[error("the token's iss is not the one that is expected here")]
    Issuer,
    /// It names no user.
    #[error("the token names no user")]
    NoUser,
    /// What it names is not a user's id.
    #[error("the token's user is not an id")]
    User(#[source] IdError),
    /// A token could not be signed.
    #[error("failed to sign a token")]
    Mint(#[source] Error),
    /// The claims of a token have no JSON form.
    #[error("failed to write the claims of a token")]
    Claims(#[source] serde_json::Error),
    /// There is no key to sign with: of a public key nothing can be signed.
    #[error("there is no key to sign tokens with: set auth.secret, with an HS algorithm")]
    NoSigningKey,
    /// The system has no random bytes to give.
    #[error("failed to read random bytes for a key")]
    NoRandomness,
}

/// What is wrong with a token whose claims are not looked at.
fn unverified(error: &Error) -> String {
    match error.kind() {
        ErrorKind::InvalidToken => "it is not three parts in base64 with dots between".to_owned(),
        ErrorKind::InvalidSignature => "another key signed it".to_owned(),
        ErrorKind::InvalidAlgorithm => "it is of another algorithm than auth.algorithm".to_owned(),
        ErrorKind::Base64(_) => "a part of it is not base64".to_owned(),
        ErrorKind::Json(_) => "a part of it is not the JSON of a token".to_owned(),
        // What is left has words of its own.
        _ => error.to_string(),
    }
}

impl AuthError {
    /// What is said about it to the bearer.
    pub fn sentence(&self) -> &'static str {
        match self {
            Self::Expired => "the token has expired",
            Self::NoUser | Self::User(_) => "the token's user is not an id",
            Self::Token(_)
            | Self::NoKey
            | Self::Claim(_)
            | Self::NoExpiry
            | Self::NotYetValid
            | Self::Audience
            | Self::Issuer
            | Self::Mint(_)
            | Self::Claims(_)
            | Self::NoSigningKey
            | Self::NoRandomness => "the token is not valid",
        }
    }

    /// The name of the refusal, as clients read it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Expired => "token_expired",
            Self::NoUser | Self::User(_) => "invalid_user_id",
            Self::Token(_)
            | Self::NoKey
            | Self::Claim(_)
            | Self::NoExpiry
            | Self::NotYetValid
            | Self::Audience
            | Self::Issuer
            | Self::Mint(_)
            | Self::Claims(_)
            | Self::NoSigningKey
            | Self::NoRandomness => "invalid_token",
        }
    }
}
