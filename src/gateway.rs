//! The gateway owns every socket from the upgrade to the last byte, and waits for it when it stops.
//!
//! A frame becomes a `ClientMessage`, the `Session` answers it through `Dispatch` and the policy, and
//! the answer leaves through the connection's `Outbox`. What is published arrives from the broker
//! through the `Relay`, and the `Hub` puts it into the outbox of each who is subscribed.

mod address;
mod admission;
mod announce;
mod api;
mod auth;
mod call;
mod connection;
mod departure;
mod dispatch;
mod feed;
mod feeder;
mod gate;
mod gatekeeper;
mod history;
mod hub;
mod in_band;
mod latency;
mod limits;
mod origin;
mod outbox;
mod policy;
mod presence;
mod rate;
mod receipts;
mod recorder;
mod relay;
mod replay;
mod route;
mod services;
mod session;
mod socket;
mod token;
mod upgrade;
mod vigil;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::broker::{Broker, BrokerError, Carrier, Inbox, Probe};
use crate::cache::{Cache, Invalidations, Reader, Sessions};
use crate::catalog::ExerciseService;
use crate::clock::Clock;
use crate::history::History;
use crate::ids::RoomId;
use crate::metrics::Metrics;
use crate::presence::Presence;
use crate::protocol::{Dialect, Topic};
use crate::shutdown::{TaskGuard, TaskName, Tasks};

use admission::{Admission, Seat};
use connection::{Care, Terms};
use departure::Departure;
use dispatch::{Dispatch, Source};
use hub::Hub;
use latency::Sampler;
use outbox::{Bounds, Outbox};
use presence::Roster;
use receipts::Receipts;
use recorder::Recorder;
use relay::{Arrivals, Relay};
use services::Services;
use session::Session;
use socket::Halves;
use upgrade::Visit;
use vigil::{Activity, Vigil};

pub use address::{PeerAddress, TrustedProxies};
pub use auth::{AuthConfig, AuthError, Check, Grant, Inspection, KeyError, Principal};
pub use limits::Limits;
pub use origin::Origins;
pub use policy::{Grants, RoomPolicy, Rules, Scope, Scopes};
pub use route::{Route, mount};
pub use socket::{Meaning, meaning};

/// What the tasks behind the connections get to finish in, even where these used up the time.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What a gateway is made of.
#[derive(Debug)]
pub struct GatewayConfig {
    /// How users prove who they are.
    pub auth: AuthConfig,
    /// What sockets may cost.
    pub limits: Limits,
    /// What the operator has decided about rooms and projects.
    pub rules: Rules,
    /// The other sites whose pages may open sockets.
    pub origins: Origins,
    /// The proxies that are believed.
    pub proxies: TrustedProxies,
    /// What time it is.
    pub clock: Clock,
    /// What answers requests.
    pub exercises: ExerciseService,
    /// What answers them where there is no content here.
    pub reader: Option<Reader>,
    /// What has to hear that the content in Redis is new.
    pub invalidations: Option<Invalidations>,
    /// Whether changes of the content are announced here, and so not followed elsewhere.
    pub announces: bool,
    /// What carries messages.
    pub broker: Carrier,
    /// What keeps them, and delivers through that broker.
    pub history: Arc<dyn History>,
    /// Who is where on all replicas.
    pub presence: Arc<dyn Presence>,
    /// The cache beside whose keys launches are kept.
    pub sessions: Option<Cache>,
    /// Whether users are sent what came while they had no connection.
    pub deliver_on_connect: bool,
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
    auth: ArcSwap<AuthConfig>,
    limits: Limits,
    origins: ArcSwap<Origins>,
    proxies: TrustedProxies,
    services: Arc<Services>,
    admission: Admission,
    metrics: Metrics,
    broker: Arc<dyn Broker>,
    probe: Option<Arc<Probe>>,
    departure: Arc<Departure>,
    connections: Tasks,
}

