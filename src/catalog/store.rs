//! Where the current catalog is kept: readers never wait, the single writer swaps.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use tokio::sync::Notify;

use super::Catalog;

/// How what is served stands to what it was loaded from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Standing {
    /// It is what is sound there.
    #[default]
    Current,
    /// It is older: what is there may not be served.
    Rejected,
    /// It is older, or nothing at all: what is there can't be read.
    Failed,
}

/// The current catalog. Readers take a snapshot and keep it for the length of one request.
#[derive(Debug, Default)]
pub struct CatalogStore {
    current: ArcSwap<Catalog>,
    revision: AtomicU64,
    standing: ArcSwap<Standing>,
    swapped: Notify,
}

impl CatalogStore {
    /// A store that begins with this catalog, as revision 1.
    pub fn new(catalog: Catalog) -> Self {
        Self {
            current: ArcSwap::from_pointee(catalog),
            revision: AtomicU64::new(1),
            standing: ArcSwap::default(),
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

    /// How it stands to what it was loaded from.
    pub fn standing(&self) -> Standing {
        **self.standing.load()
    }

    /// From now on it stands so.
    pub fn stands(&self, standing: Standing) {
        self.standing.store(Arc::new(standing));
    }

    /// How many catalogs this process has served so far.
    pub fn revision(&self) -> u64 {
        self.revision.load(Ordering::Relaxed)
    }
}
