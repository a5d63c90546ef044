//! Where a token is looked for: the first place that has one decides.

use axum::extract::Query;
use axum::http::{HeaderMap, Uri, header};
use serde::Deserialize;

use crate::protocol::Dialect;

/// The subprotocol that carries a token, for browsers, which cannot set headers on a socket.
const BEARER: &str = "mithril.bearer.";

/// What the subprotocols of an upgrade say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Subprotocols<'a> {
    /// The first dialect offered.
    pub(super) dialect: Option<Dialect>,
    /// The token offered. It is never echoed.
    pub(super) token: Option<&'a str>,
}

impl<'a> Subprotocols<'a> {
    /// Reads the offers in the client's order of preference.
    pub(super) fn of(headers: &'a HeaderMap) -> Self {
        let mut offers = Self::default();
        let lines = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL);
        let names = lines
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(','))
            .map(str::trim);
        for name in names {
            if let Some(token) = name.strip_prefix(BEARER) {
                offers.token = offers.token.or(Some(token));
            } else {
                offers.dialect = offers.dialect.or_else(|| Dialect::of_subprotocol(name));
            }
        }
        offers
    }
}

/// A token, or what stands where one belongs.
pub(super) fn find(
    headers: &HeaderMap,
    offers: &Subprotocols<'_>,
    uri: &Uri,
    query: bool,
) -> Option<String> {
    in_header(headers)
        .or_else(|| offers.token.map(str::to_owned))
        .or_else(|| query.then(|| in_query(uri)).flatten())
        .filter(|token| !token.is_empty())
}

/// What stands in the header where a token belongs.
pub(super) fn in_header(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?;
    // What is not text is no token, but it does stand where one belongs.
    let value = String::from_utf8_lossy(value.as_bytes());
    let value = value.trim();
    let token = match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim_start(),
        Some(_) | None => value,
    };
    Some(token.to_owned())
}

fn in_query(uri: &Uri) -> Option<String> {
    #[derive(Deserialize)]
    struct Parameters {
        token: Option<String>,
    }
    // A query that cannot be read has no token in it.
    Query::<Parameters>::try_from_uri(uri).ok()?.0.token
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(lines: &[(header::HeaderName, &str)]) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    fn found(lines: &[(header::HeaderName, &str)], uri: &str) -> Option<String> {
        let headers = headers(lines);
        let offers = Subprotocols::of(&headers);
        find(&headers, &offers, &uri.parse().unwrap(), true)
    }

    #[test]
    fn the_first_place_decides() {
        let header = (header::AUTHORIZATION, "Bearer h");
        let offer = (
            header::SEC_WEBSOCKET_PROTOCOL,
            "mithril.bearer.s, mithril.v1",
        );
        let token = |lines: &[_], uri| found(lines, uri).unwrap();
        assert_eq!(token(&[header.clone(), offer.clone()], "/ws?token=q"), "h");
        assert_eq!(token(&[offer], "/ws?token=q"), "s");
        assert_eq!(token(&[], "/ws?a=b&token=q%2B"), "q+");
        assert_eq!(found(&[], "/ws"), None);
        assert_eq!(found(&[], "/ws?token="), None);
        assert_eq!(found(&[], "/ws?token=a&token=b"), None);
    }

    #[test]
    fn the_scheme_is_optional() {
        for value in ["t", "Bearer t", "bearer  t", " t "] {
            let line = (header::AUTHORIZATION, value);
            assert_eq!(found(&[line], "/ws").unwrap(), "t", "{value}");
        }
        let basic = (header::AUTHORIZATION, "Basic dTpw");
        assert_eq!(found(&[basic], "/ws?token=q").unwrap(), "Basic dTpw");
    }

    #[test]
    fn the_query_can_be_turned_off() {
        let none = HeaderMap::new();
        let uri = "/ws?token=q".parse().unwrap();
        assert_eq!(find(&none, &Subprotocols::default(), &uri, false), None);
    }

    #[test]
    fn the_first_dialect_offered_is_spoken() {
        let offers = |value| {
            let headers = headers(&[(header::SEC_WEBSOCKET_PROTOCOL, value)]);
            let offers = Subprotocols::of(&headers);
            (offers.dialect, offers.token.map(str::to_owned))
        };
        let v1 = Some(Dialect::V1);
        let classic = Some(Dialect::Classic);
        assert_eq!(offers("other, mithril.v1, mithril.classic"), (v1, None));
        assert_eq!(offers("mithril.classic,mithril.v1"), (classic, None));
        assert_eq!(offers("mithril.bearer.t"), (None, Some("t".to_owned())));
    }
}
