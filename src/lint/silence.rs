//! One diagnostic a fault: where a specific rule fires, the general one that sees the same is quiet.
//!
//! Most rules look at a thing once and say the most specific; the pairs here are seen by two.

use crate::diagnostics::{Code, Diagnostic};

/// A specific rule and the general one that is quiet where the two touch.
const SILENCED: &[(Code, Code)] = &[(Code::S107, Code::I201), (Code::B401, Code::B402)];

/// Drops what a more specific diagnostic of the same file says already.
pub(super) fn silence(diagnostics: &mut Vec<Diagnostic>) {
    if diagnostics.len() < 2 {
        return;
    }
    let quiet: Vec<bool> = diagnostics
        .iter()
        .map(|general| {
            let mut rules = SILENCED.iter().filter(|(_, quiet)| *quiet == general.code);
            rules.any(|&(code, _)| {
                let mut same = diagnostics.iter().filter(|specific| specific.code == code);
                same.any(|specific| touch(specific, general))
            })
        })
        .collect();
    let mut quiet = quiet.into_iter();
    diagnostics.retain(|_| !quiet.next().unwrap_or(false));
}

fn touch(a: &Diagnostic, b: &Diagnostic) -> bool {
    a.span.start.offset <= b.span.end.offset && b.span.start.offset <= a.span.end.offset
}
