//! What the rules go by: limits, and which rules are reported how.

use std::collections::{BTreeMap, BTreeSet};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::config::{Lint, Listed, Origin};
use crate::diagnostics::{Code, Severity, nearest};

/// The most bytes of a file, where the configuration does not say.
pub(super) const MAX_FILE_SIZE: usize = 256 * 1024;

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
        /// Those of them that were asked for: of these, what is off by default is reported too.
        asked: BTreeSet<Code>,
        /// Severities that replace a rule's own.
        severities: BTreeMap<Code, Severity>,
    },
}

impl Selection {
    /// All rules, those that are off by default too, at their own severities.
    pub fn all() -> Self {
        Self::of(Code::ALL.iter().copied())
    }

    /// These rules, at their own severities.
    pub fn of(codes: impl IntoIterator<Item = Code>) -> Self {
        let codes: BTreeSet<Code> = codes.into_iter().collect();
        Self::Selected {
            asked: codes.clone(),
            codes,
            severities: BTreeMap::new(),
        }
    }

    /// What `lint` reports where nothing is configured.
    pub fn standard() -> Self {
        Self::Selected {
            codes: standard(),
            asked: BTreeSet::new(),
            severities: BTreeMap::new(),
        }
    }

    /// Whether a rule's cases that are off by default were asked for.
    pub fn asks_for(&self, code: Code) -> bool {
        match self {
            Self::Errors => false,
            Self::Selected { asked, .. } => asked.contains(&code),
        }
    }
}

fn standard() -> BTreeSet<Code> {
    let all = Code::ALL.iter().copied();
    all.filter(|code| !code.is_optional()).collect()
}

/// Patterns as a `.gitignore` has them. Those that are written alike are equal.
#[derive(Debug, Clone)]
pub struct Patterns {
    lines: Vec<String>,
    matcher: Gitignore,
}

impl Patterns {
    fn of(list: &Listed) -> Result<Self, SettingsError> {
        let mut builder = GitignoreBuilder::new("");
        for pattern in &list.items {
            let refused = |reason: String| SettingsError::Pattern {
                origin: list.origin.clone(),
                pattern: pattern.clone(),
                reason,
            };
            let added = builder.add_line(None, pattern).map(drop);
            added.map_err(|error| refused(error.to_string()))?;
        }
        let matcher = builder.build().map_err(|error| SettingsError::Pattern {
            origin: list.origin.clone(),
            pattern: list.items.join(", "),
            reason: error.to_string(),
        })?;
        Ok(Self {
            lines: list.items.clone(),
            matcher,
        })
    }

    /// Whether a file, below the directory of an exercise, is meant.
    pub fn matches(&self, path: &str) -> bool {
        let matched = self.matcher.matched_path_or_any_parents(path, false);
        matched.is_ignore()
    }
}

impl Default for Patterns {
    fn default() -> Self {
        Self {
            lines: Vec::new(),
            matcher: Gitignore::empty(),
        }
    }
}

impl PartialEq for Patterns {
    fn eq(&self, other: &Self) -> bool {
        self.lines == other.lines
    }
}

impl Eq for Patterns {}

/// What the rules go by: `[lint]` of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Which diagnostics are reported.
    pub selection: Selection,
    /// The points that the stages of an exercise make together.
    pub score_total: i64,
    /// The most seconds that a build or a test may take.
    pub max_timeout: i64,
    /// The most seconds that the build and all tests of an exercise may take together.
    pub grader_deadline: i64,
    /// Programs that commands may run, besides the usual ones.
    pub programs: BTreeSet<String>,
    /// Files that may stand beside an exercise.
    pub allow_files: Patterns,
    /// The most bytes of a file.
    pub max_file_size: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            selection: Selection::default(),
            score_total: 100,
            max_timeout: 60,
            grader_deadline: 120,
            programs: BTreeSet::new(),
            allow_files: Patterns::default(),
            max_file_size: MAX_FILE_SIZE,
        }
    }
}

/// Why the configuration names no such rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// No rule has the code, or a code that begins so.
    #[error("{origin}: `{key}` names {name}, and there is no such rule{hint}")]
    UnknownRule {
        /// Where it is written.
        origin: Origin,
        /// The key.
        key: &'static str,
        /// What it names.
        name: String,
        /// The nearest code, as a question.
        hint: String,
    },
    /// A pattern of files is none.
    #[error("{origin}: `lint.allow_files` holds `{pattern}`, which is no pattern: {reason}")]
    Pattern {
        /// Where it is written.
        origin: Origin,
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A severity has another name.
    #[error("{origin}: `lint.severity.{code}` must be error, warning or info, not `{name}`")]
    UnknownSeverity {
        /// Where it is written.
        origin: Origin,
        /// The rule.
        code: Code,
        /// What it names.
        name: String,
    },
}

impl Settings {
    /// What `validate` and the daemon go by: errors alone. The configuration sets the limits, and
    /// what it says of rules must be right all the same.
    pub fn errors(lint: &Lint) -> Result<Self, SettingsError> {
        Ok(Self {
            selection: Selection::Errors,
            ..Self::selected(lint)?
        })
    }

