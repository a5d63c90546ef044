//! `mithril lint`: all rules, and fixes.

mod watching;

use std::sync::Arc;

use anyhow::Context;

use crate::cli::{FailOn, Lint, ReportTarget};
use crate::config::{Config, Layers, Listed, Origin};
use crate::diagnostics::{Applicability, Code, Report, Severity};
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
    let watches = args.watch;
    if watches {
        // Before standard input is waited for.
        watching::refuse(&args.checked)?;
    }
    let how = How::of(&args);
    let format = args.checked.format.clone();
    let job = Arc::new(Job {
        named: Named::new(args.checked, &config, &settings)?,
        settings,
        how,
        format,
    });
    if watches {
        return watching::run(&job, config.content.watch, printer);
    }
    let work = {
        let job = Arc::clone(&job);
        move |progress: &_| job.outcome(progress)
    };
    let Some((outcome, progress)) = checking::run(printer, work)? else {
        return Ok(ExitStatus::Interrupted);
    };
    let outcome = outcome?;
    if outcome.is_of_nothing() && !progress.is_cancelled() {
        if !outcome.report.diagnostics.is_empty() {
            job.show(&outcome, printer)?;
        }
        return Err(job.named.nothing(outcome.other_yaml));
    }
    job.show(&outcome, printer)?;
    Ok(job.conclude(&outcome, printer, &progress))
}

/// What is to be done, once or whenever something changes.
struct Job {
    named: Named,
    settings: Settings,
    how: How,
    format: Vec<ReportTarget>,
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

impl Outcome {
    /// Whether no file could be judged: at most there are some that would be, by another name.
    fn is_of_nothing(&self) -> bool {
        let mut found = self.report.diagnostics.iter();
        self.report.files == 0 && found.all(|d| d.code == Code::I210)
    }
}

impl Job {
    /// Judges, and fixes where that is asked for.
    fn outcome(&self, progress: &Progress) -> Result<Outcome, CheckError> {
        let (targets, settings) = (&self.named.targets, &self.settings);
        let mut outcome = Outcome {
            report: Report::default(),
            other_yaml: 0,
            fixed: Fixed::default(),
            errors: Vec::new(),
            text: None,
        };
        let applicability = match self.how.fixes {
            Fixes::Offered => {
                let checked = lint::check(targets.clone(), settings, progress)?;
                outcome.report = checked.report;
                outcome.other_yaml = checked.other_yaml;
                return Ok(outcome);
            }
            Fixes::Shown(applicability) | Fixes::Applied(applicability) => applicability,
        };
        let mut done = lint::fix(targets, settings, progress, applicability)?;
        if let Fixes::Applied(_) = self.how.fixes {
            let mut targets = targets.clone();
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

    /// Prints what came of it.
    fn show(&self, outcome: &Outcome, printer: &Printer) -> Result<(), anyhow::Error> {
        let (report, fixed, format) = (&outcome.report, &outcome.fixed, &self.format);
        let shown = if let Fixes::Shown(_) = self.how.fixes {
            printer.diff(&fixed.changes, &fixed.renames)
        } else if let Some(text) = &outcome.text {
            // Standard output has the text; what is left to say goes beside it.
            printer
                .bytes(text)
                .and_then(|()| printer.report_beside(report, format))
        } else if self.how.statistics {
            printer.statistics(report, format)
        } else {
            printer.report(report, format)
        };
        shown.context("failed to write the report")?;
        for error in &outcome.errors {
            printer.error(&chain(error));
        }
        Ok(())
    }

    /// Sums up, and says how to end.
    fn conclude(&self, outcome: &Outcome, printer: &Printer, progress: &Progress) -> ExitStatus {
        let (report, fixed) = (&outcome.report, &outcome.fixed);
        let changed = fixed.changes.len() + fixed.renames.len();
        match self.how.fixes {
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
        if !outcome.errors.is_empty() {
            return ExitStatus::Failure;
        }
        let least = self.how.fails;
        let fails = |severity: Severity| least.is_some_and(|least| severity <= least);
        let found = match self.how.fixes {
            Fixes::Shown(_) => changed > 0 && least.is_some(),
            Fixes::Applied(_) | Fixes::Offered => {
                report.diagnostics.iter().any(|d| fails(d.severity))
            }
        };
        if found {
            ExitStatus::Findings
        } else {
            ExitStatus::Success
        }
    }
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
