//! F306 and F308: what the files of expected outputs hold.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use crate::diagnostics::yaml::shortened;
use crate::diagnostics::{Applicability, Code, Findings, Severity, Source};
use crate::exercise::Text;

use super::super::walk::shown;
use super::files::Beside;
use super::{EXPECTED, ExerciseContext};

/// F306: an expected output of nothing. F308: one with line breaks that programs rarely print.
pub(super) fn expected_outputs(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    let Some(beside) = context.beside else { return };
    let mut judged = HashSet::new();
    for (index, test) in context.file.tests().iter().enumerate() {
        let Some(text) = test.expected_output.as_ref() else {
            continue;
        };
        let Some(bytes) = context.fixture(index, EXPECTED) else {
            continue;
        };
        let said = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
        if said.iter().all(u8::is_ascii_whitespace) {
            empty(text, said.len(), findings);
        } else if judged.insert(&*text.value) {
            endings(context, beside, text, &bytes, findings);
        }
    }
}

fn empty(text: &Text, length: usize, findings: &mut Findings<'_>) {
    let what = if length == 0 {
        "is empty"
    } else {
        "holds only white space"
    };
    let message = format!("the expected output `{}` {what}", shortened(&text.value));
    let help = "fill it in, or leave `expected_output` out where nothing is to be printed";
    let problem = findings.at(Code::F306, text.span.clone(), message);
    findings.push(problem.help(help));
}

/// F308. It is reported in the file itself, which is the one to edit.
fn endings(
    context: &ExerciseContext<'_>,
    beside: &Beside,
    text: &Text,
    bytes: &[u8],
    findings: &mut Findings<'_>,
) {
    let whole = context.settings.selection.asks_for(Code::F308);
    let returns = bytes.contains(&b'\r');
    let open = whole && bytes.last() != Some(&b'\n');
    // What is no text has no lines.
    if !returns && !open || bytes.contains(&0) || std::str::from_utf8(bytes).is_err() {
        return;
    }
    let path = shown(&beside.directory.join(Path::new(&text.value)));
    let source = Source::new(path, bytes.to_vec());
    let own = Findings::new(&source);
    let (here, named) = (findings.source(), findings.source().span(text.span.clone()));
    let label = |problem: crate::diagnostics::Diagnostic| {
        problem.label(Arc::clone(here.path()), named, "expected here")
    };
    let text = source.text();
    if let Some(first) = text.find('\r') {
        let pair = |at: usize| text[at..].starts_with("\r\n");
        let message = if pair(first) {
            "the expected lines end with CR LF, which programs rarely print"
        } else {
            "a lone CR in an expected output"
        };
        let problem = label(own.at(Code::F308, first..first + 1, message));
        let returns = text.match_indices('\r').map(|(at, _)| at);
        let edits = returns.map(|at| own.edit(at..at + 1, if pair(at) { "" } else { "\n" }));
        let edits = edits.collect();
        let problem = problem.help("end the lines with LF, unless the program is to print CR");
        findings.push(problem.edits(Applicability::Unsafe, "end lines with LF", edits));
    }
    if open {
        let end = text.len();
        let message = "the last expected line has no end";
        let problem = label(own.at(Code::F308, end..end, message)).severity(Severity::Info);
        let problem = problem.help("end it with a line break, if the program prints one");
        let span = source.span(end..end);
        findings.push(problem.fix(Applicability::Unsafe, "end the last line", span, "\n"));
    }
}
