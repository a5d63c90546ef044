//! The page of `--dev` runs its own script and style, and no other.

use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use uuid::Uuid;

/// The page, with placeholders.
const PAGE: &str = include_str!("../dev.html");
/// Where its nonce belongs.
const NONCE: &str = "{{nonce}}";

/// The page, but for its nonce. A base path is of names alone, so it needs no escapes in a script.
pub(super) fn page(base_path: &str, is_anonymous: bool) -> String {
    PAGE.replace("{{base}}", base_path)
        .replace("{{anonymous}}", &is_anonymous.to_string())
}

/// The page for one visit.
pub(super) fn show(page: &str) -> Response {
    let nonce = Uuid::new_v4().simple().to_string();
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; \
         connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, Html(page.replace(NONCE, &nonce))).into_response()
}
