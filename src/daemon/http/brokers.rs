//! A broker is well when a message through it comes back; asking never takes longer than that may.
//!
//! Why it does not come back is in the log: who asks here need not be a friend.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use crate::broker::BrokerError;

use super::health::Vitals;

/// How the connection to a broker is.
#[derive(Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub(super) enum BrokerState {
    /// None is configured.
    Off,
    /// It stands.
    Ok {
        /// How long a message takes through it and back, where one was sent.
        #[serde(skip_serializing_if = "Option::is_none")]
        milliseconds: Option<u64>,
    },
    /// It does not, or nothing comes back.
    Down {
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<&'static str>,
    },
}

/// What is known of Redis without asking.
pub(super) fn known(vitals: &Vitals) -> BrokerState {
    match vitals.gateway.is_broker_connected() {
        None => BrokerState::Off,
        Some(true) => BrokerState::Ok { milliseconds: None },
        Some(false) => BrokerState::Down { error: None },
    }
}

/// Sends a message through Redis, at most once a second.
pub(super) async fn redis(State(vitals): State<Arc<Vitals>>) -> (StatusCode, Json<BrokerState>) {
    let (status, state) = match vitals.gateway.probe().await {
        None => (StatusCode::OK, BrokerState::Off),
        Some(Ok(took)) => {
            let milliseconds = Some(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
            (StatusCode::OK, BrokerState::Ok { milliseconds })
        }
        Some(Err(error)) => {
            let error = match error {
                BrokerError::Disconnected => "there is no connection",
                BrokerError::Timeout(_) => "no message came back in time",
                BrokerError::Refused(_)
                | BrokerError::Unsupported(_)
                | BrokerError::NoResponders => "it refuses",
            };
            let error = Some(error);
            (StatusCode::SERVICE_UNAVAILABLE, BrokerState::Down { error })
        }
    };
    (status, Json(state))
}
