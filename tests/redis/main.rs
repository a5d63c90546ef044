//! The Redis tier: real servers that are killed, frozen, and set up so that they refuse.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper that fails fails its test"
)]

mod acceptance;
#[expect(dead_code, reason = "each tier uses a part of it")]
#[path = "../cli/fixture.rs"]
mod binary;
mod cache;
mod causes;
mod commands;
#[expect(unreachable_pub, reason = "the generators are shared with the benches")]
#[path = "../support/content.rs"]
mod content;
mod degraded;
mod faults;
#[expect(dead_code, reason = "each tier uses a part of it")]
#[path = "../gateway/fixture.rs"]
mod fixture;
mod gateway;
mod history;
mod keeper;
mod late;
#[path = "../gateway/messages.rs"]
mod messages;
mod nodes;
mod places;
mod presence;
#[path = "../broker/recorder.rs"]
mod recorder;
mod refusals;
mod replica;
mod replicas;
#[path = "../gateway/schema.rs"]
mod schema;
#[path = "../support/redis.rs"]
mod server;
mod sessions;
mod subscriber;
mod unanswered;
mod writers;
