//! One replica keeps the cache as its catalog is; when it goes, another does.

use std::sync::Arc;
use std::time::Duration;

use mithril::cache::{Cache, CacheStatus, Keeper, LeaseTiming, Lifetimes};
use mithril::catalog::{Catalog, CatalogStore};
use mithril::daemon::CacheUse;
use mithril::shutdown::Tasks;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::cache::{cache, catalog, link};
use crate::fixture::Fixture;
use crate::recorder::soon;
use crate::server::RedisServer;
use crate::subscriber::Subscriber;

const TIMING: LeaseTiming = LeaseTiming {
    lease: Duration::from_millis(400),
    renewal: Duration::from_millis(50),
};

struct Replica {
    store: Arc<CatalogStore>,
    tasks: Tasks,
}

impl Replica {
    fn start(cache: Cache, catalog: Catalog) -> Self {
        let (store, tasks) = (Arc::new(CatalogStore::new(catalog)), Tasks::new());
        let keeper = Keeper::new(cache, Arc::clone(&store), TIMING);
        tasks.spawn("cache", keeper.run(tasks.stopping()));
        Self { store, tasks }
    }

    async fn stop(self) {
        self.tasks.stop();
        let deadline = Instant::now() + Duration::from_secs(20);
        assert_eq!(self.tasks.join(deadline).await, []);
    }

    /// Ends it as if the power had gone: it says nothing any more.
    async fn vanish(self) {
        // The deadline has passed already.
        self.tasks.join(Instant::now()).await;
        let deadline = Instant::now() + Duration::from_secs(20);
        self.tasks.join(deadline).await;
    }
}

