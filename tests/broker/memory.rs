//! The broker of a process that has no other.

use std::sync::Arc;

use mithril::broker::memory::MemoryBroker;
use mithril::broker::{Broker, Inbox};

use crate::conformance::{self, Server};

impl Server for MemoryBroker {
    const GROUPS: bool = true;

    async fn start() -> Self {
        Self::new()
    }

    async fn connect(&self, inbox: Arc<dyn Inbox>) -> Arc<dyn Broker> {
        Arc::new(MemoryBroker::connect(self, inbox))
    }

    async fn cut(&self) {
        MemoryBroker::cut(self);
    }

    async fn restore(&self) {
        MemoryBroker::restore(self);
    }
}

conformance::suite!(MemoryBroker, groups);
conformance::suite!(MemoryBroker: a_glob_takes_what_redis_would_take);
