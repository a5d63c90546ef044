//! `/healthz/content`: what is served, and of which files only the last good version.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::health::Vitals;

/// How many stale files are named: whoever wants all of them runs `mithril validate`.
const NAMED: usize = 100;

#[derive(Serialize)]
pub(super) struct Content {
    status: &'static str,
    revision: String,
    pools: usize,
    exercises: usize,
    stale: usize,
    stale_files: Vec<String>,
}

/// It is no failure that files are broken: what was good is served.
pub(super) async fn content(State(vitals): State<Arc<Vitals>>) -> Json<Content> {
    let catalog = vitals.exercises.snapshot();
    let stale = catalog.stale();
    Json(Content {
        status: if stale.is_empty() { "ok" } else { "stale" },
        revision: catalog.digest().to_string(),
        pools: catalog.pools().len(),
        exercises: catalog.exercise_count(),
        stale: stale.len(),
        stale_files: stale.iter().take(NAMED).cloned().collect(),
    })
}
