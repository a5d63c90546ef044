//! M903: an exercise that nothing explains.

use crate::diagnostics::{Code, Findings};

use super::ExerciseContext;

/// M903: no `description`, and no README or statement beside the exercise.
pub(super) fn missing(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    let Some(beside) = context.beside else { return };
    if !context.file.description.is_absent() || beside.names().iter().any(|name| is_statement(name))
    {
        return;
    }
    let message = "nothing says what is to be done";
    let help = "add `description:`, or a README.md or statement.md beside the exercise";
    let place = context.file.span.clone();
    findings.push(findings.at(Code::M903, place, message).help(help));
}

/// Whether a file of that name explains an exercise.
pub(super) fn is_statement(name: &str) -> bool {
    let lower = name.to_lowercase();
    lower.starts_with("readme") || lower.starts_with("statement.")
}
