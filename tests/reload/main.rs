//! The reload tier: a daemon that serves a real tree, which is edited while clients listen.
//!
//! A test makes its edits, then a last one that is told of last, and looks at everything that was told
//! until then: what should not be told can't be waited for. Nothing here sleeps.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper that fails fails its test"
)]

mod client;
mod crowd;
mod edits;
mod fixture;
mod process;
mod roots;
mod sequences;
mod serving;
mod signals;
mod trouble;
