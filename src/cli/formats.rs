//! The formats and modes that options name.

use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DataFormat {
    /// For people.
    Table,
    /// JSON.
    Json,
    /// A line each, values between tabs.
    Tsv,
}

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
