//! The XML of `JUnit`, which build servers show as tests: a suite for each file with problems, a failed
//! test for each problem, and one test that passed where there is none.

use std::io::{self, Write};

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use crate::diagnostics::render::concise;
use crate::diagnostics::{Diagnostic, Report};

/// Writes the report.
pub(super) fn write(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let mut document = quick_junit::Report::new(env!("CARGO_PKG_NAME"));
    if report.diagnostics.is_empty() {
        let mut suite = TestSuite::new(env!("CARGO_PKG_NAME"));
        suite.add_test_case(TestCase::new("no problems", TestCaseStatus::success()));
        document.add_test_suite(suite);
    }
    // The problems are sorted by path.
    for problems in report.diagnostics.chunk_by(|a, b| a.path == b.path) {
        let mut suite = TestSuite::new(&*problems[0].path);
        suite.add_test_cases(problems.iter().map(test));
        document.add_test_suite(suite);
    }
    document.serialize(out).map_err(io::Error::other)
}

fn test(diagnostic: &Diagnostic) -> TestCase {
    let Diagnostic {
        code,
        message,
        path,
        span,
        help,
        severity,
        ..
    } = diagnostic;
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_message(message.as_str());
    status.set_type(severity.as_str());
    let help = help
        .as_ref()
        .map_or(String::new(), |help| format!("help: {help}\n"));
    status.set_description(concise(diagnostic) + &help);
    let (line, column) = (span.start.line, span.start.column);
    let mut case = TestCase::new(format!("{code} {} at {line}:{column}", code.name()), status);
    case.set_classname(path.to_string());
    case.extra.insert("line".into(), line.to_string().into());
    case.extra
        .insert("column".into(), column.to_string().into());
    case
}
