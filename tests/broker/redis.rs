//! A real redis-server, killed and started again.

use std::sync::Arc;
use std::time::Duration;

use mithril::broker::redis::{RedisBroker, RedisConfig};
use mithril::broker::{Broker, BrokerError, Inbox, Subscription};
use mithril::metrics::Metrics;
use mithril::shutdown::Tasks;
use tokio::sync::Mutex;

use crate::conformance::{self, Server};
use crate::recorder::{Recorder, soon};
use crate::support::RedisServer;

struct Redis {
    server: Mutex<RedisServer>,
    tasks: Tasks,
}

impl Server for Redis {
    const GROUPS: bool = false;

    async fn start() -> Self {
        Self {
            server: Mutex::new(RedisServer::start()),
            tasks: Tasks::new(),
        }
    }

    async fn connect(&self, inbox: Arc<dyn Inbox>) -> Arc<dyn Broker> {
        let url = self.server.lock().await.url();
        let config = RedisConfig::new(url.parse().unwrap());
        Arc::new(RedisBroker::connect(
            config,
            inbox,
            Metrics::new(),
            &self.tasks,
        ))
    }

    async fn cut(&self) {
        self.server.lock().await.kill();
    }

    async fn restore(&self) {
        self.server.lock().await.restart();
    }
}

conformance::suite!(Redis);
conformance::suite!(Redis: a_glob_takes_what_redis_would_take);

#[tokio::test]
async fn what_redis_has_not_is_refused() {
    let server = Redis::start().await;
    let broker = server.connect(Recorder::new()).await;
    let shared = Subscription::shared("exercise.get", "group");
    let groups = Err(BrokerError::Unsupported("queue groups"));
    assert_eq!(soon(broker.subscribe(shared.clone())).await, groups);
    assert_eq!(soon(broker.unsubscribe(shared)).await, groups);
    let request = broker.request("exercise.get".into(), "".into(), Duration::from_secs(1));
    let requests = Err(BrokerError::Unsupported("requests"));
    assert_eq!(soon(request).await, requests);
}
