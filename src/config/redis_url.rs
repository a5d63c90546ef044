//! Where a Redis is: a URL that has been read is complete, and showing it shows no password.
//!
//! | form | what it names |
//! | --- | --- |
//! | `redis://[user][:password@]host[:port][/db]` | one server; `rediss://` over TLS |
//! | `unix:///path/to/redis.sock` | one server on this machine |
//! | `redis+sentinel://host:port[,host:port]/master[/db]` | the primary that the sentinels know by that name |
//! | `redis+cluster://host:port[,host:port]` | a cluster, by some of its nodes |
//!
//! `valkey` is `redis` by another name, and `rediss+…` is over TLS. A sentinel that wants a password of
//! its own gets it as `?sentinel_password=`.

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::Secret;

const SERVER_PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

/// Where a Redis is, and who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisUrl {
    /// Its machines.
    pub place: RedisPlace,
    /// Whether it is spoken to over TLS.
    pub tls: bool,
    /// The user, where it is not the default one.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<Secret<String>>,
    /// The number of the database.
    pub db: u32,
}

/// The machines of a Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedisPlace {
    /// One server.
    Server(RedisHost),
    /// One server on this machine, by its socket.
    Socket(PathBuf),
    /// The primary that sentinels know.
    Sentinels {
        /// The sentinels.
        hosts: Vec<RedisHost>,
        /// The primary's name.
        master: String,
        /// What the sentinels themselves ask for.
        password: Option<Secret<String>>,
    },
    /// A cluster.
    Cluster(Vec<RedisHost>),
}

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RedisHost {
    /// The name or address.
    pub name: String,
    /// The port.
    pub port: u16,
}

/// Why a text is not where a Redis is. It never holds the text: there may be a password in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedisUrlError {
    /// It begins otherwise.
    #[error(
        "must begin with redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://, \
         such as redis://localhost:6379"
    )]
    Scheme,
    /// There is none.
    #[error("names no host")]
    NoHost,
    /// It is none.
    #[error("has a host that is none: write host:port, and [address]:port for IPv6")]
    Host,
    /// One is meant.
    #[error("names several hosts: write redis+cluster:// or redis+sentinel:// before them")]
    SeveralHosts,
    /// It is no number, or the cluster has none.
    #[error("has a database that is no number")]
    Database,
    /// Clusters have one database.
    #[error("names a database, and a cluster has but one")]
    ClusterDatabase,
    /// Sentinels know several.
    #[error("does not name the primary: redis+sentinel://host:port/NAME")]
    NoMaster,
    /// It is not used.
    #[error("has a parameter that is not known: the only one is sentinel_password")]
    Parameter,
    /// It ends in the middle.
    #[error("has a % that begins no escape: write %25 for the character itself")]
    Escape,
    /// There is nothing behind the scheme.
    #[error("names no socket")]
    NoSocket,
}

/// What a scheme means.
enum Scheme {
    Server,
    Socket,
    Sentinels,
    Cluster,
}

impl FromStr for RedisUrl {
    type Err = RedisUrlError;

    fn from_str(text: &str) -> Result<Self, RedisUrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(RedisUrlError::Scheme)?;
        let (scheme, tls) = self::scheme(scheme).ok_or(RedisUrlError::Scheme)?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        if let Scheme::Socket = scheme {
            return socket(rest, query);
        }
        // The last @: a password may have one that is not escaped.
        let (who, rest) = rest.rsplit_once('@').unwrap_or(("", rest));
        let (user, password) = who.split_once(':').unwrap_or((who, ""));
        let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
        let path = path.trim_end_matches('/');
        let (place, db) = match scheme {
            Scheme::Sentinels => sentinels(hosts, path, query)?,
            _ if !query.is_empty() => return Err(RedisUrlError::Parameter),
            Scheme::Cluster => match database(path)? {
                0 => (RedisPlace::Cluster(list(hosts, SERVER_PORT)?), 0),
                _ => return Err(RedisUrlError::ClusterDatabase),
            },
            Scheme::Server | Scheme::Socket => {
                if hosts.contains(',') {
                    return Err(RedisUrlError::SeveralHosts);
                }
                let host = host(hosts, SERVER_PORT)?;
                (RedisPlace::Server(host), database(path)?)
            }
        };
        Ok(Self {
            place,
            tls,
            user: filled(unescape(user)?),
            password: filled(unescape(password)?).map(Secret::new),
            db,
        })
    }
}

