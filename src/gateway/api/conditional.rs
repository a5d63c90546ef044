//! A client that has a representation already is not sent it again (RFC 9110, section 13.1.2).
//!
//! The entity tag is the digest of the body, and strong: equal tags are equal bytes.

use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::catalog::Digest;

/// This body, or that the client has it already.
pub(super) fn answer(headers: &HeaderMap, body: String) -> Response {
    let digest = Digest::of(body.as_bytes()).to_string();
    let is_known = lists(headers, &digest);
    let headers: [(HeaderName, String); 2] = [
        (header::ETAG, format!("\"{digest}\"")),
        // Who may see it depends on the token; whether it is the newest is asked each time.
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
    ];
    if is_known {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (headers, kind, body).into_response()
}

/// Whether `If-None-Match` lists this tag, or any. Of several lines each is a part of one list.
fn lists(headers: &HeaderMap, tag: &str) -> bool {
    let lines = headers.get_all(header::IF_NONE_MATCH);
    lines
        .iter()
        .filter_map(|line| line.to_str().ok())
        .any(|line| line.trim() == "*" || tags(line).any(|known| known == tag))
}

/// The opaque parts of a list of entity tags, up to the first thing that is none. Whether a tag is
/// weak makes no difference here; a tag may have commas in it.
fn tags(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = list;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let quoted = rest.strip_prefix("W/").unwrap_or(rest);
        let (tag, after) = quoted.strip_prefix('"')?.split_once('"')?;
        rest = after;
        Some(tag)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_tag_by_tag() {
        for (lines, known) in [
            (&[r#""a""#][..], true),
            (&[r#"W/"a""#], true),
            (&["*"], true),
            (&[" * "], true),
            (&[r#""b", "a""#], true),
            (&[r#""b","a""#], true),
            (&[r#", ,"b" ,W/"a","#], true),
            (&[r#""b""#, r#""a""#], true),
            (&[r#""x,y", "a""#], true),
            (&[], false),
            (&[""], false),
            (&["a"], false),
            (&[r#""b""#], false),
            (&[r#""a"#], false),
            (&[r#"w/"a""#], false),
            (&[r#""A""#], false),
            (&[r#""x,"a",y""#], false),
            (&[r#""*""#], false),
            (&[r#"b, "a""#], false),
            (&[r#""""#], false),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::IF_NONE_MATCH, line.parse().unwrap());
            }
            assert_eq!(lists(&headers, "a"), known, "{lines:?}");
        }
    }
}
