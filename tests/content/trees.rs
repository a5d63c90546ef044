//! Whole trees: the sample, large ones, and what may stand in a directory.

use std::path::{Path, PathBuf};

use mithril::catalog::{self, CatalogDiff, Change};
use mithril::lint::{Progress, Settings, Target, check};

use crate::content;

/// The root of the sample tree.
pub fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("exercises")
}

/// Every `pool.yaml` and `exercise.yaml` of the sample.
pub fn sample_files() -> Vec<PathBuf> {
    let mut found = mithril::lint::walk::Found::default();
    mithril::lint::walk::walk(&sample(), &mut found, &|| false);
    found.sort();
    found.files.into_iter().map(|file| file.path).collect()
}

fn codes(root: &Path) -> Vec<String> {
    let targets = vec![Target::Path(root.to_owned())];
    let checked = check(targets, &Settings::default(), &Progress::default()).unwrap();
    checked
        .report
        .diagnostics
        .iter()
        .map(|d| d.code.to_string())
        .collect()
}

#[test]
fn the_sample_is_clean_and_loads_whole() {
    let loaded = catalog::load(&sample(), &Settings::default()).unwrap();
    assert_eq!(
        loaded.report.diagnostics,
        [],
        "{:#?}",
        loaded.report.diagnostics
    );
    assert_eq!(loaded.skipped, 0);
    assert_eq!(loaded.catalog.pools().len(), 3);
    assert!(loaded.catalog.exercise_count() >= 20);
    let kinds: std::collections::BTreeSet<_> = loaded
        .catalog
        .pools()
        .flat_map(|pool| loaded.catalog.exercises_of(pool))
        .map(|entry| entry.exercise.kind.as_str())
        .collect();
    assert_eq!(
        kinds.into_iter().collect::<Vec<_>>(),
        ["code", "input", "qcm", "text"]
    );
}

#[test]
fn a_broken_exercise_is_left_out_and_the_rest_loads() {
    let directory = tempfile::tempdir().unwrap();
    content::write_tree(directory.path(), 10);
    let broken = directory.path().join("pool-0000/ex000003/exercise.yaml");
    std::fs::write(&broken, "id: [\n").unwrap();
    let loaded = catalog::load(directory.path(), &Settings::default()).unwrap();
    assert_eq!(loaded.catalog.exercise_count(), 9);
    assert_eq!(loaded.skipped, 1);
    assert_eq!(loaded.report.diagnostics.len(), 1);
    assert!(loaded.catalog.exercise("ex000003").is_none());
}

#[test]
fn of_clashing_ids_the_first_by_path_wins() {
    let directory = tempfile::tempdir().unwrap();
    content::write_tree(directory.path(), 2);
    let text = content::exercise_yaml(0).replace("Exercise 0", "The other");
    std::fs::write(
        directory.path().join("pool-0000/ex000001/exercise.yaml"),
        text,
    )
    .unwrap();
    assert_eq!(codes(directory.path()), ["I202"]);
    let loaded = catalog::load(directory.path(), &Settings::default()).unwrap();
    let exercise = &loaded.catalog.exercise("ex000000").unwrap().exercise;
    assert_eq!(exercise.title, "Exercise 0");
}

#[test]
fn the_order_of_teaching_is_the_pools() {
    let directory = tempfile::tempdir().unwrap();
    content::write_tree(directory.path(), 3);
    let pool = directory.path().join("pool-0000/pool.yaml");
    let text = content::pool_yaml(0) + "exercises: [ex000002, ex000000]\n";
    std::fs::write(pool, text).unwrap();
    let loaded = catalog::load(directory.path(), &Settings::default()).unwrap();
    let pool = loaded.catalog.pool("pool-0000").unwrap();
    let ids: Vec<_> = pool
        .pool
        .exercises
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(ids, ["ex000002", "ex000000", "ex000001"]);
}

#[test]
fn ignored_and_left_over_files_are_passed_over() {
    let directory = tempfile::tempdir().unwrap();
    content::write_tree(directory.path(), 1);
    let exercise = directory.path().join("pool-0000/ex000000");
    let bad = |name: &str| {
        let at = directory.path().join(name);
        std::fs::create_dir_all(&at).unwrap();
        std::fs::write(at.join("exercise.yaml"), "[\n").unwrap();
    };
    bad("pool-0000/.hidden");
    bad("pool-0000/old~");
    bad("pool-0000/draft");
    bad("pool-0000/ex000000/solution");
    bad("pool-0000/ex000000/tests/nested");
    std::fs::write(directory.path().join(".gitignore"), "draft/\n").unwrap();
    std::fs::write(exercise.join("exercise.yaml~"), "[\n").unwrap();
    assert_eq!(codes(directory.path()), [""; 0]);
    // Named by the user it is judged all the same.
    assert_eq!(codes(&directory.path().join("pool-0000/draft")).len(), 1);
}

