//! What is served never gets worse by what is broken on the disk.

use std::fs;

use super::*;

const POOL: &str = "slug: p\nname: P\n";

struct Tree {
    _directory: tempfile::TempDir,
    root: PathBuf,
    loader: Loader,
    served: Catalog,
}

impl Tree {
    /// A pool `p` with exercises `a` and `b`, served.
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("exercises");
        let loader = Loader::new(root.clone(), Settings::default());
        let mut tree = Self {
            _directory: directory,
            root,
            loader,
            served: Catalog::default(),
        };
        tree.write("p/pool.yaml", POOL);
        tree.write("p/a/exercise.yaml", &exercise("a", "one"));
        tree.write("p/b/exercise.yaml", &exercise("b", "one"));
        assert!(tree.loader.examine(None).unwrap());
        tree.served = tree.loader.first().unwrap().0;
        tree
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn remove(&self, path: &str) {
        let path = self.root.join(path);
        fs::remove_file(&path)
            .or_else(|_| fs::remove_dir_all(&path))
            .unwrap();
    }

    /// What a load of everything leads to: what changed, in words, or why nothing did.
    fn load(&mut self) -> Result<Vec<String>, Rejection> {
        if !self.loader.examine(None).unwrap() {
            return Ok(Vec::new());
        }
        match self.loader.again(&self.served).unwrap().outcome {
            Outcome::Rejected(rejection) => Err(rejection),
            Outcome::Made(catalog, diff) => {
                self.served = catalog;
                let pools = diff
                    .pools
                    .iter()
                    .map(|p| format!("pool {} {:?}", p.id, p.change));
                let exercises = diff
                    .exercises
                    .iter()
                    .map(|e| format!("{} {:?}", e.id, e.change));
                Ok(pools.chain(exercises).collect())
            }
        }
    }

    fn title(&self, id: &str) -> Option<&str> {
        Some(&*self.served.exercise(id)?.exercise.title)
    }
}

fn exercise(id: &str, title: &str) -> String {
    format!("id: {id}\ntitle: {title}\ntype: text\n")
}

#[test]
fn a_broken_exercise_keeps_its_last_good_version_until_it_is_mended() {
    let mut tree = Tree::new();
    tree.write("p/a/exercise.yaml", "id: [");
    tree.write("p/b/exercise.yaml", &exercise("b", "two"));
    assert_eq!(tree.load().unwrap(), ["b Changed"]);
    assert_eq!(tree.title("a"), Some("one"));
    assert_eq!(tree.served.stale(), ["p/a/exercise.yaml"]);
    tree.write("p/a/exercise.yaml", "");
    assert_eq!(tree.load().unwrap(), [""; 0], "still broken, otherwise");
    tree.write("p/a/exercise.yaml", &exercise("a", "two"));
    assert_eq!(tree.load().unwrap(), ["a Changed"]);
    assert_eq!(tree.served.stale(), [""; 0]);
    tree.write("p/a/exercise.yaml", "id: [");
    assert_eq!(tree.load().unwrap(), [""; 0]);
    tree.remove("p/a");
    assert_eq!(tree.load().unwrap(), ["pool p Changed", "a Removed"]);
    assert_eq!(tree.served.stale(), [""; 0], "what is gone is not stale");
}

#[test]
fn a_broken_pool_keeps_its_last_good_version_and_its_exercises_go_on() {
    let mut tree = Tree::new();
    tree.write("p/pool.yaml", "slug: p\n");
    tree.write("p/a/exercise.yaml", &exercise("a", "two"));
    tree.write("p/c/exercise.yaml", &exercise("c", "one"));
    let changes = ["pool p Changed", "a Changed", "c Added"];
    assert_eq!(tree.load().unwrap(), changes);
    assert_eq!(tree.served.stale(), ["p/pool.yaml"]);
    assert_eq!(tree.served.pool("p").unwrap().pool.name, "P");
    tree.remove("p/pool.yaml");
    assert_eq!(tree.load(), Err(Rejection::Empty), "no pool is left");
    tree.write("q/pool.yaml", "slug: q\nname: Q\n");
    let changes = [
        "pool p Removed",
        "pool q Added",
        "a Removed",
        "b Removed",
        "c Removed",
    ];
    assert_eq!(tree.load().unwrap(), changes, "an exercise is in a pool");
}

