//! What the rules go by: limits, and which rules are reported how.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostics::yaml::Limits;
use crate::diagnostics::{Code, Severity};

/// Which diagnostics are reported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Selection {
    /// Those whose severity is error before any configuration: what `validate` and the daemon go by.
    #[default]
    Errors,
    /// Those that are selected, with the severities of the configuration: what `lint` goes by.
    Selected {
        /// The codes that are reported.
        codes: BTreeSet<Code>,
        /// Severities that replace a rule's own.
        severities: BTreeMap<Code, Severity>,
    },
}

impl Selection {
    /// All rules at their own severities.
    pub fn all() -> Self {
        Self::Selected {
            codes: Code::ALL.iter().copied().collect(),
            severities: BTreeMap::new(),
        }
    }
}

/// What the rules go by: `[lint]` of the configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which diagnostics are reported.
    pub selection: Selection,
    /// The most seconds that a build or a test may take.
    pub max_timeout: i64,
    /// The most bytes of a file.
    pub max_file_size: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            selection: Selection::default(),
            max_timeout: 60,
            max_file_size: Limits::default().bytes,
        }
    }
}

/// The codes that a code or a prefix stands for: `T504`, `T5`, `Y`.
pub fn codes_of(prefix: &str) -> Option<BTreeSet<Code>> {
    let upper = prefix.to_ascii_uppercase();
    let codes: BTreeSet<_> = Code::ALL
        .iter()
        .copied()
        .filter(|code| code.as_str().starts_with(&upper))
        .collect();
    (!upper.is_empty() && !codes.is_empty()).then_some(codes)
}
