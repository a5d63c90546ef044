//! `cache warm`: checks the tree, and writes it pool by pool.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::cache::{Cache, PoolWarmed, Progress, Scope, Warmed};
use crate::catalog::Catalog;
use crate::cli::{CacheWarm, ReportFormat, ReportTarget};
use crate::config::Layers;
use crate::output::{ExitStatus, Printer, Rows};

use super::{configured, count, known, load, open, runtime};

/// How long what is under way may take to end after Ctrl-C.
const GRACE: Duration = Duration::from_secs(1);

#[derive(Serialize)]
struct Document<'a> {
    dry_run: bool,
    pools: &'a [PoolWarmed],
    pruned: &'a [String],
}

/// What came of a run.
struct Outcome {
    warmed: Warmed,
    pruned: Vec<String>,
    interrupted: bool,
}

pub(super) fn run(
    args: &CacheWarm,
    layers: Layers,
    printer: &Printer,
) -> Result<ExitStatus, anyhow::Error> {
    let config = configured(layers, &args.redis, args.content_dir.as_ref())?;
    let cache = open(&config, args.ttl)?;
    let loaded = load(&config)?;
    let is_sound = loaded.report.diagnostics.is_empty();
    if !is_sound && !args.keep_going {
        let target = ReportTarget {
            format: ReportFormat::Human,
            file: None,
        };
        printer.report(&loaded.report, &[target])?;
        printer.summary(&loaded.report);
        printer.note("nothing was written: --keep-going writes what is sound");
        return Ok(ExitStatus::Findings);
    }
    if loaded.skipped > 0 {
        let files = count(loaded.skipped, "file");
        printer.warn(&format!("{files} left out: `mithril validate` says why"));
    }
    let scope = scope(&loaded.catalog, &args.pool)?;
    let begin = Instant::now();
    let progress = Arc::new(Progress::default());
    let bar = printer.bar(Arc::<Progress>::clone(&progress));
    // What is broken may own a key that looks like an orphan.
    let prune = args.prune && is_sound;
    let work = work(
        &cache,
        &loaded.catalog,
        &scope,
        &progress,
        (args.dry_run, prune),
    );
    let outcome = runtime()?.block_on(work)?;
    drop(bar);
    if args.prune && !is_sound {
        printer.warn("nothing was pruned: files with problems may be what keys are there for");
    }
    printer.rows(&rows(&outcome, args.dry_run)?, args.format)?;
    conclude(outcome, args, is_sound, begin, printer)
}

fn scope(catalog: &Catalog, pools: &[String]) -> Result<Scope, anyhow::Error> {
    if pools.is_empty() {
        return Ok(Scope::All);
    }
    let ids = pools.iter().map(|id| known(catalog, id));
    Ok(Scope::Pools(ids.collect::<Result<_, _>>()?))
}

async fn work(
    cache: &Cache,
    catalog: &Catalog,
    scope: &Scope,
    progress: &Progress,
    (dry_run, prune): (bool, bool),
) -> Result<Outcome, anyhow::Error> {
    let run = async {
        if dry_run {
            cache.plan(catalog, scope, progress).await
        } else {
            cache.warm(catalog, scope, progress).await
        }
    };
    let mut run = std::pin::pin!(run);
    let (warmed, interrupted) = tokio::select! {
        warmed = &mut run => (warmed, false),
        _ = tokio::signal::ctrl_c() => {
            progress.cancel();
            let warmed = tokio::time::timeout(GRACE, run).await;
            (warmed.unwrap_or_default(), true)
        }
    };
    let mut pruned = Vec::new();
    if prune && !interrupted && warmed.failed.is_none() {
        pruned = if dry_run {
            cache.orphaned(catalog).await?
        } else {
            cache.prune(catalog).await?
        };
    }
    Ok(Outcome {
        warmed,
        pruned,
        interrupted,
    })
}

fn rows(outcome: &Outcome, dry_run: bool) -> Result<Rows, serde_json::Error> {
    let pools = &outcome.warmed.pools;
    let row = |pool: &PoolWarmed| {
        let (added, changed) = (pool.added.len(), pool.changed.len());
        vec![
            pool.pool.to_string(),
            pool.exercises.to_string(),
            added.to_string(),
            changed.to_string(),
            (pool.exercises - added - changed).to_string(),
        ]
    };
    Ok(Rows {
        columns: vec!["pool", "exercises", "new", "changed", "unchanged"],
        rows: pools.iter().map(row).collect(),
        json: serde_json::to_string(&Document {
            dry_run,
            pools,
            pruned: &outcome.pruned,
        })?,
    })
}

/// Says what was done, and how it ended.
fn conclude(
    outcome: Outcome,
    args: &CacheWarm,
    is_sound: bool,
    begin: Instant,
    printer: &Printer,
) -> Result<ExitStatus, anyhow::Error> {
    let Warmed { pools, failed } = outcome.warmed;
    let exercises = pools.iter().map(|pool| pool.exercises).sum();
    let written = format!(
        "{} with {}",
        count(pools.len(), "pool"),
        count(exercises, "exercise")
    );
    for key in &outcome.pruned {
        let verb = if args.dry_run {
            "would prune"
        } else {
            "pruned"
        };
        printer.note(&format!("{verb} {key}"));
    }
    if let Some(failed) = failed {
        let rest = if args.dry_run {
            "nothing was written".to_owned()
        } else {
            format!("{written} are written, the rest is as it was")
        };
        return Err(anyhow::Error::from(failed).context(rest));
    }
    let seconds = begin.elapsed().as_secs_f64();
    if args.dry_run {
        printer.note(&format!("{written} would be written; nothing was"));
    } else {
        printer.note(&format!("{written} written in {seconds:.2} s"));
    }
    Ok(if outcome.interrupted {
        printer.note("interrupted: this is what was done until then, the rest is as it was");
        ExitStatus::Interrupted
    } else if is_sound {
        ExitStatus::Success
    } else {
        ExitStatus::Findings
    })
}
