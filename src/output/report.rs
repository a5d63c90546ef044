//! A report in the formats that people, editors and scripts read.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::str::FromStr;

use crate::diagnostics::render::{Frames, concise};
use crate::diagnostics::{Diagnostic, Report, Summary};

use super::{Printer, quiet_pipe};

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportFormat {
    /// A frame of the source for each problem.
    Human,
    /// A line for each problem.
    Concise,
    /// One JSON object.
    Json,
    /// A JSON object a line for each problem.
    Jsonl,
}

/// A format and the file that it goes to; standard output where there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportTarget {
    /// The format.
    pub format: ReportFormat,
    /// The file.
    pub file: Option<PathBuf>,
}

impl FromStr for ReportTarget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, file) = match text.split_once('=') {
            Some((_, "")) => return Err("a file is missing behind the `=`".into()),
            Some((name, file)) => (name, Some(PathBuf::from(file))),
            None => (text, None),
        };
        let format = match name {
            "human" => ReportFormat::Human,
            "concise" => ReportFormat::Concise,
            "json" => ReportFormat::Json,
            "jsonl" => ReportFormat::Jsonl,
            _ => return Err("possible are human, concise, json, jsonl".into()),
        };
        Ok(Self { format, file })
    }
}

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
                let written = write(&mut out, report, target.format, self.stdout.colour);
                quiet_pipe(written.and_then(|()| out.flush()))?;
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
