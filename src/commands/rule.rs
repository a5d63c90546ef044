//! `mithril rule`: what a rule checks and why.

use crate::cli::Rule;
use crate::diagnostics::{Applicability, Code, Severity, nearest};
use crate::lint::rules::doc;
use crate::output::{ExitStatus, Printer, Rows};

pub(super) fn run(args: &Rule, printer: &Printer) -> Result<ExitStatus, anyhow::Error> {
    let Some(text) = &args.code else {
        printer.rows(&list()?, args.format)?;
        return Ok(ExitStatus::Success);
    };
    let by_name = || {
        Code::ALL
            .iter()
            .copied()
            .find(|code| code.name() == text.to_lowercase())
    };
    let Some(code) = Code::parse(text).or_else(by_name) else {
        let known = Code::ALL
            .iter()
            .flat_map(|code| [code.as_str(), code.name()]);
        let hint =
            nearest(text, known).map_or(";".into(), |near| format!(", did you mean {near}?"));
        anyhow::bail!("there is no rule {text}{hint} `mithril rule --all` lists them");
    };
    printer.text(doc(code).text)?;
    Ok(ExitStatus::Success)
}

#[derive(serde::Serialize)]
struct Entry {
    code: &'static str,
    name: &'static str,
    /// Of the main case.
    severity: Severity,
    /// Of all cases.
    severities: &'static [Severity],
    /// Whether it is judged unless something else is selected.
    default: bool,
    fix: Option<Applicability>,
    doc: &'static str,
}

fn list() -> Result<Rows, anyhow::Error> {
    let entries: Vec<Entry> = Code::ALL
        .iter()
        .map(|&code| Entry {
            code: code.as_str(),
            name: code.name(),
            severity: code.severity(),
            severities: code.severities(),
            default: !code.is_optional(),
            fix: code.fix(),
            doc: doc(code).text,
        })
        .collect();
    let row = |entry: &Entry| {
        let severities: Vec<&str> = entry.severities.iter().map(|s| s.as_str()).collect();
        let default = if entry.default { "on" } else { "off" };
        let fix = match entry.fix {
            Some(Applicability::Safe) => "safe",
            Some(Applicability::Unsafe) => "unsafe",
            None => "none",
        };
        let cells = [entry.code, entry.name, &severities.join(", "), default, fix];
        cells.map(str::to_owned).to_vec()
    };
    Ok(Rows {
        columns: vec!["code", "name", "severity", "default", "fix"],
        rows: entries.iter().map(row).collect(),
        json: serde_json::to_string(&entries)?,
    })
}
