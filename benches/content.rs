//! How fast content is judged: files a second of the binary, the time a file by stage, the parser
//! alone next to `serde_yaml`'s fork, and what hostile input costs.
//!
//! `cargo bench --bench content [-- COUNT]`. Figures of one run on one machine: compare them with
//! each other, and two builds within one hour on one machine, not figures of two machines. No input
//! of up to 256 KiB may take more than 50 ms to judge.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints, and stops where it can't go on"
)]
#![expect(unreachable_pub, reason = "the generators are shared with the tests")]

#[path = "../tests/support/content.rs"]
mod content;
#[path = "../tests/support/hostile.rs"]
mod hostile;

use std::hint::black_box;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mithril::diagnostics::yaml::{self, Limits};
use mithril::diagnostics::{Findings, Source};
use mithril::lint::walk::{self, Found};
use mithril::lint::{self, Progress, Selection, Settings, Target};

/// Runs of each measurement; the median is printed.
const RUNS: usize = 7;

fn main() {
    let count = std::env::args()
        .skip(1)
        .find_map(|arg| arg.parse().ok())
        .unwrap_or(10_000);
    stages(count);
    parser();
    hostile_input();
}

/// The time a file, by stage.
fn stages(count: usize) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let root = directory.path().join("exercises");
    content::write_tree(&root, count);
    let mut found = Found::default();
    walk::walk(&root, &mut found, &|| false);
    let files = found.files.len();
    println!(
        "{files} files, {} threads, median of {RUNS} runs",
        rayon::current_num_threads()
    );

    let whole = median(|| {
        let status = Command::new(env!("CARGO_BIN_EXE_mithril"))
            .args(["validate", "--quiet"])
            .arg(&root)
            .status()
            .expect("the binary runs");
        assert!(status.success(), "the generated tree is sound");
    });
    row("validate, whole process", whole, files);

    let linted = median(|| {
        let status = Command::new(env!("CARGO_BIN_EXE_mithril"))
            .args(["lint", "--quiet", "--fail-on", "info"])
            .arg(&root)
            .status()
            .expect("the binary runs");
        assert!(status.success(), "the generated tree is clean");
    });
    row("lint by all rules, whole process", linted, files);
    let ratio = linted.as_secs_f64() / whole.as_secs_f64();
    println!("{:<45} {ratio:>8.2}", "lint / validate");

    let walked = median(|| {
        let mut found = Found::default();
        walk::walk(&root, &mut found, &|| false);
        black_box(found);
    });
    row("walk, all threads", walked, files);

    let read = median(|| {
        for file in &found.files {
            black_box(std::fs::read(&file.path).expect("a readable file"));
        }
    });
    row("read, one thread", read, files);

    let texts: Vec<Source> = found
        .files
        .iter()
        .map(|file| {
            let bytes = std::fs::read(&file.path).expect("a readable file");
            Source::new(Arc::clone(&file.shown), bytes)
        })
        .collect();
    let parsed = median(|| {
        for source in &texts {
            let mut findings = Findings::new(source);
            black_box(yaml::parse(source, &Limits::default(), &mut findings));
        }
    });
    row("parse, one thread", parsed, files);

    let settings = Settings::default();
    let judged = median(|| {
        for source in &texts {
            black_box(lint::check_text("exercise.yaml", source.text(), &settings));
        }
    });
    row(
        "decode and rules without files, one thread",
        judged.saturating_sub(parsed),
        files,
    );

    let checked = median(|| {
        let targets = vec![Target::Path(root.clone())];
        black_box(lint::check(targets, &settings, &Progress::default()).expect("a tree"));
    });
    row("check in process, all threads", checked, files);

    let standard = Settings {
        selection: Selection::standard(),
        ..Settings::default()
    };
    let checked = median(|| {
        let targets = vec![Target::Path(root.clone())];
        black_box(lint::check(targets, &standard, &Progress::default()).expect("a tree"));
    });
    row("check by all rules in process", checked, files);
}

fn median(mut run: impl FnMut()) -> Duration {
    run();
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[RUNS / 2]
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn row(what: &str, time: Duration, files: usize) {
    let micros = time.as_secs_f64() * 1e6 / files as f64;
    let rate = files as f64 / time.as_secs_f64();
    println!("{what:<45} {micros:>8.2} µs/file {rate:>10.0} files/s");
}

/// The parser alone, on one exercise.
fn parser() {
    let text = content::exercise_yaml(7);
    println!(
        "an exercise of {} lines, {} bytes",
        text.lines().count(),
        text.len()
    );
    let source = Source::new(Arc::from("exercise.yaml"), text.clone().into_bytes());
    let ours = each(|| {
        let mut findings = Findings::new(&source);
        black_box(yaml::parse(&source, &Limits::default(), &mut findings));
    });
    let value = each(|| {
        black_box(serde_yaml::from_str::<serde_yaml::Value>(&text).is_ok());
    });
    let settings = Settings::default();
    let judged = each(|| {
        black_box(lint::check_text("exercise.yaml", &text, &settings));
    });
    println!("tree with spans and comments  {:>8.2} µs", micros(ours));
    println!("tree, decode and rules        {:>8.2} µs", micros(judged));
    println!("serde_yaml::Value             {:>8.2} µs", micros(value));
    println!(
        "tree / serde_yaml::Value      {:>8.2}",
        micros(ours) / micros(value)
    );
}

/// What hostile input costs, judged by all rules.
fn hostile_input() {
    let settings = Settings {
        selection: Selection::all(),
        ..Settings::default()
    };
    println!("\nhostile input, judged whole:");
    let mut slowest = Duration::ZERO;
    for (name, text) in hostile::texts() {
        let time = (0..3)
            .map(|_| {
                let start = Instant::now();
                black_box(lint::check_text("exercise.yaml", &text, &settings));
                start.elapsed()
            })
            .min()
            .unwrap_or_default();
        slowest = slowest.max(time);
        println!(
            "{name:<40} {:>7} bytes {:>9.2} ms",
            text.len(),
            micros(time) / 1e3
        );
    }
    println!("slowest: {:.2} ms, allowed: 50 ms", micros(slowest) / 1e3);
}

/// The time of one call: the best of some rounds.
fn each(mut run: impl FnMut()) -> Duration {
    const CALLS: u32 = 2000;
    (0..5)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..CALLS {
                run();
            }
            start.elapsed() / CALLS
        })
        .min()
        .unwrap_or_default()
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
