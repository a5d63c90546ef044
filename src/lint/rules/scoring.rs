//! C: what the stages are worth.

use crate::diagnostics::yaml::{Field, Spanned};
use crate::diagnostics::{Code, Findings};
use crate::exercise::ScoringFile;

use super::ExerciseContext;
use super::build::runs_what_nothing_builds;
use super::tests::lacks_tests;

/// The most points of one stage.
const MAX_POINTS: i64 = 1000;

/// C701: points that are negative or too many.
pub(super) fn weights(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    let Some(scoring) = context.file.scoring.as_ref() else {
        return;
    };
    for (key, weight) in keys(&scoring.value) {
        if !(0..=MAX_POINTS).contains(&weight.value) {
            let message = format!("`{key}` must be from 0 to {MAX_POINTS} points");
            let help = "give each stage its share of the points, which usually make 100 together";
            findings.push(
                findings
                    .at(Code::C701, weight.span.clone(), message)
                    .help(help),
            );
        }
    }
}

/// C703: points for a stage that the exercise does not have. Where a stage is missing by B403 or T501
/// the points are not judged: what they are for is being written.
pub(super) fn absent_stages(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    let file = context.file;
    let Some(scoring) = file.scoring.as_ref() else {
        return;
    };
    // A key that is written but broken is reported as such, and may well mean the stage.
    let checked = match &file.validation {
        Field::Absent => false,
        Field::Broken => true,
        Field::Sound(validation) => match &validation.value.check_valgrind {
            Field::Absent => false,
            Field::Broken => true,
            Field::Sound(check) => check.value,
        },
    };
    if runs_what_nothing_builds(context) || lacks_tests(context) {
        return;
    }
    for (key, weight) in keys(&scoring.value).filter(|(_, weight)| weight.value > 0) {
        let (missing, stage) = match key {
            "compilation" => (file.build.is_absent(), "`build`"),
            "per_test" => {
                let none = file
                    .tests
                    .as_ref()
                    .map_or(file.tests.is_absent(), |t| t.value.is_empty());
                (none && !file.has_answer(), "`tests`")
            }
            _ => (!checked, "`check_valgrind: true`"),
        };
        if missing {
            let message = format!("points for `{key}`, but the exercise has no {stage}");
            let problem = findings.at(Code::C703, weight.span.clone(), message);
            findings.push(problem.help(format!("add {stage}, or give the points elsewhere")));
        }
    }
}

fn keys(scoring: &ScoringFile) -> impl Iterator<Item = (&'static str, &Spanned<i64>)> {
    let all = [
        ("compilation", &scoring.compilation),
        ("per_test", &scoring.per_test),
        ("valgrind_clean", &scoring.valgrind_clean),
    ];
    all.into_iter()
        .filter_map(|(key, weight)| Some((key, weight.as_ref()?)))
}

/// C702: points that do not make the total.
pub(super) fn total(context: &ExerciseContext<'_>, findings: &mut Findings<'_>) {
    let file = context.file;
    let Some(scoring) = file.scoring.as_ref() else {
        return;
    };
    let points = |weight: &Field<i64>| weight.as_ref().map_or(0, |weight| weight.value);
    let ScoringFile {
        compilation,
        per_test,
        valgrind_clean,
    } = &scoring.value;
    let written = file.tests().len();
    let tests = if written == 0 && file.has_answer() {
        1
    } else {
        written
    };
    let tests = i64::try_from(tests).unwrap_or(i64::MAX);
    let (compilation, each, clean) = (
        points(compilation),
        points(per_test),
        points(valgrind_clean),
    );
    let sum = each
        .saturating_mul(tests)
        .saturating_add(compilation)
        .saturating_add(clean);
    let total = context.settings.score_total;
    if sum == total {
        return;
    }
    let place = context
        .key("scoring")
        .unwrap_or_else(|| scoring.span.clone());
    let message = format!(
        "the stages make {sum} points together, not {total}: {compilation} + {tests} × {each} + {clean}"
    );
    let help = "share the points anew, or set `lint.score_total`";
    findings.push(findings.at(Code::C702, place, message).help(help));
}
