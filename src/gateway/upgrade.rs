//! A socket is opened for an authenticated user or not at all; a refusal is plain HTTP.
//!
//! The order of the checks is part of the contract: what is no upgrade is told so first, then a
//! daemon that stops refuses, then the origin is judged, and the token last, because it costs most.

use std::pin::Pin;

use axum::extract::rejection::PathRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Path, State};
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Serialize;
use tokio::time::Instant;
use tracing::Instrument;

use crate::ids::RoomId;
use crate::protocol::{CloseCode, Dialect};
use crate::shutdown::TaskGuard;

use super::Gateway;
use super::address::PeerAddress;
use super::auth::{AuthError, Principal};
use super::connection::{self, Terms};
use super::gatekeeper::{Gatekeeper, Unproven};
use super::in_band::Greeting;
use super::socket::{self, Reader, Writer};
use super::token::{self, Subprotocols};

/// Seconds after which a client that was refused for want of room may try again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// Why a socket is not opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// The request does not ask for a WebSocket of version 13.
    #[error("this is not a WebSocket upgrade")]
    NotAnUpgrade(#[source] WebSocketUpgradeRejection),
    /// A token is offered as a subprotocol, but nothing that can be echoed.
    #[error("a token in the subprotocol needs a dialect beside it")]
    SubprotocolMissing,
    /// What is in the path is not the name of a room.
    #[error("the room's name is not an id")]
    InvalidRoom,
    /// The room is not for this user.
    #[error("this user may not enter the room")]
    RoomForbidden,
    /// There is no token.
    #[error("there is no token")]
    MissingToken,
    /// There is a token that proves nothing.
    #[error("{}", .0.sentence())]
    Token(#[source] AuthError),
    /// The page that asks is of another site.
    #[error("this origin may not open a socket")]
    OriginNotAllowed,
    /// The address opens too many sockets, or sends too many tokens that prove nothing.
    #[error("this address connects too often")]
    TooManyConnects,
    /// There are as many sockets as there may be.
    #[error("the server has as many connections as it takes")]
    AtCapacity,
    /// The daemon is about to stop.
    #[error("the server is about to stop")]
    Draining,
}

#[derive(Serialize)]
struct RefusalBody {
    error: String,
    code: &'static str,
}

impl Refusal {
    fn code(&self) -> &'static str {
        match self {
            Self::NotAnUpgrade(_) | Self::InvalidRoom => "bad_request",
            Self::RoomForbidden => "forbidden",
            Self::SubprotocolMissing => "subprotocol_missing",
            Self::MissingToken => "missing_token",
            Self::Token(error) => error.code(),
            Self::OriginNotAllowed => "origin_not_allowed",
            Self::TooManyConnects => "too_many_connects",
            Self::AtCapacity => "at_capacity",
            Self::Draining => "draining",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotAnUpgrade(_) | Self::InvalidRoom | Self::SubprotocolMissing => {
                StatusCode::BAD_REQUEST
            }
            Self::MissingToken | Self::Token(_) => StatusCode::UNAUTHORIZED,
            Self::OriginNotAllowed | Self::RoomForbidden => StatusCode::FORBIDDEN,
            Self::TooManyConnects => StatusCode::TOO_MANY_REQUESTS,
            Self::AtCapacity | Self::Draining => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn header(&self) -> Option<(header::HeaderName, HeaderValue)> {
        match self.status() {
            StatusCode::BAD_REQUEST => Some((
                header::SEC_WEBSOCKET_VERSION,
                HeaderValue::from_static("13"),
            )),
            StatusCode::UNAUTHORIZED => {
                Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
            }
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                Some((header::RETRY_AFTER, RETRY_AFTER))
            }
            _ => None,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        tracing::debug!(
            code = self.code(),
            error = &self as &dyn std::error::Error,
            "refused a socket"
        );
        let body = RefusalBody {
            error: self.to_string(),
            code: self.code(),
        };
        let mut response = (self.status(), Json(body)).into_response();
        let headers = response.headers_mut();
        headers.extend(self.header());
        // Who wanted a socket has no use for the connection beneath.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        response
    }
}

/// What there is to know about a request for a socket.
type Asked = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

/// `GET /ws` and `/ws/`: in the lobby, where there is one.
pub(super) async fn open(
    State(gateway): State<Gateway>,
    Extension(peer): Extension<PeerAddress>,
    headers: HeaderMap,
    uri: Uri,
    upgrade: Asked,
) -> Result<Response, Refusal> {
    let lobby = gateway.lobby();
    let door = Door::come_to(&gateway, peer, &headers, upgrade, Ok(lobby))?;
    door.open_to_the_known(&headers, &uri)
}

/// `GET /ws/{room}`.
pub(super) async fn open_room(
    State(gateway): State<Gateway>,
    Extension(peer): Extension<PeerAddress>,
    room: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    uri: Uri,
    upgrade: Asked,
) -> Result<Response, Refusal> {
    let room = room
        .map_err(|_| Refusal::InvalidRoom)
        .and_then(|Path(name)| RoomId::parse(&name).map_err(|_| Refusal::InvalidRoom))
        .map(Some);
    let door = Door::come_to(&gateway, peer, &headers, upgrade, room)?;
    door.open_to_the_known(&headers, &uri)
}

/// `GET /ws/connect`: without a token the socket is opened, and asks whose it is.
pub(super) async fn open_in_band(
    State(gateway): State<Gateway>,
    Extension(peer): Extension<PeerAddress>,
    headers: HeaderMap,
    uri: Uri,
    upgrade: Asked,
) -> Result<Response, Refusal> {
    let door = Door::come_to(&gateway, peer, &headers, upgrade, Ok(None))?;
    match door.identify(&headers, &uri)? {
        Some(principal) => door.open(principal),
        None => door.open_to_a_stranger(),
    }
}

/// With what a socket is opened, whoever it belongs to.
#[derive(Debug)]
pub(super) struct Visit {
    /// The number of the connection.
    pub(super) number: u64,
    /// The room that it is opened on.
    pub(super) home: Option<RoomId>,
    /// What it speaks.
    pub(super) dialect: Dialect,
    /// Who checks the tokens that it sends.
    pub(super) gatekeeper: Gatekeeper,
}

/// An upgrade that nothing but the question who asks stands against.
struct Door {
    gateway: Gateway,
    upgrade: WebSocketUpgrade,
    guard: TaskGuard,
    visit: Visit,
}

impl Door {
    fn come_to(
        gateway: &Gateway,
        PeerAddress(peer): PeerAddress,
        headers: &HeaderMap,
        upgrade: Asked,
        room: Result<Option<RoomId>, Refusal>,
    ) -> Result<Self, Refusal> {
        let upgrade = upgrade.map_err(Refusal::NotAnUpgrade)?;
        // Counted in before the question whether the daemon stops: a socket that passes it is
        // waited for.
        let guard = gateway.enter();
        let shared = &gateway.shared;
        let address = shared.proxies.client(peer, headers);
        if gateway.is_draining() {
            return Err(Refusal::Draining);
        }
        if !shared.admission.connects(address, Instant::now()) {
            return Err(Refusal::TooManyConnects);
        }
        if gateway.connections() > shared.limits.connections {
            return Err(Refusal::AtCapacity);
        }
        if !shared
            .origins
            .allow(headers, shared.proxies.host(peer, headers))
        {
            return Err(Refusal::OriginNotAllowed);
        }
        let home = room?;
        let offers = Subprotocols::of(headers);
        if offers.token.is_some() && offers.dialect.is_none() {
            return Err(Refusal::SubprotocolMissing);
        }
        let mut upgrade = socket::limited(upgrade, shared.limits.message_size);
        if let Some(dialect) = offers.dialect {
            upgrade.set_selected_protocol(HeaderValue::from_static(dialect.subprotocol()));
        }
        Ok(Self {
            gateway: gateway.clone(),
            upgrade,
            visit: Visit {
                number: guard.name().number,
                home,
                dialect: offers.dialect.unwrap_or_default(),
                gatekeeper: Gatekeeper::new(gateway.clone(), address),
            },
            guard,
        })
    }

    /// Who asks, if there is a token.
    fn identify(&self, headers: &HeaderMap, uri: &Uri) -> Result<Option<Principal>, Refusal> {
        let auth = self.gateway.auth();
        if let Some(stranger) = auth.stranger().map_err(Refusal::Token)? {
            return Ok(Some(stranger));
        }
        let offers = Subprotocols::of(headers);
        let Some(token) = token::find(headers, &offers, uri, auth.query_token) else {
            return Ok(None);
        };
        match self.visit.gatekeeper.admit(&token) {
            Ok(principal) => Ok(Some(principal)),
            Err(Unproven::Token(error)) => Err(Refusal::Token(error)),
            Err(Unproven::TooManyFailures | Unproven::AnotherUser) => Err(Refusal::TooManyConnects),
        }
    }

    fn open_to_the_known(self, headers: &HeaderMap, uri: &Uri) -> Result<Response, Refusal> {
        match self.identify(headers, uri)? {
            Some(principal) => self.open(principal),
            None => Err(Refusal::MissingToken),
        }
    }

    fn open(self, principal: Principal) -> Result<Response, Refusal> {
        if let Some(room) = &self.visit.home
            && !self.gateway.may_enter(&principal, room)
        {
            return Err(Refusal::RoomForbidden);
        }
        let span = self.span(Some(&principal));
        let Self {
            gateway,
            upgrade,
            guard,
            visit,
        } = self;
        Ok(upgrade.on_upgrade(move |socket| {
            let connection = gateway.attend(socket::split(socket), principal, visit);
            guard.run(connection).instrument(span)
        }))
    }

    fn open_to_a_stranger(self) -> Result<Response, Refusal> {
        let place = self.gateway.admission().stranger();
        let place = place.ok_or(Refusal::AtCapacity)?;
        let span = self.span(None);
        let Self {
            gateway,
            upgrade,
            guard,
            visit,
        } = self;
        Ok(upgrade.on_upgrade(move |socket| {
            let connection = Box::pin(async move {
                let mut halves = socket::split(socket);
                let greeting = gateway.greet(&mut halves, &visit);
                let Some(principal) = Box::pin(greeting).await else {
                    return;
                };
                drop(place);
                tracing::Span::current().record("user", principal.user.as_str());
                gateway.attend(halves, principal, visit).await;
            });
            guard.run(connection).instrument(span)
        }))
    }

    fn span(&self, principal: Option<&Principal>) -> tracing::Span {
        tracing::info_span!(
            parent: None,
            "connection",
            connection = self.visit.number,
            user = principal.map(|principal| principal.user.as_str())
        )
    }
}

impl Gateway {
    /// Whose the socket is, where its peer says so in time.
    async fn greet(
        &self,
        (reader, writer): &mut (Reader, Writer),
        visit: &Visit,
    ) -> Option<Principal> {
        let greeting = Greeting {
            dialect: visit.dialect,
            clock: self.clock(),
            gatekeeper: &visit.gatekeeper,
            terms: &Terms::of(self.limits()),
        };
        greeting.exchange(reader, writer).await
    }

    /// Serves a connection if its user may have one more, and else says why it does not.
    fn attend(
        &self,
        halves: (Reader, Writer),
        principal: Principal,
        visit: Visit,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let most = self.limits().connections_per_user;
        // Boxed: each layer of futures around it would otherwise hold it twice.
        match self.admission().seat(&principal.user, most) {
            Some(seat) => Box::pin(self.serve(halves, principal, visit, seat)),
            None => Box::pin(turn_away(halves, Terms::of(self.limits()))),
        }
    }
}

async fn turn_away((mut reader, mut writer): (Reader, Writer), terms: Terms) {
    let close = CloseCode::ConnectionLimit.into();
    connection::farewell(&mut reader, &mut writer, close, &terms).await;
}
