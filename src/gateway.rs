//! The gateway owns every socket from the upgrade to the last byte, and waits for it when it stops.
//!
//! A frame becomes a `ClientMessage`, the `Session` answers it through `Dispatch` and the policy, and
//! the answer leaves through the connection's `Outbox`. What is published arrives from the broker
//! through the `Relay`, and the `Hub` puts it into the outbox of each who is subscribed.

mod auth;
mod call;
mod connection;
mod dispatch;
mod hub;
mod origin;
mod outbox;
mod policy;
mod presence;
mod relay;
mod services;
mod session;
mod socket;
mod token;
mod upgrade;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::WebSocket;
use axum::routing::get;
use tokio::time::Instant;

use crate::broker::memory::MemoryBroker;
use crate::catalog::ExerciseService;
use crate::clock::Clock;
use crate::ids::RoomId;
use crate::protocol::{Close, CloseCode, Dialect, Envelope, Topic};
use crate::shutdown::{TaskGuard, TaskName, Tasks};

use connection::Patience;
use dispatch::Dispatch;
use hub::Hub;
use outbox::{Bounds, Outbox};
use presence::Presence;
use relay::{Arrivals, Relay};
use services::Services;
use session::Session;

pub use auth::{AuthConfig, AuthError, Principal};
pub use policy::{Grants, RoomPolicy, Rules};

/// What the tasks behind the connections get to finish in, even where these used up the time.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What a connection may cost. The defaults are PROTOCOL.md's.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of one message from a client.
    pub message_size: usize,
    /// Topics that one connection may be subscribed to.
    pub topics_per_connection: usize,
    /// Bytes of one message from the broker.
    pub payload: usize,
    /// How long a broker or a service may take to answer.
    pub request_timeout: Duration,
    /// Frames that may wait to be sent on one connection.
    pub queue_frames: usize,
    /// Bytes that may wait to be sent on one connection.
    pub queue_bytes: usize,
    /// How long a client may take to accept what is written.
    pub write_timeout: Duration,
    /// How long a client may take to answer a close.
    pub close_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_size: 64 * 1024,
            topics_per_connection: 128,
            payload: 256 * 1024,
            request_timeout: Duration::from_secs(5),
            queue_frames: 256,
            queue_bytes: 1024 * 1024,
            write_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(5),
        }
    }
}

/// All sockets of one daemon.
#[derive(Debug, Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    auth: AuthConfig,
    limits: Limits,
    services: Arc<Services>,
    connections: Tasks,
    background: Tasks,
}

impl Gateway {
    /// A gateway without connections.
    pub fn new(
        auth: AuthConfig,
        limits: Limits,
        rules: Rules,
        clock: Clock,
        exercises: ExerciseService,
        broker: &MemoryBroker,
    ) -> Self {
        let hub = Hub::new();
        let arrivals = Arrivals {
            hub: Arc::clone(&hub),
            payload: limits.payload,
        };
        let broker = Arc::new(broker.connect(Arc::new(arrivals)));
        let services = Arc::new(Services {
            dispatch: Dispatch::new(exercises),
            clock,
            rules,
            relay: Relay::new(broker, Arc::clone(&hub)),
            hub,
            presence: Presence::new(),
            topics: limits.topics_per_connection,
            patience: limits.request_timeout,
        });
        let background = Tasks::new();
        let relay = Arc::clone(&services.relay);
        background.spawn("relay", relay.run(background.stopping()));
        let presence = Arc::clone(&services);
        background.spawn("presence", presence.announce(background.stopping()));
        // What services say to everyone is for any connection, so it is followed for ever.
        let everyone = services.relay.lease(Envelope::broadcast_channel());
        let stopping = background.stopping();
        background.spawn("broadcast", async move {
            stopping.cancelled().await;
            drop(everyone);
        });
        let shared = Shared {
            auth,
            limits,
            services,
            connections: Tasks::new(),
            background,
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The routes that open sockets.
    pub fn routes(&self) -> Router {
        Router::new()
            .route("/ws", get(upgrade::open))
            .route("/ws/", get(upgrade::open))
            .route("/ws/connect", get(upgrade::connect))
            .route("/ws/{room}", get(upgrade::open_room))
            .with_state(self.clone())
    }

    /// How many sockets are open or being opened.
    pub fn connections(&self) -> usize {
        self.shared.connections.count()
    }

    /// Whether new sockets are refused.
    pub fn is_draining(&self) -> bool {
        self.shared.connections.is_stopping()
    }

    /// Refuses new sockets, closes the live ones, and waits for them until the deadline. Returns who
    /// was late.
    pub async fn drain(&self, deadline: Instant) -> Vec<TaskName> {
        self.shared.connections.stop();
        let mut late = self.shared.connections.join(deadline).await;
        // What the last connections left to say is still said.
        self.shared.background.stop();
        let deadline = deadline.max(Instant::now() + LAST_WORDS);
        late.extend(self.shared.background.join(deadline).await);
        late
    }

    fn auth(&self) -> &AuthConfig {
        &self.shared.auth
    }

    fn clock(&self) -> &Clock {
        &self.shared.services.clock
    }

    /// The lobby, where there is one.
    fn lobby(&self) -> Option<RoomId> {
        let lobby = self.shared.services.rules.lobby;
        lobby.then(|| RoomId::parse(policy::LOBBY).ok()).flatten()
    }

    fn may_enter(&self, principal: &Principal, room: &RoomId) -> bool {
        let topic = Topic::Room(room.clone());
        let intent = policy::Intent::Join(&topic);
        policy::authorize(principal, self.shared.services.rules, intent).is_ok()
    }

    fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    fn enter(&self) -> TaskGuard {
        self.shared.connections.enter("connection")
    }

    // Not an async function: its arguments would stay in the future beside what is made of them,
    // for as long as the connection lives.
    fn serve(
        &self,
        socket: WebSocket,
        principal: Principal,
        dialect: Dialect,
        (number, home): (u64, Option<RoomId>),
    ) -> impl Future<Output = ()> + Send + use<> {
        let limits = &self.shared.limits;
        let outbox = Arc::new(Outbox::new(Bounds {
            frames: limits.queue_frames,
            bytes: limits.queue_bytes,
        }));
        let session = Session::new(
            Arc::clone(&self.shared.services),
            principal,
            dialect,
            (number, home),
            Arc::clone(&outbox),
        );
        let patience = Patience {
            write: limits.write_timeout,
            close: limits.close_timeout,
        };
        let draining = (self.shared.connections.stopping(), goodbye());
        connection::run(socket::split(socket), session, outbox, patience, draining)
    }
}

/// The close of a daemon that stops. Clients come back at random moments, not all at once.
fn goodbye() -> Close {
    let mut random = [0; 2];
    // Without random bytes all come back at the first moment, which is no reason not to say goodbye.
    aws_lc_rs::rand::fill(&mut random).ok();
    let spread = u64::from(u16::from_le_bytes(random)) % 901;
    Close {
        code: CloseCode::Draining,
        retry_after: Some(Duration::from_millis(100 + spread)),
    }
}