impl Gateway {
    /// A gateway without connections.
    pub fn new(config: GatewayConfig) -> Self {
        let limits = config.limits;
        let (hub, roster) = (Hub::new(), Roster::new());
        let (recorder, lanes) = Recorder::new();
        let arrivals = Arrivals {
            hub: Arc::clone(&hub),
            roster: Arc::clone(&roster),
            recorder,
            payload: limits.payload,
            metrics: config.metrics.clone(),
            sampler: Sampler::default(),
        };
        let background = Tasks::new();
        let probe = Probe::new();
        let mut inbox: Arc<dyn Inbox> = Arc::new(arrivals);
        if let Some(invalidations) = &config.invalidations {
            inbox = invalidations.before(inbox);
        }
        let inbox = probe.before(inbox);
        let broker = config
            .broker
            .connect(inbox, config.metrics.clone(), &background);
        let source = match config.reader {
            Some(reader) => Source::Kept(reader),
            None => Source::Own(config.exercises),
        };
        let services = Arc::new(Services {
            dispatch: Dispatch::new(source, config.metrics.clone()),
            clock: config.clock,
            rules: config.rules,
            relay: Relay::new(Arc::clone(&broker), Arc::clone(&hub)),
            hub,
            roster,
            presence: config.presence,
            receipts: Receipts::new(Arc::clone(&config.history)),
            history: config.history,
            sessions: config
                .sessions
                .map(|cache| Sessions::begin(cache, &background)),
            deliver_on_connect: config.deliver_on_connect,
            metrics: config.metrics.clone(),
            tasks: background,
            payload: limits.payload,
            topics: limits.topics_per_connection,
            patience: limits.request_timeout,
        });
        if config.announces {
            services.relay.follow_no_content();
        }
        services.begin();
        if let Some(invalidations) = config.invalidations {
            services.hear(invalidations);
        }
        lanes.spawn(&services);
        let shared = Shared {
            admission: Admission::new(&limits),
            auth: ArcSwap::from_pointee(config.auth),
            limits,
            origins: ArcSwap::from_pointee(config.origins),
            proxies: config.proxies,
            services,
            metrics: config.metrics,
            broker,
            probe: config.broker.is_remote().then_some(probe),
            departure: Arc::default(),
            connections: Tasks::new(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The routes of sockets and of the API; they belong behind the base path.
    pub fn routes() -> Vec<Route<Self>> {
        let mut routes = vec![
            Route::get("/ws", upgrade::open),
            Route::get("/ws/", upgrade::open),
            Route::get("/ws/connect", upgrade::open_in_band),
            Route::get("/ws/{room}", upgrade::open_room),
        ];
        routes.extend(api::routes());
        routes
    }

    /// How many sockets are open or being opened.
    pub fn connections(&self) -> usize {
        self.shared.connections.count()
    }

    /// How many topics connections are subscribed to, counted one by one.
    pub fn subscriptions(&self) -> usize {
        self.shared.services.hub.subscriptions()
    }

    /// How many users have a socket.
    pub fn users(&self) -> usize {
        self.shared.admission.users()
    }

    /// How long a message takes through the broker and back, at most once a second; nothing where
    /// the broker is this process.
    pub async fn probe(&self) -> Option<Result<Duration, BrokerError>> {
        let probe = self.shared.probe.as_ref()?;
        Some(probe.measure(&*self.shared.broker).await)
    }

    /// Whether the connection to the broker stands; nothing where the broker is this process.
    pub fn is_broker_connected(&self) -> Option<bool> {
        let remote = self.shared.probe.is_some();
        remote.then(|| self.shared.broker.is_connected())
    }

    /// Whether nobody proves anything.
    pub fn is_anonymous(&self) -> bool {
        self.shared.auth.load().is_anonymous()
    }

    /// What users prove who they are by.
    pub fn auth_config(&self) -> AuthConfig {
        AuthConfig::clone(&self.shared.auth.load())
    }

    /// From now on users prove who they are by this, and pages of these sites are let in. Who has a
    /// socket keeps it for as long as the token says.
    pub fn admit_by(&self, auth: AuthConfig, origins: Origins) {
        self.shared.auth.store(Arc::new(auth));
        self.shared.origins.store(Arc::new(origins));
    }

    /// Whether pages of this other site may read answers.
    pub fn lists(&self, origin: &str) -> bool {
        self.shared.origins.load().list(origin)
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
        let mut late = self.shared.connections.join(deadline).await;
        // What the last connections left to say is still said.
        let background = &self.shared.services.tasks;
        background.stop();
        let deadline = deadline.max(Instant::now() + LAST_WORDS);
        late.extend(background.join(deadline).await);
        late
    }

    fn auth(&self) -> Arc<AuthConfig> {
        self.shared.auth.load_full()
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
        halves: Halves,
        principal: Principal,
        visit: Visit,
        mut seat: Seat,
    ) -> impl Future<Output = ()> + Send + use<> {
        let limits = &self.shared.limits;
        let services = &self.shared.services;
        let mut outbox = Outbox::new(Bounds {
            frames: limits.queue_frames,
            bytes: limits.queue_bytes,
        });
        // In this dialect nobody says what was read: what is written counts.
        let is_classic = visit.dialect == Dialect::Classic;
        if is_classic {
            outbox = outbox.read_by(services.receipts.reader(principal.user.clone()));
        }
        let outbox = Arc::new(outbox);
        seat.open(&outbox);
        let Visit {
            number,
            home,
            dialect,
            gatekeeper,
        } = visit;
        let mut session = Session::new(
            Arc::clone(services),
            principal,
            dialect,
            (number, home),
            Arc::clone(&outbox),
        );
        if services.deliver_on_connect {
            session.deliver_unread(is_classic && seat.is_only());
        }
        let now = Instant::now();
        let care = Care {
            terms: Terms::of(limits),
            vigil: Vigil::new(limits, now),
            activity: Activity::new(now),
            gatekeeper,
            departure: self.shared.departure.clone(),
            metrics: self.shared.metrics.clone(),
            _seat: Some(seat),
        };
        connection::run(halves, session, outbox, care)
    }
}