#[test]
fn a_clash_changes_nothing_until_it_is_mended() {
    let mut tree = Tree::new();
    tree.write("p/a/exercise.yaml", &exercise("b", "two"));
    tree.write("p/c/exercise.yaml", &exercise("c", "one"));
    assert_eq!(tree.load(), Err(Rejection::Clash));
    assert_eq!(tree.title("a"), Some("one"));
    tree.write("p/d/exercise.yaml", &exercise("d", "one"));
    assert_eq!(tree.load(), Err(Rejection::Clash));
    tree.write("p/a/exercise.yaml", &exercise("a", "three"));
    let changes = ["pool p Changed", "a Changed", "c Added", "d Added"];
    assert_eq!(tree.load().unwrap(), changes);
    tree.write("q/pool.yaml", POOL);
    assert_eq!(tree.load(), Err(Rejection::Clash));
}

#[test]
fn a_tree_that_is_empty_or_gone_changes_nothing() {
    let mut tree = Tree::new();
    let away = tree.root.with_extension("away");
    fs::rename(&tree.root, &away).unwrap();
    assert!(tree.loader.examine(None).is_err());
    fs::create_dir(&tree.root).unwrap();
    assert_eq!(tree.load(), Err(Rejection::Empty));
    fs::remove_dir(&tree.root).unwrap();
    fs::rename(&away, &tree.root).unwrap();
    assert_eq!(
        tree.load().unwrap(),
        [""; 0],
        "the same content is no change"
    );
    tree.write("p/b/exercise.yaml", &exercise("b", "two"));
    assert_eq!(tree.load().unwrap(), ["b Changed"]);
}

#[test]
fn what_cannot_be_read_is_broken_and_not_gone() {
    let mut tree = Tree::new();
    for path in ["p/a/exercise.yaml", "p/pool.yaml"] {
        tree.remove(path);
        std::os::unix::fs::symlink("nowhere", tree.root.join(path)).unwrap();
    }
    assert_eq!(tree.load().unwrap(), [""; 0]);
    let stale = ["p/a/exercise.yaml", "p/b/exercise.yaml", "p/pool.yaml"];
    assert_eq!(tree.served.stale(), stale);
    assert_eq!(tree.title("a"), Some("one"));
    assert_eq!(tree.title("b"), Some("one"));
    tree.remove("p/a/exercise.yaml");
    tree.remove("p/pool.yaml");
    tree.write("p/pool.yaml", POOL);
    assert_eq!(tree.load().unwrap(), ["pool p Changed", "a Removed"]);
}

#[test]
fn what_is_sound_takes_the_id_of_what_is_stale() {
    let mut tree = Tree::new();
    tree.write("p/a/exercise.yaml", "");
    tree.write("p/moved/exercise.yaml", &exercise("a", "two"));
    assert_eq!(tree.load().unwrap(), ["a Changed"]);
    assert_eq!(tree.served.stale(), [""; 0]);
    assert_eq!(tree.served.exercise_count(), 2);
}

#[test]
fn a_pool_of_another_id_takes_its_exercises_along() {
    let mut tree = Tree::new();
    tree.write("p/a/exercise.yaml", "");
    tree.write("p/pool.yaml", "slug: q\nname: P\n");
    let changes = ["pool p Removed", "pool q Added", "a Changed", "b Changed"];
    assert_eq!(tree.load().unwrap(), changes);
    let pools = tree
        .served
        .exercises
        .values()
        .map(|e| e.exercise.pool_id.as_str());
    assert!(pools.eq(["q", "q"]), "the stale one too");
    tree.write("p/pool.yaml", POOL);
    assert_eq!(tree.load().unwrap().len(), 4);
}

#[test]
fn what_did_not_change_is_shared() {
    let mut tree = Tree::new();
    let before = Arc::clone(tree.served.exercise("a").unwrap());
    let pool = Arc::clone(tree.served.pool("p").unwrap());
    tree.write("p/b/exercise.yaml", &exercise("b", "two"));
    tree.load().unwrap();
    assert!(Arc::ptr_eq(&before, tree.served.exercise("a").unwrap()));
    assert!(Arc::ptr_eq(&pool, tree.served.pool("p").unwrap()));
}

#[test]
fn a_list_orders_the_exercises() {
    let mut tree = Tree::new();
    tree.write("p/pool.yaml", "slug: p\nname: P\nexercises: [b, a]\n");
    assert_eq!(tree.load().unwrap(), ["pool p Changed"]);
    tree.write("p/b/exercise.yaml", "");
    assert_eq!(
        tree.load().unwrap(),
        [""; 0],
        "what is stale keeps its place"
    );
    let order = &tree.served.pool("p").unwrap().pool.exercises;
    assert!(
        order
            .iter()
            .map(crate::ids::ExerciseId::as_str)
            .eq(["b", "a"])
    );
}
