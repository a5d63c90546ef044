//! Trees that are swapped whole, by a link: as Kubernetes does it for a volume, as git-sync does it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use mithril::config::WatchMode;

use crate::client::told;
use crate::fixture::{Fixture, Tree, exercise, pool, write};

/// Puts a link there, in one step if something is there already.
fn swap(link: &Path, to: &str) {
    let new = link.with_file_name("..data_tmp");
    symlink(to, &new).unwrap();
    fs::rename(new, link).unwrap();
}

#[tokio::test]
async fn a_root_behind_a_link_is_swapped_in_one_step() {
    let mut tree = Tree::new();
    // volume/..data -> ..1, and the content is volume/..data/exercises.
    for (version, title) in [("..1", "one"), ("..2", "two")] {
        let exercises = tree.beside("volume").join(version).join("exercises");
        write(&exercises.join("p/pool.yaml"), &pool("p"));
        write(&exercises.join("p/a/exercise.yaml"), &exercise("a", "one"));
        write(&exercises.join("p/b/exercise.yaml"), &exercise("b", title));
        write(
            &exercises
                .join("p")
                .join(version.trim_matches('.'))
                .join("exercise.yaml"),
            &exercise(&format!("only{version}").replace('.', "-"), "one"),
        );
    }
    let data = tree.beside("volume").join("..data");
    swap(&data, "..1");
    tree.root = data.join("exercises");
    let fixture = Fixture::start(&tree).await;
    let mut client = fixture.listener().await;
    swap(&data, "..2");
    fs::remove_dir_all(tree.beside("volume").join("..1")).unwrap();
    let changes = client.until("only--2", "added").await;
    assert_eq!(changes, told(&[("b", "changed"), ("only--1", "removed")]));
    // What is there now is watched.
    tree.write("p/b/exercise.yaml", &exercise("b", "three"));
    assert_eq!(client.until("b", "changed").await, []);
    client.expect_silence().await;
}

#[tokio::test]
async fn files_behind_links_are_swapped_in_one_step() {
    let tree = Tree::new();
    for (version, title) in [("..1", "one"), ("..2", "two")] {
        tree.write(&format!("{version}/a.yaml"), &exercise("a", title));
        tree.write(&format!("{version}/zz.yaml"), &exercise("zz", "one"));
    }
    swap(&tree.path("..data"), "..1");
    for id in ["a", "zz"] {
        tree.remove(&format!("p/{id}/exercise.yaml"));
        let target = format!("../../..data/{id}.yaml");
        symlink(target, tree.path(&format!("p/{id}/exercise.yaml"))).unwrap();
    }
    let fixture = Fixture::start(&tree).await;
    let mut client = fixture.listener().await;
    swap(&tree.path("..data"), "..2");
    tree.remove("..1");
    assert_eq!(client.until("a", "changed").await, []);
    assert_eq!(client.title("a").await.as_deref(), Some("two"));
    assert_eq!(client.title("zz").await.as_deref(), Some("one"));
    client.expect_silence().await;
}

#[tokio::test]
async fn without_the_systems_help_changes_are_found_by_looking() {
    let tree = Tree::new();
    let poll = |config: &mut mithril::daemon::DaemonConfig| {
        config.content.as_mut().unwrap().watch = WatchMode::Poll;
    };
    let fixture = Fixture::with(&tree, poll).await;
    let mut client = fixture.listener().await;
    tree.write("p/a/exercise.yaml", &exercise("a", "two"));
    assert_eq!(client.until("a", "changed").await, []);
    fs::rename(tree.path("p/b"), tree.path("p/c")).unwrap();
    tree.write("p/zz/exercise.yaml", &exercise("zz", "two"));
    assert_eq!(client.until("zz", "changed").await, []);
    client.expect_silence().await;
}
