//! What a rule says about itself. Each rule has a text of its own in `docs/CODE.md`.

use crate::diagnostics::Code;

/// The explanation of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doc {
    /// The whole text, in Markdown.
    pub text: &'static str,
}

/// The explanation of a rule.
pub fn doc(code: Code) -> Doc {
    let _ = code;
    Doc { text: "" }
}
