//! Dormant work is polled only when its own bell has rung: what wakes its task for something else
//! costs it nothing.
//!
//! The reading half of a connection waits for four things at once, two of which all connections
//! share. To ask them all again for each message that is written would cost more than to write it.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Work that lies dormant until its bell rings.
#[derive(Debug)]
pub(super) struct Dormant<F> {
    work: F,
    bell: Arc<Bell>,
    // What the work rings, and whom that wakes; both are kept because to compare is all that is left
    // to do where nothing has changed.
    ringer: Waker,
    task: Waker,
}

#[derive(Debug)]
struct Bell {
    has_rung: AtomicBool,
    task: Mutex<Waker>,
}

impl<F> Dormant<F> {
    pub(super) fn new(work: F) -> Self {
        let bell = Arc::new(Bell {
            has_rung: AtomicBool::new(true),
            task: Mutex::new(Waker::noop().clone()),
        });
        Self {
            work,
            ringer: Waker::from(Arc::clone(&bell)),
            bell,
            task: Waker::noop().clone(),
        }
    }
}

impl<F: Future + Unpin> Future for Dormant<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Self {
            work,
            bell,
            ringer,
            task,
        } = &mut *self;
        if !task.will_wake(cx.waker()) {
            task.clone_from(cx.waker());
            bell.set_task(task.clone());
        }
        // Whoever rings from here on wakes the task that was set.
        if !bell.has_rung.swap(false, Ordering::AcqRel) {
            return Poll::Pending;
        }
        Pin::new(work).poll(&mut Context::from_waker(ringer))
    }
}

impl Bell {
    fn set_task(&self, task: Waker) {
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = task;
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Where it has rung already, whoever rang it wakes the task.
        if !self.has_rung.swap(true, Ordering::AcqRel) {
            let task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
            task.wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    use futures_util::future::join;
    use tokio::sync::Notify;
    use tokio::time::timeout;

    use super::*;

    const SOON: Duration = Duration::from_secs(20);

    /// Counts how often it is polled.
    fn counted<F: Future + Unpin>(
        mut work: F,
        polls: &AtomicUsize,
    ) -> impl Future<Output = F::Output> + Unpin {
        poll_fn(move |cx| {
            polls.fetch_add(1, Ordering::Relaxed);
            Pin::new(&mut work).poll(cx)
        })
    }

    #[tokio::test]
    async fn work_is_polled_when_it_was_woken_and_only_then() {
        let (polls, bell) = (AtomicUsize::new(0), Notify::new());
        let rung = Box::pin(async {
            bell.notified().await;
            bell.notified().await;
        });
        let other = async {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            bell.notify_one();
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            bell.notify_one();
        };
        let both = join(Dormant::new(counted(rung, &polls)), other);
        timeout(SOON, both).await.unwrap();
        assert_eq!(polls.into_inner(), 3, "at first, and for each ring");
    }

    #[tokio::test]
    async fn whoever_polls_last_is_woken() {
        let bell = Arc::new(Notify::new());
        let ring = Arc::clone(&bell);
        let mut dormant = Dormant::new(Box::pin(async move { bell.notified().await }));
        let first = poll_fn(|cx| Poll::Ready(Pin::new(&mut dormant).poll(cx))).await;
        assert!(first.is_pending());
        // A task of its own has a waker of its own.
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(dormant);
        tokio::task::yield_now().await;
        ring.notify_one();
        timeout(SOON, tasks.join_next()).await.unwrap();
    }
}
