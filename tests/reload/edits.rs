//! What authors do to files: clients are told of each change once, and of nothing else.

use std::fs;

use serde_json::json;

use crate::client::told;
use crate::fixture::{Fixture, Tree, exercise, pool};

#[tokio::test]
async fn an_edit_is_told_of_once_and_served() {
    let tree = Tree::new();
    let fixture = Fixture::start(&tree).await;
    let mut clients = [fixture.listener().await, fixture.listener().await];
    let before = fixture.health().await["revision"].clone();
    tree.write("p/a/exercise.yaml", &exercise("a", "two"));
    for client in &mut clients {
        let event = client.changed_exercise().await;
        let revision = event["revision"].as_str().unwrap();
        assert!(revision.len() == 32 && !revision.contains(|c: char| !c.is_ascii_hexdigit()));
        let expected =
            json!({"exercise_id": "a", "pool_id": "p", "change": "changed", "revision": revision});
        assert_eq!(event, expected);
        assert_eq!(
            client.title("a").await.as_deref(),
            Some("two"),
            "it was served before it was told"
        );
        client.expect_silence().await;
    }
    assert_ne!(fixture.health().await["revision"], before);
    assert_eq!(fixture.reloads("applied").await, 1);
}

#[tokio::test]
async fn an_editor_that_saves_by_renaming_has_changed_the_file_once() {
    let tree = Tree::new();
    let fixture = Fixture::start(&tree).await;
    let mut client = fixture.listener().await;
    for title in ["two", "three"] {
        // vim: can files be made here, the backup, the text, away with the backup.
        tree.write("p/a/4913", "");
        tree.remove("p/a/4913");
        tree.write("p/a/.exercise.yaml.swp", "b0VIM");
        fs::rename(
            tree.path("p/a/exercise.yaml"),
            tree.path("p/a/exercise.yaml~"),
        )
        .unwrap();
        tree.write("p/a/exercise.yaml", &exercise("a", title));
        tree.remove("p/a/exercise.yaml~");
        tree.remove("p/a/.exercise.yaml.swp");
        assert_eq!(client.until("a", "changed").await, []);
        assert_eq!(client.title("a").await.as_deref(), Some(title));
        // Others: a file beside it that takes its place.
        let title = format!("{title} again");
        tree.write("p/a/exercise.yaml.tmp", &exercise("a", &title));
        fs::rename(
            tree.path("p/a/exercise.yaml.tmp"),
            tree.path("p/a/exercise.yaml"),
        )
        .unwrap();
        assert_eq!(client.until("a", "changed").await, []);
        assert_eq!(client.title("a").await.as_deref(), Some(&*title));
    }
    client.expect_silence().await;
}

#[tokio::test]
async fn what_is_deleted_is_removed_and_what_is_restored_added() {
    let tree = Tree::new();
    let fixture = Fixture::start(&tree).await;
    let mut client = fixture.listener().await;
    let before = fixture.health().await["revision"].clone();
    fs::rename(tree.path("p/a"), tree.beside("away")).unwrap();
    assert_eq!(client.until("a", "removed").await, []);
    assert_eq!(client.title("a").await, None);
    fs::rename(tree.beside("away"), tree.path("p/a")).unwrap();
    let told_so_far = client.all_until_added("a").await;
    // The pool's list of exercises was told of, unless it was skipped over to the title.
    assert!(
        told_so_far.iter().all(|(name, _)| name == "pool p"),
        "{told_so_far:?}"
    );
    assert_eq!(client.title("a").await.as_deref(), Some("one"));
    assert_eq!(
        fixture.health().await["revision"],
        before,
        "the same content"
    );
}

#[tokio::test]
async fn a_new_pool_is_told_of_with_its_exercises() {
    let tree = Tree::new();
    let fixture = Fixture::start(&tree).await;
    let mut client = fixture.listener().await;
    let new = tree.beside("new");
    crate::fixture::write(&new.join("pool.yaml"), &pool("q"));
    crate::fixture::write(&new.join("c/exercise.yaml"), &exercise("c", "one"));
    crate::fixture::write(&new.join("d/exercise.yaml"), &exercise("d", "one"));
    fs::rename(&new, tree.path("q")).unwrap();
    assert_eq!(client.until("d", "added").await, told(&[("c", "added")]));
    let event = client.receive().await;
    assert_eq!(event["subject"], "exercise.pool.updated");
    assert_eq!(event["data"]["change"], "added");
    let answer = client
        .request("exercise.pool.get", json!({"pool_id": "q"}))
        .await;
    assert_eq!(answer["data"]["pool"]["exercises"], json!(["c", "d"]));
    // What is written into a directory that is new is noticed too.
    tree.write("q/d/exercise.yaml", &exercise("d", "two"));
    assert_eq!(client.until("d", "changed").await, []);
}

#[tokio::test]
async fn files_that_are_not_used_start_no_reload() {
    let tree = Tree::new();
    tree.write("p/a/broken.txt", "");
    let fixture = Fixture::start(&tree).await;
    let mut client = fixture.listener().await;
    tree.write("p/a/run.log", "a line\n");
    tree.write("p/README.md", "# P\n");
    tree.write("p/a/.exercise.yaml.swp", "b0VIM");
    tree.write("p/a/exercise.yaml~", "id: [");
    tree.write("p/a/other.yaml", &exercise("other", "one"));
    tree.write("logs/today/1.log", "a line\n");
    tree.write(".git/index", "");
    tree.remove("p/a/broken.txt");
    // Only its time changes.
    let file = fs::File::open(tree.path("p/b/exercise.yaml")).unwrap();
    file.set_modified(std::time::SystemTime::now()).unwrap();
    tree.write("p/zz/exercise.yaml", &exercise("zz", "two"));
    assert_eq!(client.until("zz", "changed").await, []);
    client.expect_silence().await;
    tree.write("p/a/run.log", "another line\n");
    tree.write("p/zz/exercise.yaml", &exercise("zz", "three"));
    assert_eq!(client.until("zz", "changed").await, []);
    let all = ["applied", "unchanged", "rejected", "failed"];
    let mut counts = Vec::new();
    for result in all {
        counts.push(fixture.reloads(result).await);
    }
    assert_eq!(counts, [2, 0, 0, 0], "{all:?}");
}

#[tokio::test]
async fn a_fixture_file_counts_by_what_the_catalog_makes_of_it() {
    let tree = Tree::new();
    let tested = "id: a\ntitle: one\ntype: code\nlanguage: none\n\
                  tests: [{name: t, run: cat, input: tests/in.txt}]\n";
    tree.write("p/a/exercise.yaml", tested);
    tree.write("p/a/tests/in.txt", "1\n");
    let fixture = Fixture::start(&tree).await;
    let mut client = fixture.listener().await;
    tree.write("p/a/tests/in.txt", "2\n");
    tree.write("p/zz/exercise.yaml", &exercise("zz", "two"));
    assert_eq!(
        client.until("zz", "changed").await,
        [],
        "the catalog has no fixtures"
    );
    tree.remove("p/a/tests");
    tree.write("p/zz/exercise.yaml", &exercise("zz", "three"));
    assert_eq!(client.until("zz", "changed").await, []);
    let stale = fixture.health().await;
    assert_eq!(
        stale["stale_files"],
        json!(["p/a/exercise.yaml"]),
        "{stale}"
    );
    tree.write("p/a/tests/in.txt", "3\n");
    tree.write("p/zz/exercise.yaml", &exercise("zz", "four"));
    assert_eq!(client.until("zz", "changed").await, []);
    assert_eq!(fixture.health().await["stale"], 0);
}
