//! F305: files beside an exercise that nothing names.

use std::path::Path;

use ignore::gitignore::GitignoreBuilder;

use crate::diagnostics::{Code, Findings};

use super::super::walk::{EXERCISE_FILE, POOL_FILE, is_leftover};
use super::ExerciseContext;
use super::files::Beside;
use super::statement::is_statement;

/// Directories whose files need no name in the exercise.
const FREE: [&str; 3] = ["solution", "starter", "assets"];
/// How many directories within each other are looked into.
const DEEP: usize = 8;
/// How many files beside an exercise are looked at.
const MANY: usize = 10_000;

/// F305: files that are neither a test's, nor a word of a command, nor linked to in the description.
pub(super) fn orphans(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    let Some(beside) = context.beside else { return };
    // The directory of a file of another name is not the exercise's alone.
    if !beside.file.ends_with(EXERCISE_FILE) {
        return;
    }
    let mut files = Vec::new();
    collect(beside, "", 0, &mut files);
    let allowed = &context.settings.allow_files;
    files.retain(|path| !allowed.matches(path));
    let tests = context.file.tests().iter();
    let named = tests.flat_map(|test| [test.input.as_ref(), test.expected_output.as_ref()]);
    let named: Vec<&str> = named.flatten().map(|text| plain(&text.value)).collect();
    files.retain(|path| !named.contains(&&**path));
    if files.is_empty() {
        return;
    }
    let commands = context.commands().map(|(text, _)| &*text.value);
    let description = context.file.description.as_ref().map(|text| &*text.value);
    let mentioning: Vec<&str> = commands.chain(description).collect();
    files.retain(|path| !mentioning.iter().any(|text| mentions(text, path)));
    files.retain(|path| !is_ignored(beside, path));
    files.sort();
    for path in files {
        let message = format!("nothing names the file `{path}`");
        let help = "remove it, or name it in a test, a command or `lint.allow_files`";
        let place = context.file.span.clone();
        findings.push(findings.at(Code::F305, place, message).help(help));
    }
}

/// A path as a directory's listing has it.
fn plain(path: &str) -> &str {
    path.trim_start_matches("./")
}

/// The files below the exercise's directory that need a name.
fn collect(beside: &Beside, below: &str, depth: usize, files: &mut Vec<String>) {
    if depth > DEEP {
        return;
    }
    let directory = beside.directory.join(below);
    let Ok(entries) = directory.read_dir() else {
        return;
    };
    let mut directories = Vec::new();
    let mut own = Vec::new();
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let is_content = [EXERCISE_FILE, POOL_FILE].contains(&&*name);
        if is_content && depth > 0 {
            // Another exercise's directory is its own affair.
            return;
        }
        if name.starts_with('.') || is_leftover(&name) || is_content {
            continue;
        }
        let path = if below.is_empty() {
            name.clone()
        } else {
            format!("{below}/{name}")
        };
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if depth > 0 || !FREE.contains(&&*name) {
                directories.push(path);
            }
        } else if !is_statement(&name) && name != "Makefile" {
            own.push(path);
        }
    }
    files.extend(own.into_iter().filter(|path| !is_near_miss(path)));
    for path in directories {
        if files.len() > MANY {
            return;
        }
        collect(beside, &path, depth + 1, files);
    }
}

/// Whether another rule says of the file that it is probably an exercise or a pool.
fn is_near_miss(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default().to_lowercase();
    let stem = name
        .strip_suffix(".yaml")
        .or_else(|| name.strip_suffix(".yml"));
    matches!(stem, Some("exercise" | "pool"))
}

/// Whether a text names a file: by its path, by its name, or by a directory above it as a whole.
fn mentions(text: &str, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    if word(text, path, &["/"]) || word(text, name, &["/"]) {
        return true;
    }
    let mut above = path;
    while let Some((directory, _)) = above.rsplit_once('/') {
        let whole = |rest: &str| {
            let rest = rest.strip_prefix('/').unwrap_or(rest);
            !rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '/'))
        };
        let mut found = text.match_indices(directory);
        if found.any(|(at, _)| {
            begins(text, at, &["/", "-I", "-L"]) && whole(&text[at + directory.len()..])
        }) {
            return true;
        }
        above = directory;
    }
    false
}

/// Whether a word, or a part of one behind such a beginning, stands in the text.
fn word(text: &str, word: &str, beginnings: &[&str]) -> bool {
    let ends = |rest: &str| {
        let dot = rest.strip_prefix('.').unwrap_or(rest);
        !rest.starts_with(is_part) && !dot.starts_with(char::is_alphanumeric)
    };
    let mut found = text.match_indices(word);
    found.any(|(at, _)| begins(text, at, beginnings) && ends(&text[at + word.len()..]))
}

fn begins(text: &str, at: usize, beginnings: &[&str]) -> bool {
    let before = &text[..at];
    !before.ends_with(|c| is_part(c) || c == '.') || beginnings.iter().any(|b| before.ends_with(b))
}

fn is_part(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-')
}

/// Whether a `.gitignore` in or above the exercise's directory rules the file out: what git does not
/// keep is not published.
fn is_ignored(beside: &Beside, path: &str) -> bool {
    let Ok(directory) = beside.directory.canonicalize() else {
        return false;
    };
    let file = directory.join(path);
    for above in file.ancestors().skip(1) {
        let rules = above.join(".gitignore");
        if rules.is_file()
            && let Some(ignored) = ruled_out(above, &rules, &directory, &file)
        {
            return ignored;
        }
        if above.join(".git").exists() {
            break;
        }
    }
    false
}

/// What one `.gitignore` says of a file, if it says anything of it and not of the exercise itself.
fn ruled_out(above: &Path, rules: &Path, directory: &Path, file: &Path) -> Option<bool> {
    let mut builder = GitignoreBuilder::new(above);
    // A file that can't be read rules nothing out.
    let _ = builder.add(rules);
    let rules = builder.build().ok()?;
    // The user named the exercise, or a directory around it, all the same.
    let whole = directory.starts_with(above)
        && directory != above
        && rules
            .matched_path_or_any_parents(directory, true)
            .is_ignore();
    let found = rules.matched_path_or_any_parents(file, false);
    match (whole || found.is_none(), found.is_ignore()) {
        (true, _) => None,
        (false, ignored) => Some(ignored),
    }
}

#[cfg(test)]
mod tests {
    use super::mentions;

    #[test]
    fn a_text_names_a_file_by_path_name_or_directory() {
        for text in [
            "gcc tests/main.c -o x",
            "python3 ./tests/main.c {submission}",
            "cd tests && gcc main.c",
            "sh -c 'cat tests/main.c'",
            "x <tests/main.c",
            "x --file=tests/main.c",
            "gcc -Itests x.c",
            "gcc -I tests x.c",
            "cat tests/*.c",
            "ls tests/",
            "see [this](tests/main.c).",
            "a file called main.c, that",
        ] {
            assert!(mentions(text, "tests/main.c"), "{text}");
        }
        for text in [
            "gcc tests/main.cpp",
            "gcc tests/amain.c",
            "cat tests/other.c",
            "cat tests/main.c.orig",
            "my-tests x",
            "",
        ] {
            assert!(!mentions(text, "tests/main.c"), "{text}");
        }
    }
}
