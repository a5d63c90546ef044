//! The content tier: the YAML engine against an oracle and hostile input, the JSON contract, and the
//! sample tree.
#![expect(unreachable_pub, reason = "modules of a test binary")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests stop where they can't go on"
)]

#[path = "../support/content.rs"]
mod content;
#[path = "../support/hostile.rs"]
mod hostile;

mod corpus;
mod fixes;
mod golden;
mod oracle;
mod schema;
mod solutions;
mod trees;
