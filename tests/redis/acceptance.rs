//! The acceptance run: users on three replicas are published to without a pause while Redis, the
//! replicas and the connections to them fail, and nobody misses anything without being told.
//!
//! Small by default; `MITHRIL_ACCEPTANCE=full` (`make acceptance`) is the size that is promised.

mod account;
mod listener;
mod publisher;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use mithril::link::LinkLimits;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::content::write_tree;
use crate::replica::Replica;
use crate::server::RedisServer;
use account::Account;
use publisher::Published;

const REPLICAS: usize = 3;

/// How much is done.
#[derive(Debug, Clone, Copy)]
struct Size {
    users: usize,
    /// Messages a second, to all users together.
    rate: u32,
    /// How long all is well between two faults.
    pause: Duration,
    /// How long Redis is stopped.
    freeze: Duration,
}

impl Size {
    fn wanted() -> Self {
        let (small, full) = (
            Self {
                users: 20,
                rate: 100,
                pause: Duration::from_millis(1_500),
                freeze: 3 * LinkLimits::default().answer,
            },
            Self {
                users: 200,
                rate: 2_000,
                pause: Duration::from_secs(10),
                freeze: Duration::from_secs(10),
            },
        );
        match std::env::var("MITHRIL_ACCEPTANCE").as_deref() {
            Ok("full") => full,
            _ => small,
        }
    }
}

/// Where the replicas are at the moment.
#[derive(Debug, Clone, Default)]
struct Addresses {
    all: Arc<RwLock<Vec<SocketAddr>>>,
    next: Arc<AtomicUsize>,
}

impl Addresses {
    /// One after the other.
    fn next(&self) -> SocketAddr {
        let all = self.all.read().unwrap();
        all[self.next.fetch_add(1, Ordering::Relaxed) % all.len()]
    }
}

/// What is running.
struct Run {
    size: Size,
    redis: RedisServer,
    environment: Vec<(&'static str, &'static str)>,
    content: tempfile::TempDir,
    replicas: Vec<Replica>,
    addresses: Addresses,
    /// When Redis came back the last time.
    returned: watch::Sender<Option<Instant>>,
}

impl Run {
    async fn start(redis: RedisServer, environment: &[(&'static str, &'static str)]) -> Self {
        let content = tempfile::tempdir().unwrap();
        write_tree(content.path(), 10);
        let mut run = Self {
            size: Size::wanted(),
            redis,
            environment: environment.to_vec(),
            content,
            replicas: Vec::new(),
            addresses: Addresses::default(),
            returned: watch::Sender::new(None),
        };
        for _ in 0..REPLICAS {
            run.add().await;
        }
        run
    }

    /// One replica more.
    async fn add(&mut self) {
        let replica = Replica::start(&self.redis, self.content.path(), &self.environment).await;
        self.replicas.push(replica);
        self.know();
    }

    /// Takes the oldest replica out.
    fn take(&mut self) -> Replica {
        let replica = self.replicas.remove(0);
        self.know();
        replica
    }

    fn know(&self) {
        let all = self.replicas.iter().map(|replica| replica.address);
        *self.addresses.all.write().unwrap() = all.collect();
    }

    async fn kill_redis(&mut self) {
        self.redis.kill();
        sleep(Duration::from_secs(1)).await;
        self.redis.restart();
        self.returned.send_replace(Some(Instant::now()));
    }

    async fn freeze_redis(&self) {
        self.redis.freeze();
        sleep(self.size.freeze).await;
        self.redis.thaw();
        self.returned.send_replace(Some(Instant::now()));
    }

    async fn all_is_well(&self) {
        sleep(self.size.pause).await;
    }

    /// Publishes and listens while this happens, and says what came of it.
    async fn during(&mut self, faults: impl AsyncFnOnce(&mut Self)) -> (Published, Account) {
        let size = self.size;
        let (ends, end) = watch::channel(None::<BTreeMap<usize, u64>>);
        let (ready, mut all_ready) = watch::channel(0);
        let mut listeners = JoinSet::new();
        for user in 0..size.users {
            let addresses = self.addresses.clone();
            let returned = self.returned.subscribe();
            listeners.spawn(listener::listen(
                user,
                addresses,
                ready.clone(),
                end.clone(),
                returned,
            ));
        }
        all_ready
            .wait_for(|ready| *ready == size.users)
            .await
            .unwrap();
        let publishers = publisher::start(size.users, size.rate, &self.addresses);
        self.all_is_well().await;
        faults(self).await;
        self.all_is_well().await;
        let published = publishers.finish().await;
        ends.send_replace(Some(published.last.clone()));
        let mut account = Account::default();
        let listened = async {
            while let Some(listened) = listeners.join_next().await {
                account.add(&listened.unwrap());
            }
        };
        let in_time = timeout(Duration::from_mins(1), listened).await;
        assert!(
            in_time.is_ok(),
            "not everyone has the last message: {account}"
        );
        (published, account)
    }
}

#[expect(clippy::print_stdout, reason = "the figures are what one runs it for")]
fn report(what: &str, size: Size, published: &Published, account: &Account) {
    println!(
        "{what}: {} users, {} a second: {published}; {account}",
        size.users, size.rate
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_redis_keeps_everything_nothing_is_lost_or_doubled() {
    let durable = ["--appendonly", "yes", "--appendfsync", "always"];
    let trust = [("MITHRIL_HISTORY_TRUST_RESTART", "true")];
    let mut run = Run::start(RedisServer::with(&durable), &trust).await;
    let during = run.during(async |run| {
        run.kill_redis().await;
        run.all_is_well().await;
        run.freeze_redis().await;
        run.all_is_well().await;
        run.take().kill().await;
        run.all_is_well().await;
        run.add().await;
        run.take().stop().await;
        run.add().await;
    });
    let (published, account) = Box::pin(during).await;
    report(
        "a Redis that keeps everything",
        run.size,
        &published,
        &account,
    );
    assert_eq!(account.received, published.messages);
    assert_eq!((account.lost, account.doubled, account.told), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_redis_loses_everything_everyone_is_told() {
    let mut run = Run::start(RedisServer::start(), &[]).await;
    let during = run.during(async |run| {
        run.kill_redis().await;
        run.all_is_well().await;
        run.freeze_redis().await;
    });
    let (published, account) = Box::pin(during).await;
    report("a Redis that keeps nothing", run.size, &published, &account);
    // What Redis had lost is missing where it was told, and nowhere else.
    assert_eq!((account.lost, account.doubled), (0, 0));
    assert_eq!(account.told, run.size.users);
    assert_eq!(
        account.received + account.gone - account.again,
        published.messages
    );
}
