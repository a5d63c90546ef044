//! The composition root: bind first, then spawn, then drain; what was spawned is waited for.
//!
//! The listener is bound before anything else is done with it, so that an address in use is an error
//! at start, and so that port 0 has become a real one when the address is read.

mod accept;
mod http;
mod reload;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::broker::Carrier;
use crate::broker::memory::MemoryBroker;
use crate::cache::{Cache, Keeper, LeaseTiming, Reader};
use crate::catalog::{CatalogStore, ExerciseService};
use crate::clock::Clock;
use crate::gateway::{
    AuthConfig, AuthError, Gateway, GatewayConfig, Limits, Origins, Rules, TrustedProxies,
};
use crate::history::memory::MemoryHistory;
use crate::history::{Bounds, History};
use crate::ids::UserId;
use crate::lingering::Lingering;
use crate::metrics::Metrics;
use crate::presence::Presence;
use crate::presence::memory::MemoryPresence;
use crate::shutdown::{TaskName, Tasks};

pub use reload::{ContentConfig, FirstLoadError, NoContent, Refusal, Reloaded, Reloader};

/// How long a token of `--dev` lasts.
const DEV_TOKEN_LIFETIME: Duration = Duration::from_hours(12);
/// What HTTP gets to finish in even where the sockets used up the drain window.
const HTTP_GRACE: Duration = Duration::from_secs(1);

/// What a daemon is made of.
#[derive(Debug, Clone)]
pub struct DaemonConfig {
    /// Where it listens. Port 0 is any free port.
    pub listen: SocketAddr,
    /// Where it answers for its metrics, if not there.
    pub metrics_listen: Option<SocketAddr>,
    /// What it serves.
    pub catalog: Arc<CatalogStore>,
    /// Where that is loaded from, if it is not there for good.
    pub content: Option<ContentConfig>,
    /// How users prove who they are. Nothing means a random key, for development alone.
    pub auth: Option<AuthConfig>,
    /// Whether it serves the development page.
    pub dev: bool,
    /// Whether everyone may be anonymous also on an address that others can reach.
    pub insecure: bool,
    /// What stands before the routes of sockets and the API.
    pub base_path: String,
    /// The other sites whose pages may open sockets.
    pub origins: Origins,
    /// The proxies that are believed.
    pub proxies: TrustedProxies,
    /// How long a client may take to send the head of a request.
    pub header_timeout: Duration,
    /// How long it waits for its connections when it stops.
    pub drain: Duration,
    /// What a connection may cost.
    pub limits: Limits,
    /// What the operator has decided about rooms and projects.
    pub rules: Rules,
    /// What carries messages.
    pub broker: Carrier,
    /// What keeps messages, and delivers them through that broker.
    pub history: Arc<dyn History>,
    /// Who is where on all replicas.
    pub presence: Arc<dyn Presence>,
    /// Whether users are sent what came while they had no connection.
    pub deliver_on_connect: bool,
    /// What it has to do with the content in Redis.
    pub cache: Option<CacheUse>,
    /// What time it is.
    pub clock: Clock,
}

/// What a daemon has to do with the content in Redis.
#[derive(Debug, Clone)]
pub enum CacheUse {
    /// It keeps it as its own is, in turn with other replicas.
    Keep(Cache, LeaseTiming),
    /// It has no content of its own, and answers from there.
    Read(Cache),
}

impl DaemonConfig {
    /// The defaults, for this address and content.
    pub fn new(listen: SocketAddr, catalog: Arc<CatalogStore>) -> Self {
        let (broker, clock) = (MemoryBroker::new(), Clock::system());
        let history = MemoryHistory::new(Bounds::default(), clock.clone(), &broker);
        Self {
            listen,
            metrics_listen: None,
            catalog,
            content: None,
            auth: None,
            dev: false,
            insecure: false,
            base_path: String::new(),
            origins: Origins::default(),
            proxies: TrustedProxies::default(),
            header_timeout: Duration::from_secs(10),
            drain: Duration::from_secs(30),
            limits: Limits::default(),
            rules: Rules::default(),
            broker: broker.into(),
            history: Arc::new(history),
            presence: Arc::new(MemoryPresence::new()),
            deliver_on_connect: true,
            clock,
            cache: None,
        }
    }
}

/// Why a daemon does not start.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The address is in use, or not ours.
    #[error("failed to listen on {address}: choose another address, or port 0 for any free port")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// There is no key to verify tokens with.
    #[error(
        "no key is configured to verify tokens with: set auth.secret (the variable JWT_SECRET_KEY or \
         --auth-secret-file), auth.public_key or auth.jwks; or use --dev on a loopback address"
    )]
    NoKey,
    /// Whoever reaches the address would be let in.
    #[error(
        "auth.enabled = false lets everyone in, and others can reach {0}: listen on a loopback \
         address, or use --insecure"
    )]
    Anonymous(SocketAddr),
    /// A random key outside this machine would let nobody in, or the wrong ones.
    #[error("--dev without a key listens on a loopback address only, {0} is none")]
    NotLoopback(SocketAddr),
    /// A key or a token could not be made.
    #[error(transparent)]
    Auth(#[from] AuthError),
}

