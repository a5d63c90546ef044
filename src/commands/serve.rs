//! `mithril serve`: the daemon, from the first file to the last signal.
//!
//! Bind, load, serve, drain. A second signal ends at once, whoever is late. A hangup reads the
//! configuration and the content again; what is wrong with either leaves that as it was.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tracing::level_filters::LevelFilter;

use crate::broker::memory::MemoryBroker;
use crate::broker::redis::RedisConfig;
use crate::cache::{Cache, LeaseTiming};
use crate::catalog::CatalogStore;
use crate::cli::{How, Serve};
use crate::config::{self, Config, Fixed, Layers, RedisUrl, Role};
use crate::daemon::{CacheUse, ContentConfig, Daemon, DaemonConfig, Running};
use crate::gateway::{AuthConfig, Limits, Origins, Rules, TrustedProxies};
use crate::history::Bounds;
use crate::history::memory::MemoryHistory;
use crate::history::redis::RedisHistory;
use crate::ids::UserId;
use crate::link::{Link, LinkLimits};
use crate::lint::Settings;
use crate::output::{ExitStatus, Printer};
use crate::presence::redis::{PresenceTiming, RedisPresence};
use crate::telemetry::{self, LogFormat, LogLevel, LogSettings};

use super::signals::Signals;

/// The user of the token that `--dev` prints.
const DEV_USER: &str = "dev";
/// Open files that are no sockets: content, logs, brokers, and HTTP connections.
const FILES_OF_ITS_OWN: u64 = 128;
/// How long closing all sockets may take with `--dev`, unless somebody says so: nobody is to wait for a
/// prompt.
const DEV_DRAIN: Duration = Duration::from_millis(500);
/// Nobody waits for the cache, and a large pool takes its time.
const CACHE_LIMITS: LinkLimits = LinkLimits {
    answer: Duration::from_secs(5),
    dial: Duration::from_secs(1),
};

pub(super) fn run(
    args: Serve,
    mut layers: Layers,
    printer: &Printer,
) -> Result<ExitStatus, anyhow::Error> {
    layers.flags.extend(args.keys.values);
    let (config, fixed) = Config::load_with_fixed(&layers)?;
    let level = telemetry::install(&log_settings(&config, &layers, printer))?;
    for name in layers.unknown_variables() {
        tracing::warn!(
            variable = name,
            "there is no such key: the variable is not used"
        );
    }
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("failed to start the runtime")?;
    let again = Again {
        layers,
        config,
        fixed,
        level,
    };
    let status = runtime.block_on(serve(args.how, again, printer));
    // What is still running when a second signal came is not waited for.
    runtime.shutdown_background();
    status
}

async fn serve(
    args: How,
    mut again: Again,
    printer: &Printer,
) -> Result<ExitStatus, anyhow::Error> {
    let mut signals = Signals::new().context("failed to listen for signals")?;
    let mut hangups = signal(SignalKind::hangup()).context("failed to listen for signals")?;
    let config = &again.config;
    let store = Arc::new(CatalogStore::default());
    let settings = settings(&args, config, Arc::clone(&store))?;
    let daemon = Daemon::bind(settings).await?;
    daemon.load().await?;
    if args.dev {
        announce(&daemon, &store, config, printer)?;
    }
    let mut running = daemon.spawn();

    let reload = async {
        while hangups.recv().await.is_some() {
            again.reload(&mut running, printer).await;
        }
    };
    tokio::select! {
        () = reload => {}
        _ = signals.next() => {}
    }
    tokio::select! {
        _late = running.drain() => Ok(ExitStatus::Success),
        status = signals.next() => Ok(status),
    }
}

/// What a hangup reads again.
struct Again {
    layers: Layers,
    /// What counts now.
    config: Config,
    /// What counts until the end.
    fixed: Fixed,
    level: LogLevel,
}

impl Again {
    async fn reload(&mut self, running: &mut Running, printer: &Printer) {
        tracing::info!("reloading, by a signal");
        let settings = match self.configuration(running, printer) {
            Ok(settings) => Some(settings),
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(error, "the configuration stays as it was");
                None
            }
        };
        if let Some(reloader) = running.reloader() {
            // What comes of it is logged where it happens.
            drop(reloader.reload(settings).await);
        }
    }

    /// Reads the configuration: what can change while the daemon runs counts from now on, all of it or,
    /// where something is wrong, nothing. What can't change is named.
    fn configuration(
        &mut self,
        running: &mut Running,
        printer: &Printer,
    ) -> Result<Settings, anyhow::Error> {
        let (config, fixed) = Config::load_with_fixed(&self.layers)?;
        let settings = Settings::errors(&config.lint)?;
        let auth = AuthConfig::of(&config.auth)?;
        running.admit_by(auth, Origins::new(&config.cors.origins))?;
        self.level
            .set(log_settings(&config, &self.layers, printer).level);
        let changed = self.fixed.changed(&fixed);
        if !changed.is_empty() {
            let keys = changed.join(", ");
            tracing::warn!(keys, "these keys have changed and count after a restart");
        }
        self.config = config;
        Ok(settings)
    }
}

