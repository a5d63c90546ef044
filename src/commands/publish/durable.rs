//! Publishing on Redis for who listens and for who comes later: what is recorded has been published.

use std::time::Duration;

use anyhow::Context;

use super::Outcome;
use super::message::Outgoing;
use crate::config::{self, RedisUrl};
use crate::history::redis::RedisHistory;
use crate::history::{Appended, Idempotency, MAX_ID};
use crate::link::{Link, LinkError, LinkLimits};

/// How long Redis may take to answer: whoever waits sits before it.
const PATIENCE: Duration = Duration::from_secs(5);

/// What can be done where nobody knows.
const WITH_KEY: &str = "whether the message is recorded is not known: publish it again with the same --idempotency-key, and it is there once";
const WITHOUT_KEY: &str = "whether the message is recorded is not known: if it is published again, it may be there twice; with an --idempotency-key it is there once";

/// Records and publishes it, and says where it is.
pub(super) fn publish(
    redis: RedisUrl,
    history: &config::History,
    key: Option<&str>,
    outgoing: Outgoing,
) -> Result<Outcome, anyhow::Error> {
    if key.is_some_and(|key| !(1..=MAX_ID).contains(&key.len())) {
        anyhow::bail!("an idempotency key has 1 to {MAX_ID} bytes");
    }
    let (topic, record) = outgoing.record()?;
    let limits = LinkLimits {
        answer: PATIENCE,
        dial: PATIENCE,
    };
    let link = Link::new(redis, limits);
    let history = RedisHistory::new(link.clone(), history.into(), history.trust_restart);
    let known_by = key.map_or(Idempotency::None, Idempotency::Key);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("failed to start the runtime")?;
    let recorded = runtime.block_on(async {
        // What fails before anything is sent is known to have failed.
        link.connect().await?;
        history.record(&topic, &record, known_by).await
    });
    let Appended {
        position,
        message_id,
        is_new: _,
    } = recorded.map_err(|error| told(error, key))?;
    Ok(vec![
        ("message_id", message_id.into()),
        ("epoch", position.epoch.into()),
        ("offset", position.offset.into()),
    ])
}

fn told(error: LinkError, key: Option<&str>) -> anyhow::Error {
    let (is_open, error) = (error.is_open, anyhow::Error::from(error));
    match (is_open, key) {
        (false, _) => error,
        (true, Some(_)) => error.context(WITH_KEY),
        (true, None) => error.context(WITHOUT_KEY),
    }
}
