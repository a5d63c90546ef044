//! What differs between two versions of an exercise, by value and not by how it is written.

use serde::Serialize;

use super::{Exercise, Test};

/// What differs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ExerciseChanges {
    /// The keys with other values, but for `tests`.
    pub keys: Vec<&'static str>,
    /// The points of a perfect submission, where they differ.
    pub points: Option<PointsChange>,
    /// What happened to the tests.
    pub tests: TestChanges,
}

/// The points of a perfect submission; nothing where there is no scoring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PointsChange {
    /// In the old version.
    pub old: Option<u64>,
    /// In the new version.
    pub new: Option<u64>,
}

/// The names of tests that differ, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TestChanges {
    /// Those that only the new version has.
    pub added: Vec<String>,
    /// Those that only the old version has.
    pub removed: Vec<String>,
    /// Those that both have, with another command, time-out or file.
    pub changed: Vec<String>,
    /// Whether those that both have are in another order.
    pub reordered: bool,
}

impl ExerciseChanges {
    /// Compares two versions. `same_files` says whether what the tests of one name read and expect
    /// is the same in both.
    pub fn between(
        old: &Exercise,
        new: &Exercise,
        same_files: impl Fn(&Test, &Test) -> bool,
    ) -> Self {
        let keys = [
            ("pool_id", old.pool_id != new.pool_id),
            ("title", old.title != new.title),
            ("type", old.kind != new.kind),
            ("language", old.language != new.language),
            ("build", old.build != new.build),
            ("validation", old.validation != new.validation),
            ("scoring", old.scoring != new.scoring),
            ("description", old.description != new.description),
            ("difficulty", old.difficulty != new.difficulty),
            ("tags", old.tags != new.tags),
            ("choices", old.choices != new.choices),
            ("answer", old.answer != new.answer),
        ];
        let changed = keys.into_iter().filter(|(_, differs)| *differs);
        let points = PointsChange {
            old: old.points(),
            new: new.points(),
        };
        Self {
            keys: changed.map(|(key, _)| key).collect(),
            points: (points.old != points.new).then_some(points),
            tests: TestChanges::between(&old.tests, &new.tests, same_files),
        }
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl TestChanges {
    fn between(old: &[Test], new: &[Test], same_files: impl Fn(&Test, &Test) -> bool) -> Self {
        let without = |these: &[Test], those: &[Test]| -> Vec<String> {
            let missing = these
                .iter()
                .filter(|test| named(those, &test.name).is_none());
            missing.map(|test| test.name.clone()).collect()
        };
        let both = |these: &[Test], those: &[Test]| -> Vec<String> {
            let found = these
                .iter()
                .filter(|test| named(those, &test.name).is_some());
            found.map(|test| test.name.clone()).collect()
        };
        let changed = new.iter().filter(|test| {
            named(old, &test.name)
                .is_some_and(|before| before != *test || !same_files(before, test))
        });
        Self {
            added: without(new, old),
            removed: without(old, new),
            changed: changed.map(|test| test.name.clone()).collect(),
            reordered: both(old, new) != both(new, old),
        }
    }
}

fn named<'t>(tests: &'t [Test], name: &str) -> Option<&'t Test> {
    tests.iter().find(|test| test.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exercise::{ExerciseKind, Scoring};
    use crate::ids::{ExerciseId, PoolId};

    fn test(name: &str) -> Test {
        Test {
            name: name.to_owned(),
            run: "./{output}".to_owned(),
            input: String::new(),
            expected_output: String::new(),
            timeout: 5,
        }
    }

    fn exercise(names: &[&str]) -> Exercise {
        Exercise {
            id: ExerciseId::parse("a").unwrap(),
            pool_id: PoolId::parse("p").unwrap(),
            title: "A".to_owned(),
            kind: ExerciseKind::Code,
            language: "c".to_owned(),
            build: None,
            tests: names.iter().map(|name| test(name)).collect(),
            validation: None,
            scoring: Some(Scoring {
                per_test: 10,
                ..Scoring::default()
            }),
            description: None,
            difficulty: None,
            tags: None,
            choices: None,
            answer: None,
        }
    }

    #[test]
    fn tests_are_told_apart_by_their_names() {
        let old = exercise(&["a", "b", "c", "d"]);
        let mut new = exercise(&["c", "a", "b", "e"]);
        new.tests[2].timeout = 6;
        let changes = ExerciseChanges::between(&old, &new, |old, _| old.name != "c");
        assert_eq!(changes.tests.added, ["e"]);
        assert_eq!(changes.tests.removed, ["d"]);
        assert_eq!(changes.tests.changed, ["c", "b"]);
        assert!(changes.tests.reordered);
        assert_eq!((changes.points, changes.keys.len()), (None, 0));
    }

    #[test]
    fn points_and_keys_are_told() {
        let old = exercise(&["a"]);
        let mut new = exercise(&["a", "b"]);
        new.title = "B".to_owned();
        let changes = ExerciseChanges::between(&old, &new, |_, _| true);
        let points = PointsChange {
            old: Some(10),
            new: Some(20),
        };
        assert_eq!(
            (changes.points, changes.keys),
            (Some(points), vec!["title"])
        );
        assert!(ExerciseChanges::between(&old, &old, |_, _| true).is_empty());
    }
}
