//! Against the real file system: what is waited for comes, and what must not come is asked for last.

use std::fs;

use tempfile::TempDir;

use super::*;

struct Tree {
    directory: TempDir,
    watch: Watch,
}

impl Tree {
    /// A watched tree with a pool and an exercise.
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("exercises");
        fs::create_dir_all(root.join("p/a/tests")).unwrap();
        fs::create_dir_all(root.join(".git/objects")).unwrap();
        fs::write(root.join("p/a/exercise.yaml"), "1").unwrap();
        let watch = Watch::new(root, WatchMode::Inotify);
        let mut tree = Self { directory, watch };
        assert_eq!(tree.next().await, ChangeSet::Unseen, "at first");
        tree
    }

    fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join("exercises").join(path)
    }

    async fn next(&mut self) -> ChangeSet {
        tokio::time::timeout(Duration::from_secs(20), self.watch.next())
            .await
            .expect("a change should have been noticed by now")
    }

    /// Waits until these paths have changed, and no others have until then.
    async fn expect(&mut self, wanted: &[&str]) {
        let wanted = wanted.iter().map(PathBuf::from).collect();
        let mut seen = ChangeSet::default();
        while seen != ChangeSet::Paths(Clone::clone(&wanted)) {
            let paths = seen.paths().expect("not everything");
            assert!(paths.is_subset(&wanted), "{paths:?}");
            seen.add(self.next().await);
        }
    }

    /// Waits until anything may have changed.
    async fn expect_anything(&mut self) {
        while self.next().await.paths().is_some() {}
    }
}

#[tokio::test]
async fn changed_files_are_told_of_also_in_new_directories() {
    let mut tree = Tree::new().await;
    fs::write(tree.path("p/a/exercise.yaml"), "2").unwrap();
    tree.expect(&["p/a/exercise.yaml"]).await;
    fs::create_dir_all(tree.path("p/b/tests")).unwrap();
    tree.expect(&["p/b"]).await;
    fs::write(tree.path("p/b/tests/1"), "1").unwrap();
    tree.expect(&["p/b/tests/1"]).await;
    fs::remove_file(tree.path("p/b/tests/1")).unwrap();
    tree.expect(&["p/b/tests/1"]).await;
}

#[tokio::test]
async fn a_directory_that_moved_is_watched_in_its_new_place_alone() {
    let mut tree = Tree::new().await;
    fs::rename(tree.path("p/a"), tree.path("p/b")).unwrap();
    tree.expect(&["p/a", "p/b"]).await;
    fs::write(tree.path("p/b/exercise.yaml"), "2").unwrap();
    tree.expect(&["p/b/exercise.yaml"]).await;
    let away = tree.directory.path().join("away");
    fs::rename(tree.path("p/b"), &away).unwrap();
    tree.expect(&["p/b"]).await;
    fs::write(away.join("exercise.yaml"), "3").unwrap();
    fs::write(tree.path("last"), "").unwrap();
    tree.expect(&["last"]).await;
}

#[tokio::test]
async fn what_is_only_read_and_what_is_hidden_is_not_told_of() {
    let mut tree = Tree::new().await;
    fs::read(tree.path("p/a/exercise.yaml")).unwrap();
    assert_eq!(fs::read_dir(tree.path("p/a")).unwrap().count(), 2);
    fs::write(tree.path(".git/objects/1"), "").unwrap();
    fs::create_dir(tree.path(".git/refs")).unwrap();
    fs::write(tree.path("last"), "").unwrap();
    tree.expect(&["last"]).await;
}

#[tokio::test]
async fn another_root_is_watched_in_place_of_the_first() {
    let mut tree = Tree::new().await;
    let other = tree.directory.path().join("other");
    fs::create_dir_all(other.join("q")).unwrap();
    fs::rename(tree.path(""), tree.directory.path().join("away")).unwrap();
    fs::rename(&other, tree.path("")).unwrap();
    tree.expect_anything().await;
    until_watched(&mut tree, "q/1").await;

    fs::remove_dir_all(tree.path("")).unwrap();
    tree.expect_anything().await;
    fs::create_dir_all(tree.path("r")).unwrap();
    tree.expect_anything().await;
    until_watched(&mut tree, "r/1").await;
}

#[tokio::test]
async fn a_root_that_is_a_link_is_watched_where_it_leads() {
    let directory = tempfile::tempdir().unwrap();
    for version in ["one", "two"] {
        fs::create_dir_all(directory.path().join(version).join("p")).unwrap();
    }
    let link = |to: &str| {
        let new = directory.path().join("..data_tmp");
        std::os::unix::fs::symlink(to, &new).unwrap();
        fs::rename(&new, directory.path().join("exercises")).unwrap();
    };
    link("one");
    let watch = Watch::new(directory.path().join("exercises"), WatchMode::Auto);
    let mut tree = Tree { directory, watch };
    tree.expect_anything().await;
    until_watched(&mut tree, "p/1").await;
    let new = tree.directory.path().join("..data_tmp");
    std::os::unix::fs::symlink("two", &new).unwrap();
    fs::rename(&new, tree.directory.path().join("exercises")).unwrap();
    tree.expect_anything().await;
    until_watched(&mut tree, "p/2").await;
}

/// Writes a file until that is told of: nobody knows when the watch has begun anew.
async fn until_watched(tree: &mut Tree, path: &str) {
    let wanted = PathBuf::from(path);
    loop {
        fs::write(tree.path(path), "").unwrap();
        let seen = tree.next().await;
        if seen.paths().is_some_and(|paths| paths.contains(&wanted)) {
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_systems_help_everything_is_looked_at_now_and_then() {
    let directory = tempfile::tempdir().unwrap();
    let mut watch = Watch::new(directory.path().to_owned(), WatchMode::Poll);
    assert_eq!(watch.next().await, ChangeSet::Unseen);
    let begin = Instant::now();
    for _ in 0..10 {
        assert_eq!(watch.next().await, ChangeSet::Everything);
    }
    let every = begin.elapsed() / 10;
    assert!((POLL..POLL * 2).contains(&every), "every {every:?}");
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_full_again_and_again_is_no_reason_to_look_all_the_time() {
    let directory = tempfile::tempdir().unwrap();
    let mut watch = Watch::new(directory.path().to_owned(), WatchMode::Poll);
    let wait = |watch: &mut Watch, how| {
        watch.lose(how);
        watch.look_at - Instant::now()
    };
    assert_eq!(wait(&mut watch, Loss::Overflow), Duration::ZERO);
    assert_eq!(wait(&mut watch, Loss::Overflow), CALM);
    assert_eq!(wait(&mut watch, Loss::Root), Duration::ZERO, "no storm");
    tokio::time::advance(CALM * 2).await;
    assert_eq!(wait(&mut watch, Loss::Overflow), Duration::ZERO);
    assert_eq!(watch.missed, ChangeSet::Unseen);
}
