//! How long a hot reload takes: one edit in a tree of 10,000 exercises, from the moment when changes
//! have come to rest to the client's frame, and what the memory of the daemon does over 1,000 reloads.
//!
//! `make bench-reload`, or `cargo bench --bench reload [-- COUNT RELOADS]`. The daemon is the release
//! binary with a real tree and a socket; when changes came to rest is read off its log, whose clock is
//! this one's. The parts are measured in this process, on the same tree: what is left of the whole is
//! the way from task to task, the announcement, and the socket. Figures of one run on one machine.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints, and stops where it can't go on"
)]
#![expect(unreachable_pub, reason = "the generators are shared with the tests")]

#[path = "../tests/support/content.rs"]
mod content;
#[path = "reload/daemon.rs"]
mod daemon;
#[path = "gateway/measure.rs"]
#[expect(dead_code, reason = "the other bench measures more")]
mod measure;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use mithril::catalog::{Catalog, Loader, Outcome};
use mithril::lint::Settings;

use daemon::Daemon;
use measure::quantile;

/// What a reload may take, from the end of the debounce to the frame.
const TARGET: Duration = Duration::from_millis(50);
/// The reloads after which the memory is looked at for the first time.
const WARM: usize = 100;

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|arg| arg.parse().ok());
    let count = numbers.next().unwrap_or(10_000);
    let reloads = numbers.next().unwrap_or(1_000);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let root = directory.path().join("exercises");
    content::write_tree(&root, count);
    println!("{count} exercises, one edit");
    parts(&root, count);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(whole(&root, count, reloads));
}

fn file(number: usize) -> PathBuf {
    PathBuf::from(format!(
        "pool-{:04}/ex{number:06}/exercise.yaml",
        number / 100
    ))
}

fn text(number: usize, round: usize) -> String {
    let title = format!("Exercise {number}, round {round}");
    content::exercise_yaml(number).replacen(&format!("Exercise {number}"), &title, 1)
}

/// Writes a file as an editor does it: beside, then in its place.
fn edit(root: &Path, number: usize, round: usize) {
    let path = root.join(file(number));
    let beside = path.with_extension("tmp");
    fs::write(&beside, text(number, round)).unwrap();
    fs::rename(beside, path).unwrap();
}

/// The parts of a reload, in this process.
fn parts(root: &Path, count: usize) {
    let mut loader = Loader::new(root.to_owned(), Settings::default());
    let begin = Instant::now();
    loader.examine(None).unwrap();
    let mut served = loader.first().unwrap().0;
    row("first load", &mut [begin.elapsed()]);
    let mut looks = Vec::new();
    let mut makes = Vec::new();
    let mut drops = Vec::new();
    for round in 0..100 {
        let number = round * 7 % count;
        edit(root, number, round);
        let paths = BTreeSet::from([file(number)]);
        let (looked, made) = reload(&mut loader, &served, &paths);
        looks.push(looked);
        makes.push(made.0);
        let begin = Instant::now();
        drop(std::mem::replace(&mut served, made.1));
        drops.push(begin.elapsed());
    }
    row("part: look at an edited file", &mut looks);
    row("part: judge, make a catalog, compare", &mut makes);
    row("part: let go of the former catalog", &mut drops);
    let mut others: [Vec<Duration>; 4] = Default::default();
    for round in 0..20 {
        let number = round * 7 % count;
        let path = file(number);
        let away = root.join("..").join("away");
        let directory = path.parent().unwrap();
        let whole = BTreeSet::from([directory.to_owned()]);
        fs::rename(root.join(directory), &away).unwrap();
        let (looked, made) = reload(&mut loader, &served, &whole);
        others[0].push(looked + made.0);
        served = made.1;
        fs::rename(&away, root.join(directory)).unwrap();
        let (looked, made) = reload(&mut loader, &served, &whole);
        others[1].push(looked + made.0);
        served = made.1;
        let begin = Instant::now();
        assert!(!loader.examine(None).unwrap(), "nothing more");
        others[2].push(begin.elapsed());
        let begin = Instant::now();
        assert!(!loader.catch_up().unwrap(), "nothing more");
        others[3].push(begin.elapsed());
    }
    for (name, times) in [
        "beside: an exercise goes, all parts",
        "beside: an exercise comes, all parts",
        "beside: walk through all, find nothing",
        "beside: catch up, find nothing",
    ]
    .iter()
    .zip(&mut others)
    {
        row(name, times);
    }
}

/// Looks at these paths and makes a catalog; returns how long both took.
fn reload(
    loader: &mut Loader,
    served: &Catalog,
    paths: &BTreeSet<PathBuf>,
) -> (Duration, (Duration, Catalog)) {
    let begin = Instant::now();
    assert!(loader.examine(Some(paths)).unwrap());
    let looked = begin.elapsed();
    let begin = Instant::now();
    let outcome = loader.again(served).unwrap().outcome;
    let made = begin.elapsed();
    match outcome {
        Outcome::Made(catalog, diff) => {
            assert_eq!(
                diff.exercises.len(),
                1,
                "one change on the disk, one told of"
            );
            (looked, (made, catalog))
        }
        Outcome::Rejected(rejection) => panic!("{rejection}"),
    }
}

/// From edit to frame, and the memory over many reloads.
async fn whole(root: &Path, count: usize, reloads: usize) {
    let daemon = Daemon::start(root);
    let mut client = daemon.listener().await;
    daemon.watched();
    let mut after_rest = Vec::with_capacity(reloads);
    let mut after_edit = Vec::with_capacity(reloads);
    let mut memory = Vec::new();
    for round in 1..=WARM + reloads {
        let number = round * 7 % count;
        let begin = Timestamp::now();
        edit(root, number, round + 1000);
        let frame = client.changed(&format!("ex{number:06}")).await;
        let rested = daemon.rested();
        if round > WARM {
            after_rest.push(between(rested, frame));
            after_edit.push(between(begin, frame));
        }
        if round == WARM || round == WARM + reloads {
            memory.push(measure::float(daemon.memory() as u64) / 1024.0 / 1024.0);
        }
    }
    row("whole: from rest to the client's frame", &mut after_rest);
    row(
        "whole: from the edit to the client's frame",
        &mut after_edit,
    );
    let median = quantile(&mut after_rest, 0.5);
    let verdict = if median < TARGET { "kept" } else { "missed" };
    println!("the target is {TARGET:?} from rest to frame: {verdict}");
    println!(
        "resident: {:.1} MiB after {WARM} reloads, {:.1} MiB after {}",
        memory[0],
        memory[1],
        WARM + reloads
    );
}

fn between(begin: Timestamp, end: Timestamp) -> Duration {
    Duration::try_from(end.duration_since(begin)).unwrap_or_default()
}

fn row(what: &str, times: &mut [Duration]) {
    let mut at = |part| quantile(times, part).as_secs_f64() * 1e3;
    let (median, late, most) = (at(0.5), at(0.99), at(1.0));
    println!("{what:<43} median {median:>8.2} ms   p99 {late:>8.2} ms   max {most:>8.2} ms");
}
