//! `mithril tail`: what is published is shown as it comes, until a limit, a signal or a loss.
//!
//! One thread writes and may be held up by whoever reads; nothing else ever waits for it. At the end
//! what has arrived is still shown, for as long as somebody takes it.

mod plan;

use std::error::Error;
use std::fmt::Write;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{sleep, timeout};

use super::signals::Signals;
use crate::cli::Tail;
use crate::config::Layers;
use crate::output::{ExitStatus, Messages, Printer};
use crate::tail::{Ended, Intake, Item, Notice};
use plan::{Plan, Source};

/// How long the last messages wait for somebody to take them.
const PATIENCE: Duration = Duration::from_secs(1);

/// Why nothing is followed any more.
enum End {
    /// What was asked for has come, or can't be shown.
    Shown(io::Result<()>),
    /// The time is over.
    Time,
    /// Nobody reads any more.
    Unread,
    /// Somebody wants it to end.
    Signal(ExitStatus),
    /// The source has ended.
    Source(anyhow::Result<Lost>),
}

/// A connection was lost for good.
struct Lost(String);

pub(super) fn run(
    args: Tail,
    layers: Layers,
    printer: &Printer,
) -> Result<ExitStatus, anyhow::Error> {
    let plan = Plan::new(args, layers, printer.is_terminal())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("failed to start the runtime")?;
    let status = runtime.block_on(follow(plan, printer));
    // A writer that nobody reads from is not waited for.
    runtime.shutdown_background();
    status
}

async fn follow(plan: Plan, printer: &Printer) -> Result<ExitStatus, anyhow::Error> {
    let mut signals = Signals::new().context("failed to listen for signals")?;
    let intake = Arc::new(plan.intake);
    let messages = printer.messages(plan.format);
    let showing = Arc::clone(&intake);
    let mut shown = spawn_blocking(move || show(&showing, messages, plan.count));
    let end = tokio::select! {
        result = &mut shown => End::Shown(result.context("failed to show messages")?),
        lost = source(&plan.source, &intake, printer) => End::Source(lost),
        () = until(plan.duration) => End::Time,
        () = printer.unread() => End::Unread,
        status = signals.next() => End::Signal(status),
    };
    intake.queue.close();
    let status = match end {
        End::Shown(result) => {
            result.context("failed to write")?;
            return Ok(ExitStatus::Success);
        }
        End::Time | End::Unread => ExitStatus::Success,
        End::Signal(status) => status,
        End::Source(Ok(Lost(reason))) => {
            finish(shown).await?;
            printer.error(&reason);
            return Ok(ExitStatus::Findings);
        }
        End::Source(Err(error)) => return Err(error),
    };
    finish(shown).await?;
    Ok(status)
}

/// Follows the source until that is not possible any more.
async fn source(source: &Source, intake: &Arc<Intake>, printer: &Printer) -> anyhow::Result<Lost> {
    let observer = |notice: Notice<'_>| match notice {
        Notice::Following => printer.note(&format!("following {}", intake.channels)),
        Notice::Lost(error) => printer.note(&format!("{}; trying again", told(error))),
        Notice::Told(text) => printer.warn(&format!("the gateway says: {text}")),
    };
    match source {
        Source::Gateway(gateway) => ended(gateway.follow(intake, &observer).await),
        Source::Redis(redis) => ended(redis.follow(intake, &observer).await),
    }
}

fn ended<E: Error + Send + Sync + 'static>(ended: Ended<E>) -> anyhow::Result<Lost> {
    match ended {
        Ended::NotBegun(error) => Err(error.into()),
        Ended::Lost(error) => Ok(Lost(told(&error))),
    }
}

/// An error with its causes.
fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing to a text does not fail.
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

/// Shows what arrives, at most so many messages.
fn show(intake: &Intake, mut messages: Messages, most: Option<u64>) -> io::Result<()> {
    let mut left = most;
    while let Some(items) = intake.queue.take() {
        for item in &items {
            messages.print(item)?;
            if let (Item::Message(_), Some(left)) = (item, &mut left) {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    return messages.flush();
                }
            }
        }
        messages.flush()?;
    }
    Ok(())
}

/// Waits for what has arrived to be shown, but not for a reader that takes nothing.
async fn finish(shown: JoinHandle<io::Result<()>>) -> Result<(), anyhow::Error> {
    match timeout(PATIENCE, shown).await {
        Ok(result) => result
            .context("failed to show messages")?
            .context("failed to write"),
        Err(_) => Ok(()),
    }
}

async fn until(limit: Option<Duration>) {
    match limit {
        Some(limit) => sleep(limit).await,
        None => std::future::pending().await,
    }
}
