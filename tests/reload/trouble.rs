//! What is wrong on the disk never makes what is served worse.

use std::fs;

use serde_json::json;

use crate::client::told;
use crate::fixture::{Fixture, Tree, exercise, pool};

#[tokio::test]
async fn a_broken_file_keeps_its_last_good_version_until_it_is_mended() {
    let tree = Tree::new();
    let fixture = Fixture::start(&tree).await;
    let mut client = fixture.listener().await;
    tree.write("p/a/exercise.yaml", "id: a\ntitle: [");
    tree.write("p/zz/exercise.yaml", &exercise("zz", "two"));
    assert_eq!(client.until("zz", "changed").await, []);
    assert_eq!(client.title("a").await.as_deref(), Some("one"));
    let health = fixture.health().await;
    assert_eq!(fixture.states().await, (json!("degraded"), json!("stale")));
    assert_eq!(health["stale_files"], json!(["p/a/exercise.yaml"]));
    assert_eq!(
        crate::fixture::metric(fixture.address, "mithril_content_stale").await,
        1
    );
    // Mended as it was: nothing changed for anyone.
    tree.write("p/a/exercise.yaml", &exercise("a", "one"));
    tree.write("p/zz/exercise.yaml", &exercise("zz", "three"));
    assert_eq!(client.until("zz", "changed").await, []);
    assert_eq!(fixture.health().await["stale"], 0);
    assert_eq!(fixture.states().await, (json!("ok"), json!("ok")));
    // Broken, and mended with another title.
    tree.write("p/a/exercise.yaml", "");
    tree.write("p/zz/exercise.yaml", &exercise("zz", "four"));
    assert_eq!(client.until("zz", "changed").await, []);
    tree.write("p/a/exercise.yaml", &exercise("a", "two"));
    assert_eq!(client.until("a", "changed").await, []);
    client.expect_silence().await;
}

#[tokio::test]
async fn a_broken_pool_keeps_its_last_good_version() {
    let tree = Tree::new();
    let fixture = Fixture::start(&tree).await;
    let mut client = fixture.listener().await;
    tree.write("p/pool.yaml", "slug: p\nname: [");
    tree.write("p/zz/exercise.yaml", &exercise("zz", "two"));
    assert_eq!(
        client.until("zz", "changed").await,
        [],
        "its exercises go on"
    );
    let answer = client
        .request("exercise.pool.get", json!({"pool_id": "p"}))
        .await;
    assert_eq!(answer["data"]["pool"]["name"], "The pool p");
    assert_eq!(
        fixture.health().await["stale_files"],
        json!(["p/pool.yaml"])
    );
}

#[tokio::test]
async fn a_clash_of_ids_rejects_the_whole_reload() {
    let tree = Tree::new();
    let fixture = Fixture::start(&tree).await;
    let mut client = fixture.listener().await;
    tree.write("p/copy/exercise.yaml", &exercise("a", "copied"));
    tree.write("p/b/exercise.yaml", &exercise("b", "two"));
    assert_eq!(fixture.reload().await, "rejected");
    assert_eq!(
        client.title("b").await.as_deref(),
        Some("one"),
        "nothing of it"
    );
    assert_eq!(
        fixture.states().await,
        (json!("degraded"), json!("rejected"))
    );
    assert_eq!(client.title("a").await.as_deref(), Some("one"));
    client.expect_silence().await;
    tree.write("p/copy/exercise.yaml", &exercise("copy", "copied"));
    let both = client.until("copy", "added").await;
    assert_eq!(both, told(&[("b", "changed")]), "all of it");
    assert_eq!(fixture.states().await, (json!("ok"), json!("ok")));
    assert!(fixture.reloads("rejected").await >= 1);
}

#[tokio::test]
async fn a_root_that_goes_and_comes_back_changes_nothing_by_itself() {
    let tree = Tree::new();
    let fixture = Fixture::start(&tree).await;
    let mut client = fixture.listener().await;
    let away = tree.beside("away");
    fs::rename(&tree.root, &away).unwrap();
    assert_eq!(fixture.reload().await, "failed");
    assert_eq!(fixture.states().await, (json!("degraded"), json!("failed")));
    assert_eq!(client.title("a").await.as_deref(), Some("one"));
    // Empty, as a mount point is without its mount.
    fs::create_dir(&tree.root).unwrap();
    assert_eq!(fixture.reload().await, "rejected");
    assert_eq!(client.title("a").await.as_deref(), Some("one"));
    fs::remove_dir(&tree.root).unwrap();
    fs::write(away.join("p/b/exercise.yaml"), exercise("b", "two")).unwrap();
    fs::rename(&away, &tree.root).unwrap();
    assert_eq!(client.until("b", "changed").await, []);
    assert_eq!(fixture.states().await, (json!("ok"), json!("ok")));
    client.expect_silence().await;
    // It is watched again.
    tree.write("p/b/exercise.yaml", &exercise("b", "three"));
    assert_eq!(client.until("b", "changed").await, []);
    // All files deleted one by one, as `rm -r` does it, and written again.
    fs::remove_dir_all(&tree.root).unwrap();
    assert_eq!(fixture.reload().await, "failed");
    tree.write("q/pool.yaml", &pool("q"));
    tree.write("q/a/exercise.yaml", &exercise("a", "one"));
    let gone = client.until("zz", "removed").await;
    assert_eq!(gone, told(&[("a", "changed"), ("b", "removed")]));
    client.request("exercise.pool.list", json!({})).await;
    client.expect_silence().await;
}
