//! Whatever ends a writer, and whenever: readers find whole pools, and it is said what happened.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use mithril::link::{Command as RedisCommand, Link, LinkLimits, Reply};
use serde_json::Value;

use crate::binary::mithril;
use crate::commands::{Place, rewrite, versions};
use crate::places::cluster;
use crate::server::{RedisServer, free_port};

/// Numbers that look random, and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % bound
    }
}

/// What a reader saw.
#[derive(Default)]
struct Seen {
    versions: BTreeSet<String>,
    absent: usize,
    looks: usize,
}

/// Looks at a pool of 100 exercises at one moment.
async fn look(link: &Link, pool: usize, seen: &mut Seen) {
    let key = format!("mithril:pool:pool-{pool:04}");
    let ids: Vec<_> = (pool * 100..pool * 100 + 100)
        .map(|n| format!("ex{n:06}"))
        .collect();
    let commands = vec![
        RedisCommand::new("GET").arg(&key),
        RedisCommand::new("LRANGE")
            .arg(format!("{key}:exercises"))
            .args(["0", "-1"]),
        RedisCommand::new("MGET").args(ids.iter().map(|id| format!("mithril:exercise:{id}"))),
    ];
    let replies = link.transaction(commands).await.unwrap();
    let mut replies = replies.into_iter().map(Result::unwrap);
    let (json, list) = (replies.next().unwrap().text(), replies.next().unwrap());
    let list: Vec<_> = list
        .list()
        .unwrap()
        .into_iter()
        .map(|id| id.text().unwrap())
        .collect();
    let exercises = replies.next().unwrap().list().unwrap();
    seen.looks += 1;
    let Some(json) = json else {
        assert!(list.is_empty(), "a list without its pool");
        seen.absent += 1;
        return;
    };
    assert_eq!(list, ids);
    let json: Value = serde_json::from_str(&json).unwrap();
    for exercise in exercises {
        let Reply::Bytes(exercise) = exercise else {
            panic!("an exercise of pool {pool} is not there");
        };
        let exercise: Value = serde_json::from_slice(&exercise).unwrap();
        assert_eq!(exercise["title"], json["maintainer"], "of another version");
    }
    seen.versions
        .insert(json["maintainer"].as_str().unwrap().to_owned());
}

/// Reads all the time until it is told to stop.
fn read(url: &str, pools: usize, stop: &AtomicBool) -> Seen {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let link = Link::new(
            url.parse().unwrap(),
            LinkLimits {
                answer: std::time::Duration::from_secs(20),
                dial: std::time::Duration::from_secs(20),
            },
        );
        let mut seen = Seen::default();
        while !stop.load(Ordering::Relaxed) {
            for pool in 0..pools {
                look(&link, pool, &mut seen).await;
            }
        }
        seen
    })
}

/// How many keys have been set so far.
fn sets(server: &RedisServer) -> u64 {
    let stats = server.cli(&["INFO", "commandstats"]);
    let set = stats
        .lines()
        .find_map(|line| line.strip_prefix("cmdstat_set:calls="));
    set.map_or(0, |set| set.split(',').next().unwrap().parse().unwrap())
}

#[test]
fn a_reader_sees_whole_pools_while_writers_are_killed_at_any_point() {
    const POOLS: usize = 4;
    const KILLS: u64 = 15;
    let place = Place::new(POOLS * 100);
    let (stop, url) = (AtomicBool::new(false), place.server.url());
    let seen = thread::scope(|scope| {
        let reader = scope.spawn(|| read(&url, POOLS, &stop));
        let mut numbers = Numbers(42);
        for round in 0..KILLS {
            rewrite(&place, &format!("v{round}"));
            let mut warm = place.command(&["warm"]);
            let warm = warm.stdout(Stdio::null()).stderr(Stdio::null());
            let target = sets(&place.server) + numbers.below(POOLS as u64 * 101);
            let mut warm = warm.spawn().unwrap();
            while sets(&place.server) < target && warm.try_wait().unwrap().is_none() {}
            warm.kill().unwrap();
            warm.wait().unwrap();
            if round % 3 == 2 {
                let pool = format!("pool-{:04}", numbers.below(POOLS as u64));
                place.expect(0, &["invalidate", "--pool", &pool]);
            }
            if round % 5 == 4 {
                place.expect(0, &["invalidate", "--all", "--yes"]);
            }
        }
        rewrite(&place, "last");
        place.expect(0, &["warm"]);
        stop.store(true, Ordering::Relaxed);
        reader.join().unwrap()
    });
    assert!(
        seen.looks > 200 && seen.absent > 0,
        "{} looks, {} absent",
        seen.looks,
        seen.absent
    );
    assert!(seen.versions.len() > 4, "{:?}", seen.versions);
    assert_eq!(versions(&place), vec![Some("last".to_owned()); POOLS]);
    place.expect(0, &["status"]);
}

/// Makes each exercise larger by so much.
fn enlarge(place: &Place, bytes: usize) {
    let line = format!("  {}\n", "a".repeat(198));
    let more = line.repeat(bytes / 200);
    for pool in place.directory.path().join("exercises").read_dir().unwrap() {
        for exercise in pool.unwrap().path().read_dir().unwrap() {
            let file = exercise.unwrap().path().join("exercise.yaml");
            if let Ok(text) = std::fs::read_to_string(&file) {
                std::fs::write(&file, text + &more).unwrap();
            }
        }
    }
}

