//! Where the current catalog is kept: readers never wait, the single writer swaps.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use tokio::sync::Notify;

use super::Catalog;

/// The current catalog. Readers take a snapshot and keep it for the length of one request.
#[derive(Debug, Default)]
pub struct CatalogStore {
    current: ArcSwap<Catalog>,
    revision: AtomicU64,
    swapped: Notify,
}

impl CatalogStore {
    /// A store that begins with this catalog, as revision 1.
    pub fn new(catalog: Catalog) -> Self {
        Self {
            current: ArcSwap::from_pointee(catalog),
            revision: AtomicU64::new(1),
            swapped: Notify::new(),
        }
    }

    /// The catalog of this moment.
    pub fn snapshot(&self) -> Arc<Catalog> {
        self.current.load_full()
    }

    /// Puts another catalog in its place and returns the revision it has got.
    pub fn swap(&self, catalog: Arc<Catalog>) -> u64 {
        self.current.store(catalog);
        let revision = self.revision.fetch_add(1, Ordering::Relaxed) + 1;
        self.swapped.notify_waiters();
        revision
    }

    /// Waits until there is another catalog than that of this revision.
    pub async fn changed(&self, since: u64) {
        loop {
            let mut swapped = std::pin::pin!(self.swapped.notified());
            swapped.as_mut().enable();
            if self.revision() != since {
                return;
            }
            swapped.await;
        }
    }

    /// How many catalogs this process has served so far.
    pub fn revision(&self) -> u64 {
        self.revision.load(Ordering::Relaxed)
    }
}
