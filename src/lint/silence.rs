//! One diagnostic a fault: where a specific rule fires, the general one that sees the same is quiet.
//!
//! Most rules look at a thing once and say the most specific; the pairs here are seen by two.

use crate::diagnostics::{Code, Diagnostic};

/// How near the two must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// They touch.
    Place,
    /// They are in one file.
    File,
}

const SILENCED: &[(Code, Code, Reach)] = &[
    (Code::S107, Code::I201, Reach::Place),
    (Code::B401, Code::B402, Reach::Place),
    (Code::B403, Code::C703, Reach::File),
    (Code::T501, Code::C703, Reach::File),
];

/// Drops what a more specific diagnostic of the same file says already.
pub(super) fn silence(diagnostics: &mut Vec<Diagnostic>) {
    if diagnostics.len() < 2 {
        return;
    }
    let quiet: Vec<bool> = diagnostics
        .iter()
        .map(|general| {
            let rules = SILENCED
                .iter()
                .filter(|(_, silenced, _)| *silenced == general.code);
            rules.into_iter().any(|&(code, _, reach)| {
                let same = diagnostics.iter().filter(|specific| specific.code == code);
                same.into_iter()
                    .any(|specific| reach == Reach::File || touch(specific, general))
            })
        })
        .collect();
    let mut quiet = quiet.into_iter();
    diagnostics.retain(|_| !quiet.next().unwrap_or(false));
}

fn touch(a: &Diagnostic, b: &Diagnostic) -> bool {
    a.span.start.offset <= b.span.end.offset && b.span.start.offset <= a.span.end.offset
}
