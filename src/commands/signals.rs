//! The signals that end a command which would go on by itself.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::output::ExitStatus;

/// The signals that end a command.
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
