//! Whatever happens to a tree, what is served is what a load of the whole would serve, and beside it
//! only the last good versions of what is broken.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use mithril::catalog::{self, Catalog, CatalogDiff, Loader, Outcome};
use mithril::diagnostics::Code;
use mithril::lint::Settings;
use proptest::prelude::*;

use crate::fixture::{Tree, exercise, pool};

const FILES: [&str; 7] = [
    "p/pool.yaml",
    "q/pool.yaml",
    "p/a/exercise.yaml",
    "p/b/exercise.yaml",
    "p/zz/exercise.yaml",
    "q/c/exercise.yaml",
    "p/a/tests/in.txt",
];
const TEXTS: [&str; 10] = [
    "id: a\ntitle: A\ntype: text\n",
    "id: a\ntitle: Another\ntype: text\n",
    "id: b\ntitle: B\ntype: text\n",
    "id: c\ntitle: C\ntype: text\n",
    "id: a\ntitle: A\ntype: code\nlanguage: none\ntests: [{name: t, run: cat, input: tests/in.txt}]\n",
    "slug: p\nname: P\n",
    "slug: q\nname: Q\nexercises: [c, a]\n",
    "slug: p\nname: P\nexercises: [b, gone]\n",
    "title: [",
    "",
];

type Edit = (&'static str, Option<&'static str>);

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let text = prop_oneof![4 => prop::sample::select(&TEXTS[..]).prop_map(Some), 1 => Just(None)];
    prop::collection::vec((prop::sample::select(&FILES[..]), text), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_served_is_sound_or_was_last(batches in prop::collection::vec(edits(), 1..10)) {
        let tree = Tree::new();
        tree.write("q/pool.yaml", &pool("q"));
        tree.write("q/c/exercise.yaml", &exercise("c", "one"));
        let mut loader = Loader::new(tree.root.clone(), Settings::default());
        loader.examine(None).unwrap();
        let mut served = loader.first().unwrap().0;
        for batch in batches {
            let mut paths = BTreeSet::new();
            for (path, text) in &batch {
                paths.insert(PathBuf::from(path));
                match text {
                    Some(text) => tree.write(path, text),
                    None => drop(fs::remove_file(tree.path(path))),
                }
            }
            if !loader.examine(Some(&paths)).unwrap() {
                continue;
            }
            let whole = catalog::load(&tree.root, &Settings::default()).unwrap();
            let reload = loader.again(&served).unwrap();
            prop_assert_eq!(&reload.report.diagnostics, &whole.report.diagnostics);
            let mut codes = whole.report.diagnostics.iter().map(|d| d.code);
            let clashes = codes.any(|code| matches!(code, Code::I202 | Code::I203));
            match reload.outcome {
                Outcome::Rejected(_) => {
                    prop_assert!(clashes || whole.catalog.pools().len() == 0, "rejected: {batch:?}");
                }
                Outcome::Made(made, diff) => {
                    prop_assert!(!clashes, "a clash was accepted: {batch:?}");
                    prop_assert_eq!(diff, CatalogDiff::between(&served, &made));
                    is_whole_or_was_last(&made, &whole.catalog, &served)?;
                    served = made;
                }
            }
        }
    }
}

/// All that is sound is there, and what else is there was there before and is stale.
fn is_whole_or_was_last(
    made: &Catalog,
    whole: &Catalog,
    before: &Catalog,
) -> Result<(), TestCaseError> {
    let exercises = |of: &Catalog| -> Vec<_> {
        let pools = of.pools();
        pools
            .flat_map(|pool| of.exercises_of(pool).cloned())
            .collect()
    };
    for entry in exercises(whole) {
        let id = entry.exercise.id.as_str();
        let same = made.exercise(id).map(|found| found.digest);
        prop_assert_eq!(same, Some(entry.digest), "{}", id);
    }
    let mut stale = 0;
    for entry in exercises(made) {
        let id = entry.exercise.id.as_str();
        if whole.exercise(id).is_none() {
            stale += 1;
            // Unless its pool was broken at the time, in which case it was sound itself.
            let pool = entry.exercise.pool_id.as_str();
            let was_there = before.exercise(id).is_some();
            prop_assert!(was_there || whole.pool(pool).is_none(), "{}", id);
        }
    }
    for pool in whole.pools() {
        prop_assert!(made.pool(pool.pool.id.as_str()).is_some());
    }
    if made.stale().is_empty() {
        prop_assert_eq!(made.digest(), whole.digest());
        prop_assert_eq!(stale, 0);
    }
    Ok(())
}
