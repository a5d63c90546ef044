//! `mithril validate`: the problems that keep files from being loaded.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use anyhow::Context;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::Validate;
use crate::config::{Config, Layers};
use crate::lint::{self, CheckError, Checked, Progress, Settings, Target};
use crate::output::{ExitStatus, Printer};

pub(super) fn run(
    args: Validate,
    layers: &Layers,
    printer: &Printer,
) -> Result<ExitStatus, anyhow::Error> {
    let config = Config::load(layers)?;
    let paths = if args.paths.is_empty() {
        vec![config.content.dir.clone()]
    } else {
        args.paths
    };
    if args.stdin_filename.is_some() && !paths.iter().any(|path| path == Path::new("-")) {
        anyhow::bail!("--stdin-filename names standard input: add `-` to the paths");
    }
    let settings = Settings::errors(&config.lint)?;
    let targets = targets(&paths, args.stdin_filename)?;
    let progress = Arc::new(Progress::default());
    let interrupts = interrupts().context("failed to listen for signals")?;
    let bar = printer.bar(Arc::<Progress>::clone(&progress));
    let checked = check(targets, settings, &progress, interrupts)?;
    drop(bar);
    let Some(checked) = checked else {
        return Ok(ExitStatus::Interrupted);
    };
    let report = checked.report;
    if report.files == 0 && report.diagnostics.is_empty() && !progress.is_cancelled() {
        let shown: Vec<String> = paths
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        let other = match checked.other_yaml {
            0 => String::new(),
            1 => "; name the other YAML file there to check it".into(),
            n => format!("; name the {n} other YAML files there to check them"),
        };
        let shown = shown.join(", ");
        anyhow::bail!("nothing to check: no pool.yaml and no exercise.yaml in {shown}{other}");
    }
    printer
        .report(&report, &args.format)
        .context("failed to write the report")?;
    printer.summary(&report);
    Ok(if progress.is_cancelled() {
        printer.note("interrupted: this is what was found until then");
        ExitStatus::Interrupted
    } else if report.diagnostics.is_empty() {
        ExitStatus::Success
    } else {
        ExitStatus::Findings
    })
}

fn targets(
    paths: &[PathBuf],
    stdin_filename: Option<PathBuf>,
) -> Result<Vec<Target>, anyhow::Error> {
    let mut stdin_filename = stdin_filename;
    let mut targets = Vec::with_capacity(paths.len());
    for path in paths {
        if path != Path::new("-") {
            targets.push(Target::Path(path.clone()));
            continue;
        }
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .context("failed to read standard input")?;
        targets.push(Target::Text {
            bytes,
            path: stdin_filename.take(),
        });
    }
    Ok(targets)
}

/// How long an interrupted check may take to conclude with what it knows.
const GRACE: Duration = Duration::from_secs(1);

/// What ends the wait for a check.
enum Ended {
    Checked(Result<Checked, CheckError>),
    Interrupted,
}

/// Ctrl-C from now on: a runtime that waits for it.
fn interrupts() -> std::io::Result<(Runtime, Signal)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let guard = runtime.enter();
    let signal = signal(SignalKind::interrupt())?;
    drop(guard);
    Ok((runtime, signal))
}

/// Checks until Ctrl-C, and then concludes with what is known; `None` where that does not come soon,
/// because a file that was named can't be read to its end.
fn check(
    targets: Vec<Target>,
    settings: Settings,
    progress: &Arc<Progress>,
    (runtime, mut signal): (Runtime, Signal),
) -> Result<Option<Checked>, anyhow::Error> {
    let (send, ended) = sync_channel(2);
    let interrupted = send.clone();
    let wait = move || {
        runtime.block_on(signal.recv());
        // The check may have ended just now, and nobody waits any more.
        let _ = interrupted.send(Ended::Interrupted);
    };
    std::thread::Builder::new()
        .name("interrupt".into())
        .spawn(wait)?;
    let shared = Arc::clone(progress);
    let work = move || {
        let checked = lint::check(targets, &settings, &shared);
        let _ = send.send(Ended::Checked(checked));
    };
    std::thread::Builder::new()
        .name("check".into())
        .spawn(work)?;
    match ended.recv().context("the check ended without an outcome")? {
        Ended::Checked(checked) => Ok(Some(checked?)),
        Ended::Interrupted => {
            progress.cancel();
            match ended.recv_timeout(GRACE) {
                Ok(Ended::Checked(checked)) => Ok(Some(checked?)),
                Ok(Ended::Interrupted) | Err(_) => Ok(None),
            }
        }
    }
}
