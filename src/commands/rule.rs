//! `mithril rule`: what a rule checks and why.

use crate::cli::Rule;
use crate::diagnostics::{Code, nearest};
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
    severity: &'static str,
    doc: &'static str,
}

fn list() -> Result<Rows, anyhow::Error> {
    let entries: Vec<Entry> = Code::ALL
        .iter()
        .map(|&code| Entry {
            code: code.as_str(),
            name: code.name(),
            severity: code.severity().as_str(),
            doc: doc(code).text,
        })
        .collect();
    Ok(Rows {
        columns: vec!["code", "name", "severity"],
        rows: entries
            .iter()
            .map(|e| vec![e.code.to_owned(), e.name.to_owned(), e.severity.to_owned()])
            .collect(),
        json: serde_json::to_string(&entries)?,
    })
}