#[cfg(unix)]
#[test]
fn links_are_read_inside_of_the_tree_alone() {
    use std::os::unix::fs::symlink;

    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("exercises");
    content::write_tree(&root, 1);
    let pool = root.join("pool-0000");
    std::fs::write(directory.path().join("outside.yaml"), "[\n").unwrap();
    for (name, target) in [("out", "../../../outside.yaml"), ("dangling", "nowhere")] {
        std::fs::create_dir(pool.join(name)).unwrap();
        symlink(target, pool.join(name).join("exercise.yaml")).unwrap();
    }
    std::fs::create_dir(pool.join("in")).unwrap();
    std::fs::write(pool.join("shared.yml"), content::exercise_yaml(7)).unwrap();
    symlink("../shared.yml", pool.join("in/exercise.yaml")).unwrap();
    std::fs::create_dir_all(pool.join("in/tests")).unwrap();
    for name in [
        "basic_input",
        "basic_expected",
        "edge_input",
        "edge_expected",
    ] {
        std::fs::write(pool.join(format!("in/tests/{name}.txt")), "1\n").unwrap();
    }
    // A link to a directory is not followed, so that a loop ends.
    symlink("..", pool.join("loop")).unwrap();
    assert_eq!(codes(&root), ["F303", "F303"]);
    // What is outside is not shown in a frame either.
    let targets = vec![Target::Path(root.clone())];
    let report = check(targets, &Settings::default(), &Progress::default())
        .unwrap()
        .report;
    assert!(
        report
            .sources
            .values()
            .all(|source| source.text().is_empty())
    );
    let loaded = catalog::load(&root, &Settings::default()).unwrap();
    assert!(loaded.catalog.exercise("ex000007").is_some());

    // A root that is a link is resolved anew at each load.
    let link = directory.path().join("current");
    symlink(&root, &link).unwrap();
    assert_eq!(
        catalog::load(&link, &Settings::default())
            .unwrap()
            .catalog
            .exercise_count(),
        2
    );
}

#[cfg(unix)]
#[test]
fn a_pool_that_is_named_may_link_into_its_tree() {
    let directory = tempfile::tempdir().unwrap();
    content::write_tree(directory.path(), 1);
    std::fs::write(directory.path().join("shared.txt"), "1 2\n").unwrap();
    let exercise = directory.path().join("pool-0000/ex000000");
    let input = exercise.join("tests/basic_input.txt");
    std::fs::remove_file(&input).unwrap();
    std::os::unix::fs::symlink("../../../shared.txt", &input).unwrap();
    let pool = directory.path().join("pool-0000");
    for named in [
        directory.path(),
        &pool,
        &exercise,
        &exercise.join("exercise.yaml"),
    ] {
        assert_eq!(codes(named), [""; 0], "{}", named.display());
    }
    // Around the tree is nothing that a link may lead to.
    std::fs::remove_file(&input).unwrap();
    std::os::unix::fs::symlink("../../../../shared.txt", &input).unwrap();
    for named in [directory.path(), &pool, &exercise] {
        assert_eq!(codes(named), ["F303"], "{}", named.display());
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_reported_and_never_opened() {
    let directory = tempfile::tempdir().unwrap();
    content::write_tree(directory.path(), 1);
    let pool = directory.path().join("pool-0000");
    std::fs::create_dir_all(pool.join("a/exercise.yaml")).unwrap();
    std::fs::create_dir_all(pool.join("b")).unwrap();
    let pipe = pool.join("b/exercise.yaml");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    // A sparse file: large, and free.
    std::fs::create_dir_all(pool.join("c")).unwrap();
    let large = std::fs::File::create(pool.join("c/exercise.yaml")).unwrap();
    large.set_len(1 << 40).unwrap();
    assert_eq!(codes(directory.path()), ["F307", "F307", "Y020"]);
    assert_eq!(
        catalog::load(directory.path(), &Settings::default())
            .unwrap()
            .catalog
            .exercise_count(),
        1
    );
}

#[test]
fn the_outcome_does_not_depend_on_the_threads() {
    let directory = tempfile::tempdir().unwrap();
    content::write_tree(directory.path(), 300);
    for index in (0..300).step_by(7) {
        let pool = index / 100;
        let path = directory
            .path()
            .join(format!("pool-{pool:04}/ex{index:06}/exercise.yaml"));
        let text = content::exercise_yaml(index).replace("timeout: 5", "timeout: 500");
        std::fs::write(path, text).unwrap();
    }
    let report = || {
        let targets = vec![Target::Path(directory.path().to_owned())];
        let checked = check(targets, &Settings::default(), &Progress::default()).unwrap();
        serde_json::to_string(&checked.report.diagnostics).unwrap()
    };
    let first = report();
    assert_eq!(first.matches("\"T504\"").count(), 2 * 43);
    let single = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    for _ in 0..5 {
        assert_eq!(report(), first);
        assert_eq!(single.install(report), first);
    }
}

#[test]
fn a_diff_names_what_really_changed() {
    let directory = tempfile::tempdir().unwrap();
    content::write_tree(directory.path(), 4);
    let load = || {
        catalog::load(directory.path(), &Settings::default())
            .unwrap()
            .catalog
    };
    let old = load();
    assert!(CatalogDiff::between(&old, &load()).is_empty());
    let at = |index: usize| {
        directory
            .path()
            .join(format!("pool-0000/ex{index:06}/exercise.yaml"))
    };
    // A comment is no change of content.
    std::fs::write(at(0), content::exercise_yaml(0) + "# a comment\n").unwrap();
    std::fs::write(
        at(1),
        content::exercise_yaml(1).replace("timeout: 30", "timeout: 31"),
    )
    .unwrap();
    std::fs::remove_dir_all(at(2).parent().unwrap()).unwrap();
    let new = load();
    let diff = CatalogDiff::between(&old, &new);
    let changes: Vec<_> = diff
        .exercises
        .iter()
        .map(|c| (c.id.as_str(), c.change))
        .collect();
    assert_eq!(
        changes,
        [("ex000001", Change::Changed), ("ex000002", Change::Removed)]
    );
    assert_eq!(diff.pools.len(), 1, "the pool lists its exercises");
    assert_eq!(old.exercise_count(), 4, "a snapshot does not change");
    assert_ne!(old.digest(), new.digest());
}
