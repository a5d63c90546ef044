//! `/metrics`: what is counted as it happens, and what is read off at the moment of the scrape.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::health::Vitals;
use crate::gateway::Route;
use crate::metrics;

/// The route of metrics, which needs no token and stands at the root.
pub(super) fn routes() -> Vec<Route<Arc<Vitals>>> {
    vec![Route::get("/metrics", metrics)]
}

async fn metrics(State(vitals): State<Arc<Vitals>>) -> Response {
    let catalog = vitals.exercises.snapshot();
    let (pools, exercises) = (catalog.pools().len(), catalog.exercise_count());
    let revision = vitals.exercises.revision();
    let stale = catalog.stale().len();
    vitals.metrics.content(revision, pools, exercises, stale);
    let subscriptions = vitals.gateway.subscriptions();
    vitals.metrics.subscriptions(subscriptions);
    match vitals.metrics.encode() {
        Ok(page) => ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], page).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
