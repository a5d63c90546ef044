//! What is served, of which files only the last good version, and whether that is all of what is on the
//! disk.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::health::{OK, Vitals};
use crate::catalog::{Catalog, Standing};

/// How many stale files are named: whoever wants all of them runs `mithril validate`.
const NAMED: usize = 100;

/// The status of a node that has none.
pub(super) const OFF: &str = "off";

/// The content in short.
#[derive(Serialize)]
pub(super) struct Content {
    pub(super) status: &'static str,
    revision: String,
    pools: usize,
    exercises: usize,
    stale: usize,
}

#[derive(Serialize)]
pub(super) struct Details {
    #[serde(flatten)]
    content: Content,
    stale_files: Vec<String>,
}

/// It is no failure that files are broken, or that what is on the disk is refused: what was good is
/// served.
pub(super) async fn content(State(vitals): State<Arc<Vitals>>) -> Json<Details> {
    let catalog = vitals.exercises.snapshot();
    Json(Details {
        content: known(&vitals, &catalog),
        stale_files: catalog.stale().iter().take(NAMED).cloned().collect(),
    })
}

/// How the content is. On a node without content it is off.
pub(super) fn known(vitals: &Vitals, catalog: &Catalog) -> Content {
    let stale = catalog.stale().len();
    Content {
        status: match vitals.exercises.standing() {
            _ if !vitals.has_content => OFF,
            Standing::Current if stale == 0 => OK,
            Standing::Current => "stale",
            Standing::Rejected => "rejected",
            Standing::Failed => "failed",
        },
        revision: catalog.digest().to_string(),
        pools: catalog.pools().len(),
        exercises: catalog.exercise_count(),
        stale,
    }
}
