//! An [`Asker`] has proved who it is in a header, and has not asked too often; so has a [`Publisher`],
//! unless it is a service with a key, which may publish as often as it has something to say.
//!
//! A token in the query is not looked at, whatever sockets do: links are shared and logged.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::HeaderName;
use axum::http::request::Parts;
use tokio::time::Instant;

use super::error::ApiError;
use crate::gateway::Gateway;
use crate::gateway::address::PeerAddress;
use crate::gateway::auth::Principal;
use crate::gateway::gatekeeper::Gatekeeper;
use crate::gateway::token;

/// Where services put their key.
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Who asks.
pub(super) struct Asker(pub(super) Principal);

impl FromRequestParts<Gateway> for Asker {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        let address = visitor(parts, gateway)?;
        let principal = identify(parts, gateway, address)?;
        let (admission, now) = (gateway.admission(), Instant::now());
        // Where nobody proves anything each request is another user's, as each connect is.
        let may_ask = if gateway.is_anonymous() {
            admission.connects(address, now)
        } else {
            admission.requests(&principal.user, now)
        };
        if may_ask {
            Ok(Self(principal))
        } else {
            gateway.metrics().rate_limited();
            Err(ApiError::TooManyRequests)
        }
    }
}

/// Who publishes.
pub(super) enum Publisher {
    /// A user, whose scopes say where.
    User(Principal),
    /// Whoever has a key, and may publish everywhere.
    Service,
}

impl FromRequestParts<Gateway> for Publisher {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        let Some(key) = parts.headers.get(API_KEY) else {
            let Asker(principal) = Asker::from_request_parts(parts, gateway).await?;
            return Ok(Self::User(principal));
        };
        let gatekeeper = Gatekeeper::new(gateway.clone(), visitor(parts, gateway)?);
        let is_known = gatekeeper.knows_service(key.as_bytes());
        if is_known.map_err(ApiError::Unproven)? {
            Ok(Self::Service)
        } else {
            Err(ApiError::ApiKey)
        }
    }
}

/// The address that asks, if the page that asks may.
fn visitor(parts: &Parts, gateway: &Gateway) -> Result<IpAddr, ApiError> {
    let shared = &gateway.shared;
    let peer = parts.extensions.get::<PeerAddress>();
    let PeerAddress(peer) = *peer.ok_or(ApiError::NoAddress)?;
    let host = shared.proxies.host(peer, &parts.headers);
    if shared.origins.load().allow(&parts.headers, host) {
        Ok(shared.proxies.client(peer, &parts.headers))
    } else {
        Err(ApiError::OriginNotAllowed)
    }
}

fn identify(parts: &Parts, gateway: &Gateway, address: IpAddr) -> Result<Principal, ApiError> {
    if let Some(stranger) = gateway.auth().stranger().map_err(ApiError::Stranger)? {
        return Ok(stranger);
    }
    let token = token::in_header(&parts.headers).filter(|token| !token.is_empty());
    let token = token.ok_or(ApiError::MissingToken)?;
    let gatekeeper = Gatekeeper::new(gateway.clone(), address);
    gatekeeper.admit(&token).map_err(ApiError::Unproven)
}
