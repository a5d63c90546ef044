//! Health tells what can be told without asking anybody who might not answer.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use crate::catalog::ExerciseService;
use crate::gateway::{Gateway, Route};
use crate::metrics::Metrics;

use super::brokers::{self, BrokerState};
use super::content::{self, Content};

/// What is as it should be.
pub(super) const OK: &str = "ok";

/// What health and metrics are read off.
#[derive(Debug)]
pub(super) struct Vitals {
    pub(super) started: Instant,
    pub(super) gateway: Gateway,
    pub(super) exercises: ExerciseService,
    /// Whether content is here, and not read from elsewhere.
    pub(super) has_content: bool,
    pub(super) metrics: Metrics,
}

#[derive(Serialize)]
struct Overview {
    status: &'static str,
    version: &'static str,
    uptime_seconds: u64,
    connections: usize,
    content: Content,
    redis: BrokerState,
    nats: BrokerState,
}

#[derive(Serialize)]
struct Sockets {
    status: &'static str,
    connections: usize,
    users: usize,
    limit: Option<usize>,
}

#[derive(Serialize)]
struct Status {
    status: &'static str,
}

/// The routes of health, which need no token and stand at the root.
pub(super) fn routes() -> Vec<Route<Arc<Vitals>>> {
    vec![
        Route::get("/livez", live),
        Route::get("/readyz", ready),
        Route::get("/healthz", overview),
        Route::get("/healthz/content", content::content),
        Route::get("/healthz/nats", nats),
        Route::get("/healthz/redis", brokers::redis),
        Route::get("/healthz/websocket", websocket),
    ]
}

async fn live() -> Json<Status> {
    Json(Status { status: OK })
}

async fn ready(State(vitals): State<Arc<Vitals>>) -> (StatusCode, Json<Status>) {
    let code = if vitals.gateway.is_draining() {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    };
    let status = status(&vitals.gateway);
    (code, Json(Status { status }))
}

async fn overview(State(vitals): State<Arc<Vitals>>) -> Json<Overview> {
    let content = content::known(&vitals, &vitals.exercises.snapshot());
    let redis = brokers::known(&vitals);
    let is_well =
        [OK, content::OFF].contains(&content.status) && !matches!(redis, BrokerState::Down { .. });
    let status = match status(&vitals.gateway) {
        OK if !is_well => "degraded",
        status => status,
    };
    Json(Overview {
        status,
        version: env!("CARGO_PKG_VERSION"),
        uptime_seconds: vitals.started.elapsed().as_secs(),
        connections: vitals.gateway.connections(),
        content,
        redis,
        nats: BrokerState::Off,
    })
}

/// No NATS can be configured, and what is not configured is not ill.
async fn nats() -> Json<BrokerState> {
    Json(BrokerState::Off)
}

async fn websocket(State(vitals): State<Arc<Vitals>>) -> Json<Sockets> {
    let gateway = &vitals.gateway;
    let limit = gateway.limits().connections;
    Json(Sockets {
        status: status(gateway),
        connections: gateway.connections(),
        users: gateway.users(),
        limit: (limit != usize::MAX).then_some(limit),
    })
}

fn status(gateway: &Gateway) -> &'static str {
    if gateway.is_draining() {
        "draining"
    } else {
        OK
    }
}
