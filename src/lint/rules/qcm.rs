//! Q: multiple choice.

use std::collections::HashSet;

use crate::diagnostics::yaml::Field;
use crate::diagnostics::{Code, Findings, nearest};
use crate::exercise::ExerciseKind;

use super::ExerciseContext;

/// How many choices an answer is compared to for a hint.
const MANY_CHOICES: usize = 50;

/// Q801: fewer than two choices, no answer, or an answer that is not a choice.
pub(super) fn complete(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    let file = context.file;
    let Some(kind) = file
        .kind
        .as_ref()
        .filter(|kind| kind.value == ExerciseKind::Qcm)
    else {
        return;
    };
    if matches!(file.choices, Field::Broken) {
        return;
    }
    let choices = file.choices.as_ref();
    let texts: Vec<&str> = choices.map_or_else(Vec::new, |list| {
        list.value.iter().map(|c| &*c.value).collect()
    });
    let known: HashSet<&str> = texts.iter().copied().collect();
    let distinct = known.len();
    let place = choices.map_or_else(|| kind.span.clone(), |list| list.span.clone());
    if distinct < 2 {
        let message = format!("a qcm needs at least 2 different choices, not {distinct}");
        findings.push(
            findings
                .at(Code::Q801, place, message)
                .help("write `choices:` as a list of what a student may choose from"),
        );
        return;
    }
    if file.answer.is_absent() {
        let message = "a qcm needs an answer";
        let help = "add `answer:` with one of the choices, or a list of them";
        findings.push(
            findings
                .at(Code::Q801, kind.span.clone(), message)
                .help(help),
        );
    }
    let Some(answer) = file.answer.as_ref() else {
        return;
    };
    if answer.value.texts().is_empty() {
        let message = "the answer names no choice";
        let problem = findings.at(Code::Q801, answer.span.clone(), message);
        findings.push(problem.help("write one of the choices, or a list of them"));
    }
    for text in answer
        .value
        .texts()
        .iter()
        .filter(|text| !known.contains(&*text.value))
    {
        let message = "the answer is not one of the choices";
        let problem = findings.at(Code::Q801, text.span.clone(), message);
        // Comparing each answer to each choice would take long where there are thousands.
        let near = nearest(&text.value, texts.iter().copied().take(MANY_CHOICES));
        findings.push(match near {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help("repeat the choice letter by letter"),
        });
    }
}
