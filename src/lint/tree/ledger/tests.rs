//! Whatever happens to a tree, a ledger that is told of it judges as a check of the whole does.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::lint::sound;

/// Places that the edits meet in, so that they meet often.
const DIRECTORIES: [&str; 9] = [
    "p0",
    "p1",
    "p0/a",
    "p0/b",
    "p1/a",
    "p1/c",
    "p0/a/tests",
    "p0/b/tests",
    "p0/a/deep",
];
const FILES: [&str; 22] = [
    "p0/pool.yaml",
    "p1/pool.yaml",
    "p0/a/pool.yaml",
    "p0/a/exercise.yaml",
    "p0/b/exercise.yaml",
    "p1/a/exercise.yaml",
    "p1/c/exercise.yaml",
    "p0/exercise.yaml",
    "p0/a/deep/exercise.yaml",
    "p0/a/tests/exercise.yaml",
    "p0/a/tests/in.txt",
    "p0/a/tests/IN.txt",
    "p0/b/tests/in.txt",
    "p1/a/tests/in.txt",
    "p0/a/.hidden",
    "p0/a/exercise.yaml~",
    "p0/a/4913",
    "p0/a/run.log",
    "shared.txt",
    "shared.yaml",
    "p0/.gitignore",
    ".gitignore",
];
const TEXTS: [&str; 14] = [
    "",
    "x\n",
    "id: [\n",
    "a/\n",
    "slug: p0\nname: P\n",
    "slug: p1\nname: P\n",
    "slug: p1\nname: Other\nexercises: [b, a]\n",
    "slug: p0\nname: P\nexercises: [gone]\n",
    "id: a\ntitle: A\ntype: text\n",
    "# A comment.\nid: a\ntitle: A\ntype: text\n",
    "id: b\ntitle: B\ntype: text\n",
    "id: c\ntitle: C\ntype: text\nlanguage: [no]\n",
    "id: a\ntitle: A\ntype: code\nlanguage: none\ntests: [{name: t, run: cat, input: tests/in.txt}]\n",
    "id: b\ntitle: B\ntype: code\nlanguage: none\ntests: [{name: t, run: cat, input: ./tests//in.txt}]\n",
];
const LINKS: [&str; 5] = [
    "../../shared.txt",
    "../../../shared.txt",
    "../shared.yaml",
    "../../shared.yaml",
    "/etc/passwd",
];

