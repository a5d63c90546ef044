//! The presence of a process that has no other.

use std::sync::Arc;

use mithril::presence::Presence;
use mithril::presence::memory::MemoryPresence;

use crate::conformance::{self, Store};

impl Store for MemoryPresence {
    async fn start() -> Self {
        Self::new()
    }

    async fn connect(&self) -> Arc<dyn Presence> {
        Arc::new(self.clone())
    }

    async fn lose(&self) {
        self.forget();
    }
}

conformance::suite!(MemoryPresence);