/// Who may be let in without a key that is configured.
#[derive(Debug, Clone, Copy)]
struct Doorway {
    address: SocketAddr,
    dev: bool,
    insecure: bool,
}

impl Doorway {
    /// What users prove who they are by, if it may be that here.
    fn judge(self, auth: Option<AuthConfig>) -> Result<AuthConfig, DaemonError> {
        let Self {
            address,
            dev,
            insecure,
        } = self;
        match auth {
            Some(auth) if auth.is_anonymous() && !(address.ip().is_loopback() || insecure) => {
                Err(DaemonError::Anonymous(address))
            }
            Some(auth) => Ok(auth),
            None if !dev => Err(DaemonError::NoKey),
            None if !address.ip().is_loopback() => Err(DaemonError::NotLoopback(address)),
            None => Ok(AuthConfig::ephemeral()?),
        }
    }
}

/// Says what is let in that many would not let in.
fn warn_of(auth: &AuthConfig, origins: &Origins) {
    if origins.are_any() {
        tracing::warn!("cors.origins = *: pages of every site may open sockets");
    }
    if auth.is_anonymous() {
        tracing::warn!("auth.enabled = false: everyone is let in");
    }
}

/// A daemon that listens, but does not serve yet.
#[derive(Debug)]
pub struct Daemon {
    listener: TcpListener,
    address: SocketAddr,
    metrics_listener: Option<(TcpListener, SocketAddr)>,
    auth: AuthConfig,
    clock: Clock,
    doorway: Doorway,
    drain: Duration,
    base_path: String,
    header_timeout: Duration,
    metrics: Metrics,
    exercises: ExerciseService,
    has_content: bool,
    gateway: Gateway,
    content: Option<(Reloader, ContentConfig)>,
    keeper: Option<Keeper>,
}

impl Daemon {
    /// Binds the address of the configuration.
    pub async fn bind(config: DaemonConfig) -> Result<Self, DaemonError> {
        let address = config.listen;
        let doorway = Doorway {
            address,
            dev: config.dev,
            insecure: config.insecure,
        };
        let auth = doorway.judge(config.auth)?;
        let (listener, bound) = listen(address).await?;
        let metrics_listener = match config.metrics_listen {
            Some(address) => Some(listen(address).await?),
            None => None,
        };
        let exercises = ExerciseService::new(Arc::clone(&config.catalog));
        warn_of(&auth, &config.origins);
        let metrics = Metrics::new();
        let sessions = config.cache.as_ref().map(|cache| match cache {
            CacheUse::Keep(cache, _) | CacheUse::Read(cache) => cache.clone(),
        });
        let (keeper, reader) = match config.cache {
            Some(CacheUse::Keep(cache, timing)) => {
                let store = Arc::clone(&config.catalog);
                (Some(Keeper::new(cache, store, timing)), None)
            }
            Some(CacheUse::Read(cache)) => (None, Some(Reader::new(cache, metrics.clone()))),
            None => (None, None),
        };
        let invalidations = match (&keeper, &reader) {
            (Some(keeper), _) => Some(keeper.invalidations()),
            (None, reader) => reader.as_ref().map(Reader::invalidations),
        };
        let has_content = reader.is_none();
        let gateway = Gateway::new(GatewayConfig {
            auth: auth.clone(),
            limits: config.limits,
            rules: config.rules,
            origins: config.origins,
            proxies: config.proxies,
            clock: config.clock.clone(),
            exercises: exercises.clone(),
            reader,
            invalidations,
            announces: config.content.is_some(),
            broker: config.broker,
            history: config.history,
            presence: config.presence,
            sessions,
            deliver_on_connect: config.deliver_on_connect,
            metrics: metrics.clone(),
        });
        let content = config.content.map(|content| {
            let (store, gateway) = (config.catalog, gateway.clone());
            let reloader = Reloader::new(&content, store, gateway, metrics.clone());
            (reloader, content)
        });
        Ok(Self {
            listener,
            address: bound,
            metrics_listener,
            auth,
            clock: config.clock,
            doorway,
            drain: config.drain,
            base_path: config.base_path,
            header_timeout: config.header_timeout,
            metrics,
            exercises,
            has_content,
            gateway,
            content,
            keeper,
        })
    }

