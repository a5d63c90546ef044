//! The JSON contract: names, order, what is left out, and that answers stay on the server.

use std::path::Path;

use mithril::catalog;
use mithril::lint::Settings;

/// Compares with a committed file; `UPDATE_SNAPSHOTS=1` writes it.
fn assert_golden(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        actual,
        expected,
        "{} differs; UPDATE_SNAPSHOTS=1 writes it anew",
        path.display()
    );
}

#[test]
fn json_is_as_the_contract_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden");
    let loaded = catalog::load(&root, &Settings::default()).unwrap();
    assert_eq!(loaded.report.diagnostics, []);
    for pool in loaded.catalog.pools() {
        assert_golden(
            &format!("pool-{}.json", pool.pool.id),
            &format!("{}\n", pool.json),
        );
        for entry in loaded.catalog.exercises_of(pool) {
            let name = format!("exercise-{}.json", entry.exercise.id);
            assert_golden(&name, &format!("{}\n", entry.json));
        }
    }
}

#[test]
fn no_answer_is_ever_served() {
    let loaded = catalog::load(&crate::trees::sample(), &Settings::default()).unwrap();
    let mut answers = 0;
    for pool in loaded.catalog.pools() {
        for entry in loaded.catalog.exercises_of(pool) {
            let value: serde_json::Value = serde_json::from_str(&entry.json).unwrap();
            assert!(value.get("answer").is_none(), "{}", entry.json);
            assert!(!format!("{:?}", entry.exercise).contains("Several(["));
            answers += usize::from(entry.exercise.answer.is_some());
        }
    }
    assert!(answers > 0, "the sample has exercises with an answer");
}
