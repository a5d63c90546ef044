//! What a configuration is once it has been read: every value has its type, and secrets can't be
//! printed.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use jsonwebtoken::Algorithm;
use tracing::level_filters::LevelFilter;

use super::{Origin, RedisUrl, Secret};
use crate::telemetry::LogFormat;

/// Everything that can be configured.
#[derive(Debug, Clone)]
pub struct Config {
    /// `role`.
    pub role: Role,
    /// `[server]`.
    pub server: Server,
    /// `[auth]`.
    pub auth: Auth,
    /// `[gateway]`.
    pub gateway: Gateway,
    /// `[history]`.
    pub history: History,
    /// `[cors]`.
    pub cors: Cors,
    /// `[limits]`.
    pub limits: Limits,
    /// `[content]`.
    pub content: Content,
    /// `[redis]`.
    pub redis: Redis,
    /// `[cache]`.
    pub cache: Cache,
    /// `[log]`.
    pub log: Log,
    /// `[lint]`.
    pub lint: Lint,
}

/// What a daemon does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    #[default]
    All,
    /// It has no content of its own, and answers from Redis.
    Gateway,
}

/// `[server]`.
#[derive(Debug, Clone)]
pub struct Server {
    /// Where the daemon listens.
    pub listen: SocketAddr,
    /// What stands before the routes of sockets and the API: empty, or `/` and names.
    pub base_path: String,
    /// The networks of the proxies whose word on addresses and hosts is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// Where metrics are answered for, if not there.
    pub metrics_listen: Option<SocketAddr>,
    /// How long closing all sockets may take.
    pub drain: Duration,
    /// Whether somebody has said so.
    pub is_drain_set: bool,
}

/// `[auth]`.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a key of its own, which is set or not"
)]
pub struct Auth {
    /// Whether users prove who they are.
    pub enabled: bool,
    /// The key of HS algorithms.
    pub secret: Option<Secret<String>>,
    /// The key before it, for rotation.
    pub previous_secret: Option<Secret<String>>,
    /// Whether a key of HS algorithms may be shorter than 32 bytes.
    pub allow_short_secret: bool,
    /// The keys of services that publish.
    pub api_keys: Vec<Secret<String>>,
    /// The algorithm of tokens.
    pub algorithm: Algorithm,
    /// The public key of other algorithms, as PEM.
    pub public_key: Option<String>,
    /// The public keys of other algorithms, as a JSON Web Key Set.
    pub jwks: Option<String>,
    /// Who a token must be for: one of these.
    pub audience: Vec<String>,
    /// Who a token must be from.
    pub issuer: Option<String>,
    /// The claim that names the user; `sub`, then `user_id`, where it is not set.
    pub user_claim: Option<String>,
    /// Whether the query parameter `token` is read.
    pub query_token: bool,
    /// Who may enter rooms and projects.
    pub room_policy: RoomPolicy,
    /// Whether a client may publish to a project.
    pub project_publish: bool,
}

/// Who may enter rooms and projects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RoomPolicy {
    /// Any authenticated user.
    #[default]
    Open,
    /// Whoever's token names the room in its `rooms` claim.
    Claim,
}

/// `[gateway]`.
#[derive(Debug, Clone)]
pub struct Gateway {
    /// Whether connections on `/ws` join a room of all.
    pub lobby: bool,
}

/// `[history]`.
#[derive(Debug, Clone)]
pub struct History {
    /// Messages of one topic that are kept.
    pub size: u32,
    /// How long a message is kept.
    pub ttl: Duration,
    /// Whether users are sent what came while they had no connection.
    pub deliver_on_connect: bool,
    /// Whether a Redis that was restarted is taken to have kept all messages.
    pub trust_restart: bool,
}

/// `[cors]`.
#[derive(Debug, Clone)]
pub struct Cors {
    /// The other origins whose pages may open sockets; `*` is all.
    pub origins: Vec<String>,
}

/// `[limits]`. What is a rate is off where it is 0.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Sockets in all; by the limit of open files where it is not set.
    pub connections: Option<u32>,
    /// Sockets of one user.
    pub connections_per_user: u32,
    /// Connects a second from one address.
    pub connects_per_address: u32,
    /// Connects at once from one address.
    pub connects_burst: u32,
    /// Frames a second on one connection.
    pub frames_per_second: u32,
    /// Frames at once on one connection.
    pub frames_burst: u32,
    /// Bytes of one message from a client.
    pub message_size: u32,
    /// Topics of one connection.
    pub topics_per_connection: u32,
    /// Bytes of one message from the broker.
    pub payload: u32,
    /// How long a broker or a service may take to answer.
    pub request_timeout: Duration,
    /// Frames that may wait to be sent on one connection.
    pub queue_frames: u32,
    /// Bytes that may wait to be sent on one connection.
    pub queue_bytes: u32,
    /// How long a client may take to accept what is written.
    pub write_timeout: Duration,
    /// How often a client is asked whether it is there.
    pub ping_interval: Duration,
    /// How long it may take to answer that.
    pub pong_timeout: Duration,
    /// How long it may take to say who it is.
    pub auth_timeout: Duration,
    /// How long nothing may be said either way; 0 is for ever.
    pub idle: Duration,
}

/// `[content]`.
#[derive(Debug, Clone)]
pub struct Content {
    /// The tree of exercises.
    pub dir: PathBuf,
    /// How changes in it are noticed.
    pub watch: WatchMode,
}

/// How changes in the content are noticed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WatchMode {
    /// The system tells of them; where it can't, everything is looked at every few seconds.
    #[default]
    Auto,
    /// The system tells of them.
    Inotify,
    /// Everything is looked at every few seconds.
    Poll,
    /// They are not noticed, only told of.
    Off,
}

/// `[redis]`.
#[derive(Debug, Clone)]
pub struct Redis {
    /// Where it is, with the password and the database that are configured apart.
    pub server: Option<RedisUrl>,
}

/// `[cache]`.
#[derive(Debug, Clone, Copy)]
pub struct Cache {
    /// How long a pool and its exercises stay in Redis.
    pub ttl: Duration,
    /// How long the list of pools stays there.
    pub pools_ttl: Duration,
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
    pub select: Option<Listed>,
    /// Codes or prefixes not to report.
    pub ignore: Option<Listed>,
    /// Severities by code.
    pub severity: BTreeMap<String, (String, Origin)>,
    /// The points that the stages of an exercise make together.
    pub score_total: u32,
    /// The most seconds that a build or a test may take.
    pub max_timeout: u32,
    /// The most seconds that the build and all tests of an exercise may take together.
    pub grader_deadline: u32,
    /// Programs that commands may run, besides the usual ones.
    pub programs: Vec<String>,
    /// Patterns of files that may stand beside an exercise.
    pub allow_files: Option<Listed>,
    /// The most bytes of a file.
    pub max_file_size: u32,
}

/// A list that is checked where its items are known, and where it is written.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The items.
    pub items: Vec<String>,
    /// Where.
    pub origin: Origin,
}
