//! S: what the decoder does not see on its way: lengths.

use crate::diagnostics::{Code, Findings};
use crate::exercise::Text;
use crate::ids::MAX_CONTENT_ID;

use super::{ExerciseContext, PoolContext};

/// The longest title, in characters.
const MAX_TITLE: usize = 255;
/// The longest name of a test, in characters.
const MAX_TEST_NAME: usize = 120;

/// S107 of an exercise: title, id, names of tests.
pub(super) fn exercise_lengths(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    length(context.file.id.as_ref(), "id", MAX_CONTENT_ID, findings);
    length(context.file.title.as_ref(), "title", MAX_TITLE, findings);
    for test in context.file.tests() {
        length(test.name.as_ref(), "name", MAX_TEST_NAME, findings);
    }
}

/// S107 of a pool: slug and name.
pub(super) fn pool_lengths(context: &PoolContext<'_>, findings: &mut Findings<'_>) {
    length(context.file.slug.as_ref(), "slug", MAX_CONTENT_ID, findings);
    length(context.file.name.as_ref(), "name", MAX_TITLE, findings);
}

fn length(text: Option<&Text>, key: &str, limit: usize, findings: &mut Findings<'_>) {
    // A byte count within the limit spares most texts the count of characters.
    let Some(text) = text.filter(|text| text.value.len() > limit) else {
        return;
    };
    let characters = text.value.chars().count();
    if characters > limit {
        let message = format!("`{key}` has {characters} characters, at most {limit} are allowed");
        findings.push(
            findings
                .at(Code::S107, text.span.clone(), message)
                .help("shorten it"),
        );
    }
}
