//! The gateway tier: a daemon in this process on a free port, spoken to by foreign clients.
//!
//! `tokio-tungstenite` speaks for a well-behaved client, a bare TCP stream for a hostile one. Nothing
//! here sleeps: a test waits for what it expects, and fails when that does not come in time.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper that fails fails its test"
)]

mod algorithms;
mod api;
mod drain;
mod events;
mod fixture;
mod frames;
mod histories;
mod hostile;
mod http;
mod in_band;
mod large;
mod latency;
mod limits;
mod messages;
mod offline;
mod process;
mod proxies;
mod recovery;
mod refusals;
mod requests;
mod rooms;
mod schema;
mod slow;
mod topics;
