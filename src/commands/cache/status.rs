//! `cache status`: what of the tree is in Redis, by pool.

use anyhow::Context;
use serde::Serialize;

use crate::cache::{CacheStatus, Lifetime, PoolStatus};
use crate::cli::{self, DataFormat};
use crate::config::Layers;
use crate::ids::PoolId;
use crate::output::{ExitStatus, Printer, Rows};

use super::{configured, count, load, open, runtime};

/// How many keys are named in a cell of a table.
const NAMED: usize = 3;

#[derive(Serialize)]
struct Document<'a> {
    list: Entry<'a>,
    pools: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    /// Nothing for keys of which can't be told whose they are.
    pool: Option<&'a str>,
    exercises: usize,
    cached: usize,
    missing: &'a [String],
    stale: &'a [String],
    orphaned: &'a [String],
    /// Whole seconds; nothing where there is no key, or one stays for ever.
    ttl: Option<Lifetime>,
    /// Whether all its keys stay for ever.
    endless: bool,
}

pub(super) fn run(
    args: &cli::CacheStatus,
    layers: Layers,
    printer: &Printer,
) -> Result<ExitStatus, anyhow::Error> {
    let config = configured(layers, &args.redis, args.content_dir.as_ref())?;
    let cache = open(&config, None)?;
    let loaded = load(&config)?;
    if loaded.skipped > 0 {
        let files = count(loaded.skipped, "file");
        printer.warn(&format!("{files} left out: `mithril validate` says why"));
    }
    let status = runtime()?.block_on(cache.status(&loaded.catalog));
    let status = status.context("failed to look at the cache")?;
    let is_table = match args.format {
        Some(format) => format == DataFormat::Table,
        None => printer.is_terminal(),
    };
    printer.rows(&rows(&status, is_table)?, args.format)?;
    if status.is_clean() {
        return Ok(ExitStatus::Success);
    }
    let total = |keys: fn(&PoolStatus) -> &Vec<String>| -> usize {
        let all = status.pools.iter().chain([&status.list]);
        all.map(|pool| keys(pool).len()).sum()
    };
    printer.note(&format!(
        "{} missing, {} stale, {} orphaned: `mithril cache warm --prune` mends it",
        count(total(|pool| &pool.missing), "key"),
        total(|pool| &pool.stale),
        total(|pool| &pool.orphaned)
    ));
    Ok(ExitStatus::Findings)
}

fn rows(status: &CacheStatus, is_table: bool) -> Result<Rows, serde_json::Error> {
    let keys = |keys: &[String]| {
        let named = if is_table { NAMED } else { keys.len() };
        let text = keys.get(..named).unwrap_or(keys).join(",");
        match keys.len().saturating_sub(named) {
            0 => text,
            more => format!("{text} and {more} more"),
        }
    };
    let row = |status: &PoolStatus, name: &str| {
        let ttl = match status.lifetime {
            Some(Lifetime::Milliseconds(left)) => (left / 1000).to_string(),
            Some(Lifetime::Endless) => "never".to_owned(),
            None => String::new(),
        };
        vec![
            name.to_owned(),
            status.exercises.to_string(),
            status.cached.to_string(),
            keys(&status.missing),
            keys(&status.stale),
            keys(&status.orphaned),
            ttl,
        ]
    };
    let pools = status.pools.iter().map(|pool| {
        let name = pool.pool.as_ref().map_or("?", PoolId::as_str);
        row(pool, name)
    });
    let list = row(&status.list, "(list of pools)");
    Ok(Rows {
        columns: vec![
            "pool",
            "exercises",
            "cached",
            "missing",
            "stale",
            "orphaned",
            "ttl",
        ],
        rows: [list].into_iter().chain(pools).collect(),
        json: serde_json::to_string(&Document {
            list: entry(&status.list),
            pools: status.pools.iter().map(entry).collect(),
        })?,
    })
}

fn entry(status: &PoolStatus) -> Entry<'_> {
    Entry {
        pool: status.pool.as_ref().map(PoolId::as_str),
        exercises: status.exercises,
        cached: status.cached,
        missing: &status.missing,
        stale: &status.stale,
        orphaned: &status.orphaned,
        ttl: status.lifetime,
        endless: status.lifetime == Some(Lifetime::Endless),
    }
}
