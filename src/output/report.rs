//! A report in the formats that people, editors and scripts read.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use crate::cli::{ReportFormat, ReportTarget};
use crate::diagnostics::render::{Frames, concise};
use crate::diagnostics::{Diagnostic, Report, Summary};

use super::Printer;

#[derive(serde::Serialize)]
struct Document<'r> {
    version: u32,
    files: usize,
    diagnostics: &'r [Diagnostic],
    summary: Summary,
}

impl Printer {
    /// Prints a report to each target.
    pub fn report(&self, report: &Report, targets: &[ReportTarget]) -> io::Result<()> {
        for target in targets {
            let Some(path) = &target.file else {
                let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
                write(&mut out, report, target.format, self.stdout.colour)?;
                out.flush()?;
                continue;
            };
            let file = File::create(path).map_err(|error| {
                io::Error::new(error.kind(), format!("{}: {error}", path.display()))
            })?;
            let mut out = BufWriter::new(file);
            write(&mut out, report, target.format, false)?;
            out.flush()?;
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
    }
    Ok(())
}

fn count(number: usize, what: &str) -> String {
    if number == 1 {
        format!("1 {what}")
    } else {
        format!("{number} {what}s")
    }
}
