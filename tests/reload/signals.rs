//! The process: a hangup, and a queue of events that overflows while nobody reads it.

use std::fs;
use std::time::SystemTime;

use serde_json::Value;

use crate::client::{Client, token, told};
use crate::fixture::{Tree, exercise, metric};
use crate::process::Process;

const SECRET: &str = "a secret of at least thirty-two bytes";
const OTHER: &str = "another secret of thirty-two bytes";
const LOST: &str = "the watch over the content has lost track: it begins anew";

fn configure(tree: &Tree, level: &str, watch: &str) -> std::path::PathBuf {
    configure_with(tree, SECRET, "", level, watch)
}

fn configure_with(
    tree: &Tree,
    secret: &str,
    origin: &str,
    level: &str,
    watch: &str,
) -> std::path::PathBuf {
    let path = tree.beside("mithril.toml");
    let text = format!(
        "[auth]\nsecret = \"{secret}\"\n[cors]\norigins = \"{origin}\"\n[content]\ndir = \"{}\"\nwatch = \"{watch}\"\n\
         [log]\nlevel = \"{level}\"\n",
        tree.root.display()
    );
    fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn a_hangup_reloads_content_and_log_level() {
    let tree = Tree::new();
    let mut process = Process::start(&configure(&tree, "info", "off")).await;
    let mut client = Client::listener(process.address).await;
    tree.write("p/a/exercise.yaml", &exercise("a", "two"));
    tree.write("p/b/exercise.yaml", "id: [");
    client.expect_silence().await;
    configure(&tree, "debug", "off");
    process.signal("-HUP");
    assert_eq!(client.until("a", "changed").await, []);
    let problem = process.logged("this `[` is never closed").await;
    assert_eq!(problem["code"], "Y001");
    assert_eq!(problem["line"], 1);
    let reloaded = process.logged("content reloaded").await;
    assert_eq!(reloaded["result"], "applied");
    assert_eq!(reloaded["stale"], 1);
    // What is debug shows now.
    let other = Client::listener(process.address).await;
    process.logged("opened").await;
    drop(other);
    // A configuration that is wrong changes nothing, and stops nothing.
    fs::write(tree.beside("mithril.toml"), "[log]\nlevel = \"loud\"\n").unwrap();
    tree.write("p/a/exercise.yaml", &exercise("a", "three"));
    process.signal("-HUP");
    process.logged("the configuration stays as it was").await;
    assert_eq!(client.until("a", "changed").await, []);
    client.expect_silence().await;
}

#[tokio::test]
async fn a_hangup_changes_keys_and_origins_or_nothing() {
    const SITE: &str = "https://lessons.example";
    let tree = Tree::new();
    let mut process = Process::start(&configure(&tree, "info", "off")).await;
    let address = process.address;
    let mut client = Client::listener(address).await;
    let [old, new] = [SECRET, OTHER].map(|secret| token("43", secret.as_bytes()));
    assert_eq!(Client::attempt(address, &old, None).await, 101);
    assert_eq!(Client::attempt(address, &new, None).await, 401);

    configure_with(&tree, OTHER, SITE, "info", "off");
    process.signal("-HUP");
    process.logged("content reloaded").await;
    assert_eq!(Client::attempt(address, &old, None).await, 401);
    assert_eq!(Client::attempt(address, &new, Some(SITE)).await, 101);
    client.expect_silence().await;

    // One key may not be used, so that the other site stays too.
    configure_with(&tree, "short", "https://other.example", "info", "off");
    process.signal("-HUP");
    let kept = process.logged("the configuration stays as it was").await;
    let why = kept["error"].as_str().unwrap();
    assert!(why.contains("32"), "{why}");
    process.logged("content reloaded").await;
    assert_eq!(Client::attempt(address, &new, Some(SITE)).await, 101);
    let other = Some("https://other.example");
    assert_eq!(Client::attempt(address, &new, other).await, 403);
    client.expect_silence().await;
}

#[tokio::test]
async fn a_hangup_names_what_counts_after_a_restart() {
    const LATER: &str = "these keys have changed and count after a restart";
    let tree = Tree::new();
    let path = configure(&tree, "info", "off");
    let before = fs::read_to_string(&path).unwrap();
    let mut process = Process::start(&path).await;
    let mut hangup = async |text: String| {
        fs::write(&path, text).unwrap();
        process.signal("-HUP");
        let log = process.logged_until("content reloaded").await;
        let later = log.into_iter().filter(|event| event["message"] == LATER);
        later.collect::<Vec<_>>()
    };
    let changed = before
        .replace(SECRET, OTHER)
        .replace("[auth]", "[auth]\nroom_policy = \"claim\"")
        .replace("\"info\"", "\"debug\"")
        .replace("[content]\ndir = \"", "[content]\ndir = \"/elsewhere")
        + "[limits]\nidle = \"7s\"\n[redis]\nurl = \"redis://u:hunter2@127.0.0.1:1\"\n";
    for _ in 0..2 {
        let warned = hangup(changed.clone()).await;
        let [warned] = &warned[..] else {
            panic!("{warned:?}");
        };
        assert_eq!(warned["level"], "WARN");
        let keys = "auth.room_policy, content.dir, limits.idle, redis.url";
        assert_eq!(warned["keys"], keys);
        let text = warned.to_string();
        for value in ["hunter2", "claim", "elsewhere", "7s", OTHER] {
            assert!(!text.contains(value), "{text}");
        }
    }
    assert_eq!(hangup(before).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_queue_of_events_that_overflows_loses_no_change() {
    let tree = Tree::new();
    let mut process = Process::start(&configure(&tree, "info", "inotify")).await;
    let mut client = Client::listener(process.address).await;
    // The watch has begun once it has told of something.
    tree.write("p/a/exercise.yaml", &exercise("a", "two"));
    assert_eq!(client.until("a", "changed").await, []);

    let limit = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    let limit: usize = limit.trim().parse().unwrap();
    process.signal("-STOP");
    let logs =
        [0, 1].map(|number| fs::File::create(tree.path(&format!("p/a/{number}.log"))).unwrap());
    // Each makes an event, and twice as many as there is room for: it may take some to stop.
    for number in 0..2 * limit {
        logs[number % 2].set_modified(SystemTime::now()).unwrap();
    }
    tree.write("p/b/exercise.yaml", &exercise("b", "two"));
    tree.write("p/new/exercise.yaml", &exercise("new", "one"));
    process.signal("-CONT");
    process.logged(LOST).await;
    let changes = client.until("new", "added").await;
    assert_eq!(changes, told(&[("b", "changed")]));
    // Also in the directory that nobody was told of.
    tree.write("p/new/exercise.yaml", &exercise("new", "two"));
    assert_eq!(client.until("new", "changed").await, []);
    client.expect_silence().await;
    assert_eq!(
        metric(process.address, "mithril_reload_total{result=\"applied\"}").await,
        3
    );
    drop(client);
    process.signal("-TERM");
    assert_eq!(losses(&process.end().await), 0, "it was lost once");
}

/// How often the watch lost track.
fn losses(log: &[Value]) -> usize {
    log.iter().filter(|event| event["message"] == LOST).count()
}

#[tokio::test]
async fn reading_ten_thousand_files_while_they_are_watched_ends() {
    const EXERCISES: usize = 10_000;
    let tree = Tree::new();
    let path = |number: usize| format!("p/e{number:05}/exercise.yaml");
    for number in 0..EXERCISES {
        let id = format!("e{number:05}");
        tree.write(&path(number), &exercise(&id, "one"));
    }
    let mut process = Process::start(&configure(&tree, "debug", "inotify")).await;
    process.logged("the content is watched").await;
    let mut client = Client::listener(process.address).await;
    for number in 0..EXERCISES {
        let file = fs::File::open(tree.path(&path(number))).unwrap();
        file.set_modified(SystemTime::now()).unwrap();
    }
    tree.write("p/zz/exercise.yaml", &exercise("zz", "two"));
    assert_eq!(client.until("zz", "changed").await, []);
    // What was read in between has not been taken for a change.
    tree.write("p/zz/exercise.yaml", &exercise("zz", "three"));
    assert_eq!(client.until("zz", "changed").await, []);
    client.expect_silence().await;
    drop(client);
    process.signal("-TERM");
    let log = process.end().await;
    assert!(losses(&log) <= 1, "it must not go on for ever");
}