#[test]
fn a_server_that_is_full_half_way_keeps_whole_pools() {
    let place = Place::new(1_000);
    rewrite(&place, "first");
    place.expect(0, &["warm"]);
    rewrite(&place, "second");
    enlarge(&place, 20_000);
    let memory = place.server.cli(&["INFO", "memory"]);
    let used = memory
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"))
        .unwrap();
    // About half of what is to come.
    let most = used.trim().parse::<u64>().unwrap() + 12_000_000;
    place
        .server
        .cli(&["CONFIG", "SET", "maxmemory", &most.to_string()]);
    let failed = place.expect(2, &["warm"]);
    let said = &failed.stderr;
    assert!(said.contains("failed at the pool pool-0"), "{said}");
    assert!(said.contains("is out of memory: raise maxmemory"), "{said}");
    assert!(
        said.contains("are written, the rest is as it was"),
        "{said}"
    );
    let found = versions(&place);
    let count = |version: &str| {
        found
            .iter()
            .filter(|v| v.as_deref() == Some(version))
            .count()
    };
    assert!(count("first") > 0 && count("second") > 0, "{found:?}");
    assert_eq!(count("first") + count("second"), 10, "{found:?}");
    // One line a pool that is written, below the header.
    assert_eq!(
        failed.stdout.lines().count(),
        1 + count("second"),
        "{}",
        failed.stdout
    );
    place.server.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    place.expect(0, &["warm"]);
    assert_eq!(versions(&place), vec![Some("second".to_owned()); 10]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_refuses_is_named_and_what_was_there_stays() {
    const PASSWORD: &str = "hunter2-and-more";
    let place = Place::new(120);
    rewrite(&place, "first");
    place.expect(0, &["warm"]);
    rewrite(&place, "second");
    let fails = |url: &str, cause: &str| {
        let failed = place.expect(2, &["warm", "--redis-url", url]);
        assert!(failed.stderr.contains(cause), "{}", failed.stderr);
        assert!(!failed.stderr.contains(PASSWORD), "{}", failed.stderr);
        assert!(!failed.stdout.contains(PASSWORD), "{}", failed.stdout);
    };
    let server = &place.server;
    let first = vec![Some("first".to_owned()); 2];
    server.cli(&["REPLICAOF", "127.0.0.1", &free_port().to_string()]);
    fails(&server.url(), "is a replica and takes no writes");
    assert_eq!(versions(&place), first);
    server.cli(&["REPLICAOF", "NO", "ONE"]);
    let wrong = format!("redis://:{PASSWORD}@127.0.0.1:{}", server.port());
    server.cli(&["CONFIG", "SET", "requirepass", "another"]);
    fails(&wrong, "refuses the user or the password");
    fails(&server.url(), "wants a password");
    server.cli(&["-a", "another", "CONFIG", "SET", "requirepass", ""]);
    assert_eq!(versions(&place), first);
    let absent = format!("redis://:{PASSWORD}@127.0.0.1:{}", free_port());
    fails(&absent, "can't be reached");
    let (servers, _) = cluster().await;
    fails(
        &servers[0].url(),
        "is a node of a cluster: use redis+cluster://",
    );
    server.cli(&["CONFIG", "SET", "maxmemory", "1"]);
    fails(&server.url(), "is out of memory");
    assert_eq!(versions(&place), first);
    server.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    place.expect(0, &["warm"]);
    assert_eq!(versions(&place), vec![Some("second".to_owned()); 2]);
}

#[test]
fn tables_are_for_terminals_and_all_else_is_for_programs() {
    let place = Place::new(5);
    let screen = |arguments: &str| {
        let binary = env!("CARGO_BIN_EXE_mithril");
        let output = Command::new("script")
            .args(["-qec", &format!("{binary} {arguments}"), "/dev/null"])
            .env("REDIS_URL", place.server.url())
            .current_dir(place.directory.path())
            .stdin(Stdio::null())
            .output()
            .expect("script is needed: apt-get install bsdutils");
        String::from_utf8(output.stdout).unwrap()
    };
    let plain = |arguments: &[&str]| {
        let mut command = mithril(place.directory.path());
        let command = command.args(arguments).env("REDIS_URL", place.server.url());
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    for (command, header) in [
        ("cache warm", "pool\texercises\tnew\tchanged\tunchanged"),
        (
            "cache status",
            "pool\texercises\tcached\tmissing\tstale\torphaned\tttl",
        ),
        (
            "show --from redis",
            "pool\tname\tdifficulty\texercises\tmaintainer",
        ),
        ("diff redis", "change\twhat\tid\tpool\tdiffers"),
        ("cache invalidate --all --yes", "key"),
    ] {
        let table = screen(command);
        assert!(
            table.contains('│') && !table.contains('\t'),
            "{command}: {table}"
        );
        if command.contains("invalidate") {
            plain(&["cache", "warm"]);
        }
        let arguments: Vec<_> = command.split(' ').collect();
        let text = plain(&arguments);
        assert_eq!(text.lines().next(), Some(header), "{command}: {text}");
        let json = plain(&[&arguments[..], &["--format", "json"]].concat());
        serde_json::from_str::<Value>(&json).unwrap_or_else(|error| panic!("{command}: {error}"));
    }
}
