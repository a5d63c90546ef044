//! A node without content shows what a node with content keeps in Redis, and says so when it can't.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mithril::broker::redis::RedisConfig;
use mithril::cache::{Cache, LeaseTiming, Lifetimes, Progress, Scope, Selection};
use mithril::catalog::CatalogStore;
use mithril::config::WatchMode;
use mithril::daemon::{CacheUse, ContentConfig, Daemon};
use mithril::ids::{ExerciseId, PoolId};
use mithril::link::{Link, LinkLimits};
use mithril::lint::Settings;
use serde_json::{Value, json};

use crate::binary::{Outcome, mithril};
use crate::cache::{cache, catalog};
use crate::content::write_tree;
use crate::fixture::{Client, Fixture, config, soon, token};
use crate::server::RedisServer;
use crate::subscriber::impatient;

const TIMING: LeaseTiming = LeaseTiming {
    lease: Duration::from_millis(400),
    renewal: Duration::from_millis(50),
};

/// A daemon that serves a tree, or none, beside this Redis.
async fn node(server: &RedisServer, tree: Option<&Path>, cache: CacheUse) -> Fixture {
    let mut config = config();
    config.broker = RedisConfig {
        url: server.url().parse().unwrap(),
        timing: impatient(),
    }
    .into();
    config.catalog = Arc::new(CatalogStore::default());
    config.content = tree.map(|root| ContentConfig {
        root: root.to_owned(),
        settings: Settings::default(),
        watch: WatchMode::Auto,
        allow_degraded: false,
    });
    config.cache = Some(cache);
    let broker = crate::fixture::broker_of(&config);
    let history = config.history.clone();
    let daemon = Daemon::bind(config).await.unwrap();
    daemon.load().await.unwrap();
    let daemon = daemon.spawn();
    let address = daemon.address();
    Fixture {
        daemon,
        address,
        broker,
        history,
    }
}

async fn with_content(server: &RedisServer, tree: &Path) -> Fixture {
    node(server, Some(tree), CacheUse::Keep(cache(server), TIMING)).await
}

async fn without_content(server: &RedisServer) -> Fixture {
    node(server, None, CacheUse::Read(cache(server))).await
}

async fn ask(client: &mut Client, subject: &str, data: Value) -> Value {
    client
        .ask_past_events(json!({"type": "request", "subject": subject, "data": data}))
        .await
}

async fn exercise(client: &mut Client, id: &str) -> Value {
    ask(client, "exercise.get", json!({"exercise_id": id})).await
}

