//! The table of keys: every key has a flag of `serve` and a variable by its own name, and some have
//! further variables.

mod table;

pub use table::KEYS;

/// A key of the configuration.
#[derive(Debug)]
pub struct Key {
    /// Its name: section and key.
    pub path: &'static str,
    /// Further environment variables, besides `MITHRIL_<SECTION>_<KEY>`.
    pub variables: &'static [&'static str],
    /// Its default, as one would write it; empty for none.
    pub default: &'static str,
    /// The kind of value, for help.
    pub value: &'static str,
    /// What it is for, for help.
    pub help: &'static str,
    /// A short name of the flag of `serve`.
    pub short: Option<&'static str>,
    /// Whether its value is never shown, and never typed: its flag takes a file.
    pub secret: bool,
}

impl Key {
    /// The environment variable by the key's own name.
    pub fn variable(&self) -> String {
        format!("MITHRIL_{}", self.path.replace('.', "_").to_uppercase())
    }

    /// The flag of `serve`, without dashes.
    pub fn flag(&self) -> String {
        let flag = self.path.replace(['.', '_'], "-");
        if self.secret { flag + "-file" } else { flag }
    }

    /// Whether a daemon that reads its configuration again goes by what it says now.
    pub fn is_read_again(&self) -> bool {
        let sections = ["auth.", "cors.", "lint."];
        match self.path {
            "log.level" => true,
            "auth.room_policy" | "auth.project_publish" => false,
            path => sections.iter().any(|section| path.starts_with(section)),
        }
    }
}

/// Sections whose keys are free.
pub(super) const TABLES: &[&str] = &["lint.severity"];

/// The key of that name.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}
