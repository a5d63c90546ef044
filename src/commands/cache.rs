//! `mithril cache`: the exercises in Redis: written, removed, compared.

mod invalidate;
mod status;
mod warm;

use std::time::Duration;

use anyhow::Context;
use tokio::runtime::Runtime;

use crate::cache::{self, Lifetimes};
use crate::catalog::{self, Catalog, Loaded};
use crate::cli::{Cache, RedisFlags};
use crate::config::{Config, Layers};
use crate::diagnostics::nearest;
use crate::ids::PoolId;
use crate::link::{Link, LinkLimits};
use crate::lint::Settings;
use crate::output::{ExitStatus, Printer};

/// A person waits, and a large pool takes its time: longer than a daemon would.
const LIMITS: LinkLimits = LinkLimits {
    answer: Duration::from_secs(15),
    dial: Duration::from_secs(3),
};

pub(super) fn run(
    what: Cache,
    layers: Layers,
    printer: &Printer,
) -> Result<ExitStatus, anyhow::Error> {
    match what {
        Cache::Warm(args) => warm::run(&args, layers, printer),
        Cache::Invalidate(args) => invalidate::run(&args, layers, printer),
        Cache::Status(args) => status::run(&args, layers, printer),
    }
}

/// The configuration with what was typed on top.
fn configured(
    mut layers: Layers,
    redis: &RedisFlags,
    content_dir: Option<&String>,
) -> Result<Config, anyhow::Error> {
    layers.flags.extend(redis.values.clone());
    if let Some(directory) = content_dir {
        layers.flags.insert("content.dir", directory.clone());
    }
    Ok(Config::load(&layers)?)
}

/// The cache of the Redis that is configured.
fn open(config: &Config, ttl: Option<Duration>) -> Result<cache::Cache, anyhow::Error> {
    let url = config.redis.server.clone().context(
        "no Redis is configured: set redis.url (the variable REDIS_URL or --redis-url), such as \
         redis://localhost:6379",
    )?;
    let mut lifetimes = Lifetimes::from(config.cache);
    if let Some(ttl) = ttl {
        lifetimes.content = ttl;
    }
    Ok(cache::Cache::new(Link::new(url, LIMITS), lifetimes))
}

/// What is cached in the Redis that is configured, with what was typed on top.
pub(super) fn content(
    layers: &mut Layers,
    redis: &RedisFlags,
    printer: &Printer,
) -> Result<Catalog, anyhow::Error> {
    layers.flags.extend(redis.values.clone());
    let cache = open(&Config::load(layers)?, None)?;
    let content = runtime()?.block_on(cache.content());
    let content = content.context("failed to read what is cached")?;
    for key in &content.unreadable {
        printer.warn(&format!(
            "{key} is left out: `mithril cache status` says more"
        ));
    }
    Ok(content.catalog)
}

fn runtime() -> Result<Runtime, anyhow::Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.context("failed to start the runtime")
}

/// The tree, of which there must be something.
fn load(config: &Config) -> Result<Loaded, anyhow::Error> {
    let root = &config.content.dir;
    let loaded = catalog::load(root, &Settings::errors(&config.lint)?)?;
    if loaded.catalog.pools().len() == 0 && loaded.report.diagnostics.is_empty() {
        anyhow::bail!("there is no pool in {}", root.display());
    }
    Ok(loaded)
}

/// A pool of the tree.
fn known(catalog: &Catalog, id: &str) -> Result<PoolId, anyhow::Error> {
    if let Some(pool) = catalog.pool(id) {
        return Ok(pool.pool.id.clone());
    }
    let ids = catalog.pools().map(|entry| entry.pool.id.as_str());
    let hint = nearest(id, ids).map_or(String::new(), |near| format!(", did you mean {near}?"));
    anyhow::bail!("there is no pool {id}{hint}")
}

fn count(number: usize, what: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {what}{ending}")
}
