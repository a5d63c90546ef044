//! SARIF 2.1.0 (OASIS), which code scanning reads: one run, the rules that were broken, and a result
//! for each problem. Columns count characters, as everywhere. A result is made when it is written: those of
//! a large report never stand in memory together.

use std::fmt::Write as _;

use serde::ser::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::diagnostics::{Code, Diagnostic, Edit, Fix, Report, Severity, Span};
use crate::lint::rules::doc;

/// The schema of a log.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

#[derive(serde::Serialize)]
struct Log<'r> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'r>; 1],
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'r> {
    tool: Value,
    column_kind: &'static str,
    results: Results<'r>,
}

struct Results<'r> {
    diagnostics: &'r [Diagnostic],
    codes: Vec<Code>,
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.diagnostics.iter().map(|d| result(d, &self.codes)))
    }
}

/// A log of one run.
pub(super) fn log(report: &Report) -> impl Serialize {
    let mut codes: Vec<Code> = report.diagnostics.iter().map(|d| d.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<Value> = codes.iter().map(|&code| rule(code)).collect();
    let tool = json!({"driver": {
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": rules,
    }});
    let results = Results {
        diagnostics: &report.diagnostics,
        codes,
    };
    Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool,
            column_kind: "unicodeCodePoints",
            results,
        }],
    }
}

fn rule(code: Code) -> Value {
    let doc = doc(code);
    json!({
        "id": code.as_str(),
        "name": pascal(code.name()),
        "shortDescription": {"text": code.name()},
        "fullDescription": {"text": doc.what},
        "help": {"text": doc.how_to_fix, "markdown": doc.text},
        "defaultConfiguration": {"level": level(code.severity())},
    })
}

/// A name as SARIF has it: `TimeoutBounds`.
fn pascal(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at(1.min(word.len()));
        first.to_uppercase() + rest
    });
    words.collect()
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn result(diagnostic: &Diagnostic, codes: &[Code]) -> Value {
    let message = match &diagnostic.help {
        Some(help) => format!("{}: {help}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let mut result = json!({
        "ruleId": diagnostic.code.as_str(),
        "ruleIndex": codes.binary_search(&diagnostic.code).unwrap_or_default(),
        "level": level(diagnostic.severity),
        "message": {"text": message},
        "locations": [{"physicalLocation": place(&diagnostic.path, diagnostic.span)}],
    });
    let related = diagnostic.labels.iter().enumerate().map(|(id, label)| {
        json!({
            "id": id,
            "message": {"text": label.message},
            "physicalLocation": place(&label.path, label.span),
        })
    });
    let related: Vec<Value> = related.collect();
    if !related.is_empty() {
        result["relatedLocations"] = related.into();
    }
    let fix = diagnostic.fix.as_ref().filter(|fix| !fix.edits.is_empty());
    if let Some(fix) = fix {
        result["fixes"] = json!([self::fix(fix, &diagnostic.path)]);
    }
    result
}

fn fix(fix: &Fix, path: &str) -> Value {
    let replacement = |edit: &Edit| {
        json!({
            "deletedRegion": region(edit.span),
            "insertedContent": {"text": edit.content},
        })
    };
    let replacements: Vec<Value> = fix.edits.iter().map(replacement).collect();
    json!({
        "description": {"text": fix.message},
        "artifactChanges": [{
            "artifactLocation": {"uri": uri(path)},
            "replacements": replacements,
        }],
    })
}

fn place(path: &str, span: Span) -> Value {
    json!({
        "artifactLocation": {"uri": uri(path)},
        "region": region(span),
    })
}

fn region(Span { start, end }: Span) -> Value {
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

/// A path as a URI reference (RFC 3986).
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}
