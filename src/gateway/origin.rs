//! A page of another site cannot open a socket in a visitor's name.

use axum::http::{HeaderMap, header};

/// Whether the page that opens the socket may. No origin means no browser, and nothing to protect:
/// cookies are never read. A page without an origin of its own says `null`, and is refused.
pub(super) fn is_allowed(headers: &HeaderMap) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else {
        return true;
    };
    let (Ok(origin), None) = (origin.to_str(), origins.next()) else {
        return false;
    };
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    host.is_some_and(|host| is_same(origin, host))
}

// Host and port are equal, the port that is left out being the one of the origin's scheme.
fn is_same(origin: &str, host: &str) -> bool {
    let (authority, port) = if let Some(authority) = origin.strip_prefix("https://") {
        (authority, ":443")
    } else if let Some(authority) = origin.strip_prefix("http://") {
        (authority, ":80")
    } else {
        return false;
    };
    let bare = |text: &str| text.strip_suffix(port).unwrap_or(text).to_ascii_lowercase();
    !authority.is_empty() && bare(authority) == bare(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_means_host_and_port() {
        for (origin, host) in [
            ("http://localhost:8080", "localhost:8080"),
            ("http://LocalHost", "localhost"),
            ("http://a.example:80", "a.example"),
            ("https://a.example", "a.example:443"),
            ("http://[::1]:8080", "[::1]:8080"),
        ] {
            assert!(is_same(origin, host), "{origin} {host}");
        }
        for (origin, host) in [
            ("null", "localhost"),
            ("", ""),
            ("http://", ""),
            ("file://localhost", "localhost"),
            ("http://localhost:8081", "localhost:8080"),
            ("http://localhost", "localhost:8080"),
            ("http://a.example.evil", "a.example"),
            ("http://evil-a.example", "a.example"),
            ("https://a.example:80", "a.example"),
            ("http://a.example/", "a.example"),
        ] {
            assert!(!is_same(origin, host), "{origin} {host}");
        }
    }
}
