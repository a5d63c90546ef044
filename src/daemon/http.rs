//! Every answer over HTTP is JSON, but the page and the metrics; no log line holds a query.
//!
//! Sockets and the API stand behind the base path, health and metrics at the root.

mod brokers;
mod content;
mod health;
mod openapi;
mod page;
mod scrape;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::http::header::{self, HeaderValue};
use axum::http::request::Parts;
use axum::http::{HeaderName, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::catalog::ExerciseService;
use crate::gateway::{self, Gateway};
use crate::metrics::Metrics;
use health::Vitals;
use openapi::Description;

/// How long a browser may remember what it may do.
const PREFLIGHT_AGE: Duration = Duration::from_mins(10);

#[derive(Serialize)]
struct ErrorBody {
    error: &'static str,
    code: &'static str,
}

/// What the routes of a daemon depend on.
#[derive(Debug)]
pub(super) struct Settings {
    /// Whether there is the development page.
    pub(super) dev: bool,
    /// What stands before the routes of sockets and the API.
    pub(super) base_path: String,
    /// What is counted.
    pub(super) metrics: Metrics,
    /// Whether metrics have a listener of their own.
    pub(super) metrics_apart: bool,
    /// Whether content is here, and not read from elsewhere.
    pub(super) has_content: bool,
}

/// The routers of the daemon's listeners.
#[derive(Debug)]
pub(super) struct Routers {
    /// For everyone.
    pub(super) main: Router,
    /// For metrics alone, where they have a listener of their own.
    pub(super) metrics: Router,
}

/// All routes of the daemon.
pub(super) fn routers(
    gateway: &Gateway,
    exercises: ExerciseService,
    settings: Settings,
) -> Routers {
    let vitals = Arc::new(Vitals {
        started: Instant::now(),
        gateway: gateway.clone(),
        exercises,
        has_content: settings.has_content,
        metrics: settings.metrics,
    });
    let metrics = gateway::mount(scrape::routes(), "", Arc::clone(&vitals));
    let mut main = gateway::mount(health::routes(), "", vitals).merge(gateway::mount(
        Gateway::routes(),
        &settings.base_path,
        gateway.clone(),
    ));
    if !settings.metrics_apart {
        main = main.merge(metrics.clone());
    }
    let description = Description::of(&settings.base_path, settings.metrics_apart);
    // At the root for who looks for it there, and where a proxy passes on the base path alone.
    let mut places = vec!["", &settings.base_path];
    places.dedup();
    for place in places {
        main = main.merge(gateway::mount(
            openapi::routes(),
            place,
            description.clone(),
        ));
    }
    if settings.dev {
        let page = page::page(&settings.base_path, gateway.is_anonymous());
        main = main.route("/", get(async move || page::show(&page)));
    }
    let gateway = gateway.clone();
    Routers {
        main: finish(main, move |origin| gateway.lists(origin)),
        metrics: finish(metrics, |_| false),
    }
}

/// What holds for every answer, also where there is no route.
fn finish(router: Router, lists: impl Fn(&str) -> bool + Clone + Send + Sync + 'static) -> Router {
    router
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(cors(lists))
        .layer(middleware::from_fn(log_and_harden))
}

/// Preflights are answered by the list of origins that sockets go by.
fn cors(lists: impl Fn(&str) -> bool + Clone + Send + Sync + 'static) -> CorsLayer {
    let listed = move |origin: &HeaderValue, _: &Parts| origin.to_str().is_ok_and(&lists);
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(listed))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_NONE_MATCH,
            HeaderName::from_static("x-api-key"),
        ])
        .expose_headers([header::ETAG, header::RETRY_AFTER])
        .max_age(PREFLIGHT_AGE)
}

async fn not_found() -> impl IntoResponse {
    let body = ErrorBody {
        error: "there is nothing here",
        code: "not_found",
    };
    (StatusCode::NOT_FOUND, Json(body))
}

async fn method_not_allowed() -> impl IntoResponse {
    let body = ErrorBody {
        error: "this method is not allowed here",
        code: "method_not_allowed",
    };
    (StatusCode::METHOD_NOT_ALLOWED, Json(body))
}

async fn log_and_harden(request: Request, next: Next) -> Response {
    let begin = Instant::now();
    let method = request.method().clone();
    // The path alone: the query may hold a token.
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    for (name, value) in HARDENING {
        response.headers_mut().insert(name, value);
    }
    tracing::info!(
        %method,
        path,
        status = response.status().as_u16(),
        milliseconds = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
        "answered"
    );
    response
}

const HARDENING: [(HeaderName, HeaderValue); 2] = [
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
];
