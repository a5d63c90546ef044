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

/// What makes `lint` fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Errors.
    Error,
    /// Warnings and errors.
    Warning,
    /// Anything.
    Info,
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
    /// Commands that GitHub shows beside the lines of a pull request.
    Github,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// A test report as build servers read it.
    Junit,
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
            // As a path is named elsewhere.
            Some((name, "-")) => (name, None),
            Some((name, file)) => (name, Some(PathBuf::from(file))),
            None => (text, None),
        };
        let format = match name {
            "human" => ReportFormat::Human,
            "concise" => ReportFormat::Concise,
            "json" => ReportFormat::Json,
            "jsonl" => ReportFormat::Jsonl,
            "github" => ReportFormat::Github,
            "sarif" => ReportFormat::Sarif,
            "junit" => ReportFormat::Junit,
            _ => {
                let names = "human, concise, json, jsonl, github, sarif, junit";
                return Err(format!("possible are {names}"));
            }
        };
        Ok(Self { format, file })
    }
}
