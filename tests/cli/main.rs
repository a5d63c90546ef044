//! The command line tier: the real binary, its output and its exit codes.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests stop where they can't go on"
)]
#![expect(unreachable_pub, reason = "the generators are shared with the benches")]

#[path = "../support/content.rs"]
mod content;

mod daemon;
mod diff;
mod durable_on_redis;
mod fixes;
mod fixture;
mod generated;
mod hostile;
mod information;
mod lint;
mod new;
mod publish;
mod readme;
mod serve;
#[expect(dead_code, reason = "each tier uses a part of it")]
#[path = "../support/redis.rs"]
mod support;
mod tail;
mod tail_on_redis;
mod tail_through_a_gateway;
mod token;
mod validate;
mod watch;
