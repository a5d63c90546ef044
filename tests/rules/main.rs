//! Every rule against real files: that it fires once, where, how that looks, and what it leaves alone.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod advice;
mod docs;
mod fixes;
mod fixtures;
mod ignores;
mod pairs;
mod positions;
mod positions_tree;
mod robust;
mod sane;
mod severities;
mod silencing;
mod support;
