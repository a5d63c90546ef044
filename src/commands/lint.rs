//! `mithril lint`: all rules, and fixes.

use std::sync::Arc;

use anyhow::Context;

use crate::cli::{FailOn, Lint};
use crate::config::{Config, Layers, Listed, Origin};
use crate::diagnostics::{Applicability, Report, Severity};
use crate::lint::{self, CheckError, Fixed, Progress, Settings, Target};
use crate::output::{ExitStatus, Printer, count};
use crate::rewrite::WriteError;

use super::checking::{self, Named};

pub(super) fn run(
    args: Lint,
    layers: &Layers,
    printer: &Printer,
) -> Result<ExitStatus, anyhow::Error> {
    let mut config = Config::load(layers)?;
    let typed = |flag: &str, items: Option<Vec<String>>| {
        items.map(|items| Listed {
            items: items.iter().map(|item| item.trim().to_owned()).collect(),
            origin: Origin::Flag(flag.to_owned()),
        })
    };
    let (select, ignore) = (args.select.clone(), args.ignore.clone());
    config.lint.select = typed("select", select).or(config.lint.select);
    config.lint.ignore = typed("ignore", ignore).or(config.lint.ignore);
    let settings = Settings::selected(&config.lint)?;
    let how = How::of(&args);
    let format = args.checked.format.clone();
    let named = Named::new(args.checked, &config, &settings)?;
    let targets = named.targets.clone();
    let work = move |progress: &_| outcome(&targets, &settings, how.fixes, progress);
    let Some((outcome, progress)) = checking::run(printer, work)? else {
        return Ok(ExitStatus::Interrupted);
    };
    let Outcome {
        report,
        other_yaml,
        fixed,
        errors,
        text,
    } = outcome?;
    if report.files == 0 && report.diagnostics.is_empty() && !progress.is_cancelled() {
        return Err(named.nothing(other_yaml));
    }
    let written = "failed to write the report";
    if let Fixes::Shown(_) = how.fixes {
        printer
            .diff(&fixed.changes, &fixed.renames)
            .context(written)?;
    } else if let Some(text) = &text {
        // Standard output has the text; what is left to say goes beside it.
        printer.bytes(text).context(written)?;
        printer.report_beside(&report, &format).context(written)?;
    } else if how.statistics {
        printer.statistics(&report, &format).context(written)?;
    } else {
        printer.report(&report, &format).context(written)?;
    }
    for error in &errors {
        printer.error(&chain(error));
    }
    Ok(conclude(printer, how, &report, &fixed, &errors, &progress))
}

/// What is done besides judging.
#[derive(Clone, Copy)]
struct How {
    fixes: Fixes,
    statistics: bool,
    /// What makes the exit status 1, if anything does.
    fails: Option<Severity>,
}

/// What is done with fixes.
#[derive(Clone, Copy)]
enum Fixes {
    /// Nothing.
    Offered,
    /// They are shown.
    Shown(Applicability),
    /// They are applied.
    Applied(Applicability),
}

impl How {
    fn of(args: &Lint) -> Self {
        let applicability = if args.unsafe_fixes {
            Applicability::Unsafe
        } else {
            Applicability::Safe
        };
        let fixes = match (args.diff, args.fix || args.unsafe_fixes) {
            (true, _) => Fixes::Shown(applicability),
            (false, true) => Fixes::Applied(applicability),
            (false, false) => Fixes::Offered,
        };
        let fails = match args.fail_on {
            FailOn::Error => Severity::Error,
            FailOn::Warning => Severity::Warning,
            FailOn::Info => Severity::Info,
        };
        Self {
            fixes,
            statistics: args.statistics,
            fails: (!args.exit_zero).then_some(fails),
        }
    }
}

/// What came of it.
struct Outcome {
    report: Report,
    other_yaml: usize,
    fixed: Fixed,
    errors: Vec<WriteError>,
    /// The text from standard input after its fixes, where fixes are applied to one.
    text: Option<Vec<u8>>,
}

fn outcome(
    targets: &[Target],
    settings: &Settings,
    fixes: Fixes,
    progress: &Progress,
) -> Result<Outcome, CheckError> {
    let mut outcome = Outcome {
        report: Report::default(),
        other_yaml: 0,
        fixed: Fixed::default(),
        errors: Vec::new(),
        text: None,
    };
    let applicability = match fixes {
        Fixes::Offered => {
            let checked = lint::check(targets.to_vec(), settings, progress)?;
            outcome.report = checked.report;
            outcome.other_yaml = checked.other_yaml;
            return Ok(outcome);
        }
        Fixes::Shown(applicability) | Fixes::Applied(applicability) => applicability,
    };
    let mut done = lint::fix(targets, settings, progress, applicability)?;
    if let Fixes::Applied(_) = fixes {
        let mut targets = targets.to_vec();
        outcome.text = take_text(&mut done, &mut targets);
        outcome.errors = done.write(progress);
        // What the files hold now, those that could not be written and those of a new name too.
        let checked = lint::check(targets, settings, progress)?;
        outcome.other_yaml = checked.other_yaml;
        outcome.report = checked.report;
    } else {
        outcome.report = std::mem::take(&mut done.report);
    }
    outcome.fixed = done;
    Ok(outcome)
}

/// Takes the text from standard input out of what is to be written; it is judged as it is now.
fn take_text(fixed: &mut Fixed, targets: &mut [Target]) -> Option<Vec<u8>> {
    let target = targets
        .iter_mut()
        .find(|target| target.name_of_text().is_some())?;
    let name: Option<Arc<str>> = target.name_of_text();
    let change = fixed
        .changes
        .iter()
        .position(|change| Some(&change.path) == name.as_ref());
    let Target::Text { bytes, .. } = target else {
        return None;
    };
    if let Some(change) = change {
        *bytes = fixed.changes.remove(change).after;
    }
    Some(bytes.clone())
}

fn chain(error: &WriteError) -> String {
    let cause = std::error::Error::source(error);
    cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

fn conclude(
    printer: &Printer,
    how: How,
    report: &Report,
    fixed: &Fixed,
    errors: &[WriteError],
    progress: &Progress,
) -> ExitStatus {
    let changed = fixed.changes.len() + fixed.renames.len();
    match how.fixes {
        Fixes::Shown(_) => printer.note(&format!(
            "{} in {} would be fixed",
            count(fixed.problems(), "problem"),
            count(changed, "file")
        )),
        Fixes::Applied(_) | Fixes::Offered => {
            if fixed.problems() > 0 {
                printer.note(&format!("{} fixed", count(fixed.problems(), "problem")));
            }
            printer.summary(report);
            printer.fixable(report);
        }
    }
    if progress.is_cancelled() {
        printer.note("interrupted: this is what was found until then");
        return ExitStatus::Interrupted;
    }
    if !errors.is_empty() {
        return ExitStatus::Failure;
    }
    let fails = |severity: Severity| how.fails.is_some_and(|least| severity <= least);
    let found = match how.fixes {
        Fixes::Shown(_) => changed > 0 && how.fails.is_some(),
        Fixes::Applied(_) | Fixes::Offered => report.diagnostics.iter().any(|d| fails(d.severity)),
    };
    if found {
        ExitStatus::Findings
    } else {
        ExitStatus::Success
    }
}