    /// What `lint` goes by: the rules and severities of the configuration.
    pub fn selected(lint: &Lint) -> Result<Self, SettingsError> {
        let asked = match &lint.select {
            Some(select) => codes_of("lint.select", select)?,
            None => BTreeSet::new(),
        };
        let mut codes = if lint.select.is_some() {
            asked.clone()
        } else {
            standard()
        };
        if let Some(ignore) = &lint.ignore {
            for code in codes_of("lint.ignore", ignore)? {
                codes.remove(&code);
            }
        }
        let mut severities = BTreeMap::new();
        for (name, (severity, origin)) in &lint.severity {
            let code = Code::parse(name);
            let code = code.ok_or_else(|| unknown("lint.severity", name, origin))?;
            let severity = match severity.as_str() {
                "error" => Severity::Error,
                "warning" => Severity::Warning,
                "info" => Severity::Info,
                other => {
                    let (origin, name) = (origin.clone(), other.to_owned());
                    return Err(SettingsError::UnknownSeverity { origin, code, name });
                }
            };
            severities.insert(code, severity);
        }
        Ok(Self {
            selection: Selection::Selected {
                codes,
                asked,
                severities,
            },
            score_total: i64::from(lint.score_total),
            max_timeout: i64::from(lint.max_timeout),
            grader_deadline: i64::from(lint.grader_deadline),
            programs: lint.programs.iter().cloned().collect(),
            allow_files: match &lint.allow_files {
                Some(patterns) => Patterns::of(patterns)?,
                None => Patterns::default(),
            },
            max_file_size: lint.max_file_size as usize,
        })
    }
}

/// The codes that codes and prefixes stand for: `T504`, `T5`, `Y`.
fn codes_of(key: &'static str, list: &Listed) -> Result<BTreeSet<Code>, SettingsError> {
    let mut codes = BTreeSet::new();
    for item in &list.items {
        let upper = item.to_ascii_uppercase();
        let named = |code: &&Code| !upper.is_empty() && code.as_str().starts_with(&upper);
        if !Code::ALL.iter().any(|code| named(&code)) {
            return Err(unknown(key, item, &list.origin));
        }
        codes.extend(Code::ALL.iter().filter(named));
    }
    Ok(codes)
}

fn unknown(key: &'static str, name: &str, origin: &Origin) -> SettingsError {
    let near = nearest(name, Code::ALL.iter().map(|code| code.as_str()));
    let hint = near.map_or(String::new(), |near| format!(", did you mean {near}?"));
    SettingsError::UnknownRule {
        origin: origin.clone(),
        key,
        name: name.to_owned(),
        hint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Layers};
    use crate::lint::check_text;

    fn settings(variables: &[(&str, &str)], file: &str) -> Settings {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mithril.toml");
        std::fs::write(&path, file).unwrap();
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let layers = Layers {
            file: Some(path),
            environment: variables.iter().map(own).collect(),
            ..Layers::default()
        };
        Settings::selected(&Config::load(&layers).unwrap().lint).unwrap()
    }

    fn found(settings: &Settings) -> Vec<String> {
        // A qcm without choices, with a test that has no timeout: Q801 and T504.
        let text = "id: a\ntitle: b\ntype: qcm\ntests:\n  - name: c\n    run: cat\n";
        let report = check_text("exercise.yaml", text, settings);
        let shown = report.diagnostics.iter();
        shown
            .map(|d| format!("{} {}", d.severity.as_str(), d.code))
            .collect()
    }

    #[test]
    fn rules_are_selected_by_code_and_prefix() {
        let other = "[lint]\nignore = [\"B406\"]\n";
        assert_eq!(found(&settings(&[], other)), ["error Q801", "warning T504"]);
        let file = "[lint]\nselect = [\"T\"]\n";
        assert_eq!(found(&settings(&[], file)), ["warning T504"]);
        let file = "[lint]\nignore = [\"T5\"]\n";
        assert_eq!(found(&settings(&[], file)), ["error Q801"]);
        let variables = [("MITHRIL_LINT_SELECT", "t504, Q")];
        assert_eq!(
            found(&settings(&variables, "")),
            ["error Q801", "warning T504"]
        );
    }

    #[test]
    fn what_is_off_is_on_where_it_is_selected() {
        let asked = |file: &str, code| settings(&[], file).selection.asks_for(code);
        let reported = |file: &str, code| match settings(&[], file).selection {
            Selection::Selected { codes, .. } => codes.contains(&code),
            Selection::Errors => false,
        };
        assert!(!reported("", Code::B410) && reported("", Code::F308));
        assert!(!asked("", Code::F308));
        for select in ["F308", "F"] {
            assert!(asked(
                &format!("[lint]\nselect = [\"{select}\"]\n"),
                Code::F308
            ));
        }
        assert!(reported("[lint]\nselect = [\"B\"]\n", Code::B410));
        assert!(!reported(
            "[lint]\nselect = [\"B\"]\nignore = [\"B41\"]\n",
            Code::B410
        ));
    }

    #[test]
    fn severities_are_set_by_code() {
        let file = "[lint.severity]\nT504 = \"info\"\nQ801 = \"warning\"\n";
        assert_eq!(found(&settings(&[], file)), ["warning Q801", "info T504"]);
    }
}
