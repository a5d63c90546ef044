//! Which broker it is, before there is a connection to it.

use std::sync::Arc;

use crate::metrics::Metrics;
use crate::shutdown::Tasks;

use super::memory::MemoryBroker;
use super::redis::{RedisBroker, RedisConfig};
use super::{Broker, Inbox};

/// What carries messages between replicas and services.
#[derive(Debug, Clone)]
pub enum Carrier {
    /// This process alone.
    Memory(MemoryBroker),
    /// Redis Pub/Sub.
    Redis(Box<RedisConfig>),
}

impl Carrier {
    /// A connection whose messages arrive in this inbox. Whether the broker is there or not, this
    /// returns at once; what it does meanwhile belongs to these tasks.
    pub fn connect(
        &self,
        inbox: Arc<dyn Inbox>,
        metrics: Metrics,
        tasks: &Tasks,
    ) -> Arc<dyn Broker> {
        match self {
            Self::Memory(broker) => Arc::new(broker.connect(inbox)),
            Self::Redis(config) => {
                let config = (**config).clone();
                Arc::new(RedisBroker::connect(config, inbox, metrics, tasks))
            }
        }
    }

    /// Whether it is a server of its own, which can be away.
    pub fn is_remote(&self) -> bool {
        match self {
            Self::Memory(_) => false,
            Self::Redis(_) => true,
        }
    }
}

impl Default for Carrier {
    fn default() -> Self {
        Self::Memory(MemoryBroker::new())
    }
}

impl From<MemoryBroker> for Carrier {
    fn from(broker: MemoryBroker) -> Self {
        Self::Memory(broker)
    }
}

impl From<RedisConfig> for Carrier {
    fn from(config: RedisConfig) -> Self {
        Self::Redis(Box::new(config))
    }
}
