//! One diagnostic a fault: where a specific rule fires, the general one that sees the same is quiet.
//!
//! Most rules look at a thing once and say the most specific; the pairs here are seen by two.

use std::collections::HashMap;

use crate::diagnostics::{Code, Diagnostic, Severity};

/// A specific rule and the general one that is quiet where the two touch.
const SILENCED: &[(Code, Code)] = &[
    (Code::S107, Code::I201),
    (Code::B401, Code::B402),
    // What an error says of a text is not said once more as a matter of care.
    (Code::S104, Code::Y014),
    (Code::S104, Code::Y019),
    (Code::I201, Code::Y019),
    (Code::I201, Code::Y021),
    (Code::S101, Code::Y021),
    (Code::I207, Code::Y021),
    (Code::I202, Code::I205),
    (Code::I206, Code::I205),
    (Code::I211, Code::Y021),
];

/// Rules that can't be judged, or matter less, while the file has an error. What the stages are worth
/// (C702) is judged once the exercise itself has none.
const QUIET_BESIDE_ERRORS: [Code; 2] = [Code::F305, Code::M903];

/// Whether a problem is one of the files beside an exercise, and none of what it says itself.
fn is_beside(code: Code) -> bool {
    matches!(
        code,
        Code::F301 | Code::F302 | Code::F303 | Code::F304 | Code::F307 | Code::F309
    )
}

/// Drops what a more specific diagnostic of the same file says already.
pub(super) fn silence(diagnostics: &mut Vec<Diagnostic>) {
    if diagnostics.len() < 2 {
        return;
    }
    let errors = || diagnostics.iter().filter(|d| d.severity == Severity::Error);
    let beside = errors().next().is_some();
    let within = errors().any(|d| !is_beside(d.code));
    diagnostics.retain(|d| {
        !(beside && QUIET_BESIDE_ERRORS.contains(&d.code) || within && d.code == Code::C702)
    });
    let quiet: Vec<bool> = {
        let mut reaches: HashMap<Code, Reach> = HashMap::new();
        for (code, _) in SILENCED {
            reaches
                .entry(*code)
                .or_insert_with(|| Reach::of(diagnostics, *code));
        }
        let silent = |general: &Diagnostic| {
            let mut rules = SILENCED.iter().filter(|(_, quiet)| *quiet == general.code);
            rules.any(|(code, _)| {
                reaches
                    .get(code)
                    .is_some_and(|reach| reach.touches(general))
            })
        };
        diagnostics.iter().map(silent).collect()
    };
    let mut quiet = quiet.into_iter();
    diagnostics.retain(|_| !quiet.next().unwrap_or(false));
}

/// Where the diagnostics of one rule are: a file may have tens of thousands of them.
struct Reach {
    /// Where each begins, and how far it and those before it reach, in order.
    spans: Vec<(usize, usize)>,
}

impl Reach {
    fn of(diagnostics: &[Diagnostic], code: Code) -> Self {
        let own = diagnostics.iter().filter(|d| d.code == code);
        let mut spans: Vec<_> = own
            .map(|d| (d.span.start.offset, d.span.end.offset))
            .collect();
        spans.sort_unstable();
        let mut reach = 0;
        for (_, end) in &mut spans {
            reach = reach.max(*end);
            *end = reach;
        }
        Self { spans }
    }

    fn touches(&self, other: &Diagnostic) -> bool {
        let behind = self
            .spans
            .partition_point(|(start, _)| *start <= other.span.end.offset);
        let last = behind
            .checked_sub(1)
            .and_then(|index| self.spans.get(index));
        last.is_some_and(|(_, end)| *end >= other.span.start.offset)
    }
}
