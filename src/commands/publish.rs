//! `mithril publish`: one message, built as its topic wants it.
//!
//! A notification without a user is not sent, and that is no error: it never stops the business
//! operation that caused it.

mod api;
mod durable;
mod message;
mod plain;

use std::fs::File;
use std::io::{self, Read};

use anyhow::Context;
use serde_json::{Map, Value};

use crate::cli::Publish;
use crate::clock::Clock;
use crate::config::{Config, Layers};
use crate::output::{ExitStatus, Printer, Rows};
use message::{Data, Outgoing};

/// What stands before the user in a topic of notifications.
const USERS: &str = "ws:";

/// Why nothing can be published, and what to do about it.
const NOWHERE: &str = "no Redis is configured: set redis.url (the variable REDIS_URL or --redis-url), or publish through a gateway with --url";
/// The most bytes that are read of a message, so that an endless input ends.
const MOST: u64 = 64 * 1024 * 1024;

/// What became of a message, by name.
type Outcome = Vec<(&'static str, Value)>;

pub(super) fn run(
    args: &Publish,
    mut layers: Layers,
    printer: &Printer,
) -> Result<ExitStatus, anyhow::Error> {
    if args.topic == USERS {
        printer.warn("there is no user: nothing is published");
        return Ok(ExitStatus::Findings);
    }
    layers.flags.extend(args.redis.values.clone());
    let config = Config::load(&layers)?;
    let data = Data::parse(&read(&args.data)?)?;
    let outgoing = Outgoing::new(&args.topic, args.event.as_deref(), data, &Clock::system())?;
    outgoing.check_size(config.limits.payload)?;
    let mut outcome = outgoing.names();
    outcome.extend(match (&args.url, config.redis.server) {
        (Some(url), _) => api::publish(url, args, &outgoing, &layers)?,
        (None, Some(redis)) if args.ephemeral => plain::publish(redis, outgoing)?,
        (None, Some(redis)) => {
            let key = args.idempotency_key.as_deref();
            durable::publish(redis, &config.history, key, outgoing)?
        }
        (None, None) => anyhow::bail!(NOWHERE),
    });
    printer.rows(&rows(outcome), args.format)?;
    Ok(ExitStatus::Success)
}

/// The JSON that was typed, or is in a file or on standard input.
fn read(data: &str) -> Result<String, anyhow::Error> {
    if data == "-" {
        return read_all(io::stdin().lock()).context("failed to read standard input");
    }
    match data.strip_prefix('@') {
        None => Ok(data.to_owned()),
        Some(path) => File::open(path)
            .and_then(read_all)
            .with_context(|| format!("failed to read {path}")),
    }
}

fn read_all(from: impl Read) -> io::Result<String> {
    let mut text = String::new();
    from.take(MOST).read_to_string(&mut text)?;
    Ok(text)
}

/// One row, without what is not known.
fn rows(outcome: Outcome) -> Rows {
    let shown = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let known: Vec<_> = outcome
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .collect();
    let object: Map<String, Value> = known
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    Rows {
        columns: known.iter().map(|(name, _)| *name).collect(),
        rows: vec![known.iter().map(|(_, value)| shown(value)).collect()],
        json: Value::Object(object).to_string(),
    }
}
