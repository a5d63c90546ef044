//! A socket is opened for an authenticated user or not at all; a refusal is plain HTTP.
//!
//! The order of the checks is part of the contract: what is no upgrade is told so first, then a
//! daemon that stops refuses, then the origin is judged, and the token last, because it costs most.

mod refusal;

use std::pin::Pin;

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::http::header::HeaderMap;
use axum::response::Response;
use tokio::time::Instant;
use tracing::Instrument;

use crate::ids::RoomId;
use crate::metrics::ConnectionStatus;
use crate::protocol::{CloseCode, Dialect};
use crate::shutdown::TaskGuard;

use super::Gateway;
use super::address::PeerAddress;
use super::admission::Seat;
use super::auth::Principal;
use super::connection::{self, Terms};
use super::gatekeeper::{Gatekeeper, Unproven};
use super::in_band::Greeting;
use super::socket::{Asked, Halves, Handshake, NotOpened};
use super::token::{self, Subprotocols};
use refusal::Refusal;

/// `GET /ws` and `/ws/`: in the lobby, where there is one.
pub(super) async fn open(
    State(gateway): State<Gateway>,
    Extension(peer): Extension<PeerAddress>,
    headers: HeaderMap,
    uri: Uri,
    asked: Asked,
) -> Result<Response, Refusal> {
    let lobby = gateway.lobby();
    let door = Door::come_to(&gateway, peer, &headers, asked, Ok(lobby));
    let answer = door.and_then(|door| door.open_to_the_known(&headers, &uri));
    counted(&gateway, answer)
}

/// `GET /ws/{room}`.
pub(super) async fn open_room(
    State(gateway): State<Gateway>,
    Extension(peer): Extension<PeerAddress>,
    room: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    uri: Uri,
    asked: Asked,
) -> Result<Response, Refusal> {
    let room = room
        .map_err(|_| Refusal::InvalidRoom)
        .and_then(|Path(name)| RoomId::parse(&name).map_err(|_| Refusal::InvalidRoom))
        .map(Some);
    let door = Door::come_to(&gateway, peer, &headers, asked, room);
    let answer = door.and_then(|door| door.open_to_the_known(&headers, &uri));
    counted(&gateway, answer)
}

/// `GET /ws/connect`: without a token the socket is opened, and asks whose it is.
pub(super) async fn open_in_band(
    State(gateway): State<Gateway>,
    Extension(peer): Extension<PeerAddress>,
    headers: HeaderMap,
    uri: Uri,
    asked: Asked,
) -> Result<Response, Refusal> {
    let door = Door::come_to(&gateway, peer, &headers, asked, Ok(None));
    let answer = door.and_then(|door| match door.identify(&headers, &uri)? {
        Some(principal) => door.open(principal),
        None => door.open_to_a_stranger(),
    });
    counted(&gateway, answer)
}

fn counted(gateway: &Gateway, answer: Result<Response, Refusal>) -> Result<Response, Refusal> {
    answer.inspect_err(|_| gateway.metrics().connection(ConnectionStatus::Refused))
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
    handshake: Handshake,
    // What is echoed of the subprotocols offered.
    protocol: Option<&'static str>,
    guard: TaskGuard,
    visit: Visit,
}

impl Door {
    fn come_to(
        gateway: &Gateway,
        PeerAddress(peer): PeerAddress,
        headers: &HeaderMap,
        Asked(asked): Asked,
        room: Result<Option<RoomId>, Refusal>,
    ) -> Result<Self, Refusal> {
        let handshake = asked.map_err(Refusal::NotAnUpgrade)?;
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
            .load()
            .allow(headers, shared.proxies.host(peer, headers))
        {
            return Err(Refusal::OriginNotAllowed);
        }
        let home = room?;
        let offers = Subprotocols::of(headers);
        if offers.token.is_some() && offers.dialect.is_none() {
            return Err(Refusal::SubprotocolMissing);
        }
        Ok(Self {
            gateway: gateway.clone(),
            handshake,
            protocol: offers.dialect.map(Dialect::subprotocol),
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
        // Taken before the answer: whose sockets are open already is never the one too many.
        let seat = self.gateway.seat(&principal);
        let Self {
            gateway,
            handshake,
            protocol,
            guard,
            visit,
        } = self;
        let (response, socket) = handshake.accept(protocol, gateway.limits().message_size);
        let opening =
            async move { Some(gateway.attend(opened(socket).await?, principal, seat, visit)) };
        guard.start(serve(Box::pin(opening.instrument(span))));
        Ok(response)
    }

    fn open_to_a_stranger(self) -> Result<Response, Refusal> {
        let place = self.gateway.admission().stranger();
        let place = place.ok_or(Refusal::AtCapacity)?;
        let span = self.span(None);
        let Self {
            gateway,
            handshake,
            protocol,
            guard,
            visit,
        } = self;
        let (response, socket) = handshake.accept(protocol, gateway.limits().message_size);
        let opening = async move {
            let mut halves = opened(socket).await?;
            let greeting = gateway.greet(&mut halves, &visit);
            let principal = Box::pin(greeting).await?;
            drop(place);
            tracing::Span::current().record("user", principal.user.as_str());
            let seat = gateway.seat(&principal);
            Some(gateway.attend(halves, principal, seat, visit))
        };
        guard.start(serve(Box::pin(opening.instrument(span))));
        Ok(response)
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

/// What serves a connection, in the span in which it was made.
type Serving = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Serves a socket once it is open. What opened it is let go of then.
async fn serve(opening: Pin<Box<dyn Future<Output = Option<Serving>> + Send>>) {
    if let Some(serving) = opening.await {
        serving.await;
    }
}

async fn opened(socket: impl Future<Output = Result<Halves, NotOpened>>) -> Option<Halves> {
    match socket.await {
        Ok(halves) => Some(halves),
        Err(error) => {
            tracing::debug!(error = &error as &dyn std::error::Error, "no socket");
            None
        }
    }
}

impl Gateway {
    /// Whose the socket is, where its peer says so in time.
    async fn greet(&self, (reader, writer): &mut Halves, visit: &Visit) -> Option<Principal> {
        let greeting = Greeting {
            dialect: visit.dialect,
            clock: self.clock(),
            gatekeeper: &visit.gatekeeper,
            terms: &Terms::of(self.limits()),
        };
        greeting.exchange(reader, writer).await
    }

    /// A place for one more connection of this user.
    fn seat(&self, principal: &Principal) -> Option<Seat> {
        let most = self.limits().connections_per_user;
        self.admission().seat(&principal.user, most)
    }

    /// Serves a connection that has a place, and says of another why it does not.
    fn attend(
        &self,
        halves: Halves,
        principal: Principal,
        seat: Option<Seat>,
        visit: Visit,
    ) -> Serving {
        // Boxed: each layer of futures around it would otherwise hold it twice.
        if let Some(seat) = seat {
            self.metrics().connection(ConnectionStatus::Accepted);
            return Box::pin(self.serve(halves, principal, visit, seat));
        }
        self.metrics().connection(ConnectionStatus::Limited);
        self.metrics().closed(CloseCode::ConnectionLimit.as_str());
        Box::pin(turn_away(halves, Terms::of(self.limits())).in_current_span())
    }
}

async fn turn_away((mut reader, mut writer): Halves, terms: Terms) {
    let close = CloseCode::ConnectionLimit.into();
    connection::farewell(&mut reader, &mut writer, close, &terms).await;
}
