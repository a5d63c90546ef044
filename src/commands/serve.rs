//! `mithril serve`: the daemon, from the first file to the last signal.
//!
//! Bind, load, serve, drain. A second signal ends at once, whoever is late.

use std::sync::Arc;

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::level_filters::LevelFilter;

use crate::broker::memory::MemoryBroker;
use crate::broker::redis::RedisConfig;
use crate::catalog::{self, Catalog, CatalogStore, Loaded};
use crate::cli::{How, Serve};
use crate::config::{self, Config, Layers};
use crate::daemon::{Daemon, DaemonConfig};
use crate::diagnostics::Diagnostic;
use crate::gateway::{AuthConfig, Limits, Origins, Rules, TrustedProxies};
use crate::history::Bounds;
use crate::history::absent::Absent;
use crate::history::memory::MemoryHistory;
use crate::ids::UserId;
use crate::lint::Settings;
use crate::output::{ExitStatus, Printer};
use crate::telemetry::{self, LogFormat, LogSettings};

/// The user of the token that `--dev` prints.
const DEV_USER: &str = "dev";
/// Open files that are no sockets: content, logs, brokers, and HTTP connections.
const FILES_OF_ITS_OWN: u64 = 128;

pub(super) fn run(
    args: Serve,
    mut layers: Layers,
    printer: &Printer,
) -> Result<ExitStatus, anyhow::Error> {
    layers.flags.extend(args.keys.values);
    let config = Config::load(&layers)?;
    telemetry::install(&log_settings(&config, &layers, printer))?;
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
    let status = runtime.block_on(serve(args.how, &config, printer));
    // What is still running when a second signal came is not waited for.
    runtime.shutdown_background();
    status
}

async fn serve(args: How, config: &Config, printer: &Printer) -> Result<ExitStatus, anyhow::Error> {
    let mut signals = Signals::new().context("failed to listen for signals")?;
    let store = Arc::new(CatalogStore::default());
    let settings = settings(&args, config, Arc::clone(&store))?;
    let daemon = Daemon::bind(settings).await?;
    store.swap(Arc::new(load(config, args.allow_degraded)?));
    if args.dev {
        announce(&daemon, &store, config, printer)?;
    }
    let running = daemon.spawn();

    signals.next().await;
    tokio::select! {
        _late = running.drain() => Ok(ExitStatus::Success),
        status = signals.next() => Ok(status),
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
    settings.auth = AuthConfig::of(&config.auth)?;
    settings.dev = args.dev;
    settings.insecure = args.insecure;
    settings.base_path.clone_from(&server.base_path);
    settings.origins = Origins::new(&config.cors.origins);
    settings.proxies = TrustedProxies::new(server.trusted_proxies.clone());
    settings.metrics_listen = server.metrics_listen;
    settings.drain = server.drain;
    settings.limits = limits(&config.limits);
    let kept = Bounds {
        entries: config.history.size as usize,
        age: config.history.ttl,
        ..Bounds::default()
    };
    if let Some(url) = &config.redis.server {
        settings.broker = RedisConfig::new(url.clone()).into();
        settings.history = Arc::new(Absent);
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

/// Loads the content; what is broken is logged and left out.
fn load(config: &Config, allow_degraded: bool) -> Result<Catalog, anyhow::Error> {
    let root = &config.content.dir;
    let Loaded {
        catalog,
        report,
        skipped,
    } = match catalog::load(root, &Settings::errors(&config.lint)?) {
        Ok(loaded) => loaded,
        Err(error) if allow_degraded => {
            tracing::error!(
                error = format!("{:#}", anyhow::Error::from(error)),
                "no content"
            );
            return Ok(Catalog::default());
        }
        Err(error) => return Err(error.into()),
    };
    for Diagnostic {
        code,
        message,
        path,
        span,
        ..
    } in &report.diagnostics
    {
        let (line, column) = (span.start.line, span.start.column);
        tracing::warn!(%code, %path, line, column, "{message}");
    }
    if catalog.pools().len() == 0 && !allow_degraded {
        anyhow::bail!(
            "there is no pool to serve in {}: `mithril validate` says why, --allow-degraded serves \
             all the same",
            root.display()
        );
    }
    let (pools, exercises) = (catalog.pools().len(), catalog.exercise_count());
    tracing::info!(pools, exercises, skipped, digest = %catalog.digest(), "content loaded");
    Ok(catalog)
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
    let catalog = store.snapshot();
    let (pools, exercises) = (catalog.pools().len(), catalog.exercise_count());
    // There is none where nobody needs one, or where the key that signs is elsewhere.
    let (fragment, token) = token.map_or_else(Default::default, |token| {
        (format!("#token={token}"), format!("token:  {token}\n"))
    });
    let path = &config.server.base_path;
    printer.text(&format!(
        "{pools} pools and {exercises} exercises from {}\n\
         page:   http://{address}/{fragment}\n\
         socket: ws://{address}{path}/ws\n\
         {token}",
        config.content.dir.display()
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

/// The signals that end the daemon, or a command that would go on by itself.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for one and says how the process would end by it.
    pub(super) async fn next(&mut self) -> ExitStatus {
        tokio::select! {
            _ = self.terminate.recv() => ExitStatus::Terminated,
            _ = self.interrupt.recv() => ExitStatus::Interrupted,
        }
    }
}