    /// Loads its content for the first time, if it is loaded from anywhere.
    pub async fn load(&self) -> Result<(), FirstLoadError> {
        match &self.content {
            Some((reloader, content)) => reloader.first(content.allow_degraded).await,
            None => Ok(()),
        }
    }

    /// Where it listens, with the port it has got.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A token for a user of a daemon that was started for development; nothing elsewhere.
    pub fn dev_token(&self, user: &UserId) -> Result<Option<String>, DaemonError> {
        if !self.doorway.dev {
            return Ok(None);
        }
        if !self.auth.can_mint() {
            return Ok(None);
        }
        let token = self.auth.mint(user, &self.clock, DEV_TOKEN_LIFETIME)?;
        Ok(Some(token))
    }

    /// Begins to serve.
    pub fn spawn(self) -> Running {
        let tasks = Tasks::new();
        let routers = http::routers(
            &self.gateway,
            self.exercises,
            http::Settings {
                dev: self.doorway.dev,
                base_path: self.base_path,
                metrics: self.metrics,
                metrics_apart: self.metrics_listener.is_some(),
                has_content: self.has_content,
            },
        );
        let lingering = Tasks::new();
        let limits = self.gateway.limits();
        // Sockets end sooner by rules of their own, so that their peers are told.
        let stall = 2 * (limits.write_timeout + limits.close_timeout);
        let serve = |listener, router| {
            let listener = Lingering::new(listener, stall, lingering.clone());
            let accepting = accept::accept(listener, router, self.header_timeout, tasks.clone());
            tasks.spawn("accept", accepting);
        };
        serve(self.listener, routers.main);
        let metrics_address = self.metrics_listener.map(|(listener, address)| {
            serve(listener, routers.metrics);
            tracing::info!(%address, "serving metrics");
            address
        });
        let reloader = self.content.map(|(reloader, content)| {
            reloader.follow(content.root, content.watch);
            reloader
        });
        if let Some(keeper) = self.keeper {
            tasks.spawn("cache", keeper.run(tasks.stopping()));
        }
        tracing::info!(address = %self.address, "serving");
        Running {
            address: self.address,
            metrics_address,
            gateway: self.gateway,
            doorway: self.doorway,
            is_ephemeral: self.auth.is_ephemeral(),
            reloader,
            tasks,
            lingering,
            drain: self.drain,
        }
    }
}

/// Listens there; the address has the port that it has got.
async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), DaemonError> {
    let failed = |source| DaemonError::Bind { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// A daemon that serves.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    metrics_address: Option<SocketAddr>,
    gateway: Gateway,
    doorway: Doorway,
    /// Whether the key is one that was made up.
    is_ephemeral: bool,
    reloader: Option<Reloader>,
    tasks: Tasks,
    lingering: Tasks,
    drain: Duration,
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it answers for its metrics, if not there.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// What loads its content again, if it is loaded from anywhere.
    pub fn reloader(&self) -> Option<&Reloader> {
        self.reloader.as_ref()
    }

    /// How many sockets are open or being opened.
    pub fn connections(&self) -> usize {
        self.gateway.connections()
    }

    /// From now on users prove who they are by this, and pages of these sites are let in, if they may
    /// be here. A key that was made up stays for as long as none is configured.
    pub fn admit_by(
        &mut self,
        auth: Option<AuthConfig>,
        origins: Origins,
    ) -> Result<(), DaemonError> {
        let auth = match auth {
            None if self.is_ephemeral => self.gateway.auth_config(),
            auth => self.doorway.judge(auth)?,
        };
        warn_of(&auth, &origins);
        self.is_ephemeral = auth.is_ephemeral();
        self.gateway.admit_by(auth, origins);
        Ok(())
    }

    /// Stops: sockets first, while HTTP still answers that the daemon drains; then HTTP. Returns who
    /// did not stop in time. Dropping the future stops the waiting, not what was begun.
    pub async fn drain(self) -> Vec<TaskName> {
        let milliseconds = u64::try_from(self.drain.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(connections = self.connections(), milliseconds, "draining");
        let deadline = Instant::now() + self.drain;
        let reloads = self.reloader.as_ref().map(Reloader::tasks);
        reloads.inspect(|tasks| tasks.stop());
        let mut late = self.gateway.drain(deadline).await;
        self.tasks.stop();
        let deadline = deadline.max(Instant::now() + HTTP_GRACE);
        late.extend(self.tasks.join(deadline).await);
        if let Some(tasks) = reloads {
            late.extend(tasks.join(deadline).await);
        }
        // These peers have been told everything; that they do not hang up makes nobody late.
        self.lingering.join(deadline).await;
        for name in &late {
            tracing::warn!(task = %name, "did not stop in time");
        }
        tracing::info!("stopped");
        late
    }
}
