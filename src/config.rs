//! The configuration: flags over environment over file over defaults, each value with its origin.
//!
//! Nothing is guessed: an unknown key, a bad value or an unreadable file is an error that names its
//! source and line. All errors are found in one go. The environment and the flags are passed in.

mod file;
mod keys;
mod layers;
mod value;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use keys::{KEYS, Key};
pub use layers::{Environment, Layers, Origin};

use layers::Reader;
use tracing::level_filters::LevelFilter;

use crate::telemetry::LogFormat;

/// The names of levels.
const LEVELS: [(&str, LevelFilter); 6] = [
    ("off", LevelFilter::OFF),
    ("error", LevelFilter::ERROR),
    ("warn", LevelFilter::WARN),
    ("info", LevelFilter::INFO),
    ("debug", LevelFilter::DEBUG),
    ("trace", LevelFilter::TRACE),
];

/// Everything that can be configured.
#[derive(Debug, Clone)]
pub struct Config {
    /// `[server]`.
    pub server: Server,
    /// `[content]`.
    pub content: Content,
    /// `[log]`.
    pub log: Log,
    /// `[lint]`.
    pub lint: Lint,
}

/// `[server]`.
#[derive(Debug, Clone)]
pub struct Server {
    /// Where the daemon listens.
    pub listen: SocketAddr,
    /// How long closing all sockets may take.
    pub drain: Duration,
}

/// `[content]`.
#[derive(Debug, Clone)]
pub struct Content {
    /// The tree of exercises.
    pub dir: PathBuf,
}

/// `[log]`.
#[derive(Debug, Clone)]
pub struct Log {
    /// The least severe level that is logged.
    pub level: LevelFilter,
    /// How it is written; by the terminal where it is not set.
    pub format: Option<LogFormat>,
}

/// `[lint]`. Codes are checked where rules are known.
#[derive(Debug, Clone)]
pub struct Lint {
    /// Codes or prefixes to report.
    pub select: Option<Codes>,
    /// Codes or prefixes not to report.
    pub ignore: Option<Codes>,
    /// Severities by code.
    pub severity: BTreeMap<String, (String, Origin)>,
    /// The most seconds that a build or a test may take.
    pub max_timeout: u32,
    /// The most bytes of a file.
    pub max_file_size: u32,
}

/// Codes of rules, or prefixes of them, and where they are written.
#[derive(Debug, Clone)]
pub struct Codes {
    /// The codes and prefixes.
    pub items: Vec<String>,
    /// Where.
    pub origin: Origin,
}

/// Why the configuration can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file that was named, or that exists, can't be read.
    #[error("failed to read the configuration {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Values that can't be used, each with its origin.
    #[error("{}", problems.join("\n"))]
    Invalid {
        /// One line each: origin, key, what is wrong.
        problems: Vec<String>,
    },
}

impl Config {
    /// Reads all layers.
    pub fn load(layers: &Layers) -> Result<Self, ConfigError> {
        let mut read = Reader::new(layers)?;
        let config = Self {
            server: Server {
                listen: read.address("server.listen"),
                drain: read.duration("server.drain"),
            },
            content: Content {
                dir: PathBuf::from(read.text("content.dir")),
            },
            log: Log {
                level: read
                    .choice("log.level", &LEVELS)
                    .unwrap_or(LevelFilter::INFO),
                format: read.choice(
                    "log.format",
                    &[("text", LogFormat::Text), ("json", LogFormat::Json)],
                ),
            },
            lint: Lint {
                select: read.codes("lint.select"),
                ignore: read.codes("lint.ignore"),
                severity: read.table("lint.severity"),
                max_timeout: read.number("lint.max_timeout"),
                max_file_size: read.number("lint.max_file_size"),
            },
        };
        read.finish().map(|()| config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(
        file: Option<&str>,
        environment: &[(&str, &str)],
        flags: &[(&'static str, &str)],
    ) -> Result<Config, String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mithril.toml");
        if let Some(text) = file {
            std::fs::write(&path, text).unwrap();
        }
        let owned = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
        let layers = Layers {
            file: file.map(|_| path),
            environment: environment.iter().map(owned).collect(),
            flags: flags.iter().map(|(k, v)| (*k, (*v).to_owned())).collect(),
        };
        let shown = directory.path().display().to_string() + "/";
        Config::load(&layers).map_err(|error| error.to_string().replace(&shown, ""))
    }

    #[test]
    fn flags_beat_environment_beats_file_beats_default() {
        let file = "[server]\nlisten = \"127.0.0.1:1\"\n";
        let port = |config: Config| config.server.listen.port();
        assert_eq!(port(load(None, &[], &[]).unwrap()), 8080);
        assert_eq!(port(load(Some(file), &[], &[]).unwrap()), 1);
        let environment = [("MITHRIL_LISTEN", "127.0.0.1:2")];
        assert_eq!(port(load(Some(file), &environment, &[]).unwrap()), 2);
        let flags = [("server.listen", "127.0.0.1:3")];
        assert_eq!(port(load(Some(file), &environment, &flags).unwrap()), 3);
    }

    #[test]
    fn the_longer_variable_wins_and_an_empty_one_is_unset() {
        let port = |environment: &[(&str, &str)]| {
            load(None, environment, &[]).unwrap().server.listen.port()
        };
        assert_eq!(
            port(&[
                ("MITHRIL_SERVER_LISTEN", "127.0.0.1:5"),
                ("MITHRIL_LISTEN", "127.0.0.1:6")
            ]),
            5
        );
        assert_eq!(port(&[("MITHRIL_LISTEN", "")]), 8080);
        assert_eq!(port(&[("WEBSOCKET_PORT", "9000")]), 9000);
    }

    #[test]
    fn errors_name_source_line_and_key_all_at_once() {
        let file = "[server]\nlisten = \"x\"\nlisden = 1\n[lint]\nmax_timeout = -1\n[nope]\n";
        let error = load(Some(file), &[("MITHRIL_LOG_FORMAT", "xml")], &[]).unwrap_err();
        assert_eq!(
            error,
            "mithril.toml:3: there is no key `server.lisden`, did you mean `server.listen`?\n\
             mithril.toml:6: there is no section `[nope]`\n\
             mithril.toml:2: `server.listen` must be an address and a port, such as 127.0.0.1:8080, not `x`\n\
             the variable MITHRIL_LOG_FORMAT: `log.format` must be one of text, json, not `xml`\n\
             mithril.toml:5: `lint.max_timeout` must be a whole number, not `-1`"
        );
    }

    #[test]
    fn durations_have_units() {
        for (text, milliseconds) in [
            ("5", 5000),
            ("250ms", 250),
            ("30s", 30_000),
            ("5m", 300_000),
        ] {
            let config = load(None, &[("MITHRIL_DRAIN", text)], &[]).unwrap();
            assert_eq!(
                config.server.drain,
                Duration::from_millis(milliseconds),
                "{text}"
            );
        }
        assert!(load(None, &[("MITHRIL_DRAIN", "5 parsecs")], &[]).is_err());
    }

    #[test]
    fn a_syntax_error_in_the_file_has_a_line() {
        let error = load(Some("[lint]\nselect = [\n"), &[], &[]).unwrap_err();
        assert!(error.starts_with("mithril.toml:"), "{error}");
    }
}
