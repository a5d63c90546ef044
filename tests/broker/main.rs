//! The broker tier: one suite that every broker passes.
//!
//! `conformance` says what a broker is, over a factory; each other module is one factory. Nothing
//! here sleeps: that something does not arrive is known once what was published after it has.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper that fails fails its test"
)]

mod conformance;
mod memory;
mod recorder;
mod redis;
#[expect(dead_code, reason = "each tier uses a part of it")]
#[path = "../support/redis.rs"]
mod support;
