//! A task that has no end of its own is started again when it ends, and its name is in the log.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::Tasks;
use crate::backoff::Backoff;

/// Who has run for so long is not what keeps failing.
const STEADY: Duration = Duration::from_secs(10);

impl Tasks {
    /// Starts a task that is to run until the group is asked to stop. Whenever it ends or panics
    /// before, it is started again after a pause. The work is handed what tells it to stop.
    pub fn supervise<F, W>(&self, kind: &'static str, work: F)
    where
        F: Fn(CancellationToken) -> W + Send + Sync + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        self.spawn(kind, keep(kind, self.stopping(), work));
    }
}

async fn keep<F, W>(kind: &'static str, stopping: CancellationToken, work: F)
where
    F: Fn(CancellationToken) -> W + Send + Sync + 'static,
    W: Future<Output = ()> + Send + 'static,
{
    let mut backoff = Backoff::default();
    loop {
        let begin = Instant::now();
        // What the work shares with others has to bear a panic at any await: it is behind locks that
        // are not held across one.
        let run = AssertUnwindSafe(async { work(stopping.clone()).await });
        let outcome = run.catch_unwind().await;
        if stopping.is_cancelled() {
            return;
        }
        if begin.elapsed() >= STEADY {
            backoff.reset();
        }
        let pause = backoff.delay();
        let milliseconds = pause.as_millis();
        let how = if outcome.is_ok() { "ended" } else { "panicked" };
        tracing::error!(task = kind, how, milliseconds, "a task is started again");
        tokio::select! {
            () = stopping.cancelled() => return,
            () = sleep(pause) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Counts its runs; the first five end in this way, after so long.
    async fn runs(lasting: Duration, end: fn()) -> (usize, Duration) {
        let tasks = Tasks::new();
        let count = Arc::new(AtomicUsize::new(0));
        let (counted, (done, mut all)) = (Arc::clone(&count), tokio::sync::mpsc::channel(1));
        let begin = Instant::now();
        tasks.supervise("unsteady", move |stopping| {
            let run = counted.fetch_add(1, Ordering::Relaxed);
            let done = done.clone();
            async move {
                sleep(lasting).await;
                if run < 5 {
                    return end();
                }
                done.send(()).await.unwrap();
                stopping.cancelled().await;
            }
        });
        all.recv().await.unwrap();
        let took = begin.elapsed();
        tasks.stop();
        let late = tasks.join(Instant::now() + Duration::from_secs(1)).await;
        assert_eq!(late, []);
        (count.load(Ordering::Relaxed), took)
    }

    #[tokio::test(start_paused = true)]
    async fn who_panics_or_ends_is_started_again_after_growing_pauses() {
        for end in [|| panic!("on purpose"), || ()] {
            let (count, took) = runs(Duration::ZERO, end).await;
            assert_eq!(count, 6);
            assert!(took >= Duration::from_millis(5 * 50), "{took:?}");
            assert!(
                took <= Duration::from_millis(100 + 200 + 400 + 800 + 1000 + 10),
                "{took:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_ran_for_long_is_started_again_soon() {
        let (count, took) = runs(STEADY, || ()).await;
        assert_eq!(count, 6);
        let most = STEADY * 6 + Duration::from_millis(5 * 101);
        assert!(took <= most, "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_started_again_once_the_group_stops() {
        let tasks = Tasks::new();
        tasks.supervise("hasty", |_| async {});
        sleep(Duration::from_millis(1)).await;
        tasks.stop();
        let begin = Instant::now();
        assert_eq!(tasks.join(begin + Duration::from_secs(1)).await, []);
        assert_eq!(begin.elapsed(), Duration::ZERO, "also not after the pause");
    }
}