/// What a scheme means, and whether over TLS.
fn scheme(text: &str) -> Option<(Scheme, bool)> {
    Some(match text {
        "redis" | "valkey" => (Scheme::Server, false),
        "rediss" | "valkeys" => (Scheme::Server, true),
        "unix" | "redis+unix" | "valkey+unix" => (Scheme::Socket, false),
        "redis+sentinel" | "valkey+sentinel" => (Scheme::Sentinels, false),
        "rediss+sentinel" | "valkeys+sentinel" => (Scheme::Sentinels, true),
        "redis+cluster" | "valkey+cluster" => (Scheme::Cluster, false),
        "rediss+cluster" | "valkeys+cluster" => (Scheme::Cluster, true),
        _ => return None,
    })
}

fn socket(path: &str, query: &str) -> Result<RedisUrl, RedisUrlError> {
    if path.is_empty() {
        return Err(RedisUrlError::NoSocket);
    }
    if !query.is_empty() {
        return Err(RedisUrlError::Parameter);
    }
    Ok(RedisUrl {
        place: RedisPlace::Socket(PathBuf::from(unescape(path)?)),
        tls: false,
        user: None,
        password: None,
        db: 0,
    })
}

fn sentinels(hosts: &str, path: &str, query: &str) -> Result<(RedisPlace, u32), RedisUrlError> {
    let (master, db) = path.split_once('/').unwrap_or((path, ""));
    let master = filled(unescape(master)?).ok_or(RedisUrlError::NoMaster)?;
    let password = match query.split_once('=') {
        None if query.is_empty() => None,
        Some(("sentinel_password", value)) if !value.contains('&') => filled(unescape(value)?),
        None | Some(_) => return Err(RedisUrlError::Parameter),
    };
    let place = RedisPlace::Sentinels {
        hosts: list(hosts, SENTINEL_PORT)?,
        master,
        password: password.map(Secret::new),
    };
    Ok((place, database(db)?))
}

fn list(text: &str, port: u16) -> Result<Vec<RedisHost>, RedisUrlError> {
    text.split(',').map(|text| host(text, port)).collect()
}

fn host(text: &str, default: u16) -> Result<RedisHost, RedisUrlError> {
    let number = |port: &str| port.parse().map_err(|_| RedisUrlError::Host);
    let (name, port) = if let Some(rest) = text.strip_prefix('[') {
        let (name, rest) = rest.split_once(']').ok_or(RedisUrlError::Host)?;
        let port = match rest.strip_prefix(':') {
            Some(port) => number(port)?,
            None if rest.is_empty() => default,
            None => return Err(RedisUrlError::Host),
        };
        (name, port)
    } else {
        match text.split_once(':') {
            Some((name, port)) => (name, number(port)?),
            None => (text, default),
        }
    };
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"/?#@[]".contains(c);
    match name {
        "" => Err(RedisUrlError::NoHost),
        name if name.chars().all(plain) => Ok(RedisHost {
            name: name.to_owned(),
            port,
        }),
        _ => Err(RedisUrlError::Host),
    }
}

fn database(text: &str) -> Result<u32, RedisUrlError> {
    match text {
        "" => Ok(0),
        text => text.parse().map_err(|_| RedisUrlError::Database),
    }
}

/// The text without its escapes, `%` and two hexadecimal digits.
fn unescape(text: &str) -> Result<String, RedisUrlError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let digits = after.get(..2).ok_or(RedisUrlError::Escape)?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| RedisUrlError::Escape)?);
        rest = after.get(2..).unwrap_or_default();
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).map_err(|_| RedisUrlError::Escape)
}

fn filled(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// For people: without user and password.
impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "rediss" } else { "redis" };
        match &self.place {
            RedisPlace::Socket(path) => write!(f, "unix://{}", path.display()),
            RedisPlace::Server(host) => write!(f, "{scheme}://{host}/{}", self.db),
            RedisPlace::Cluster(hosts) => write!(f, "{scheme}+cluster://{}", joined(hosts)),
            RedisPlace::Sentinels { hosts, master, .. } => {
                let hosts = joined(hosts);
                write!(f, "{scheme}+sentinel://{hosts}/{master}/{}", self.db)
            }
        }
    }
}

fn joined(hosts: &[RedisHost]) -> String {
    let hosts: Vec<String> = hosts.iter().map(RedisHost::to_string).collect();
    hosts.join(",")
}

impl fmt::Display for RedisHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.contains(':') {
            write!(f, "[{}]:{}", self.name, self.port)
        } else {
            write!(f, "{}:{}", self.name, self.port)
        }
    }
}
