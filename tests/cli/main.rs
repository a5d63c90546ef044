//! The command line tier: the real binary, its output and its exit codes.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests stop where they can't go on"
)]
#![expect(unreachable_pub, reason = "the generators are shared with the benches")]

#[path = "../support/content.rs"]
mod content;

mod fixes;
mod fixture;
mod generated;
mod information;
mod lint;
mod serve;
mod token;
mod validate;
