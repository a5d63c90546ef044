//! A report in the formats that people, editors and scripts read.

mod github;
mod junit;
mod sarif;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};

use crate::cli::{DataFormat, ReportFormat, ReportTarget};
use crate::diagnostics::render::{Frames, concise};
use crate::diagnostics::{Applicability, Code, Diagnostic, Report, Summary};

use super::{Printer, Rows};

#[derive(serde::Serialize)]
struct Document<'r> {
    version: u32,
    files: usize,
    diagnostics: &'r [Diagnostic],
    summary: Summary,
}

impl Printer {
    /// Prints a report to each target: files first, because a reader of standard output may go away.
    pub fn report(&self, report: &Report, targets: &[ReportTarget]) -> io::Result<()> {
        files(report, targets)?;
        for format in formats(targets) {
            let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
            write(&mut out, report, format, self.stdout.colour)?;
            out.flush()?;
        }
        Ok(())
    }

    /// Prints a report where standard output is taken: to files and to standard error.
    pub fn report_beside(&self, report: &Report, targets: &[ReportTarget]) -> io::Result<()> {
        files(report, targets)?;
        for format in formats(targets) {
            let mut out = BufWriter::new(io::stderr().lock());
            write(&mut out, report, format, self.stderr.colour)?;
            out.flush()?;
        }
        Ok(())
    }

    /// Prints how often each rule was broken, the most frequent first. Files get the whole report.
    pub fn statistics(&self, report: &Report, targets: &[ReportTarget]) -> io::Result<()> {
        files(report, targets)?;
        let mut counts: BTreeMap<Code, (usize, usize)> = BTreeMap::new();
        for diagnostic in &report.diagnostics {
            let (all, fixable) = counts.entry(diagnostic.code).or_default();
            *all += 1;
            *fixable += usize::from(diagnostic.fix.is_some());
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(_, (all, _))| std::cmp::Reverse(*all));
        let row = |&(code, (count, fixable)): &(Code, (usize, usize))| Frequency {
            count,
            code: code.as_str(),
            name: code.name(),
            fixable,
        };
        let frequencies: Vec<Frequency> = counts.iter().map(row).collect();
        let cells = frequencies.iter().map(|row| {
            let (count, fixable) = (row.count.to_string(), row.fixable.to_string());
            vec![count, row.code.to_owned(), row.name.to_owned(), fixable]
        });
        let rows = Rows {
            columns: vec!["count", "code", "name", "fixable"],
            rows: cells.collect(),
            json: serde_json::to_string(&frequencies)?,
        };
        for format in formats(targets) {
            let data = match format {
                ReportFormat::Json | ReportFormat::Jsonl => Some(DataFormat::Json),
                ReportFormat::Human
                | ReportFormat::Concise
                | ReportFormat::Github
                | ReportFormat::Sarif
                | ReportFormat::Junit => None,
            };
            self.rows(&rows, data)?;
        }
        Ok(())
    }

    /// Says how many problems there are, beside the results.
    pub fn summary(&self, report: &Report) {
        let Summary {
            errors,
            warnings,
            infos,
            ..
        } = report.summary();
        let files = count(report.files, "file");
        let parts: Vec<String> = [(errors, "error"), (warnings, "warning"), (infos, "info")]
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, what)| count(number, what))
            .collect();
        if parts.is_empty() {
            self.note(&format!("{files} checked, no problems"));
        } else {
            self.note(&format!("{files} checked, {}", parts.join(", ")));
        }
    }

    /// Says how many problems could be fixed, and how.
    pub fn fixable(&self, report: &Report) {
        let fixes = report.diagnostics.iter().filter_map(|d| d.fix.as_ref());
        let (safe, guesses): (Vec<_>, Vec<_>) =
            fixes.partition(|fix| fix.applicability == Applicability::Safe);
        match (safe.len(), guesses.len()) {
            (0, 0) => {}
            (safe, 0) => self.note(&format!("{safe} can be fixed with --fix")),
            (0, guesses) => self.note(&format!("{guesses} can be fixed with --unsafe-fixes")),
            (safe, guesses) => self.note(&format!(
                "{safe} can be fixed with --fix, {guesses} more with --unsafe-fixes"
            )),
        }
    }
}

/// How often a rule was broken.
#[derive(serde::Serialize)]
struct Frequency {
    count: usize,
    code: &'static str,
    name: &'static str,
    fixable: usize,
}

/// The formats that go to a stream.
fn formats(targets: &[ReportTarget]) -> impl Iterator<Item = ReportFormat> {
    let streams = targets.iter().filter(|target| target.file.is_none());
    streams.map(|target| target.format)
}

/// Writes the formats that go to files.
fn files(report: &Report, targets: &[ReportTarget]) -> io::Result<()> {
    for target in targets {
        let Some(path) = &target.file else { continue };
        let named =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let mut out = BufWriter::new(File::create(path).map_err(named)?);
        write(&mut out, report, target.format, false).map_err(named)?;
        out.flush().map_err(named)?;
    }
    Ok(())
}

fn write(
    out: &mut impl Write,
    report: &Report,
    format: ReportFormat,
    colour: bool,
) -> io::Result<()> {
    match format {
        ReportFormat::Human => {
            let frames = Frames::new(&report.sources, colour, None);
            for diagnostic in &report.diagnostics {
                out.write_all(frames.frame(diagnostic).as_bytes())?;
            }
        }
        ReportFormat::Concise => {
            for diagnostic in &report.diagnostics {
                out.write_all(concise(diagnostic).as_bytes())?;
            }
        }
        ReportFormat::Json => {
            let document = Document {
                version: 1,
                files: report.files,
                diagnostics: &report.diagnostics,
                summary: report.summary(),
            };
            serde_json::to_writer(&mut *out, &document)?;
            out.write_all(b"\n")?;
        }
        ReportFormat::Jsonl => {
            for diagnostic in &report.diagnostics {
                serde_json::to_writer(&mut *out, diagnostic)?;
                out.write_all(b"\n")?;
            }
        }
        ReportFormat::Github => {
            for diagnostic in &report.diagnostics {
                out.write_all(github::command(diagnostic).as_bytes())?;
            }
        }
        ReportFormat::Sarif => {
            serde_json::to_writer(&mut *out, &sarif::log(report))?;
            out.write_all(b"\n")?;
        }
        ReportFormat::Junit => junit::write(out, report)?,
    }
    Ok(())
}

/// A number and what it is of.
pub fn count(number: usize, what: &str) -> String {
    if number == 1 {
        format!("1 {what}")
    } else {
        format!("{number} {what}s")
    }
}
