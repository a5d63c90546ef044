//! B: commands, their placeholders, and what a shell would make of them.

use std::ops::Range;

use crate::diagnostics::{Applicability, Code, Findings, Severity, nearest};
use crate::exercise::{Command, PLACEHOLDERS, Text, Word};

use super::ExerciseContext;

/// Programs that have no place in an exercise's command.
const DANGEROUS: [&str; 5] = ["sudo", "curl", "wget", "ssh", "docker"];
/// Programs that run the program in their arguments.
const WRAPPERS: [&str; 8] = [
    "env", "exec", "command", "nohup", "time", "xargs", "nice", "timeout",
];

/// B401: placeholders that nothing fills in, or that are not closed.
pub(super) fn placeholders(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    for (text, command) in context.commands() {
        for placeholder in &command.placeholders {
            let name = &*placeholder.name;
            if placeholder.closed && PLACEHOLDERS.contains(&name) {
                continue;
            }
            let place = text.part(findings.source(), placeholder.range.clone());
            let exact = place.len() == placeholder.range.len();
            let span = findings.source().span(place.clone());
            let problem = if placeholder.closed {
                let message = format!("nothing fills in `{{{name}}}`");
                let problem = findings.at(Code::B401, place, message);
                match nearest(name, PLACEHOLDERS) {
                    Some(near) => {
                        let problem = problem.help(format!("did you mean `{{{near}}}`?"));
                        let message = format!("write `{{{near}}}`");
                        let near = format!("{{{near}}}");
                        if exact {
                            problem.fix(Applicability::Unsafe, message, span, near)
                        } else {
                            problem
                        }
                    }
                    None => problem.help(format!(
                        "write `{{submission}}` or `{{output}}`, or `{{ {name} }}` if the program is \
                         to see braces"
                    )),
                }
            } else {
                let message = format!("`{{{name}` is not closed");
                findings
                    .at(Code::B401, place, message)
                    .help(format!("write `{{{name}}}`"))
            };
            findings.push(problem);
        }
    }
}

/// B402: a build that does not take the submission, or does not make the program that runs need.
pub(super) fn missing_placeholders(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    let Some((text, command)) = context.build_command() else {
        return;
    };
    if !command.uses("submission") {
        let message = "the build does not use `{submission}`, so it builds something else";
        let help = "name the file that was handed in: `gcc {submission} -o {output}`";
        findings.push(
            findings
                .at(Code::B402, text.span.clone(), message)
                .help(help),
        );
        return;
    }
    let mut runs = context.run_commands();
    if let Some((run, _)) = runs.find(|(_, run)| run.uses("output"))
        && !command.uses("output")
    {
        let message = "the build does not make `{output}`, which the tests run";
        let label = findings.source().span(run.span.clone());
        let path = std::sync::Arc::clone(findings.source().path());
        let problem = findings.at(Code::B402, text.span.clone(), message);
        let problem = problem.label(path, label, "used here");
        findings.push(problem.help("name the program to make: `gcc {submission} -o {output}`"));
    }
}

/// B403, once an exercise: tests run a program that nothing builds.
pub(super) fn output_without_build(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    if !context.file.build.is_absent() {
        return;
    }
    let source = findings.source();
    let mut problem = None;
    for (text, command) in context.run_commands() {
        let Some(used) = command
            .placeholders
            .iter()
            .find(|p| p.closed && p.name == "output")
        else {
            continue;
        };
        let place = text.part(source, used.range.clone());
        problem = Some(match problem.take() {
            None => findings
                .at(
                    Code::B403,
                    place,
                    "`{output}` is run, but nothing builds it",
                )
                .help("add `build:` with the command that makes it, or run `{submission}`"),
            Some(problem) => {
                let path = std::sync::Arc::clone(source.path());
                crate::diagnostics::Diagnostic::label(problem, path, source.span(place), "and here")
            }
        });
    }
    if let Some(problem) = problem {
        findings.push(problem);
    }
}

/// B405: what a shell would act on; an error where a submission's path is inside.
pub(super) fn shell(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    for (text, command) in context.commands() {
        if command.metacharacters.is_empty() || danger(text, command).is_some() {
            continue;
        }
        if let Some(inside) = command.placeholders.iter().find(|p| p.substituted) {
            let place = text.part(findings.source(), inside.range.clone());
            let message = format!("`{{{}}}` stands inside of a substitution", inside.name);
            let help = "run the program directly, or put a script beside the exercise";
            let problem = findings.at(Code::B405, place, message);
            findings.push(problem.severity(Severity::Error).help(help));
            continue;
        }
        if let Some(first) = command.metacharacters.first() {
            let shown = text.value.get(first.clone()).unwrap_or_default();
            let place = text.part(findings.source(), first.clone());
            let message = match shown {
                "\n" => "the command has a second line".to_owned(),
                _ => format!("`{shown}` is for a shell, a grader runs one program or one pipe"),
            };
            let help = "put it into a script beside the exercise, or in quotes";
            let problem = findings
                .at(Code::B405, place, message)
                .severity(Severity::Warning);
            findings.push(problem.help(help));
        }
    }
}

/// B407: programs that reach out of the grader or destroy it.
pub(super) fn dangerous_programs(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    for (text, command) in context.commands() {
        if let Some((range, message)) = danger(text, command) {
            let place = text.part(findings.source(), range);
            let help = "a test may only read its input and run what was handed in";
            findings.push(findings.at(Code::B407, place, message).help(help));
        }
    }
}

fn danger(text: &Text, command: &Command) -> Option<(Range<usize>, String)> {
    let squeezed = || text.value.split_whitespace().collect::<String>();
    if text.value.contains('{') && squeezed().contains(":(){:|:&};:") {
        return Some((0..text.value.len(), "this is a fork bomb".into()));
    }
    command.programs.iter().find_map(|words| {
        let words = program(words);
        let word = words.first()?;
        let name = word.text.rsplit('/').next().unwrap_or_default();
        if DANGEROUS.contains(&name) {
            return Some((
                word.range.clone(),
                format!("a command may not run `{name}`"),
            ));
        }
        let end = words.last()?.range.end;
        (name == "rm" && removes_everything(&words[1..]))
            .then(|| (word.range.start..end, "this removes every file".into()))
    })
}

/// The words from the program on: assignments and wrappers with their options are passed over.
fn program(words: &[Word]) -> &[Word] {
    let mut rest = words;
    while let Some(word) = rest.first() {
        let name = word.text.rsplit('/').next().unwrap_or_default();
        let assignment = word.text.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        });
        let wrapped = rest.len() < words.len()
            && (word.text.starts_with('-') || word.text.starts_with(|c: char| c.is_ascii_digit()));
        if !(assignment || wrapped || WRAPPERS.contains(&name)) {
            break;
        }
        rest = &rest[1..];
    }
    rest
}

fn removes_everything(arguments: &[Word]) -> bool {
    let recursive = arguments
        .iter()
        .any(|word| match word.text.strip_prefix('-') {
            Some(long) if long.starts_with('-') => long == "-recursive",
            Some(short) => short.contains(['r', 'R']),
            None => false,
        });
    let root = |word: &Word| {
        let target = word.text.trim_end_matches('*').trim_end_matches('.');
        !target.is_empty() && target.bytes().all(|b| b == b'/')
    };
    recursive && arguments.iter().any(root)
}