/// Waits until an exercise is shown with this title.
async fn shows(client: &mut Client, id: &str, title: &str) {
    soon(async {
        while exercise(client, id).await["data"]["exercise"]["title"] != title {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// What was counted of this tier and result.
async fn counted(node: &Fixture, tier: &str, result: &str) -> u64 {
    let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let page = node.http(request).await.body;
    let name = format!("mithril_cache_requests_total{{tier=\"{tier}\",result=\"{result}\"}} ");
    let line = page.lines().find_map(|line| line.strip_prefix(&name));
    line.map_or(0, |count| count.parse().unwrap())
}

/// Waits until what is read is kept.
async fn keeps(node: &Fixture, client: &mut Client, id: &str) {
    soon(async {
        loop {
            let before = counted(node, "memory", "hit").await;
            exercise(client, id).await;
            if counted(node, "memory", "hit").await > before {
                return;
            }
        }
    })
    .await;
}

fn retitle(tree: &Path, pool: usize, exercise: usize, title: &str) {
    let path = format!("pool-{pool:04}/ex{exercise:06}/exercise.yaml");
    let file = tree.join(path);
    let text = std::fs::read_to_string(&file).unwrap();
    let lines = text.lines().map(|line| match line.strip_prefix("title: ") {
        Some(_) => format!("title: \"{title}\"\n"),
        None => format!("{line}\n"),
    });
    // As editors do: a new file in the place of the old one.
    let beside = file.with_extension("new");
    std::fs::write(&beside, lines.collect::<String>()).unwrap();
    std::fs::rename(&beside, &file).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_answers_as_the_node_with_content_does() {
    let directory = tempfile::tempdir().unwrap();
    write_tree(directory.path(), 120);
    let server = RedisServer::start();
    let (own, none) = (
        with_content(&server, directory.path()).await,
        without_content(&server).await,
    );
    let (mut there, mut here) = (own.connect().await, none.connect().await);
    shows(&mut here, "ex000119", "Exercise 119").await;
    for (subject, data) in [
        ("exercise.pool.list", json!({})),
        ("exercise.pool.get", json!({"pool_id": "pool-0001"})),
        ("exercise.pool.exercises", json!({"pool_id": "pool-0000"})),
        ("exercise.get", json!({"exercise_id": "ex000007"})),
    ] {
        for _ in 0..2 {
            let expected = ask(&mut there, subject, data.clone()).await;
            assert_eq!(expected["type"], "response", "{expected}");
            assert_eq!(ask(&mut here, subject, data.clone()).await, expected);
        }
    }
    for path in [
        "pools",
        "pools/pool-0001",
        "pools/pool-0001/exercises",
        "exercises/ex000007",
    ] {
        let token = token("42");
        let request = format!(
            "GET /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {token}\r\n\r\n"
        );
        let (expected, answer) = (own.http(&request).await, none.http(&request).await);
        assert_eq!(
            (answer.status, &answer.body),
            (200, &expected.body),
            "{path}"
        );
        assert_eq!(answer.header("etag"), expected.header("etag"), "{path}");
    }
    // What is not in Redis may exist all the same, and sessions begin elsewhere.
    for (subject, id) in [("exercise.get", "absent"), ("exercise.launch", "ex000007")] {
        let answer = ask(&mut here, subject, json!({"exercise_id": id})).await;
        assert_eq!(answer["code"], "unavailable", "{answer}");
    }
    let request = "GET /healthz/content HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(none.http(request).await.json()["status"], "off");
    let request = "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(none.http(request).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_is_told_of_once_and_shown_from_then_on() {
    const EDITS: usize = 12;
    let directory = tempfile::tempdir().unwrap();
    let tree = directory.path();
    write_tree(tree, 20);
    let server = RedisServer::start();
    // Two replicas load each edit, and one of them keeps the cache.
    let (_first, _second, node) = (
        with_content(&server, tree).await,
        with_content(&server, tree).await,
        without_content(&server).await,
    );
    let mut client = node.connect().await;
    client
        .subscribe(&["exercise.updated", "exercise.pool.updated"])
        .await;
    shows(&mut client, "ex000003", "Exercise 3").await;
    keeps(&node, &mut client, "ex000003").await;
    ask(
        &mut client,
        "exercise.pool.exercises",
        json!({"pool_id": "pool-0000"}),
    )
    .await;
    for edit in 0..EDITS {
        let title = format!("edit {edit}");
        retitle(tree, 0, 3, &title);
        let event = client.receive().await;
        assert_eq!(event["subject"], "exercise.updated", "{event}");
        let data = &event["data"];
        assert_eq!(data["exercise_id"], "ex000003", "{event}");
        assert_eq!(
            (&data["pool_id"], &data["change"]),
            (&json!("pool-0000"), &json!("changed"))
        );
        // No event comes between these: nothing is told twice.
        let shown = client
            .request("exercise.get", json!({"exercise_id": "ex000003"}))
            .await;
        assert_eq!(shown["data"]["exercise"]["title"], title);
        let listed = json!({"pool_id": "pool-0000"});
        let shown = client.request("exercise.pool.exercises", listed).await;
        assert_eq!(shown["data"]["exercises"][3]["title"], title);
    }
    // One goes, and one comes.
    std::fs::remove_dir_all(tree.join("pool-0000/ex000004")).unwrap();
    let events = [client.receive().await, client.receive().await];
    assert_eq!(events[0]["data"]["change"], "removed", "{events:?}");
    assert_eq!(events[1]["subject"], "exercise.pool.updated", "{events:?}");
    let gone = client
        .request("exercise.get", json!({"exercise_id": "ex000004"}))
        .await;
    assert_eq!(gone["code"], "unavailable", "{gone}");
    std::fs::create_dir(tree.join("more")).unwrap();
    std::fs::write(tree.join("more/pool.yaml"), "slug: more\nname: More\n").unwrap();
    let event = client.receive().await;
    assert_eq!(event["data"]["pool_id"], "more", "{event}");
    let pools = client.request("exercise.pool.list", json!({})).await;
    assert_eq!(pools["data"]["pools"][0]["id"], "more", "{pools}");
    client.expect_silence().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_invalidated_is_dropped_and_read_again() {
    let server = RedisServer::start();
    let cache = cache(&server);
    let content = catalog(2);
    let warm = async || {
        let warmed = cache
            .warm(&content, &Scope::All, &Progress::default())
            .await;
        assert!(warmed.failed.is_none());
    };
    warm().await;
    let node = without_content(&server).await;
    let mut client = node.connect().await;
    keeps(&node, &mut client, "p0").await;
    let (pools, exercises) = (
        BTreeSet::new(),
        BTreeSet::from([ExerciseId::parse("p0").unwrap()]),
    );
    let some = Selection::Some { pools, exercises };
    let (pools, exercises) = (
        BTreeSet::from([PoolId::parse("p").unwrap()]),
        BTreeSet::new(),
    );
    let pool = Selection::Some { pools, exercises };
    for selection in [some, pool, Selection::All] {
        assert!(!cache.invalidate(&selection).await.unwrap().is_empty());
        soon(async { while exercise(&mut client, "p0").await["code"] != "unavailable" {} }).await;
        warm().await;
        shows(&mut client, "p0", "2").await;
        keeps(&node, &mut client, "p0").await;
    }
    // The list of pools alone.
    assert_eq!(
        ask(&mut client, "exercise.pool.list", json!({})).await["data"]["pools"][1]["id"],
        "q"
    );
    server.cli(&["DEL", "mithril:pool:p", "mithril:pool:q"]);
    assert_eq!(
        cache.invalidate(&Selection::All).await.unwrap().len(),
        10 + 2
    );
    soon(async {
        let list = async |client: &mut Client| ask(client, "exercise.pool.list", json!({})).await;
        while list(&mut client).await["code"] != "unavailable" {}
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_remove_a_node_with_content_writes_again() {
    let directory = tempfile::tempdir().unwrap();
    write_tree(directory.path(), 120);
    let server = RedisServer::start();
    let _own = with_content(&server, directory.path()).await;
    let node = without_content(&server).await;
    let mut client = node.connect().await;
    shows(&mut client, "ex000007", "Exercise 7").await;
    let tree = directory.path().to_str().unwrap();
    let run = |arguments: &[&str]| -> Outcome {
        let mut command = mithril(directory.path());
        command
            .arg("cache")
            .args(arguments)
            .env("REDIS_URL", server.url());
        command.output().unwrap().into()
    };
    for what in [
        &["invalidate", "--exercise", "ex000007"][..],
        &["invalidate", "--pool", "pool-0000"],
        &["invalidate", "--all", "--yes"],
    ] {
        // It may be written by somebody who is not listening yet.
        soon(async {
            while run(&["status", "--content-dir", tree]).code != 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        let removed = run(what);
        assert_eq!(removed.code, 0, "{}", removed.stderr);
        shows(&mut client, "ex000007", "Exercise 7").await;
    }
    soon(async {
        while run(&["status", "--content-dir", tree]).code != 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_it_keeps_what_it_has_and_says_what_it_has_not() {
    let directory = tempfile::tempdir().unwrap();
    write_tree(directory.path(), 20);
    let mut server = RedisServer::start();
    let _own = with_content(&server, directory.path()).await;
    let limits = impatient().limits;
    let link = Link::new(server.url().parse().unwrap(), limits);
    let lifetimes = Lifetimes {
        content: Duration::from_hours(1),
        pools: Duration::from_hours(1),
    };
    let node = node(&server, None, CacheUse::Read(Cache::new(link, lifetimes))).await;
    let mut client = node.connect().await;
    shows(&mut client, "ex000003", "Exercise 3").await;
    keeps(&node, &mut client, "ex000003").await;
    for away in ["frozen", "killed"] {
        if away == "frozen" {
            server.freeze();
        } else {
            server.kill();
        }
        // It is noticed after a while; until then and from then on this is what is shown.
        soon(async {
            while counted(&node, "memory", "stale").await == 0 {
                let kept = exercise(&mut client, "ex000003").await;
                assert_eq!(kept["data"]["exercise"]["title"], "Exercise 3", "{away}");
            }
        })
        .await;
        let other = exercise(&mut client, "ex000009").await;
        assert_eq!(other["code"], "unavailable", "{away}: {other}");
        let token = token("42");
        let request = format!(
            "GET /api/v1/exercises/ex000009 HTTP/1.1\r\nHost: localhost\r\nAuthorization: {token}\r\n\r\n"
        );
        assert_eq!(node.http(&request).await.status, 503, "{away}");
        let title = format!("edited while {away}");
        retitle(directory.path(), 0, 3, &title);
        if away == "frozen" {
            server.thaw();
        } else {
            server.restart();
        }
        shows(&mut client, "ex000003", &title).await;
        retitle(directory.path(), 0, 3, "Exercise 3");
        shows(&mut client, "ex000003", "Exercise 3").await;
        assert!(counted(&node, "redis", "unavailable").await > 0, "{away}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_never_shows_half_a_pool_and_seldom_asks() {
    const ROUNDS: usize = 60;
    let server = RedisServer::start();
    let cache = cache(&server);
    let node = without_content(&server).await;
    let mut client = node.connect().await;
    let written = Cell::new(false);
    let write = async {
        let pools = BTreeSet::from([PoolId::parse("p").unwrap()]);
        let exercises = BTreeSet::new();
        let some = Selection::Some { pools, exercises };
        for round in 0..ROUNDS {
            let content = catalog(round);
            let warmed = cache
                .warm(&content, &Scope::All, &Progress::default())
                .await;
            assert!(warmed.failed.is_none());
            if round % 4 == 3 {
                cache.invalidate(&some).await.unwrap();
            }
        }
        let warmed = cache
            .warm(&catalog(2), &Scope::All, &Progress::default())
            .await;
        assert!(warmed.failed.is_none());
        written.set(true);
    };
    let (mut seen, mut absent) = (BTreeSet::new(), 0);
    let read = async {
        while !written.get() {
            let listed = ask(
                &mut client,
                "exercise.pool.exercises",
                json!({"pool_id": "p"}),
            )
            .await;
            let Some(exercises) = listed["data"]["exercises"].as_array() else {
                assert_eq!(listed["code"], "unavailable", "{listed}");
                absent += 1;
                continue;
            };
            let version = exercises[0]["title"].as_str().unwrap().to_owned();
            let ids: Vec<_> = exercises
                .iter()
                .map(|e| e["id"].as_str().unwrap())
                .collect();
            let whole = catalog(version.parse().unwrap());
            let pool = whole.pool("p").unwrap();
            assert!(
                ids.iter()
                    .copied()
                    .eq(pool.pool.exercises.iter().map(ExerciseId::as_str)),
                "{listed}"
            );
            assert!(
                exercises.iter().all(|e| e["title"] == version.as_str()),
                "{listed}"
            );
            seen.insert(version);
        }
    };
    tokio::join!(write, read);
    assert!(seen.len() > 5, "{seen:?}, {absent} times absent");
    // From now on nothing changes.
    keeps(&node, &mut client, "p0").await;
    let before = (
        counted(&node, "memory", "hit").await,
        counted(&node, "redis", "hit").await,
    );
    for number in 0..400 {
        let id = ["p0", "p2", "p3", "p5", "q0"][number % 5];
        assert_eq!(exercise(&mut client, id).await["type"], "response", "{id}");
    }
    let after = (
        counted(&node, "memory", "hit").await,
        counted(&node, "redis", "hit").await,
    );
    assert!(after.0 - before.0 >= 396, "{before:?} {after:?}");
    assert!(after.1 - before.1 <= 4, "{before:?} {after:?}");
}

#[test]
fn the_binary_says_what_such_a_node_needs() {
    let directory = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| -> Outcome {
        let mut command = mithril(directory.path());
        command.args(["serve", "--dev", "--listen", "127.0.0.1:0"]);
        command.args(arguments).output().unwrap().into()
    };
    let outcome = run(&["--role", "gateway"]);
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("set redis.url"),
        "{}",
        outcome.stderr
    );
    let outcome = run(&["--role", "exercises"]);
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("one of all, gateway"),
        "{}",
        outcome.stderr
    );
}

#[tokio::test]
async fn the_limits_of_a_link_are_those_of_a_user_who_waits() {
    // A server that never answers: the user is told after the link's limit, not later.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", silent.local_addr().unwrap());
    let limits = LinkLimits {
        answer: Duration::from_millis(100),
        dial: Duration::from_millis(100),
    };
    let link = Link::new(url.parse().unwrap(), limits);
    let lifetimes = Lifetimes {
        content: Duration::from_hours(1),
        pools: Duration::from_hours(1),
    };
    let cache = CacheUse::Read(Cache::new(link, lifetimes));
    let node = Fixture::with(|config| config.cache = Some(cache)).await;
    let mut client = node.connect().await;
    for _ in 0..5 {
        let answer = exercise(&mut client, "p0").await;
        assert_eq!(answer["code"], "unavailable", "{answer}");
        assert!(!answer.to_string().contains("127.0.0.1"), "{answer}");
    }
    client.expect_silence().await;
}