/// Waits until the cache is as this catalog is.
async fn becomes(cache: &Cache, catalog: &Catalog) {
    soon(async {
        while !cache
            .status(catalog)
            .await
            .as_ref()
            .is_ok_and(CacheStatus::is_clean)
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Waits until the holder has given another sign, so that what it was to do is done.
async fn another_turn(server: &RedisServer) {
    let left = || -> i64 {
        server
            .cli(&["PTTL", "mithril:lease:cache"])
            .parse()
            .unwrap()
    };
    for _ in 0..2 {
        let mut before = left();
        soon(async {
            loop {
                let now = left();
                if now > before {
                    return;
                }
                before = now;
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_holder_writes_and_follows_its_catalog() {
    let server = RedisServer::start();
    let cache = cache(&server);
    let holder = Replica::start(cache.clone(), catalog(2));
    becomes(&cache, &catalog(2)).await;
    for version in 3..8 {
        holder.store.swap(Arc::new(catalog(version)));
        becomes(&cache, &catalog(version)).await;
    }
    holder.stop().await;
    assert_eq!(
        server.cli(&["EXISTS", "mithril:lease:cache"]),
        "0",
        "it is given back"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_hold_the_lease_writes_nothing_until_it_is_free() {
    let server = RedisServer::start();
    let cache = cache(&server);
    let first = Replica::start(cache.clone(), catalog(2));
    becomes(&cache, &catalog(2)).await;
    let second = Replica::start(cache.clone(), catalog(4));
    let third = Replica::start(cache.clone(), Catalog::default());
    for _ in 0..3 {
        another_turn(&server).await;
        assert!(cache.status(&catalog(2)).await.unwrap().is_clean());
    }
    // It gives no sign any more: its lease runs out. Who has no content does not follow it.
    first.vanish().await;
    becomes(&cache, &catalog(4)).await;
    second.stop().await;
    third.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_redis_has_lost_is_written_anew() {
    let mut server = RedisServer::start();
    let cache = cache(&server);
    let holder = Replica::start(cache.clone(), catalog(2));
    becomes(&cache, &catalog(2)).await;
    server.restart();
    becomes(&cache, &catalog(2)).await;
    server.cli(&["FLUSHALL"]);
    becomes(&cache, &catalog(2)).await;
    holder.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_would_expire_is_renewed_before() {
    let server = RedisServer::start();
    let lifetimes = Lifetimes {
        content: Duration::from_secs(10),
        pools: Duration::from_secs(8),
    };
    let cache = Cache::new(link(&server), lifetimes);
    let holder = Replica::start(cache, catalog(2));
    let expires = |key: &str| -> i64 { server.cli(&["PEXPIRETIME", key]).parse().unwrap() };
    for key in ["mithril:pools:list", "mithril:exercise:p0"] {
        let is_there = async {
            while expires(key) <= 0 {
                tokio::task::yield_now().await;
            }
        };
        soon(is_there).await;
        let first = expires(key);
        soon(async {
            loop {
                match expires(key) {
                    now if now > first => return,
                    now => assert_eq!(now, first, "{key} has expired"),
                }
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    holder.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_keeper_wrote_goes_with_its_content_and_what_others_wrote_stays() {
    let server = RedisServer::start();
    let cache = cache(&server);
    // What another tree has here, also under an id that this one has had.
    let foreign = [
        (
            "mithril:pool:theirs",
            r#"{"id":"theirs","exercises":["theirs1"]}"#,
        ),
        (
            "mithril:exercise:theirs1",
            r#"{"id":"theirs1","pool_id":"theirs"}"#,
        ),
        ("mithril:exercise:q0", r#"{"id":"q0","pool_id":"theirs"}"#),
    ];
    let first = Replica::start(cache.clone(), catalog(2));
    becomes(&cache, &catalog(2)).await;
    another_turn(&server).await;
    for (key, json) in foreign {
        server.cli(&["SET", key, json]);
    }
    first.vanish().await;
    // The next one has neither the pool q nor all exercises of p.
    let second = Replica::start(cache.clone(), catalog(3));
    let keys = || server.cli(&["KEYS", "mithril:*"]);
    soon(async {
        while keys().contains("mithril:pool:q") || !keys().contains("mithril:exercise:p1") {
            tokio::task::yield_now().await;
        }
    })
    .await;
    another_turn(&server).await;
    assert_eq!(server.cli(&["EXISTS", "mithril:exercise:q1"]), "0");
    assert_eq!(server.cli(&["EXISTS", "mithril:exercise:p0"]), "0");
    assert_eq!(server.cli(&["EXISTS", "mithril:announced:q1"]), "0");
    for (key, json) in foreign {
        assert_eq!(server.cli(&["GET", key]), json, "{key}");
    }
    // What it removes itself is its own too.
    second.store.swap(Arc::new(catalog(4)));
    soon(async {
        while keys().contains("mithril:exercise:p2") {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(server.cli(&["GET", foreign[0].0]), foreign[0].1);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changed_is_announced_once_whoever_keeps_the_cache() {
    let server = RedisServer::start();
    let cache = cache(&server);
    let heard = Subscriber::patient(&server.url());
    heard.subscribe("exercise.updated").await.unwrap();
    heard.subscribe("exercise.pool.updated").await.unwrap();
    let next = async || -> Value { serde_json::from_str(&heard.next().await.1).unwrap() };
    let digest = |catalog: &Catalog, id: &str| catalog.exercise(id).unwrap().digest.to_string();
    let first = Replica::start(cache.clone(), catalog(1));
    becomes(&cache, &catalog(1)).await;
    another_turn(&server).await;
    // Nothing of what was there from the start, and what changed in the order of ids.
    let (old, new) = (catalog(1), catalog(4));
    first.store.swap(Arc::new(catalog(4)));
    for id in ["p0", "p1", "p3", "p4", "p6", "p7", "p9"] {
        let revision = digest(&new, id);
        assert_eq!(
            next().await,
            json!({"exercise_id": id, "pool_id": "p", "change": "changed", "revision": revision})
        );
        assert_ne!(revision, digest(&old, id));
    }
    for id in ["q0", "q1"] {
        assert_eq!(next().await["change"], "added", "{id}");
    }
    let pools = [next().await, next().await];
    let changes = pools
        .each_ref()
        .map(|pool| (&pool["pool_id"], &pool["change"]));
    assert_eq!(
        changes,
        [
            (&json!("p"), &json!("changed")),
            (&json!("q"), &json!("added"))
        ]
    );
    another_turn(&server).await;
    first.vanish().await;
    // The next has the same content: nothing is new. What it loads then is.
    let second = Replica::start(cache.clone(), catalog(4));
    another_turn(&server).await;
    second.store.swap(Arc::new(catalog(1)));
    let mut changes = Vec::new();
    for _ in 0..7 + 2 + 2 {
        let event = next().await;
        let id = event
            .get("exercise_id")
            .unwrap_or(&event["pool_id"])
            .clone();
        changes.push(format!(
            "{} {}",
            id.as_str().unwrap(),
            event["change"].as_str().unwrap()
        ));
    }
    assert_eq!(changes[0], "p0 changed");
    assert_eq!(
        changes[7..],
        ["q0 removed", "q1 removed", "p changed", "q removed"]
    );
    another_turn(&server).await;
    second.vanish().await;
    // It had written and not yet told: the next one tells.
    server.cli(&["SET", "mithril:announced:p3", "another", "PX", "100000"]);
    let third = Replica::start(cache.clone(), catalog(1));
    let event = next().await;
    assert_eq!(
        (&event["exercise_id"], &event["change"]),
        (&json!("p3"), &json!("changed"))
    );
    third.stop().await;
    server.cli(&["PUBLISH", "exercise.updated", "{}"]);
    assert_eq!(next().await, json!({}), "nothing else was told");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_keeps_the_cache_of_what_it_serves() {
    let server = RedisServer::start();
    let kept = CacheUse::Keep(cache(&server), TIMING);
    let daemon = Fixture::with(|config| config.cache = Some(kept)).await;
    let content = Catalog::build(crate::fixture::content()).unwrap();
    becomes(&cache(&server), &content).await;
    assert_eq!(daemon.daemon.drain().await, []);
    assert_eq!(server.cli(&["EXISTS", "mithril:lease:cache"]), "0");
}
