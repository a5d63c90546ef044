//! The gateway owns every socket from the upgrade to the last byte, and waits for it when it stops.
//!
//! A frame becomes a `ClientMessage`, the `Session` answers it through `Dispatch` and the policy, and
//! the answer leaves through the connection's `Outbox`.

mod auth;
mod call;
mod connection;
mod dispatch;
mod origin;
mod outbox;
mod policy;
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

use crate::catalog::ExerciseService;
use crate::clock::Clock;
use crate::protocol::{Close, CloseCode, Dialect};
use crate::shutdown::{TaskGuard, TaskName, Tasks};

use connection::Patience;
use dispatch::Dispatch;
use outbox::{Bounds, Outbox};
use session::Session;

pub use auth::{AuthConfig, AuthError, Principal};

/// What a connection may cost. The defaults are PROTOCOL.md's.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of one message from a client.
    pub message_size: usize,
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
    clock: Clock,
    dispatch: Arc<Dispatch>,
    connections: Tasks,
}

impl Gateway {
    /// A gateway without connections.
    pub fn new(auth: AuthConfig, limits: Limits, clock: Clock, exercises: ExerciseService) -> Self {
        let shared = Shared {
            auth,
            limits,
            clock,
            dispatch: Arc::new(Dispatch::new(exercises)),
            connections: Tasks::new(),
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
            .route("/ws/connect", get(upgrade::open))
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
        self.shared.connections.join(deadline).await
    }

    fn auth(&self) -> &AuthConfig {
        &self.shared.auth
    }

    fn clock(&self) -> &Clock {
        &self.shared.clock
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
    ) -> impl Future<Output = ()> + Send + use<> {
        let limits = &self.shared.limits;
        let session = Session {
            principal,
            dialect,
            dispatch: self.shared.dispatch.clone(),
            clock: self.shared.clock.clone(),
        };
        let outbox = Outbox::new(Bounds {
            frames: limits.queue_frames,
            bytes: limits.queue_bytes,
        });
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
