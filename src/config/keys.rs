//! The table of keys: every key has a flag of `serve` and a variable by its own name, and some have
//! further variables.

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
}

impl Key {
    /// The environment variable by the key's own name.
    pub fn variable(&self) -> String {
        format!("MITHRIL_{}", self.path.replace('.', "_").to_uppercase())
    }

    /// The flag of `serve`, without dashes.
    pub fn flag(&self) -> String {
        self.path.replace(['.', '_'], "-")
    }
}

/// A key without further names.
const fn key(
    path: &'static str,
    default: &'static str,
    value: &'static str,
    help: &'static str,
) -> Key {
    Key {
        path,
        variables: &[],
        default,
        value,
        help,
        short: None,
    }
}

/// Every key.
pub const KEYS: &[Key] = &[
    Key {
        variables: &["MITHRIL_LISTEN", "WEBSOCKET_PORT"],
        short: Some("listen"),
        ..key(
            "server.listen",
            "127.0.0.1:8080",
            "ADDRESS",
            "Where to listen; port 0 takes a free one",
        )
    },
    Key {
        variables: &["MITHRIL_DRAIN"],
        ..key(
            "server.drain",
            "30s",
            "DURATION",
            "How long closing all sockets may take",
        )
    },
    Key {
        variables: &["MITHRIL_EXERCISES_DIR"],
        ..key("content.dir", "exercises", "DIR", "The tree of exercises")
    },
    Key {
        variables: &["LOG_LEVEL"],
        ..key(
            "log.level",
            "info",
            "LEVEL",
            "What to log: error, warn, info, debug, trace",
        )
    },
    Key {
        variables: &["LOG_FORMAT"],
        ..key(
            "log.format",
            "",
            "FORMAT",
            "How to log: text or json; text on a terminal",
        )
    },
    key(
        "lint.select",
        "",
        "CODES",
        "The rules to report, codes or prefixes",
    ),
    key(
        "lint.ignore",
        "",
        "CODES",
        "The rules not to report, codes or prefixes",
    ),
    key(
        "lint.max_timeout",
        "60",
        "SECONDS",
        "The most seconds that a build or a test may take",
    ),
    key(
        "lint.max_file_size",
        "262144",
        "BYTES",
        "The most bytes of a file",
    ),
];

/// Sections whose keys are free.
pub(super) const TABLES: &[&str] = &["lint.severity"];

/// The key of that name.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}
