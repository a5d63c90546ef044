//! A page of another site cannot open a socket in a visitor's name.

use axum::http::{HeaderMap, header};

/// The origins of other sites whose pages are let in.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    any: bool,
    listed: Vec<String>,
}

impl Origins {
    /// These origins; `*` is all of them.
    pub fn new(origins: &[String]) -> Self {
        let plain = |origin: &String| origin.trim_end_matches('/').to_ascii_lowercase();
        Self {
            any: origins.iter().any(|origin| origin == "*"),
            listed: origins.iter().map(plain).collect(),
        }
    }

    /// Whether pages of every site are let in.
    pub fn are_any(&self) -> bool {
        self.any
    }

    /// Whether pages of that other site are let in. A page without an origin of its own, `null`,
    /// never is.
    pub fn list(&self, origin: &str) -> bool {
        let listed = || {
            self.listed
                .iter()
                .any(|listed| origin.eq_ignore_ascii_case(listed))
        };
        origin != "null" && (self.any || listed())
    }

    /// Whether the page that opens the socket may, where the client asked for these hosts. No origin
    /// means no browser, and nothing to protect: cookies are never read.
    pub(super) fn allow(&self, headers: &HeaderMap, forwarded_host: Option<&str>) -> bool {
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
        let mut hosts = host.into_iter().chain(forwarded_host);
        hosts.any(|host| is_same(origin, host)) || self.list(origin)
    }
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

    #[test]
    fn others_are_let_in_by_name_or_all_but_never_null() {
        let origins = |listed: &[&str]| {
            let listed: Vec<_> = listed.iter().map(|&origin| origin.to_owned()).collect();
            Origins::new(&listed)
        };
        let some = origins(&["https://a.example", "https://B.example/", "null"]);
        assert!(some.list("https://a.example") && some.list("https://b.example"));
        for other in [
            "http://a.example",
            "https://a.example:8443",
            "null",
            "*",
            "",
        ] {
            assert!(!some.list(other), "{other}");
        }
        let all = origins(&["*"]);
        assert!(all.are_any() && all.list("https://c.example"));
        assert!(!all.list("null"));
        assert!(!origins(&[]).list("https://a.example"));
    }

    #[test]
    fn the_host_may_be_the_one_that_a_proxy_names() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "inside:8080".parse().unwrap());
        headers.insert(header::ORIGIN, "https://a.example".parse().unwrap());
        let origins = Origins::default();
        assert!(!origins.allow(&headers, None));
        assert!(origins.allow(&headers, Some("a.example")));
        assert!(!origins.allow(&headers, Some("b.example")));
    }
}
