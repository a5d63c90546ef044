//! Every answer over HTTP is JSON, except the development page; no log line holds a query.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderValue};
use axum::http::request::Parts;
use axum::http::{HeaderName, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use tower_http::cors::{AllowOrigin, CorsLayer};
use uuid::Uuid;

use crate::broker::BrokerError;
use crate::catalog::ExerciseService;
use crate::gateway::{Gateway, Origins};
use crate::metrics::{self, Metrics};

/// The page that `--dev` serves, with a placeholder where its nonce belongs.
const DEV_PAGE: &str = include_str!("dev.html");
/// How long a browser may remember what it may do.
const PREFLIGHT_AGE: Duration = Duration::from_mins(10);
const NONCE: &str = "{{nonce}}";

#[derive(Debug)]
struct Health {
    started: Instant,
    gateway: Gateway,
    exercises: ExerciseService,
    metrics: Metrics,
}

#[derive(Serialize)]
struct Overview {
    status: &'static str,
    version: &'static str,
    uptime_seconds: u64,
    connections: usize,
    content: Content,
    redis: Part,
}

/// A part of the daemon: `off` where it is not configured.
#[derive(Serialize, Default)]
struct Part {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    milliseconds: Option<u128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
}

#[derive(Serialize)]
struct Sockets {
    status: &'static str,
    connections: usize,
    users: usize,
    limit: Option<usize>,
}

#[derive(Serialize)]
struct Content {
    revision: String,
    pools: usize,
    exercises: usize,
}

#[derive(Serialize)]
struct Status {
    status: &'static str,
}

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
    /// The other sites whose pages may read answers.
    pub(super) origins: Origins,
    /// What is counted.
    pub(super) metrics: Metrics,
}

/// All routes of the daemon.
pub(super) fn router(gateway: &Gateway, exercises: ExerciseService, settings: Settings) -> Router {
    let health = Health {
        started: Instant::now(),
        gateway: gateway.clone(),
        exercises,
        metrics: settings.metrics,
    };
    let mut router = Router::new()
        .route("/healthz", get(overview))
        .route("/livez", get(live))
        .route("/metrics", get(metrics))
        .route("/readyz", get(ready))
        .route("/healthz/redis", get(redis))
        .route("/healthz/websocket", get(websocket))
        .with_state(Arc::new(health))
        .merge(gateway.routes(&settings.base_path));
    if settings.dev {
        // A base path is of names alone, so it needs no escapes in a script.
        let page = DEV_PAGE
            .replace("{{base}}", &settings.base_path)
            .replace("{{anonymous}}", &gateway.is_anonymous().to_string());
        router = router.route("/", get(async move || dev_page(&page)));
    }
    router
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(cors(settings.origins))
        .layer(middleware::from_fn(log_and_harden))
}

/// Preflights are answered by the list of origins that sockets go by.
fn cors(origins: Origins) -> CorsLayer {
    let listed = move |origin: &HeaderValue, _: &Parts| {
        origin.to_str().is_ok_and(|origin| origins.list(origin))
    };
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

async fn overview(State(health): State<Arc<Health>>) -> Json<Overview> {
    let catalog = health.exercises.snapshot();
    Json(Overview {
        status: status(&health.gateway),
        version: env!("CARGO_PKG_VERSION"),
        uptime_seconds: health.started.elapsed().as_secs(),
        connections: health.gateway.connections(),
        content: Content {
            revision: catalog.digest().to_string(),
            pools: catalog.pools().len(),
            exercises: catalog.exercise_count(),
        },
        redis: Part {
            state: match health.gateway.is_broker_connected() {
                None => "off",
                Some(true) => "ok",
                Some(false) => "down",
            },
            ..Part::default()
        },
    })
}

/// Says whether a message through Redis comes back. Why it does not is in the log: who asks here
/// need not be a friend.
async fn redis(State(health): State<Arc<Health>>) -> (StatusCode, Json<Part>) {
    let mut part = Part {
        state: "off",
        ..Part::default()
    };
    let mut status = StatusCode::OK;
    match health.gateway.probe().await {
        None => {}
        Some(Ok(took)) => {
            part.state = "ok";
            part.milliseconds = Some(took.as_millis());
        }
        Some(Err(error)) => {
            status = StatusCode::SERVICE_UNAVAILABLE;
            part.state = "down";
            part.error = Some(match error {
                BrokerError::Disconnected => "there is no connection",
                BrokerError::Timeout(_) => "no message came back in time",
                BrokerError::Refused(_)
                | BrokerError::Unsupported(_)
                | BrokerError::NoResponders => "it refuses",
            });
        }
    }
    (status, Json(part))
}

async fn websocket(State(health): State<Arc<Health>>) -> Json<Sockets> {
    let gateway = &health.gateway;
    let limit = gateway.limits().connections;
    Json(Sockets {
        status: status(gateway),
        connections: gateway.connections(),
        users: gateway.users(),
        limit: (limit != usize::MAX).then_some(limit),
    })
}

async fn metrics(State(health): State<Arc<Health>>) -> Response {
    let catalog = health.exercises.snapshot();
    let (pools, exercises) = (catalog.pools().len(), catalog.exercise_count());
    let revision = health.exercises.revision();
    health.metrics.content(revision, pools, exercises, 0);
    let subscriptions = health.gateway.subscriptions();
    health.metrics.subscriptions(subscriptions);
    match health.metrics.encode() {
        Ok(page) => ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], page).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn live() -> Json<Status> {
    Json(Status { status: "ok" })
}

async fn ready(State(health): State<Arc<Health>>) -> (StatusCode, Json<Status>) {
    let code = if health.gateway.is_draining() {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    };
    let status = status(&health.gateway);
    (code, Json(Status { status }))
}

fn status(gateway: &Gateway) -> &'static str {
    if gateway.is_draining() {
        "draining"
    } else {
        "ok"
    }
}

fn dev_page(page: &str) -> Response {
    // The nonce lets the page's own script and style run, and no other.
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
        milliseconds = begin.elapsed().as_millis(),
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
