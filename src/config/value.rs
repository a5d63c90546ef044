//! Values as they are written, before they are anything.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;

/// A value of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Raw {
    /// A single value.
    Text(String),
    /// A list of a file.
    List(Vec<String>),
}

impl Raw {
    /// The single value.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::List(_) => None,
        }
    }

    /// A list: of a file, in JSON, or with commas.
    pub(super) fn list(&self) -> Option<Vec<String>> {
        match self {
            Self::List(items) => Some(items.clone()),
            Self::Text(text) if text.trim_start().starts_with('[') => {
                serde_json::from_str(text).ok()
            }
            Self::Text(text) => {
                let items = text
                    .split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty());
                Some(items.map(str::to_owned).collect())
            }
        }
    }

    /// The content of the file, for a value `file:PATH`, without the line break at its end.
    pub(super) fn resolve(self) -> Result<Self, String> {
        let Self::Text(text) = &self else {
            return Ok(self);
        };
        let Some(path) = text.strip_prefix("file:") else {
            return Ok(self);
        };
        match std::fs::read_to_string(path) {
            Ok(content) => Ok(Self::Text(
                content.trim_end_matches(['\r', '\n']).to_owned(),
            )),
            Err(error) => Err(format!("failed to read {path}: {error}")),
        }
    }
}

impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::List(items) => write!(f, "{items:?}"),
        }
    }
}

/// Seconds, or a number with a unit: `250ms`, `30s`, `5m`, `24h`.
pub fn duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().ok()?;
    let milliseconds = match text[digits..].trim_start() {
        "ms" => number,
        "" | "s" => number.checked_mul(1000)?,
        "m" => number.checked_mul(60_000)?,
        "h" => number.checked_mul(3_600_000)?,
        _ => return None,
    };
    Some(Duration::from_millis(milliseconds))
}

/// An address with a port; a port alone listens on the loopback address.
pub(super) fn address(text: &str) -> Option<SocketAddr> {
    if let Ok(port) = text.trim_start_matches(':').parse() {
        return Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    }
    let text = text.replace("localhost", "127.0.0.1");
    text.parse().ok()
}

/// Whether.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// Nothing, or `/` and names; a `/` at the end is not kept.
pub(super) fn base_path(text: &str) -> Option<String> {
    let path = text.trim_end_matches('/');
    let name = |name: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
        !name.is_empty() && name != "." && name != ".." && name.chars().all(plain)
    };
    match path.strip_prefix('/') {
        None => path.is_empty().then(String::new),
        Some(names) => names.split('/').all(name).then(|| path.to_owned()),
    }
}

/// A network, or an address alone.
pub(super) fn network(text: &str) -> Option<IpNet> {
    let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(address)
}

/// Whether a browser could name such an origin, or it is `*`: a scheme, a host and perhaps a port.
pub(super) fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else {
        return text == "*";
    };
    let authority = authority.trim_end_matches('/');
    // Of an address of IPv6 the colons stand in brackets.
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        Some(_) | None => (authority, "0"),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let named = |c: char| plain(c) || matches!(c, '_' | '[' | ']' | ':');
    let is_address = host.starts_with('[') && host.ends_with(']');
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(plain)
        && !host.is_empty()
        && host.chars().all(named)
        && (is_address || !host.contains(':'))
        && port.parse::<u16>().is_ok()
}
