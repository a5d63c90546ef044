//! Every key of the configuration stands here once; flags, variables and help are made from it.

use super::Key;

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
        secret: false,
    }
}

/// Every key.
pub const KEYS: &[Key] = &[
    key(
        "role",
        "all",
        "ROLE",
        "What the daemon does: all, or gateway, which has no content and answers from Redis",
    ),
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
        variables: &["MITHRIL_BASE_PATH"],
        ..key(
            "server.base_path",
            "",
            "PATH",
            "What stands before the routes of sockets and the API",
        )
    },
    key(
        "server.trusted_proxies",
        "",
        "NETWORKS",
        "Networks of proxies whose X-Forwarded headers count, such as 10.0.0.0/8",
    ),
    key(
        "server.metrics_listen",
        "",
        "ADDRESS",
        "Where to answer for /metrics alone; server.listen where it is not set",
    ),
    Key {
        variables: &["MITHRIL_DRAIN"],
        ..key(
            "server.drain",
            "30s",
            "DURATION",
            "How long closing all sockets may take; unless set, 500ms with --dev",
        )
    },
    Key {
        variables: &["AUTH_ENABLED"],
        ..key(
            "auth.enabled",
            "true",
            "BOOL",
            "Whether users prove who they are",
        )
    },
    Key {
        variables: &["JWT_SECRET_KEY"],
        secret: true,
        ..key(
            "auth.secret",
            "",
            "FILE",
            "The key that tokens are signed with, of HS algorithms",
        )
    },
    Key {
        secret: true,
        ..key(
            "auth.previous_secret",
            "",
            "FILE",
            "The key before it, for rotation",
        )
    },
    key(
        "auth.allow_short_secret",
        "false",
        "BOOL",
        "Whether the key may be shorter than 32 bytes",
    ),
    Key {
        secret: true,
        ..key(
            "auth.api_keys",
            "",
            "FILE",
            "Keys of services that may publish to every topic, for the header X-API-Key; one a line",
        )
    },
    Key {
        variables: &["JWT_ALGORITHM"],
        ..key(
            "auth.algorithm",
            "HS256",
            "ALGORITHM",
            "The algorithm of tokens: HS256, RS256, ES256, EdDSA and their kin",
        )
    },
    key(
        "auth.public_key",
        "",
        "FILE",
        "The public key of RS, PS, ES and EdDSA algorithms: a PEM file",
    ),
    key(
        "auth.jwks",
        "",
        "FILE",
        "The public keys of those algorithms: a JSON Web Key Set file",
    ),
    Key {
        variables: &["JWT_AUDIENCE"],
        ..key(
            "auth.audience",
            "",
            "NAMES",
            "Who tokens must be for: one of these",
        )
    },
    Key {
        variables: &["JWT_ISSUER"],
        ..key("auth.issuer", "", "NAME", "Who tokens must be from")
    },
    key(
        "auth.user_claim",
        "",
        "CLAIM",
        "The claim that names the user; sub, then user_id where it is not set",
    ),
    key(
        "auth.query_token",
        "true",
        "BOOL",
        "Whether the query parameter token is read",
    ),
    key(
        "auth.room_policy",
        "open",
        "POLICY",
        "Who may enter rooms: open is any user, claim whom the token's claim rooms lets in",
    ),
    key(
        "auth.project_publish",
        "false",
        "BOOL",
        "Whether clients may publish to projects",
    ),
    key(
        "gateway.lobby",
        "false",
        "BOOL",
        "Whether connections on /ws join a room of all",
    ),
    key(
        "history.size",
        "1000",
        "COUNT",
        "Messages of one topic that are kept",
    ),
    key(
        "history.ttl",
        "24h",
        "DURATION",
        "How long a message is kept",
    ),
    key(
        "history.deliver_on_connect",
        "true",
        "BOOL",
        "Whether users are sent what came while they had no connection",
    ),
    key(
        "history.trust_restart",
        "false",
        "BOOL",
        "Whether a Redis that was restarted is taken to have kept all messages",
    ),
    Key {
        variables: &["CORS_ORIGINS"],
        ..key(
            "cors.origins",
            "",
            "ORIGINS",
            "Other origins whose pages may open sockets; * is all",
        )
    },
    key(
        "limits.connections",
        "",
        "COUNT",
        "Sockets in all; by the limit of open files where it is not set",
    ),
    Key {
        variables: &["WEBSOCKET_MAX_CONNECTIONS_PER_USER"],
        ..key(
            "limits.connections_per_user",
            "5",
            "COUNT",
            "Sockets of one user",
        )
    },
    key(
        "limits.connects_per_address",
        "200",
        "RATE",
        "Connects a second from one address",
    ),
    key(
        "limits.connects_burst",
        "2000",
        "COUNT",
        "Connects at once from one address",
    ),
    key(
        "limits.frames_per_second",
        "10",
        "RATE",
        "Frames a second on one connection",
    ),
    key(
        "limits.frames_burst",
        "20",
        "COUNT",
        "Frames at once on one connection",
    ),
    key(
        "limits.message_size",
        "65536",
        "BYTES",
        "The largest message from a client",
    ),
    key(
        "limits.topics_per_connection",
        "128",
        "COUNT",
        "Topics of one connection",
    ),
    key(
        "limits.payload",
        "262144",
        "BYTES",
        "The largest message from the broker",
    ),
    key(
        "limits.request_timeout",
        "5s",
        "DURATION",
        "How long a broker or a service may take to answer",
    ),
    key(
        "limits.queue_frames",
        "256",
        "COUNT",
        "Frames that may wait to be sent on one connection",
    ),
    key(
        "limits.queue_bytes",
        "1048576",
        "BYTES",
        "Bytes that may wait to be sent on one connection",
    ),
    key(
        "limits.write_timeout",
        "10s",
        "DURATION",
        "How long a client may take to accept what is written",
    ),
    key(
        "limits.ping_interval",
        "25s",
        "DURATION",
        "How often a client is asked whether it is there",
    ),
    key(
        "limits.pong_timeout",
        "10s",
        "DURATION",
        "How long a client may take to answer that",
    ),
    key(
        "limits.auth_timeout",
        "10s",
        "DURATION",
        "How long a client may take to say who it is",
    ),
    Key {
        variables: &["WEBSOCKET_IDLE_TIMEOUT"],
        ..key(
            "limits.idle",
            "300s",
            "DURATION",
            "How long nothing may be said either way; 0 is for ever",
        )
    },
    Key {
        variables: &["MITHRIL_EXERCISES_DIR"],
        ..key("content.dir", "exercises", "DIR", "The tree of exercises")
    },
    Key {
        variables: &["MITHRIL_WATCH"],
        ..key(
            "content.watch",
            "auto",
            "MODE",
            "How changes in it are noticed: auto, inotify, poll, off",
        )
    },
    Key {
        variables: &["REDIS_URL"],
        ..key(
            "redis.url",
            "",
            "URL",
            "Where Redis is, such as redis://localhost:6379; nothing keeps everything in process",
        )
    },
    Key {
        variables: &["REDIS_PASSWORD"],
        secret: true,
        ..key(
            "redis.password",
            "",
            "FILE",
            "The password of Redis; it beats the one in the URL",
        )
    },
    Key {
        variables: &["REDIS_DB"],
        ..key(
            "redis.db",
            "",
            "NUMBER",
            "The number of the database in Redis; it beats the one in the URL",
        )
    },
    Key {
        variables: &["CACHE_TTL"],
        ..key(
            "cache.ttl",
            "3600s",
            "DURATION",
            "How long pools and exercises stay in Redis",
        )
    },
    key(
        "cache.pools_ttl",
        "1800s",
        "DURATION",
        "How long the list of pools stays in Redis",
    ),
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
        "lint.score_total",
        "100",
        "POINTS",
        "The points that the stages of an exercise make together",
    ),
    key(
        "lint.max_timeout",
        "60",
        "SECONDS",
        "The most seconds that a build or a test may take",
    ),
    key(
        "lint.grader_deadline",
        "120",
        "SECONDS",
        "The most seconds that the build and all tests of an exercise may take together",
    ),
    key(
        "lint.programs",
        "",
        "PROGRAMS",
        "Programs that commands may run, besides the usual ones",
    ),
    key(
        "lint.allow_files",
        "",
        "PATTERNS",
        "Files that may stand beside an exercise, as .gitignore writes them",
    ),
    key(
        "lint.max_file_size",
        "262144",
        "BYTES",
        "The most bytes of a file",
    ),
];
