//! A token on a live connection is checked as one at the upgrade is, and counted as one is.

use std::net::IpAddr;

use tokio::time::Instant;
use tokio_util::sync::WaitForCancellationFuture;

use crate::protocol::Close;

use super::Gateway;
use super::auth::{AuthError, Principal};

/// Checks the tokens of one client.
#[derive(Debug, Clone)]
pub(super) struct Gatekeeper {
    gateway: Gateway,
    address: IpAddr,
}

/// Why a token changes nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unproven {
    /// It proves nothing.
    #[error("the token proves nothing")]
    Token(#[from] AuthError),
    /// Too many tokens from this address proved nothing.
    #[error("too many tokens from this address were not valid")]
    TooManyFailures,
    /// It proves somebody else.
    #[error("the token is another user's")]
    AnotherUser,
}

impl Unproven {
    /// The name, as clients read it.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Token(error) => error.code(),
            Self::TooManyFailures => "rate_limited",
            Self::AnotherUser => "invalid_user_id",
        }
    }

    /// The sentence, as clients read it.
    pub(super) fn sentence(&self) -> &'static str {
        match self {
            Self::Token(error) => error.sentence(),
            Self::TooManyFailures => "too many tokens from this address were not valid",
            Self::AnotherUser => "the token is another user's",
        }
    }
}

impl Gatekeeper {
    pub(super) fn new(gateway: Gateway, address: IpAddr) -> Self {
        Self { gateway, address }
    }

    /// Who this token proves its bearer to be.
    pub(super) fn admit(&self, token: &str) -> Result<Principal, Unproven> {
        let admission = self.gateway.admission();
        let now = Instant::now();
        if !admission.may_try(self.address, now) {
            return Err(Unproven::TooManyFailures);
        }
        let verified = self.gateway.auth().verify(token, self.gateway.clock());
        let result = verified.as_ref().map_or_else(AuthError::code, |_| "valid");
        self.gateway.metrics().token(result);
        if let Err(error) = &verified {
            admission.failed(self.address, now);
            tracing::debug!(
                code = error.code(),
                error = error as &dyn std::error::Error,
                "no proof"
            );
        }
        Ok(verified?)
    }

    /// Whether this is the key of a service. One that is none counts as a token that is none.
    pub(super) fn knows_service(&self, key: &[u8]) -> Result<bool, Unproven> {
        let admission = self.gateway.admission();
        let now = Instant::now();
        if !admission.may_try(self.address, now) {
            return Err(Unproven::TooManyFailures);
        }
        let is_known = self.gateway.auth().knows_key(key);
        if !is_known {
            admission.failed(self.address, now);
        }
        Ok(is_known)
    }

    /// The same user, with what this token proves anew.
    pub(super) fn renew(&self, principal: &Principal, token: &str) -> Result<Principal, Unproven> {
        if self.gateway.auth().is_anonymous() {
            return Ok(principal.clone());
        }
        let renewed = self.admit(token)?;
        if renewed.user == principal.user {
            Ok(renewed)
        } else {
            Err(Unproven::AnotherUser)
        }
    }

    /// Counts a close.
    pub(super) fn count_close(&self, close: Close) {
        self.gateway.metrics().closed(close.code.as_str());
    }

    /// Ready when the daemon stops.
    pub(super) fn stopping(&self) -> WaitForCancellationFuture<'_> {
        self.gateway.stopping().cancelled()
    }
}
