//! The cache as readers see it: whole pools or none, whatever is being written.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;

use mithril::cache::{Cache, Lifetimes, Progress, Scope, Selection, Warmed};
use mithril::catalog::{Catalog, CatalogDiff, PoolContent};
use mithril::exercise::{Exercise, ExerciseKind};
use mithril::ids::{ExerciseId, PoolId};
use mithril::link::{Command, Link, LinkLimits, Reply};
use mithril::pool::Pool;
use serde_json::{Value, json};

use crate::server::RedisServer;
use crate::subscriber::Subscriber;

/// As many exercises as any version of a pool has.
const EXERCISES: usize = 10;

pub(crate) fn link(server: &RedisServer) -> Link {
    let limits = LinkLimits {
        answer: Duration::from_secs(20),
        dial: Duration::from_secs(20),
    };
    Link::new(server.url().parse().unwrap(), limits)
}

pub(crate) fn cache(server: &RedisServer) -> Cache {
    let lifetimes = Lifetimes {
        content: Duration::from_hours(1),
        pools: Duration::from_mins(30),
    };
    Cache::new(link(server), lifetimes)
}

fn pool_id(id: &str) -> PoolId {
    PoolId::parse(id).unwrap()
}

/// Exercises `p0`, `p1` … of the pool `p`.
fn content(pool: &str, version: usize, exercises: &[usize]) -> PoolContent {
    let id = pool_id(pool);
    let exercises = exercises.iter().map(|number| Exercise {
        id: ExerciseId::parse(&format!("{pool}{number}")).unwrap(),
        pool_id: id.clone(),
        title: version.to_string(),
        kind: ExerciseKind::Text,
        language: "none".to_owned(),
        build: None,
        tests: Vec::new(),
        validation: None,
        scoring: None,
        description: None,
        difficulty: None,
        tags: None,
        choices: None,
        answer: None,
    });
    PoolContent {
        exercises: exercises.collect(),
        pool: Pool {
            id: id.clone(),
            name: version.to_string(),
            theme: String::new(),
            description: String::new(),
            difficulty: None,
            tags: Vec::new(),
            maintainer: String::new(),
            exercises: Vec::new(),
        },
    }
}

/// In each version the pool `p` has other exercises, and in every second one there is `q` besides.
pub(crate) fn catalog(version: usize) -> Catalog {
    let some: Vec<_> = (0..EXERCISES)
        .filter(|n| !(n + version).is_multiple_of(3))
        .collect();
    let mut contents = vec![content("p", version, &some)];
    if version.is_multiple_of(2) {
        contents.push(content("q", version, &[0, 1]));
    }
    Catalog::build(contents).unwrap()
}

async fn warm(cache: &Cache, catalog: &Catalog) -> Warmed {
    let warmed = cache.warm(catalog, &Scope::All, &Progress::default()).await;
    assert!(warmed.failed.is_none(), "{:?}", warmed.failed);
    warmed
}

/// What a pool looks like at one moment; the version where it is there.
async fn look(link: &Link, pool: &str) -> Option<usize> {
    let mut commands = vec![
        Command::new("GET").arg(format!("mithril:pool:{pool}")),
        Command::new("LRANGE")
            .arg(format!("mithril:pool:{pool}:exercises"))
            .args(["0", "-1"]),
        Command::new("LRANGE").args(["mithril:pools:list", "0", "-1"]),
    ];
    let exercises = (0..EXERCISES).map(|number| format!("mithril:exercise:{pool}{number}"));
    commands.extend(exercises.map(|key| Command::new("GET").arg(key)));
    let replies = link.transaction(commands).await.unwrap();
    let mut replies = replies.into_iter().map(Result::unwrap);
    let json = replies.next().unwrap().text();
    let texts = |reply: Reply| -> Vec<String> {
        let items = reply.list().unwrap().into_iter();
        items.map(|item| item.text().unwrap()).collect()
    };
    let list = texts(replies.next().unwrap());
    let pools = texts(replies.next().unwrap());
    let exercises: Vec<_> = replies.map(Reply::text).collect();
    let Some(json) = json else {
        assert!(list.is_empty(), "a list without its pool: {list:?}");
        assert!(
            !pools.contains(&pool.to_owned()),
            "{pool} is listed and not there"
        );
        return None;
    };
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["exercises"], json!(list));
    for id in list {
        let number: usize = id[1..].parse().unwrap();
        let exercise = exercises[number]
            .as_ref()
            .expect("a listed exercise is there");
        let exercise: Value = serde_json::from_str(exercise).unwrap();
        assert_eq!(
            exercise["title"], json["name"],
            "of another version: {exercise}"
        );
        assert_eq!(exercise["pool_id"], pool);
    }
    Some(json["name"].as_str().unwrap().parse().unwrap())
}

