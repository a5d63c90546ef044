//! `cache invalidate`: removes keys, after asking where it is all of them.

use std::collections::BTreeSet;

use anyhow::Context;
use serde::Serialize;

use crate::cache::Selection;
use crate::cli::CacheInvalidate;
use crate::config::Layers;
use crate::ids::{ExerciseId, PoolId};
use crate::output::{ExitStatus, Printer, Rows};

use super::{configured, count, open, runtime};

#[derive(Serialize)]
struct Document<'a> {
    dry_run: bool,
    keys: &'a [String],
}

pub(super) fn run(
    args: &CacheInvalidate,
    layers: Layers,
    printer: &Printer,
) -> Result<ExitStatus, anyhow::Error> {
    let config = configured(layers, &args.redis, None)?;
    let cache = open(&config, None)?;
    let selection = selection(args)?;
    if args.all && !args.yes && !args.dry_run {
        let place = config
            .redis
            .server
            .map_or(String::new(), |url| url.to_string());
        let question = format!("Remove all pools and exercises from {place}?");
        if !printer.confirm(&question)? {
            printer.note("nothing was removed");
            return Ok(ExitStatus::Failure);
        }
    }
    let keys = runtime()?.block_on(async {
        if args.dry_run {
            cache.selected(&selection).await
        } else {
            cache.invalidate(&selection).await
        }
    });
    let keys = keys.context("failed to remove keys")?;
    let rows = Rows {
        columns: vec!["key"],
        rows: keys.iter().map(|key| vec![key.clone()]).collect(),
        json: serde_json::to_string(&Document {
            dry_run: args.dry_run,
            keys: &keys,
        })?,
    };
    printer.rows(&rows, args.format)?;
    let keys = count(keys.len(), "key");
    if args.dry_run {
        printer.note(&format!("{keys} would be removed; nothing was"));
    } else {
        printer.note(&format!("{keys} removed"));
    }
    Ok(ExitStatus::Success)
}

fn selection(args: &CacheInvalidate) -> Result<Selection, anyhow::Error> {
    if args.all {
        return Ok(Selection::All);
    }
    let pool = |id: &String| PoolId::parse(id).with_context(|| format!("{id:?} is no pool's id"));
    let exercise =
        |id: &String| ExerciseId::parse(id).with_context(|| format!("{id:?} is no exercise's id"));
    Ok(Selection::Some {
        pools: args
            .pool
            .iter()
            .map(pool)
            .collect::<Result<BTreeSet<_>, _>>()?,
        exercises: args
            .exercise
            .iter()
            .map(exercise)
            .collect::<Result<BTreeSet<_>, _>>()?,
    })
}
