//! B: commands, their placeholders, and what a shell would make of them.

use std::ops::Range;

use crate::diagnostics::{Applicability, Code, Findings, Severity, nearest};
use crate::exercise::{Command, PLACEHOLDERS, Text, Word};

use super::ExerciseContext;

/// Programs that have no place in an exercise's command.
const DANGEROUS: [&str; 5] = ["sudo", "curl", "wget", "ssh", "docker"];
/// Programs that run the program in their arguments, and their options, of one letter and long, that
/// take the next word.
const WRAPPERS: [(&str, &str, &[&str]); 12] = [
    ("env", "uC", &["--unset", "--chdir"]),
    ("exec", "a", &[]),
    ("command", "", &[]),
    ("builtin", "", &[]),
    ("nohup", "", &[]),
    ("setsid", "", &[]),
    ("time", "fo", &["--format", "--output"]),
    (
        "xargs",
        "adEILnPs",
        &["--max-args", "--max-procs", "--arg-file"],
    ),
    ("nice", "n", &["--adjustment"]),
    ("timeout", "sk", &["--signal", "--kill-after"]),
    ("stdbuf", "ioe", &["--input", "--output", "--error"]),
    ("ionice", "cn", &["--class", "--classdata"]),
];
/// Words of the shell's grammar behind which a program stands.
pub(super) const KEYWORDS: [&str; 10] = [
    "!", "{", "if", "then", "elif", "else", "while", "until", "do", "coproc",
];
/// Programs that read a command from the word behind `-c`.
const SHELLS: [&str; 6] = ["sh", "bash", "dash", "ash", "ksh", "zsh"];
/// How many shells within each other are looked into.
const DEEP: usize = 4;

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
    if !runs_what_nothing_builds(context) {
        return;
    }
    let source = findings.source();
    let mut problem = None;
    for (text, command) in context.run_commands() {
        let mut placeholders = command.placeholders.iter();
        let Some(used) = placeholders.find(|p| p.closed && p.name == "output") else {
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

/// Whether B403 is reported.
pub(super) fn runs_what_nothing_builds(context: &ExerciseContext<'_>) -> bool {
    let mut runs = context.run_commands();
    context.file.build.is_absent() && runs.any(|(_, run)| run.uses("output"))
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

pub(super) fn danger(text: &Text, command: &Command) -> Option<(Range<usize>, String)> {
    let squeezed = || text.value.split_whitespace().collect::<String>();
    if text.value.contains('|') && squeezed().contains(":(){:|:&};:") {
        return Some((0..text.value.len(), "this is a fork bomb".into()));
    }
    dangerous(command, 0)
}

fn dangerous(command: &Command, depth: usize) -> Option<(Range<usize>, String)> {
    command.programs.iter().find_map(|words| {
        let words = program(words);
        let word = words.first()?;
        let name = base(&word.text);
        if DANGEROUS.contains(&name) {
            return Some((
                word.range.clone(),
                format!("a command may not run `{name}`"),
            ));
        }
        let end = words.last()?.range.end;
        if name == "rm" && removes_everything(&words[1..]) {
            return Some((word.range.start..end, "this removes every file".into()));
        }
        let inner = script(name, &words[1..]).filter(|_| depth < DEEP)?;
        let (_, message) = dangerous(&Command::parse(&inner.text), depth + 1)?;
        Some((inner.range, message))
    })
}

/// The command that a shell is given as a word of its own.
fn script(name: &str, arguments: &[Word]) -> Option<Word> {
    if name == "eval" {
        let texts: Vec<&str> = arguments.iter().map(|word| &*word.text).collect();
        let range = arguments.first()?.range.start..arguments.last()?.range.end;
        let text = texts.join(" ");
        return Some(Word { text, range });
    }
    if !SHELLS.contains(&name) {
        return None;
    }
    let is_c = |word: &Word| {
        let letters = word.text.strip_prefix('-').unwrap_or_default();
        !letters.starts_with('-') && letters.contains('c')
    };
    let behind = arguments.iter().skip_while(|word| !is_c(word));
    let mut behind = behind.skip_while(|word| word.text.starts_with('-'));
    behind.next().cloned()
}

fn base(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or_default()
}

/// The words from the program on: assignments, the shell's own words, and wrappers with their options
/// are passed over.
fn program(words: &[Word]) -> &[Word] {
    let mut rest = words;
    let mut wrapper: Option<&(&str, &str, &[&str])> = None;
    while let Some(word) = rest.first() {
        let text = &*word.text;
        let assignment = is_assignment(text);
        let known = WRAPPERS.iter().find(|(name, ..)| *name == base(text));
        let mut passed = 1;
        if let Some((_, letters, long)) = wrapper.filter(|_| text.starts_with('-')) {
            let letter = text.strip_prefix('-').filter(|rest| rest.len() == 1);
            let takes = letter.is_some_and(|letter| str::contains(letters, letter));
            passed += usize::from(takes || long.contains(&text));
        } else if known.is_some() {
            wrapper = known;
        } else {
            let number = wrapper.is_some() && text.starts_with(|c: char| c.is_ascii_digit());
            let keyword = wrapper.is_none() && KEYWORDS.contains(&text);
            if !(assignment || number || keyword) {
                break;
            }
        }
        rest = rest.get(passed..).unwrap_or_default();
    }
    rest
}

/// Whether a word before a program sets a variable for it.
pub(super) fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
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
        let Some(below) = word.text.strip_prefix('/') else {
            return false;
        };
        let mut depth = 0_usize;
        for name in below.split('/') {
            match name {
                "" | "." => {}
                ".." => depth = depth.saturating_sub(1),
                stars if stars.bytes().all(|b| b == b'*') => {}
                _ => depth += 1,
            }
        }
        depth == 0
    };
    recursive && arguments.iter().any(root)
}
