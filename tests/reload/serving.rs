//! While content changes, every answer is of one revision, and every socket stays open.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mithril::broker::memory::MemoryBroker;
use mithril::broker::{Broker, ConnectionChange, Delivery, Inbox};
use mithril::config::WatchMode;
use mithril::daemon::DaemonConfig;
use serde_json::{Value, json};

use crate::client::Client;
use crate::fixture::{Fixture, SECRET, Tree, exercise, pool, write};

/// Exercises of a pool: enough that an answer takes time to put together.
const EXERCISES: usize = 50;
const VERSIONS: [&str; 2] = ["red", "blue"];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_answer_is_of_one_revision() {
    let mut tree = Tree::new();
    for version in VERSIONS {
        let root = tree.beside(version);
        write(&root.join("p/pool.yaml"), &pool("p"));
        for number in 0..EXERCISES {
            let text = exercise(&format!("e{number}"), version);
            write(&root.join(format!("p/e{number}/exercise.yaml")), &text);
        }
    }
    let link = tree.beside("current");
    symlink(VERSIONS[0], &link).unwrap();
    tree.root.clone_from(&link);
    let off = |config: &mut DaemonConfig| {
        config.content.as_mut().unwrap().watch = WatchMode::Off;
    };
    let fixture = Arc::new(Fixture::with(&tree, off).await);
    let done = Arc::new(AtomicBool::new(false));
    let mut askers = tokio::task::JoinSet::new();
    for user in 0..4 {
        let (address, done) = (fixture.address, Arc::clone(&done));
        askers.spawn(async move {
            let token = crate::client::token(&format!("asker-{user}"), SECRET);
            let mut client = Client::connect(address, &token).await;
            let mut seen = BTreeSet::new();
            while !done.load(Ordering::Relaxed) {
                let answer = client
                    .request("exercise.pool.exercises", json!({"pool_id": "p"}))
                    .await;
                seen.insert(only_title(&answer));
            }
            seen
        });
    }
    for round in 1..=20 {
        let new = tree.beside("new");
        symlink(VERSIONS[round % 2], &new).unwrap();
        fs::rename(&new, &link).unwrap();
        assert_eq!(fixture.reload().await, "applied");
    }
    done.store(true, Ordering::Relaxed);
    while let Some(seen) = askers.join_next().await {
        assert!(seen.unwrap().len() <= VERSIONS.len());
    }
}

/// The title that all exercises of an answer have.
fn only_title(answer: &Value) -> String {
    let exercises = answer["data"]["exercises"].as_array().unwrap();
    assert_eq!(exercises.len(), EXERCISES);
    let titles: BTreeSet<_> = exercises
        .iter()
        .map(|e| e["title"].as_str().unwrap())
        .collect();
    assert_eq!(titles.len(), 1, "two revisions in one answer");
    titles.into_iter().collect()
}

/// Another replica, which only publishes.
#[derive(Debug)]
struct Other;

impl Inbox for Other {
    fn deliver(&self, delivery: Delivery) {
        panic!("nothing is subscribed to: {delivery:?}");
    }

    fn changed(&self, _: ConnectionChange) {}
}

#[tokio::test]
async fn a_node_with_content_does_not_repeat_what_others_announce() {
    let tree = Tree::new();
    let broker = MemoryBroker::new();
    let own = broker.clone();
    let fixture = Fixture::with(&tree, |config| config.broker = own.into()).await;
    let mut client = fixture.listener().await;
    let other = broker.connect(Arc::new(Other));
    let theirs = r#"{"exercise_id":"b","pool_id":"p","change":"changed","revision":""}"#;
    for channel in ["exercise.updated", "exercise.pool.updated"] {
        other.publish(channel.into(), theirs.into()).await.unwrap();
    }
    tree.write("p/a/exercise.yaml", &exercise("a", "two"));
    assert_eq!(client.until("a", "changed").await, []);
    client.expect_silence().await;
}
