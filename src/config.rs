//! The configuration: flags over environment over file over defaults, each value with its origin.
//!
//! Nothing is guessed: an unknown key, a bad value or an unreadable file is an error that names its
//! source and line. All errors are found in one go. The environment and the flags are passed in.

mod file;
mod keys;
mod layers;
mod redis_url;
mod secret;
mod sections;
mod value;

use std::path::PathBuf;

pub use keys::{KEYS, Key};
pub use layers::{Environment, Fixed, Layers, Origin};
pub use redis_url::{RedisHost, RedisPlace, RedisUrl, RedisUrlError};
pub use secret::Secret;
pub use sections::{
    Auth, Cache, Config, Content, Cors, Gateway, History, Limits, Lint, Listed, Log, Redis, Role,
    RoomPolicy, Server, WatchMode,
};
pub use value::duration as parse_duration;

use jsonwebtoken::Algorithm;
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

/// The algorithms of tokens.
const ALGORITHMS: [(&str, Algorithm); 12] = [
    ("HS256", Algorithm::HS256),
    ("HS384", Algorithm::HS384),
    ("HS512", Algorithm::HS512),
    ("RS256", Algorithm::RS256),
    ("RS384", Algorithm::RS384),
    ("RS512", Algorithm::RS512),
    ("PS256", Algorithm::PS256),
    ("PS384", Algorithm::PS384),
    ("PS512", Algorithm::PS512),
    ("ES256", Algorithm::ES256),
    ("ES384", Algorithm::ES384),
    ("EdDSA", Algorithm::EdDSA),
];

/// The names of policies for rooms.
const ROOM_POLICIES: [(&str, RoomPolicy); 2] =
    [("open", RoomPolicy::Open), ("claim", RoomPolicy::Claim)];

/// The names of roles.
const ROLES: [(&str, Role); 2] = [("all", Role::All), ("gateway", Role::Gateway)];

/// The ways in which changes are noticed.
const WATCH_MODES: [(&str, WatchMode); 4] = [
    ("auto", WatchMode::Auto),
    ("inotify", WatchMode::Inotify),
    ("poll", WatchMode::Poll),
    ("off", WatchMode::Off),
];

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
        Self::load_with_fixed(layers).map(|(config, _)| config)
    }

    /// Reads all layers, also to compare with what they say later.
    pub fn load_with_fixed(layers: &Layers) -> Result<(Self, Fixed), ConfigError> {
        let mut read = Reader::new(layers)?;
        let config = Self {
            role: read.choice("role", &ROLES).unwrap_or_default(),
            server: Server {
                listen: read.address("server.listen"),
                base_path: read.base_path("server.base_path"),
                trusted_proxies: read.networks("server.trusted_proxies"),
                metrics_listen: read.optional_address("server.metrics_listen"),
                drain: read.duration("server.drain"),
                is_drain_set: read.is_set("server.drain"),
            },
            auth: Auth {
                enabled: read.truth("auth.enabled"),
                secret: read.secret("auth.secret"),
                previous_secret: read.secret("auth.previous_secret"),
                allow_short_secret: read.truth("auth.allow_short_secret"),
                api_keys: read.secrets("auth.api_keys"),
                algorithm: read
                    .choice("auth.algorithm", &ALGORITHMS)
                    .unwrap_or_default(),
                public_key: read.document("auth.public_key", "-----BEGIN"),
                jwks: read.document("auth.jwks", "{"),
                audience: read.list("auth.audience").unwrap_or_default(),
                issuer: read.optional_text("auth.issuer"),
                user_claim: read.optional_text("auth.user_claim"),
                query_token: read.truth("auth.query_token"),
                room_policy: read
                    .choice("auth.room_policy", &ROOM_POLICIES)
                    .unwrap_or_default(),
                project_publish: read.truth("auth.project_publish"),
            },
            gateway: Gateway {
                lobby: read.truth("gateway.lobby"),
            },
            history: History {
                size: read.number("history.size"),
                ttl: read.duration("history.ttl"),
                deliver_on_connect: read.truth("history.deliver_on_connect"),
                trust_restart: read.truth("history.trust_restart"),
            },
            cors: Cors {
                origins: read.origins("cors.origins"),
            },
            limits: Limits {
                connections: read.count("limits.connections"),
                connections_per_user: read.number("limits.connections_per_user"),
                connects_per_address: read.number("limits.connects_per_address"),
                connects_burst: read.number("limits.connects_burst"),
                frames_per_second: read.number("limits.frames_per_second"),
                frames_burst: read.number("limits.frames_burst"),
                message_size: read.number("limits.message_size"),
                topics_per_connection: read.number("limits.topics_per_connection"),
                payload: read.number("limits.payload"),
                request_timeout: read.patience("limits.request_timeout"),
                queue_frames: read.number("limits.queue_frames"),
                queue_bytes: read.number("limits.queue_bytes"),
                write_timeout: read.patience("limits.write_timeout"),
                ping_interval: read.patience("limits.ping_interval"),
                pong_timeout: read.patience("limits.pong_timeout"),
                auth_timeout: read.patience("limits.auth_timeout"),
                idle: read.duration("limits.idle"),
            },
            content: Content {
                dir: PathBuf::from(read.text("content.dir")),
                watch: read
                    .choice("content.watch", &WATCH_MODES)
                    .unwrap_or_default(),
            },
            redis: Redis {
                server: read.redis(),
            },
            cache: Cache {
                ttl: read.lifetime("cache.ttl"),
                pools_ttl: read.lifetime("cache.pools_ttl"),
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
                select: read.listed("lint.select"),
                ignore: read.listed("lint.ignore"),
                severity: read.table("lint.severity"),
                score_total: read.number("lint.score_total"),
                max_timeout: read.number("lint.max_timeout"),
                grader_deadline: read.number("lint.grader_deadline"),
                programs: read.list("lint.programs").unwrap_or_default(),
                allow_files: read.listed("lint.allow_files"),
                max_file_size: read.number("lint.max_file_size"),
            },
        };
        let fixed = read.fixed();
        read.finish().map(|()| (config, fixed))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
             mithril.toml:5: `lint.max_timeout` must be a whole number from 1 on, not `-1`"
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
