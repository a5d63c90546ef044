//! How far each user has been written to is stored soon, and once for many messages.
//!
//! Writers note it as they go. One task stores what is new: a user at most once a second, and at once
//! when a connection of the user has ended. What could not be stored is noted again, unless there is
//! something later by then.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::history::History;
use crate::ids::UserId;
use crate::protocol::{Position, Topic};

/// How often what is new is stored.
const EVERY: Duration = Duration::from_secs(1);
/// How many users are stored at a time.
const AT_ONCE: usize = 64;

/// What was written and is not stored yet.
#[derive(Debug)]
pub(super) struct Receipts {
    history: Arc<dyn History>,
    written: Mutex<HashMap<UserId, Receipt>>,
    news: Notify,
    gone: Notify,
}

#[derive(Debug)]
struct Receipt {
    position: Arc<Position>,
    /// Whether a connection of the user has ended since.
    is_gone: bool,
}

/// Who reads what one connection is written.
#[derive(Debug)]
pub(super) struct Reader {
    receipts: Arc<Receipts>,
    user: UserId,
}

impl Receipts {
    pub(super) fn new(history: Arc<dyn History>) -> Arc<Self> {
        Arc::new(Self {
            history,
            written: Mutex::default(),
            news: Notify::new(),
            gone: Notify::new(),
        })
    }

    /// The reader of a connection of this user.
    pub(super) fn reader(self: &Arc<Self>, user: UserId) -> Reader {
        Reader {
            receipts: Arc::clone(self),
            user,
        }
    }

    /// Stores what is new, and in the end what is left.
    pub(super) async fn run(self: Arc<Self>, stopping: CancellationToken) {
        let mut next = Instant::now();
        loop {
            let is_everyone = tokio::select! {
                () = stopping.cancelled() => break,
                () = self.gone.notified() => false,
                () = self.is_due(next) => true,
            };
            self.store(|receipt| is_everyone || receipt.is_gone).await;
            if is_everyone {
                next = Instant::now() + EVERY;
            }
        }
        self.store(|_| true).await;
    }

    /// Stores what the connections of this user were written, before another one asks how much.
    pub(super) async fn settle(&self, user: &UserId) {
        let receipt = self.written().remove(user);
        if let Some(receipt) = receipt {
            self.store_one(user.clone(), receipt).await;
        }
    }

    async fn is_due(&self, next: Instant) {
        while self.written().is_empty() {
            self.news.notified().await;
        }
        sleep_until(next).await;
    }

    async fn store(&self, which: impl Fn(&Receipt) -> bool) {
        stream::iter(self.take(which))
            .for_each_concurrent(AT_ONCE, |(user, receipt)| self.store_one(user, receipt))
            .await;
    }

    fn take(&self, which: impl Fn(&Receipt) -> bool) -> Vec<(UserId, Receipt)> {
        let mut written = self.written();
        let chosen = written.extract_if(|_, receipt| which(receipt)).collect();
        if written.is_empty() {
            // What the busiest moment needed is given back.
            *written = HashMap::new();
        }
        chosen
    }

    async fn store_one(&self, user: UserId, receipt: Receipt) {
        let topic = Topic::User(user.clone());
        let Position { epoch, offset } = &*receipt.position;
        let moved = self
            .history
            .move_cursor(&topic, &user, Some(epoch), *offset);
        if let Err(error) = moved.await {
            let error = &error as &dyn std::error::Error;
            tracing::debug!(%topic, error, "the cursor was not stored");
            self.written().entry(user).or_insert(Receipt {
                is_gone: false,
                ..receipt
            });
            self.news.notify_one();
        }
    }

    // Each change is a single call, so a panic elsewhere does not spoil it.
    fn written(&self) -> MutexGuard<'_, HashMap<UserId, Receipt>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    /// Everything up to here has been written.
    pub(super) fn wrote(&self, position: Arc<Position>) {
        let mut written = self.receipts.written();
        if let Some(receipt) = written.get_mut(&self.user) {
            let known = &receipt.position;
            // Of two connections of a user, one may be behind the other.
            if known.epoch != position.epoch || known.offset < position.offset {
                receipt.position = position;
            }
            return;
        }
        let is_gone = false;
        let receipt = Receipt { position, is_gone };
        written.insert(self.user.clone(), receipt);
        self.receipts.news.notify_one();
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(receipt) = self.receipts.written().get_mut(&self.user) {
            receipt.is_gone = true;
            self.receipts.gone.notify_one();
        }
    }
}
