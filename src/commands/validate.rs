//! `mithril validate`: the problems that keep files from being loaded.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;

use crate::cli::Validate;
use crate::config::{Config, Layers};
use crate::lint::{self, Progress, Target};
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
    let settings = super::error_settings(&config);
    let targets = targets(&paths, args.stdin_filename)?;
    let progress = Arc::new(Progress::default());
    cancel_on_interrupt(&progress);
    let bar = printer.bar(Arc::<Progress>::clone(&progress));
    let checked = lint::check(targets, &settings, &progress)?;
    drop(bar);
    let report = checked.report;
    if report.files == 0 && report.diagnostics.is_empty() && !progress.is_cancelled() {
        let shown: Vec<String> = paths
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        anyhow::bail!(
            "nothing to check: no pool.yaml and no exercise.yaml in {}",
            shown.join(", ")
        );
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

/// Ctrl-C stops the check; what is known by then is printed.
fn cancel_on_interrupt(progress: &Arc<Progress>) {
    let progress = Arc::clone(progress);
    let wait = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build();
        if let Ok(runtime) = runtime
            && runtime.block_on(tokio::signal::ctrl_c()).is_ok()
        {
            progress.cancel();
        }
    };
    // Without the thread Ctrl-C ends the process as it always does.
    let _ = std::thread::Builder::new()
        .name("interrupt".into())
        .spawn(wait);
}
