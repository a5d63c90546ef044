//! How fast content is judged: files a second of the binary, the time a file by stage, the parser
//! alone next to `serde_yaml`'s fork, and what hostile input costs.
//!
//! `cargo bench --bench content [-- COUNT]`. Each exercise is a directory with its file and the four
//! files of its two tests. All is measured with a warm page cache: a run comes before those that count.
//! Figures of one run on one machine: compare them with each other, and two builds within one hour on
//! one machine, not figures of two machines. On a machine that does other work too, look at processor
//! time. No input of up to 256 KiB may take more than 50 ms to judge.

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
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mithril::diagnostics::yaml::{self, Limits};
use mithril::diagnostics::{Code, Findings, Source};
use mithril::lint::walk::{self, Found};
use mithril::lint::{self, Progress, Selection, Settings, Target};

// What is measured in process allocates as the binary does.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

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

    let validated = whole(&root, &["validate"]);
    validated.row("validate, whole process", files);
    let usual = ["lint", "--fail-on", "info"];
    let linted = whole(&root, &usual);
    linted.row("lint by the usual rules, whole process", files);
    let families = families();
    let all = whole(&root, &[&usual[..], &["--select", &families]].concat());
    all.row("lint by all rules, whole process", files);
    let ratio = linted.processor.as_secs_f64() / validated.processor.as_secs_f64();
    println!("{:<45} {ratio:>8.2}", "lint / validate, processor time");

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
    row("check by the usual rules in process", checked, files);
}

/// The first letters of all codes, those that are off by default too.
fn families() -> String {
    let mut families: Vec<&str> = Code::ALL.iter().map(|code| &code.as_str()[..1]).collect();
    families.dedup();
    families.join(",")
}

/// What a run of the binary costs.
struct Cost {
    time: Duration,
    processor: Duration,
}

/// Runs the binary on a tree that it finds nothing wrong with.
fn whole(root: &Path, args: &[&str]) -> Cost {
    let run = || {
        let status = Command::new(env!("CARGO_BIN_EXE_mithril"))
            .args(args)
            .arg("--quiet")
            .arg(root)
            .status()
            .expect("the binary runs");
        assert!(status.success(), "the generated tree is clean");
    };
    run();
    let before = processor_of_children();
    let time = median(run);
    // The run that warms up counts here: it differs from the others no more.
    let runs = u32::try_from(RUNS + 1).expect("few runs");
    let processor = processor_of_children().saturating_sub(before) / runs;
    Cost { time, processor }
}

/// The processor time of processes that have ended (proc(5), `stat`: cutime, cstime).
fn processor_of_children() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(13).take(2);
    let ticks: u64 = ticks.map(|field| field.parse::<u64>().unwrap()).sum();
    // The clock tick of every Linux that Rust runs on.
    Duration::from_millis(ticks * 10)
}

impl Cost {
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    fn row(&self, what: &str, files: usize) {
        row(what, self.time, files);
        let threads = rayon::current_num_threads();
        let micros = self.processor.as_secs_f64() * 1e6 / files as f64;
        let rate = threads as f64 * 1e6 / micros;
        let what = format!("  of processor time, {threads} threads");
        println!("{what:<45} {micros:>8.2} µs/file {rate:>10.0} files/s");
    }
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
