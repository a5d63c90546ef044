//! A progress bar on standard error: only on a terminal, and only for what takes long.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::Printer;

/// How long something goes on before a bar appears.
const DELAY: Duration = Duration::from_millis(500);
/// How often the bar is drawn.
const TICK: Duration = Duration::from_millis(80);

/// What a bar shows: how many of how many.
pub trait Counts: Send + Sync + 'static {
    /// How many there are, 0 while that is not known.
    fn total(&self) -> usize;
    /// How many are done.
    fn done(&self) -> usize;
    /// What they are, in the plural.
    fn what(&self) -> &'static str;
}

impl Counts for crate::lint::Progress {
    fn total(&self) -> usize {
        AtomicUsize::load(&self.total, Ordering::Relaxed)
    }

    fn done(&self) -> usize {
        AtomicUsize::load(&self.done, Ordering::Relaxed)
    }

    fn what(&self) -> &'static str {
        "files"
    }
}

impl Counts for crate::cache::Progress {
    fn total(&self) -> usize {
        self.total()
    }

    fn done(&self) -> usize {
        self.done()
    }

    fn what(&self) -> &'static str {
        "exercises"
    }
}

/// A bar that goes away when this is dropped.
#[derive(Debug)]
pub struct Bar {
    thread: Option<(SyncSender<()>, JoinHandle<()>)>,
}

impl Printer {
    /// Shows how far something has come, if that is worth it.
    pub fn bar(&self, counts: std::sync::Arc<dyn Counts>) -> Bar {
        if self.quiet || !self.stderr.terminal {
            return Bar { thread: None };
        }
        let (stop, stopped) = sync_channel::<()>(1);
        let draw = move || {
            if stopped.recv_timeout(DELAY) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            let bar = ProgressBar::new(0);
            let template = format!("{{bar:30}} {{pos}}/{{len}} {}, {{eta}} left", counts.what());
            if let Ok(style) = ProgressStyle::with_template(&template) {
                bar.set_style(style);
            }
            while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                bar.set_length(counts.total() as u64);
                bar.set_position(counts.done() as u64);
            }
            bar.finish_and_clear();
        };
        // Without a thread there is no bar, and nothing else is lost.
        let thread = std::thread::Builder::new()
            .name("progress".into())
            .spawn(draw)
            .ok();
        Bar {
            thread: thread.map(|thread| (stop, thread)),
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.thread.take() {
            drop(stop);
            // A bar that failed to draw is no reason to fail.
            let _ = thread.join();
        }
    }
}
