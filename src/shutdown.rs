//! Every task has a name and an owner who waits for it: nothing that was started is forgotten.
//!
//! A [`Tasks`] is the owner. It is asked to stop, waited for with a deadline, and then says by name
//! who was late; whoever is late is aborted. Shutdown waits for tasks, not for seconds.

mod supervision;

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// A group of named tasks that stop together.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    tracker: TaskTracker,
    stop: CancellationToken,
    running: Mutex<Running>,
}

#[derive(Debug, Default)]
struct Running {
    started: u64,
    is_aborted: bool,
    entries: BTreeMap<u64, Entry>,
}

#[derive(Debug)]
struct Entry {
    kind: &'static str,
    // How to abort it, once it is started.
    handle: Option<AbortHandle>,
}

/// What a task is called: its kind and its number in its group, as in `connection 17`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskName {
    /// What the task does.
    pub kind: &'static str,
    /// How many tasks of its group were started before it, plus one.
    pub number: u64,
}

impl fmt::Display for TaskName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.number)
    }
}

impl Tasks {
    /// A group without tasks.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a task. Outside a runtime there is nothing to run it, and it is dropped.
    pub fn spawn(&self, kind: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.enter(kind).start(task);
    }

    /// Counts in a task before it is known what it does.
    pub fn enter(&self, kind: &'static str) -> TaskGuard {
        let mut running = self.running();
        running.started += 1;
        let number = running.started;
        running.entries.insert(number, Entry { kind, handle: None });
        drop(running);
        TaskGuard {
            name: TaskName { kind, number },
            tasks: self.clone(),
            _token: self.shared.tracker.token(),
        }
    }

    /// Asks all tasks to end, those that start later too.
    pub fn stop(&self) {
        self.shared.stop.cancel();
    }

    /// Whether the tasks have been asked to end.
    pub fn is_stopping(&self) -> bool {
        self.shared.stop.is_cancelled()
    }

    /// Cancelled when the tasks are asked to end.
    pub fn stopping(&self) -> CancellationToken {
        self.shared.stop.clone()
    }

    /// The same, without a copy.
    pub fn stopping_ref(&self) -> &CancellationToken {
        &self.shared.stop
    }

    /// How many tasks are running.
    pub fn count(&self) -> usize {
        self.running().entries.len()
    }

    /// Waits until all tasks have ended. At the deadline those that have not are named and aborted.
    pub async fn join(&self, deadline: Instant) -> Vec<TaskName> {
        self.shared.tracker.close();
        if timeout_at(deadline, self.shared.tracker.wait())
            .await
            .is_ok()
        {
            return Vec::new();
        }
        let mut running = self.running();
        running.is_aborted = true;
        let late = running.entries.iter().map(|(number, entry)| {
            if let Some(handle) = &entry.handle {
                handle.abort();
            }
            TaskName {
                kind: entry.kind,
                number: *number,
            }
        });
        late.collect()
    }

    // The map stays consistent whatever panics: each change to it is a single call.
    fn running(&self) -> MutexGuard<'_, Running> {
        self.shared
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running task's entry in its group; dropping it strikes the task off.
#[derive(Debug)]
#[must_use = "the task is struck off when the guard is dropped"]
pub struct TaskGuard {
    name: TaskName,
    tasks: Tasks,
    _token: TaskTrackerToken,
}

impl TaskGuard {
    /// What the task is called.
    pub fn name(&self) -> TaskName {
        self.name
    }

    /// Starts the task's work, which runs to its end or until the group is aborted. Outside a runtime
    /// there is nothing to run it, and it is dropped.
    pub fn start(self, work: impl Future<Output = ()> + Send + 'static) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let (tasks, number) = (self.tasks.clone(), self.name.number);
        let task = runtime.spawn(async move {
            work.await;
            drop(self);
        });
        let mut running = tasks.running();
        if running.is_aborted {
            task.abort();
        } else if let Some(entry) = running.entries.get_mut(&number) {
            // It may have ended meanwhile, and been struck off.
            entry.handle = Some(task.abort_handle());
        }
    }
}

impl Drop for TaskGuard {
    fn drop(&mut self) {
        self.tasks.running().entries.remove(&self.name.number);
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn join_returns_as_soon_as_all_have_ended() {
        let tasks = Tasks::new();
        let stopping = tasks.stopping();
        tasks.spawn("polite", async move { stopping.cancelled().await });
        assert_eq!(tasks.count(), 1);
        let begin = Instant::now();
        tasks.stop();
        assert_eq!(tasks.join(begin + Duration::from_secs(30)).await, []);
        assert_eq!(begin.elapsed(), Duration::ZERO);
        assert_eq!(tasks.count(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_late_is_named_and_aborted() {
        let tasks = Tasks::new();
        tasks.spawn("quick", async {});
        tasks.spawn("stuck", pending());
        tasks.stop();
        let late = tasks.join(Instant::now() + Duration::from_secs(1)).await;
        assert_eq!(late.len(), 1);
        assert_eq!(late[0].to_string(), "stuck 2");
        let after = tasks.join(Instant::now() + Duration::from_secs(1)).await;
        assert_eq!(after, [], "the abort ended it");
    }

    #[tokio::test]
    async fn a_panic_strikes_the_task_off() {
        let tasks = Tasks::new();
        tasks.spawn("doomed", async { panic!("on purpose") });
        let deadline = Instant::now() + Duration::from_secs(10);
        assert_eq!(tasks.join(deadline).await, []);
        assert_eq!(tasks.count(), 0);
    }
}
