//! `mithril validate`: the problems that keep files from being loaded.

use anyhow::Context;

use crate::cli::Validate;
use crate::config::{Config, Layers};
use crate::lint::{self, Settings};
use crate::output::{ExitStatus, Printer};

use super::checking::{self, Named};

pub(super) fn run(
    args: Validate,
    layers: &Layers,
    printer: &Printer,
) -> Result<ExitStatus, anyhow::Error> {
    let config = Config::load(layers)?;
    let settings = Settings::errors(&config.lint)?;
    let format = args.checked.format.clone();
    let named = Named::new(args.checked, &config, &settings)?;
    let targets = named.targets.clone();
    let work = move |progress: &_| lint::check(targets, &settings, progress);
    let Some((checked, progress)) = checking::run(printer, work)? else {
        return Ok(ExitStatus::Interrupted);
    };
    let checked = checked?;
    let report = checked.report;
    if report.files == 0 && report.diagnostics.is_empty() && !progress.is_cancelled() {
        return Err(named.nothing(checked.other_yaml));
    }
    printer
        .report(&report, &format)
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