#[tokio::test]
async fn a_reader_never_sees_half_a_pool() {
    const ROUNDS: usize = 120;
    let server = RedisServer::start();
    let (cache, link) = (cache(&server), link(&server));
    let written = Cell::new(false);
    let write = async {
        let mut before = Catalog::default();
        for round in 0..ROUNDS {
            let next = catalog(round);
            match round % 5 {
                0 => drop(warm(&cache, &next).await),
                1 | 2 => {
                    let diff = CatalogDiff::between(&before, &next);
                    cache.apply(&next, &diff).await.unwrap();
                }
                3 => {
                    let scope = Scope::Pools(BTreeSet::from([pool_id("p")]));
                    let warmed = cache.warm(&next, &scope, &Progress::default()).await;
                    assert!(warmed.failed.is_none(), "{:?}", warmed.failed);
                }
                _ => {
                    let pools = BTreeSet::from([pool_id("p"), pool_id("q")]);
                    let exercises = BTreeSet::new();
                    let some = Selection::Some { pools, exercises };
                    let what = if round % 2 == 0 { some } else { Selection::All };
                    assert!(!cache.invalidate(&what).await.unwrap().is_empty());
                }
            }
            before = next;
        }
        written.set(true);
    };
    let (mut seen, mut absent, mut looks) = (BTreeSet::new(), 0, 0);
    let read = async {
        while !written.get() {
            for pool in ["p", "q"] {
                match look(&link, pool).await {
                    Some(version) => drop(seen.insert(version)),
                    None => absent += 1,
                }
                looks += 1;
            }
        }
    };
    tokio::join!(write, read);
    assert!(looks > 100, "only {looks} looks");
    assert!(
        seen.len() > 20 && absent > 10,
        "{} versions, {absent} absent",
        seen.len()
    );
}

#[tokio::test]
async fn all_keys_of_a_pool_expire_at_one_moment_and_the_list_of_pools_before() {
    let server = RedisServer::start();
    let catalog = catalog(2);
    warm(&cache(&server), &catalog).await;
    let moment = |key: &str| -> u64 { server.cli(&["PEXPIRETIME", key]).parse().unwrap() };
    let at = moment("mithril:pool:p");
    let keys = server.cli(&["KEYS", "mithril:*"]);
    assert!(keys.lines().count() > EXERCISES);
    for key in keys.lines().filter(|key| *key != "mithril:pools:list") {
        assert_eq!(moment(key), at, "{key}");
    }
    let list = moment("mithril:pools:list");
    assert_eq!(u128::from(at - list), Duration::from_mins(30).as_millis());
    assert_eq!(
        server.cli(&["LRANGE", "mithril:pools:list", "0", "-1"]),
        "p\nq"
    );
}

