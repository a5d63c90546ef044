//! I: names that travel as NATS subjects, Redis keys and URLs. What needs the whole tree is judged
//! in `lint::across`.

use crate::diagnostics::{Applicability, Code, Findings};
use crate::exercise::Text;
use crate::ids::{IdError, check_content_id};

use super::{ExerciseContext, PoolContext};

/// Names that are words of the protocol's subjects.
const RESERVED: [&str; 5] = ["pool", "get", "launch", "updated", "connect"];

/// I201 and I206 of an exercise's id.
pub(super) fn exercise_id(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    id(context.file.id.as_ref(), "id", findings);
}

/// I201 and I206 of a pool's slug.
pub(super) fn pool_slug(context: &PoolContext<'_>, findings: &mut Findings<'_>) {
    id(context.file.slug.as_ref(), "slug", findings);
}

fn id(text: Option<&Text>, key: &str, findings: &mut Findings<'_>) {
    let Some(text) = text else { return };
    if RESERVED.contains(&&*text.value) {
        let message = format!(
            "`{}` is a word of the protocol, it can't be an id",
            text.value
        );
        let help = "choose another, such as one that begins with the name of its topic";
        findings.push(
            findings
                .at(Code::I206, text.span.clone(), message)
                .help(help),
        );
        return;
    }
    let (character, message) = match check_content_id(&text.value) {
        // Nothing written and too long are said by other rules.
        Ok(()) | Err(IdError::Empty | IdError::TooLong { .. }) => return,
        Err(IdError::FirstCharacter { character }) => (
            character,
            format!("`{key}` must begin with a letter or a digit"),
        ),
        Err(IdError::Character { character, .. }) => (
            character,
            format!("`{key}` can't hold {character:?}: {}", breaks(character)),
        ),
    };
    let mut problem = findings.at(Code::I201, text.span.clone(), message);
    problem = problem.help("use letters, digits, `-` and `_`, at most 64 of them");
    let mended = mended(&text.value);
    if check_content_id(&mended).is_ok() && character != '\n' {
        let span = findings.source().span(text.span.clone());
        let quoted = format!("\"{mended}\"");
        problem = problem.fix(
            Applicability::Unsafe,
            format!("rename it to {quoted}"),
            span,
            quoted,
        );
    }
    findings.push(problem);
}

/// What a character would do where the id is used.
fn breaks(character: char) -> &'static str {
    match character {
        '.' => "it would split a NATS subject",
        '*' | '>' => "it is a wildcard in a NATS subject",
        ':' => "it would split a Redis key",
        '{' | '}' => "it is a hash tag in a Redis key",
        '/' | '\\' => "it would split a URL or a path",
        '?' | '#' | '%' | '&' | '+' => "it has a meaning in a URL",
        c if c.is_whitespace() => "a NATS subject has no white space",
        c if c.is_control() => "it is a control character",
        _ => "it would be escaped in a URL",
    }
}

fn mended(text: &str) -> String {
    let replaced = text
        .trim()
        .replace(|c: char| !c.is_ascii_alphanumeric() && c != '_', "-");
    replaced.trim_matches('-').to_owned()
}
