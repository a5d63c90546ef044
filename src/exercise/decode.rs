//! From a YAML tree to an [`ExerciseFile`], with every problem of shape reported on the way.

use crate::diagnostics::yaml::{Decoder, Field, Fields, Need, NodeId, Shape, Spanned, Tree, Value};
use crate::diagnostics::{Code, Findings};

use super::file::{AnswerFile, BuildFile, ExerciseFile, ScoringFile, TestFile, ValidationFile};
use super::{Difficulty, ExerciseKind};

/// The most tests that an exercise may have.
pub const MAX_TESTS: usize = 1000;

/// An exercise's keys.
pub const EXERCISE: Shape = Shape {
    what: "an exercise",
    keys: &[
        "id",
        "title",
        "type",
        "language",
        "build",
        "tests",
        "validation",
        "scoring",
        "description",
        "difficulty",
        "tags",
        "choices",
        "answer",
    ],
    judged: &[],
};

/// The keys of `build`.
pub const BUILD: Shape = Shape {
    what: "`build`",
    keys: &["command", "timeout"],
    judged: &[],
};

/// The keys of a test.
pub const TEST: Shape = Shape {
    what: "a test",
    keys: &["name", "run", "input", "expected_output", "timeout"],
    judged: &[],
};

/// The keys of `validation`.
pub const VALIDATION: Shape = Shape {
    what: "`validation`",
    keys: &["check_valgrind", "allowed_functions", "forbidden_functions"],
    judged: &[],
};

/// The keys of `scoring`.
pub const SCORING: Shape = Shape {
    what: "`scoring`",
    keys: &["compilation", "per_test", "valgrind_clean"],
    judged: &[],
};

/// Names that other schools use for the types.
const KIND_ALIASES: [(&str, &str); 3] = [("mcq", "qcm"), ("program", "code"), ("function", "code")];

/// Takes an exercise out of a tree; `None` where the root is no mapping.
pub fn decode(tree: &Tree<'_>, root: NodeId, findings: &mut Findings<'_>) -> Option<ExerciseFile> {
    let mut decoder = Decoder { tree, findings };
    let fields = decoder.fields(root, &EXERCISE, "the exercise")?;
    let d = &mut decoder;
    let kind = d.name(
        &fields,
        "type",
        Need::Required,
        &ExerciseKind::NAMES,
        &KIND_ALIASES,
        ExerciseKind::parse,
    );
    let is_code = kind
        .as_ref()
        .is_some_and(|kind| kind.value == ExerciseKind::Code);
    let language = if is_code {
        Need::Required
    } else {
        Need::Optional
    };
    Some(ExerciseFile {
        id: d.text(&fields, "id", Need::Required),
        title: d.text(&fields, "title", Need::Required),
        language: d.text(&fields, "language", language),
        kind,
        build: build(d, &fields),
        tests: tests(d, &fields),
        validation: validation(d, &fields),
        scoring: scoring(d, &fields),
        description: d.text(&fields, "description", Need::Optional),
        difficulty: d.name(
            &fields,
            "difficulty",
            Need::Optional,
            &Difficulty::NAMES,
            &[],
            Difficulty::parse,
        ),
        tags: d.texts(&fields, "tags"),
        choices: d.texts(&fields, "choices"),
        answer: answer(d, &fields),
        span: fields.span,
    })
}

fn build(d: &mut Decoder<'_, '_, '_, '_>, above: &Fields) -> Field<BuildFile> {
    section(d, above, "build", &BUILD, |d, fields| BuildFile {
        command: d.text(fields, "command", Need::Required),
        timeout: d.whole_number(fields, "timeout"),
        span: fields.span.clone(),
    })
}

fn validation(d: &mut Decoder<'_, '_, '_, '_>, above: &Fields) -> Field<ValidationFile> {
    section(d, above, "validation", &VALIDATION, |d, fields| {
        ValidationFile {
            check_valgrind: d.truth(fields, "check_valgrind"),
            allowed_functions: d.texts(fields, "allowed_functions"),
            forbidden_functions: d.texts(fields, "forbidden_functions"),
        }
    })
}

fn scoring(d: &mut Decoder<'_, '_, '_, '_>, above: &Fields) -> Field<ScoringFile> {
    section(d, above, "scoring", &SCORING, |d, fields| ScoringFile {
        compilation: d.whole_number(fields, "compilation"),
        per_test: d.whole_number(fields, "per_test"),
        valgrind_clean: d.whole_number(fields, "valgrind_clean"),
    })
}

/// A mapping of its own under a key.
fn section<'t, 's, 'f, 'a, T>(
    d: &mut Decoder<'t, 's, 'f, 'a>,
    above: &Fields,
    key: &str,
    shape: &'static Shape,
    take: impl FnOnce(&mut Decoder<'t, 's, 'f, 'a>, &Fields) -> T,
) -> Field<T> {
    d.value(above, key, Need::Optional)
        .then(|Spanned { value: id, span }| {
            let fields = d.fields(id, shape, shape.what)?;
            Some(Spanned {
                value: take(d, &fields),
                span,
            })
        })
}

fn tests(d: &mut Decoder<'_, '_, '_, '_>, above: &Fields) -> Field<Vec<TestFile>> {
    d.list(above, "tests").then(|list| {
        let tests = test_list(d, &list.value);
        let broken = tests.is_empty() && !list.value.is_empty();
        (!broken).then_some(Spanned {
            value: tests,
            span: list.span,
        })
    })
}

fn test_list(d: &mut Decoder<'_, '_, '_, '_>, items: &[NodeId]) -> Vec<TestFile> {
    let mut tests = Vec::with_capacity(items.len().min(MAX_TESTS));
    for (index, &item) in items.iter().enumerate() {
        if index == MAX_TESTS {
            let start = d.tree.node(item).span.start;
            let message = format!("an exercise has at most {MAX_TESTS} tests");
            let help = "split the exercise, or test several cases in one run";
            d.findings
                .push(d.findings.at(Code::Y020, start..start, message).help(help));
            break;
        }
        let Some(fields) = d.fields(item, &TEST, &format!("test #{}", index + 1)) else {
            continue;
        };
        tests.push(TestFile {
            name: d.text(&fields, "name", Need::Required),
            run: d.text(&fields, "run", Need::Required),
            input: d.text(&fields, "input", Need::Optional),
            expected_output: d.text(&fields, "expected_output", Need::Optional),
            timeout: d.whole_number(&fields, "timeout"),
            span: fields.span,
        });
    }
    tests
}

fn answer(d: &mut Decoder<'_, '_, '_, '_>, above: &Fields) -> Field<AnswerFile> {
    d.value(above, "answer", Need::Optional)
        .then(|Spanned { value: id, span }| {
            let value = match &d.tree.resolve(id).value {
                Value::Sequence(_) => AnswerFile::Several(d.texts(above, "answer").sound()?),
                Value::Mapping(_) => {
                    let help = "write one text, or a list of texts";
                    d.wrong_type(id, "answer", "a text or a list", help);
                    return None;
                }
                Value::Scalar { .. } | Value::Alias(_) => {
                    AnswerFile::One(d.scalar_text(id, "answer")?)
                }
            };
            Some(Spanned { value, span })
        })
}