/// What the daemon is made of, by the configuration.
fn settings(
    args: &How,
    config: &Config,
    store: Arc<CatalogStore>,
) -> Result<DaemonConfig, anyhow::Error> {
    let server = &config.server;
    let mut settings = DaemonConfig::new(server.listen, store);
    settings.content = content(args, config)?;
    settings.auth = AuthConfig::of(&config.auth)?;
    settings.dev = args.dev;
    settings.insecure = args.insecure;
    settings.base_path.clone_from(&server.base_path);
    settings.origins = Origins::new(&config.cors.origins);
    settings.proxies = TrustedProxies::new(server.trusted_proxies.clone());
    settings.metrics_listen = server.metrics_listen;
    settings.drain = drain(args.dev, server);
    settings.limits = limits(&config.limits);
    let kept = Bounds::from(&config.history);
    if let Some(url) = &config.redis.server {
        settings.broker = RedisConfig::new(url.clone()).into();
        let link = Link::new(url.clone(), LinkLimits::default());
        let presence = RedisPresence::new(link.clone(), PresenceTiming::default());
        settings.presence = Arc::new(presence);
        let history = RedisHistory::new(link, kept, config.history.trust_restart);
        settings.history = Arc::new(history);
        settings.cache = Some(cache(config, url));
    } else {
        let broker = MemoryBroker::new();
        let history = MemoryHistory::new(kept, settings.clock.clone(), &broker);
        settings.broker = broker.into();
        settings.history = Arc::new(history);
    }
    settings.deliver_on_connect = config.history.deliver_on_connect;
    settings.rules = Rules {
        room_policy: config.auth.room_policy,
        project_publish: config.auth.project_publish,
        lobby: config.gateway.lobby,
    };
    Ok(settings)
}

fn drain(dev: bool, server: &config::Server) -> Duration {
    if dev && !server.is_drain_set {
        return DEV_DRAIN;
    }
    server.drain
}

/// What is served of a tree, where that is what the daemon does.
fn content(args: &How, config: &Config) -> Result<Option<ContentConfig>, anyhow::Error> {
    match config.role {
        Role::All => Ok(Some(ContentConfig {
            root: config.content.dir.clone(),
            settings: Settings::errors(&config.lint)?,
            watch: config.content.watch,
            allow_degraded: args.allow_degraded,
        })),
        Role::Gateway if config.redis.server.is_none() => anyhow::bail!(
            "role = gateway answers from Redis: set redis.url (the variable REDIS_URL or --redis-url)"
        ),
        Role::Gateway => Ok(None),
    }
}

fn cache(config: &Config, url: &RedisUrl) -> CacheUse {
    let cache = |limits| Cache::new(Link::new(url.clone(), limits), config.cache.into());
    match config.role {
        Role::All => CacheUse::Keep(cache(CACHE_LIMITS), LeaseTiming::default()),
        // Here users wait.
        Role::Gateway => CacheUse::Read(cache(LinkLimits::default())),
    }
}

fn limits(limits: &config::Limits) -> Limits {
    let whole = |number: u32| number as usize;
    Limits {
        connections: limits.connections.map_or_else(by_file_limit, whole),
        connections_per_user: whole(limits.connections_per_user),
        connects_per_address: limits.connects_per_address,
        connects_burst: limits.connects_burst,
        frames_per_second: limits.frames_per_second,
        frames_burst: limits.frames_burst,
        message_size: whole(limits.message_size),
        topics_per_connection: whole(limits.topics_per_connection),
        payload: whole(limits.payload),
        request_timeout: limits.request_timeout,
        queue_frames: whole(limits.queue_frames),
        queue_bytes: whole(limits.queue_bytes),
        write_timeout: limits.write_timeout,
        ping_interval: limits.ping_interval,
        pong_timeout: limits.pong_timeout,
        auth_timeout: limits.auth_timeout,
        idle: limits.idle,
        ..Limits::default()
    }
}

/// As many sockets as there may be open files, less what the rest of the daemon needs.
fn by_file_limit() -> usize {
    let soft = rlimit::Resource::NOFILE.get_soft().unwrap_or(u64::MAX);
    let sockets = soft.saturating_sub(FILES_OF_ITS_OWN).max(1);
    usize::try_from(sockets).unwrap_or(usize::MAX)
}

/// With `--dev`, prints where the page is and a token.
fn announce(
    daemon: &Daemon,
    store: &CatalogStore,
    config: &Config,
    printer: &Printer,
) -> Result<(), anyhow::Error> {
    let token = daemon.dev_token(&UserId::parse(DEV_USER)?)?;
    let address = daemon.address();
    let content = match config.role {
        Role::All => {
            let catalog = store.snapshot();
            let (pools, exercises) = (catalog.pools().len(), catalog.exercise_count());
            let place = config.content.dir.display();
            format!("{pools} pools and {exercises} exercises from {place}")
        }
        Role::Gateway => "pools and exercises from Redis".to_owned(),
    };
    // There is none where nobody needs one, or where the key that signs is elsewhere.
    let (fragment, token) = token.map_or_else(Default::default, |token| {
        (format!("#token={token}"), format!("token:  {token}\n"))
    });
    let path = &config.server.base_path;
    printer.text(&format!(
        "{content}\n\
         page:   http://{address}/{fragment}\n\
         socket: ws://{address}{path}/ws\n\
         {token}"
    ))?;
    Ok(())
}

fn log_settings(config: &Config, layers: &Layers, printer: &Printer) -> LogSettings {
    let stream = layers.environment.get("JOURNAL_STREAM").map(String::as_str);
    let journal = telemetry::is_journal(stream, telemetry::stderr_identity());
    let default = if printer.logs_to_people() || journal {
        LogFormat::Text
    } else {
        LogFormat::Json
    };
    let level = match printer.verbosity() {
        0 => config.log.level,
        1 => config.log.level.max(LevelFilter::DEBUG),
        _ => LevelFilter::TRACE,
    };
    LogSettings {
        level,
        format: config.log.format.unwrap_or(default),
        colour: printer.logs_in_colour(),
        journal,
    }
}