#[tokio::test]
async fn what_is_new_is_told_and_what_is_not_is_not() {
    let server = RedisServer::start();
    let cache = cache(&server);
    let subscriber = Subscriber::patient(&server.url());
    subscriber.subscribe("mithril:invalidate").await.unwrap();
    let heard = async || -> Value { serde_json::from_str(&subscriber.next().await.1).unwrap() };
    let (old, new) = (catalog(1), catalog(4));
    warm(&cache, &old).await;
    let all = ["p0", "p1", "p3", "p4", "p6", "p7", "p9"];
    assert_eq!(heard().await, json!({"pools": ["p"], "exercises": all}));
    // It is told of once more when it is listed: who asked for all pools in between has not got it.
    assert_eq!(heard().await, json!({"pools": ["p"], "exercises": []}));
    let again = warm(&cache, &old).await;
    assert!(
        again
            .pools
            .iter()
            .all(mithril::cache::PoolWarmed::is_unchanged)
    );
    let diff = CatalogDiff::between(&old, &new);
    cache.apply(&new, &diff).await.unwrap();
    // Nothing was told of what was the same.
    assert_eq!(heard().await, json!({"pools": ["p"], "exercises": all}));
    assert_eq!(
        heard().await,
        json!({"pools": ["q"], "exercises": ["q0", "q1"]})
    );
    assert_eq!(heard().await, json!({"pools": ["q"], "exercises": []}));
    let exercises = BTreeSet::from([ExerciseId::parse("q0").unwrap()]);
    let pools = BTreeSet::new();
    cache
        .invalidate(&Selection::Some { pools, exercises })
        .await
        .unwrap();
    assert_eq!(heard().await, json!({"pools": [], "exercises": ["q0"]}));
}

#[tokio::test]
async fn what_leaves_the_catalog_leaves_redis_and_what_moves_stays() {
    let server = RedisServer::start();
    let (cache, link) = (cache(&server), link(&server));
    let old = Catalog::build(vec![content("p", 1, &[0, 1]), content("q", 1, &[0])]).unwrap();
    warm(&cache, &old).await;
    // p1 is gone; q is gone, and its exercise belongs to p.
    let mut moved = content("p", 2, &[0]);
    let mut guest = content("q", 2, &[0]).exercises.remove(0);
    guest.pool_id = pool_id("p");
    moved.exercises.push(guest);
    let new = Catalog::build(vec![moved]).unwrap();
    let diff = CatalogDiff::between(&old, &new);
    cache.apply(&new, &diff).await.unwrap();
    let mut keys: Vec<_> = link.keys("mithril:*").await.unwrap();
    keys.sort();
    assert_eq!(
        keys,
        [
            "mithril:exercise:p0",
            "mithril:exercise:q0",
            "mithril:pool:p",
            "mithril:pool:p:exercises",
            "mithril:pools:list",
        ]
    );
    assert!(cache.status(&new).await.unwrap().is_clean());
    // A list that is behind does not take along what belongs to another.
    server.cli(&["RPUSH", "mithril:pool:q:exercises", "q0"]);
    let pools = BTreeSet::from([pool_id("q")]);
    let exercises = BTreeSet::new();
    let removed = cache
        .invalidate(&Selection::Some { pools, exercises })
        .await
        .unwrap();
    assert_eq!(removed, ["mithril:pool:q:exercises"]);
    assert!(cache.status(&new).await.unwrap().is_clean());
}

#[tokio::test]
async fn a_pool_without_exercises_is_a_pool() {
    let server = RedisServer::start();
    let cache = cache(&server);
    let empty = Catalog::build(vec![content("p", 1, &[])]).unwrap();
    warm(&cache, &empty).await;
    assert!(cache.status(&empty).await.unwrap().is_clean());
    assert!(warm(&cache, &empty).await.pools[0].is_unchanged());
    // A list that should not be there goes, and the pool stays listed.
    server.cli(&["RPUSH", "mithril:pool:p:exercises", "x"]);
    assert!(!cache.status(&empty).await.unwrap().is_clean());
    assert_eq!(
        cache.prune(&empty).await.unwrap(),
        ["mithril:pool:p:exercises"]
    );
    assert!(cache.status(&empty).await.unwrap().is_clean());
}