#[derive(Debug, Clone)]
enum Edit {
    Write(&'static str, &'static str),
    Append(&'static str),
    Large(&'static str),
    Remove(&'static str),
    Directory(&'static str),
    Link(&'static str, &'static str),
    Rename(&'static str, &'static str),
}

fn edit() -> impl Strategy<Value = Edit> {
    let file = || prop::sample::select(&FILES[..]);
    let text = || prop::sample::select(&TEXTS[..]);
    let directory = || prop::sample::select(&DIRECTORIES[..]);
    let any = || prop_oneof![file(), directory()];
    prop_oneof![
        12 => (file(), text()).prop_map(|(at, text)| Edit::Write(at, text)),
        2 => file().prop_map(Edit::Append),
        1 => file().prop_map(Edit::Large),
        4 => any().prop_map(Edit::Remove),
        2 => any().prop_map(Edit::Directory),
        3 => (file(), prop::sample::select(&LINKS[..])).prop_map(|(at, to)| Edit::Link(at, to)),
        3 => (any(), any()).prop_map(|(from, to)| Edit::Rename(from, to)),
    ]
}

impl Edit {
    /// Does it, and returns the paths that a watcher would tell of. What can't be done is not.
    fn apply(&self, root: &Path) -> Vec<PathBuf> {
        let parent = |path: &str| fs::create_dir_all(root.join(path).parent().unwrap());
        let above = |path: &&'static str| Path::new(*path).ancestors().skip(1);
        let were_missing: Vec<&Path> = self
            .paths()
            .iter()
            .flat_map(above)
            .filter(|path| !root.join(path).exists())
            .collect();
        match self {
            Self::Write(path, text) => {
                let _ = fs::remove_file(root.join(path));
                let _ = parent(path).and_then(|()| fs::write(root.join(path), text));
            }
            Self::Append(path) => {
                // Through a link, what it leads to changes.
                let file = fs::OpenOptions::new().append(true).open(root.join(path));
                let _ = file.and_then(|mut file| file.write_all(b"#\n"));
            }
            Self::Large(path) => {
                let _ = fs::remove_file(root.join(path));
                let large = vec![b'x'; 901 * 1024];
                let _ = parent(path).and_then(|()| fs::write(root.join(path), large));
            }
            Self::Remove(path) => {
                let whole = root.join(path);
                let _ = fs::remove_file(&whole).or_else(|_| fs::remove_dir_all(&whole));
            }
            Self::Directory(path) => {
                let _ = fs::create_dir_all(root.join(path));
            }
            Self::Link(path, target) => {
                let _ = fs::remove_file(root.join(path));
                let link = || std::os::unix::fs::symlink(target, root.join(path));
                let _ = parent(path).and_then(|()| link());
            }
            Self::Rename(from, to) => {
                let _ = fs::rename(root.join(from), root.join(to));
            }
        }
        let own = self.paths().into_iter().map(|path| {
            let path = PathBuf::from(path);
            let target = root.join(&path).canonicalize();
            match (self, target) {
                (Self::Append(_), Ok(target)) => target.strip_prefix(root).unwrap_or(&path).into(),
                _ => path,
            }
        });
        // Directories that came into being on the way are told of too.
        own.chain(were_missing.into_iter().map(Path::to_owned))
            .collect()
    }

    fn paths(&self) -> Vec<&'static str> {
        match *self {
            Self::Write(path, _)
            | Self::Append(path)
            | Self::Large(path)
            | Self::Remove(path)
            | Self::Directory(path)
            | Self::Link(path, _) => vec![path],
            Self::Rename(from, to) => vec![from, to],
        }
    }
}

/// Both judgements, as text.
fn judgements(ledger: &mut Ledger) -> (String, String) {
    let (judgement, _) = ledger.judge();
    let anew = ledger.conclude();
    assert_eq!(
        format!("{judgement:?}"),
        format!("{anew:?}"),
        "what is remembered is what would be found"
    );
    let mut pools = Vec::new();
    let mut exercises = Vec::new();
    let mut skipped = 0;
    for (index, standing) in judgement.standings.iter().enumerate() {
        match *standing {
            Standing::Pool { sound } => {
                if let Some(pool) = ledger.pool(index).filter(|_| sound) {
                    pools.push(Pool::clone(pool));
                } else {
                    skipped += 1;
                }
            }
            Standing::Exercise { pool, sound } => {
                let around = pool.filter(|&pool| {
                    sound && judgement.standings[pool] == Standing::Pool { sound: true }
                });
                let id = around.and_then(|pool| Some(ledger.pool(pool)?.id.clone()));
                match id.and_then(|id| ledger.exercise(index, &id)) {
                    Some(exercise) => exercises.push(Exercise::clone(&exercise)),
                    None => skipped += 1,
                }
            }
        }
    }
    pools.sort_by(|a, b| a.id.cmp(&b.id));
    exercises.sort_by(|a, b| a.id.cmp(&b.id));
    let diagnostics = &judgement.report.diagnostics;
    let ours = format!("{diagnostics:#?} {pools:#?} {exercises:#?} {skipped}");

    let whole = sound(ledger.root().to_owned(), &ledger.settings).unwrap();
    let mut pools = Vec::new();
    let mut exercises = Vec::new();
    for sound in whole.pools {
        pools.push(sound.pool);
        exercises.extend(sound.exercises);
    }
    exercises.sort_by(|a, b| a.id.cmp(&b.id));
    let (diagnostics, skipped) = (whole.report.diagnostics, whole.skipped);
    let theirs = format!("{diagnostics:#?} {pools:#?} {exercises:#?} {skipped}");
    (ours, theirs)
}

fn small_tree(root: &Path) {
    for (path, text) in [
        ("p0/pool.yaml", TEXTS[4]),
        ("p1/pool.yaml", TEXTS[6]),
        ("p0/a/exercise.yaml", TEXTS[12]),
        ("p0/a/tests/in.txt", "1\n"),
        ("p1/c/exercise.yaml", TEXTS[10]),
        ("shared.txt", "1\n"),
        ("shared.yaml", TEXTS[10]),
    ] {
        Edit::Write(path, text).apply(root);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_told_is_judged_as_a_whole_check_judges_it(
        batches in prop::collection::vec(prop::collection::vec(edit(), 1..4), 1..12),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("exercises");
        small_tree(&root);
        let mut ledger = Ledger::new(root.clone(), Settings::default());
        prop_assert!(ledger.update(None).unwrap());
        let (mut before, whole) = judgements(&mut ledger);
        prop_assert_eq!(&before, &whole);
        for batch in batches {
            let paths = batch.iter().flat_map(|edit| edit.apply(&root)).collect();
            let described = descriptions(&ledger);
            let news = ledger.update(Some(&paths)).unwrap();
            let missed = missed(&mut ledger, &described);
            prop_assert!(missed.is_empty(), "{:?} differ after {:?}", missed, batch);
            let (ours, whole) = judgements(&mut ledger);
            prop_assert_eq!(&ours, &whole, "after {:?}", batch);
            prop_assert!(news || without_places(&ours) == without_places(&before), "news after {:?}", batch);
            prop_assert!(!ledger.update(None).unwrap(), "a walk finds nothing more after {:?}", batch);
            before = ours;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_nobody_tells_of_is_found_by_what_the_file_system_says(
        batches in prop::collection::vec(prop::collection::vec(edit(), 1..4), 1..12),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("exercises");
        small_tree(&root);
        let mut ledger = Ledger::new(root.clone(), Settings::default());
        // The edits are a tick apart, so that all times tell.
        ledger.rest = Duration::ZERO;
        tick(directory.path());
        prop_assert!(ledger.update(None).unwrap());
        for batch in batches {
            tick(directory.path());
            for edit in &batch {
                edit.apply(&root);
            }
            tick(directory.path());
            let described = descriptions(&ledger);
            ledger.catch_up().unwrap();
            let missed = missed(&mut ledger, &described);
            prop_assert!(missed.is_empty(), "{:?} differ after {:?}", missed, batch);
            let (ours, whole) = judgements(&mut ledger);
            prop_assert_eq!(&ours, &whole, "after {:?}", batch);
            let concern = ledger.everything().unwrap();
            let sound = |index: &&usize| ledger.files[**index].1.sound;
            prop_assert_eq!(concern.files.iter().find(sound), None, "what is at rest is not read");
        }
    }
}

/// Waits until the file system's clock has gone on.
fn tick(directory: &Path) {
    let path = directory.join("clock");
    let now = || {
        fs::write(&path, "").unwrap();
        path.metadata().unwrap().modified().unwrap()
    };
    let begin = now();
    while now() == begin {}
}

/// What each file describes.
fn descriptions(ledger: &Ledger) -> Vec<(PathBuf, String)> {
    let all = ledger.files.iter().zip(&ledger.notes);
    all.map(|((file, _), note)| (file.path.clone(), format!("{:?}", note.model)))
        .collect()
}

/// The files that describe something else than they did, and are said not to.
fn missed(ledger: &mut Ledger, before: &[(PathBuf, String)]) -> Vec<PathBuf> {
    let (_, Since::Contents(edited)) = ledger.judge() else {
        return Vec::new();
    };
    let now = descriptions(ledger);
    let all = before.iter().zip(&now).enumerate();
    let others = all.filter(|(index, (before, now))| before != now && !edited.contains(index));
    let missed = others.map(|(_, (_, now))| now.0.clone()).collect();
    assert_eq!(before.len(), now.len());
    missed
}

/// A judgement but for where things stand, which a comment more changes.
fn without_places(judgement: &str) -> String {
    let lines = judgement.lines().filter(|line| {
        let key = line.trim_start();
        !["offset:", "line:", "column:"]
            .iter()
            .any(|place| key.starts_with(place))
    });
    lines.collect::<Vec<_>>().join("\n")
}
