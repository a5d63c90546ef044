//! Publishing on Redis for who listens at this moment.

use anyhow::Context;

use super::Outcome;
use super::message::Outgoing;
use crate::config::RedisUrl;
use crate::link::{Command, Link, LinkLimits};

/// Publishes it and says how many connections Redis has handed it to.
pub(super) fn publish(redis: RedisUrl, outgoing: Outgoing) -> Result<Outcome, anyhow::Error> {
    let (channel, payload) = outgoing.plain()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("failed to start the runtime")?;
    let command = Command::new("PUBLISH").arg(channel).arg(payload);
    let link = Link::new(redis, LinkLimits::default());
    let receivers = runtime.block_on(link.send(command))?.integer();
    Ok(vec![("receivers", receivers.into())])
}
