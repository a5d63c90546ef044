//! The URL of a gateway: where it is, and what stands before its routes.

use std::fmt;

use axum::http::Uri;

use super::RemoteError;

/// What is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `ws` and `wss`.
    WebSocket,
    /// `http` and `https`.
    Http,
}

/// Where a gateway is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    protocol: Protocol,
    tls: bool,
    host: String,
    port: u16,
    path: String,
    query: Option<String>,
}

impl Endpoint {
    /// Reads a URL. Either protocol's scheme will do, because both are at one address.
    pub fn parse(text: &str, protocol: Protocol) -> Result<Self, RemoteError> {
        let refused = |problem| {
            // A query may have a token in it, and what stands before an @ a password.
            let shown = text.split(['?', '#']).next().unwrap_or_default();
            let shown = match shown.rsplit_once('@') {
                Some((_, rest)) => format!("…@{rest}"),
                None => shown.to_owned(),
            };
            RemoteError::Url {
                url: shown,
                problem,
            }
        };
        let uri: Uri = text.parse().map_err(|_| refused("it can't be read"))?;
        let tls = match uri.scheme_str() {
            Some("ws" | "http") => false,
            Some("wss" | "https") => true,
            Some(_) => return Err(refused("it must begin with ws, wss, http or https")),
            None => return Err(refused("it must begin with ws:// or http://")),
        };
        let authority = uri.authority().ok_or_else(|| refused("it has no host"))?;
        if authority.as_str().contains('@') {
            return Err(refused("a gateway takes a token, no password"));
        }
        let port = match authority.port() {
            Some(port) => port.as_u16(),
            None if tls => 443,
            None => 80,
        };
        Ok(Self {
            protocol,
            tls,
            host: authority.host().to_owned(),
            port,
            path: uri.path().trim_end_matches('/').to_owned(),
            query: uri.query().map(str::to_owned),
        })
    }

    /// The same with a path that ends so.
    #[must_use]
    pub fn with_route(mut self, route: &str) -> Self {
        if !self.path.ends_with(route) {
            self.path.push_str(route);
        }
        self
    }

    /// The path.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether what is said is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.tls
    }

    /// The host; an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Host and port, as a request names them and people are told.
    pub fn authority(&self) -> String {
        let usual = if self.tls { 443 } else { 80 };
        if self.port == usual {
            self.host.clone()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Path and query, as a request names them.
    pub fn target(&self) -> String {
        let path = if self.path.is_empty() {
            "/"
        } else {
            &self.path
        };
        match &self.query {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        }
    }
}

/// Without the query, which may have a token in it.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match (self.protocol, self.tls) {
            (Protocol::WebSocket, false) => "ws",
            (Protocol::WebSocket, true) => "wss",
            (Protocol::Http, false) => "http",
            (Protocol::Http, true) => "https",
        };
        write!(f, "{scheme}://{}{}", self.authority(), self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_and_how() {
        for (text, shown, target) in [
            ("ws://localhost:8080", "ws://localhost:8080/ws", "/ws"),
            ("http://localhost:8080/", "ws://localhost:8080/ws", "/ws"),
            ("wss://example.org/ws/", "wss://example.org/ws", "/ws"),
            (
                "https://example.org:8443/api/ws?token=t",
                "wss://example.org:8443/api/ws",
                "/api/ws?token=t",
            ),
            ("ws://[::1]:1/api", "ws://[::1]:1/api/ws", "/api/ws"),
        ] {
            let endpoint = Endpoint::parse(text, Protocol::WebSocket).unwrap();
            let endpoint = endpoint.with_route("/ws");
            assert_eq!(endpoint.to_string(), shown);
            assert_eq!(endpoint.target(), target);
        }
        let endpoint = Endpoint::parse("ws://[::1]", Protocol::WebSocket).unwrap();
        assert_eq!((endpoint.host(), endpoint.port()), ("::1", 80));
        assert_eq!(endpoint.authority(), "[::1]");
    }

    #[test]
    fn an_error_shows_no_secret() {
        for text in [
            "",
            "localhost:8080",
            "ftp://localhost/?token=hunter2",
            "ws://user:hunter2@localhost",
            "ws://hunter2@[::1/",
            "ws:///?hunter2",
        ] {
            let error = Endpoint::parse(text, Protocol::WebSocket).unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}
