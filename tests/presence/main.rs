//! The presence tier: one suite that every presence passes.
//!
//! `conformance` says what a presence is, over a factory; each other module is one factory. Nothing
//! here sleeps: the factory makes time pass.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper that fails fails its test"
)]

mod conformance;
mod memory;
#[expect(dead_code, reason = "each tier uses a part of it")]
#[path = "../broker/recorder.rs"]
mod recorder;
mod redis;
#[expect(dead_code, reason = "each tier uses a part of it")]
#[path = "../support/redis.rs"]
mod support;
