//! B: which programs commands run, and whether they fit the language.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use crate::diagnostics::yaml::shortened;
use crate::diagnostics::{Applicability, Code, Findings, nearest};
use crate::exercise::{Command, ExerciseKind, Word};

use super::ExerciseContext;
use super::build::{KEYWORDS, danger, is_assignment, runs_what_nothing_builds};

/// Languages whose programs are built before they run.
const COMPILED: [&str; 5] = ["c", "cpp", "rust", "go", "java"];

/// Programs that graders have.
const PROGRAMS: [&str; 23] = [
    "gcc", "cc", "clang", "g++", "clang++", "rustc", "cargo", "go", "javac", "java", "make",
    "python3", "node", "sh", "bash", "grep", "sed", "awk", "diff", "cat", "printf", "echo",
    "valgrind",
];

/// Programs that build, or run, programs of these languages alone.
const LANGUAGES: &[(&str, &[&str])] = &[
    ("gcc", &["c", "cpp"]),
    ("cc", &["c", "cpp"]),
    ("clang", &["c", "cpp"]),
    ("g++", &["cpp"]),
    ("clang++", &["cpp"]),
    ("rustc", &["rust"]),
    ("cargo", &["rust"]),
    ("go", &["go"]),
    ("javac", &["java"]),
    ("python3", &["python"]),
    ("python", &["python"]),
    ("node", &["javascript", "typescript"]),
];

/// The flags that schools ask for.
const SCHOOL_FLAGS: [&str; 3] = ["-Wall", "-Wextra", "-Werror"];

/// B404: a language that is compiled, and no build.
pub(super) fn build_missing(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    let file = context.file;
    let code = file
        .kind
        .as_ref()
        .is_some_and(|kind| kind.value == ExerciseKind::Code);
    let Some(language) = file
        .language
        .as_ref()
        .filter(|_| code && file.build.is_absent())
    else {
        return;
    };
    // Running what nothing builds is said of the run.
    let compiled = COMPILED.contains(&&*language.value);
    if !compiled || runs_what_nothing_builds(context) {
        return;
    }
    let message = format!(
        "programs in {} are built, and there is no build",
        language.value
    );
    let problem = findings.at(Code::B404, language.span.clone(), message);
    findings.push(problem.help("add `build:` with the command that makes `{output}`"));
}

/// B406: programs that a grader may not have.
pub(super) fn not_allowed(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    let own = &context.settings.programs;
    for (text, command) in context.commands() {
        let unknown = unknown_programs(command, own);
        if unknown.is_empty() || danger(text, command).is_some() {
            continue;
        }
        for word in unknown {
            let name = &*word.text;
            let place = text.part(findings.source(), word.range.clone());
            let message = format!("a grader may not have the program `{}`", shortened(name));
            let problem = findings.at(Code::B406, place, message);
            let all = PROGRAMS
                .iter()
                .copied()
                .chain(own.iter().map(String::as_str));
            findings.push(match nearest(name, all) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help("use another, or add it to `lint.programs`"),
            });
        }
    }
}

/// The programs of a command that are neither known nor made by the exercise, each once.
fn unknown_programs<'c>(command: &'c Command, own: &BTreeSet<String>) -> Vec<&'c Word> {
    // Behind what a shell acts on, words are no longer what they seem; that is reported as such.
    let shell = command
        .metacharacters
        .first()
        .map_or(usize::MAX, |range| range.start);
    let mut seen = HashSet::new();
    let words = command.programs.iter().filter_map(|words| first(words));
    words
        .take_while(|word| word.range.start < shell)
        .filter(|word| {
            let name = &*word.text;
            let known = PROGRAMS.contains(&name) || own.contains(name);
            let made = name.starts_with("./") || names_placeholder(command, word);
            !(known || made || name.is_empty()) && seen.insert(name)
        })
        .collect()
}

/// The word that names the program: assignments and words of the shell's grammar stand before it.
fn first(words: &[Word]) -> Option<&Word> {
    let mut words = words.iter();
    words.find(|word| !is_assignment(&word.text) && !KEYWORDS.contains(&&*word.text))
}

fn names_placeholder(command: &Command, word: &Word) -> bool {
    let mut placeholders = command.placeholders.iter();
    placeholders.any(|p| word.range.start <= p.range.start && p.range.end <= word.range.end)
}

/// The compiler of the build: the program that is run first.
fn compiler(command: &Command) -> Option<&Word> {
    command.programs.first().and_then(|words| first(words))
}

/// B408: a build by the compiler of another language.
pub(super) fn compiler_of_another_language(
    context: &ExerciseContext<'_>,
    findings: &mut Findings<'_>,
) {
    let (Some(language), Some((text, command))) =
        (context.file.language.as_ref(), context.build_command())
    else {
        return;
    };
    let Some(word) = compiler(command) else {
        return;
    };
    let name = word.text.rsplit('/').next().unwrap_or_default();
    let languages = LANGUAGES.iter().find(|(program, _)| *program == name);
    let known = LANGUAGES
        .iter()
        .any(|(_, languages)| languages.contains(&&*language.value));
    let Some((_, languages)) = languages.filter(|_| known) else {
        return;
    };
    if languages.contains(&&*language.value) {
        return;
    }
    let source = findings.source();
    let place = text.part(source, word.range.clone());
    let message = format!("`{name}` builds no programs in {}", language.value);
    let problem = findings.at(Code::B408, place, message);
    let label = source.span(language.span.clone());
    let problem = problem.label(Arc::clone(source.path()), label, "the language");
    findings.push(problem.help("mend the language, or build with its compiler"));
}

/// B410, off by default: C built without the flags that schools ask for.
pub(super) fn school_flags(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    let Some((text, command)) = context.build_command() else {
        return;
    };
    let c = context
        .file
        .language
        .as_ref()
        .is_some_and(|language| language.value == "c");
    let Some(words) = command.programs.first().filter(|_| c) else {
        return;
    };
    let Some(word) = first(words).filter(|word| matches!(&*word.text, "gcc" | "cc" | "clang"))
    else {
        return;
    };
    let missing: Vec<&str> = SCHOOL_FLAGS
        .into_iter()
        .filter(|flag| !words.iter().any(|word| word.text == *flag))
        .collect();
    if missing.is_empty() {
        return;
    }
    let source = findings.source();
    let flags = missing.join(" ");
    let place = text.part(source, word.range.clone());
    let exact = source.text().get(place.clone()) == Some(&*word.text);
    let message = format!("the build does without {flags}");
    let problem = findings.at(Code::B410, place.clone(), message);
    let problem = problem.help(format!("write `{} {flags}`", word.text));
    findings.push(if exact {
        let span = source.span(place.end..place.end);
        problem.fix(Applicability::Safe, "add them", span, format!(" {flags}"))
    } else {
        problem
    });
}
