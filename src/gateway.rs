//! The gateway owns every socket from the upgrade to the last byte, and waits for it when it stops.
//!
//! A frame becomes a `ClientMessage`, the `Session` answers it through `Dispatch` and the policy, and
//! the answer leaves through the connection's `Outbox`.

mod address;
mod admission;
mod auth;
mod call;
mod connection;
mod departure;
mod dispatch;
mod gatekeeper;
mod in_band;
mod limits;
mod origin;
mod outbox;
mod policy;
mod rate;
mod session;
mod socket;
mod token;
mod upgrade;
mod vigil;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::catalog::ExerciseService;
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::protocol::Dialect;
use crate::shutdown::{TaskGuard, TaskName, Tasks};

use admission::{Admission, Seat};
use connection::{Care, Terms};
use departure::Departure;
use dispatch::Dispatch;
use gatekeeper::Gatekeeper;
use outbox::{Bounds, Outbox};
use session::Session;
use socket::{Reader, Writer};
use vigil::{Activity, Vigil};

pub use address::{PeerAddress, TrustedProxies};
pub use auth::{AuthConfig, AuthError, Check, Grant, Inspection, KeyError, Principal};
pub use limits::Limits;
pub use origin::Origins;

/// What a gateway is made of.
#[derive(Debug)]
pub struct GatewayConfig {
    /// How users prove who they are.
    pub auth: AuthConfig,
    /// What sockets may cost.
    pub limits: Limits,
    /// The other sites whose pages may open sockets.
    pub origins: Origins,
    /// The proxies that are believed.
    pub proxies: TrustedProxies,
    /// What time it is.
    pub clock: Clock,
    /// What answers requests.
    pub exercises: ExerciseService,
    /// Where it is counted what happens.
    pub metrics: Metrics,
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
    origins: Origins,
    proxies: TrustedProxies,
    clock: Clock,
    dispatch: Arc<Dispatch>,
    admission: Admission,
    metrics: Metrics,
    departure: Arc<Departure>,
    connections: Tasks,
}

impl Gateway {
    /// A gateway without connections.
    pub fn new(config: GatewayConfig) -> Self {
        let shared = Shared {
            admission: Admission::new(&config.limits),
            auth: config.auth,
            limits: config.limits,
            origins: config.origins,
            proxies: config.proxies,
            clock: config.clock,
            dispatch: Arc::new(Dispatch::new(config.exercises, config.metrics.clone())),
            metrics: config.metrics,
            departure: Arc::default(),
            connections: Tasks::new(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The routes that open sockets, behind this path.
    pub fn routes(&self, base_path: &str) -> Router {
        Router::new()
            .route(&format!("{base_path}/ws"), get(upgrade::open))
            .route(&format!("{base_path}/ws/"), get(upgrade::open))
            .route(
                &format!("{base_path}/ws/connect"),
                get(upgrade::open_in_band),
            )
            .with_state(self.clone())
    }

    /// How many sockets are open or being opened.
    pub fn connections(&self) -> usize {
        self.shared.connections.count()
    }

    /// How many users have a socket.
    pub fn users(&self) -> usize {
        self.shared.admission.users()
    }

    /// Whether nobody proves anything.
    pub fn is_anonymous(&self) -> bool {
        self.shared.auth.is_anonymous()
    }

    /// What sockets may cost.
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// Whether new sockets are refused.
    pub fn is_draining(&self) -> bool {
        self.shared.connections.is_stopping()
    }

    /// Refuses new sockets, closes the live ones one after another, and waits for them until the
    /// deadline. Returns who was late.
    pub async fn drain(&self, deadline: Instant) -> Vec<TaskName> {
        // Whoever leaves last has to have time to answer the close.
        let window = deadline.saturating_duration_since(Instant::now());
        let spread = window.saturating_sub(self.limits().close_timeout);
        let departure = &self.shared.departure;
        departure.begin(self.connections(), spread.max(window / 2));
        self.shared.connections.stop();
        self.shared.connections.join(deadline).await
    }

    fn auth(&self) -> &AuthConfig {
        &self.shared.auth
    }

    fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    fn admission(&self) -> &Admission {
        &self.shared.admission
    }

    fn stopping(&self) -> &CancellationToken {
        self.shared.connections.stopping_ref()
    }

    fn enter(&self) -> TaskGuard {
        self.shared.connections.enter("connection")
    }

    // Not an async function: its arguments would stay in the future beside what is made of them,
    // for as long as the connection lives.
    fn serve(
        &self,
        halves: (Reader, Writer),
        principal: Principal,
        dialect: Dialect,
        (gatekeeper, seat): (Gatekeeper, Seat),
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
        let now = Instant::now();
        let care = Care {
            terms: Terms::of(limits),
            vigil: Vigil::new(limits, now),
            activity: Activity::new(now),
            gatekeeper,
            departure: self.shared.departure.clone(),
            metrics: self.shared.metrics.clone(),
            seat: Some(seat),
        };
        connection::run(halves, session, outbox, care)
    }
}
