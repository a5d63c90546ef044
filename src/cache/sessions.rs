//! A launch is in Redis for a day where Redis takes it, and nobody ever waits for that.
//!
//! What is to be kept waits in a queue of its own. What finds it full, and what Redis refuses, is not
//! kept.

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Cache;
use super::keys::SESSION;
use crate::link::{Command, LinkError};
use crate::shutdown::Tasks;

/// How long a launch is kept, in seconds.
const LIFETIME: &str = "86400";
/// How many launches wait.
const WAITING: usize = 1_024;
/// How many are written at a time.
const BATCH: usize = 64;

/// Where launches are kept.
#[derive(Debug)]
pub struct Sessions(Sender<Session>);

/// A launch.
#[derive(Debug)]
struct Session {
    id: Uuid,
    json: String,
}

impl Sessions {
    /// Keeps launches in the Redis of this cache, by a task of these.
    pub fn begin(cache: Cache, tasks: &Tasks) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING);
        tasks.spawn("sessions", run(cache, waiting, tasks.stopping()));
        Self(queue)
    }

    /// Keeps a launch: its JSON, by its session.
    pub fn keep(&self, id: Uuid, json: String) {
        match self.0.try_send(Session { id, json }) {
            Ok(()) => {}
            Err(TrySendError::Full(session) | TrySendError::Closed(session)) => {
                tracing::debug!(session = %session.id, "a launch is not kept");
            }
        }
    }
}

async fn run(cache: Cache, mut waiting: Receiver<Session>, stopping: CancellationToken) {
    let mut is_well = true;
    let mut batch = Vec::new();
    loop {
        tokio::select! {
            // What waits is written also when the daemon stops.
            biased;
            count = waiting.recv_many(&mut batch, BATCH) => if count == 0 { return },
            () = stopping.cancelled() => return,
        }
        let written = write(&cache, batch.drain(..)).await;
        let was_well = std::mem::replace(&mut is_well, written.is_ok());
        match written {
            Ok(()) if was_well => {}
            Ok(()) => tracing::info!("launches are kept in Redis again"),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                if was_well {
                    tracing::warn!(error, "launches are not kept in Redis");
                } else {
                    tracing::debug!(error, "launches are not kept in Redis");
                }
            }
        }
    }
}

async fn write(cache: &Cache, batch: impl Iterator<Item = Session>) -> Result<(), LinkError> {
    let set = |Session { id, json }| {
        let command = Command::new("SET").arg(format!("{SESSION}{id}")).arg(json);
        command.arg("EX").arg(LIFETIME)
    };
    let replies = cache.link.pipeline(batch.map(set).collect()).await?;
    cache.all_done(replies)
}
