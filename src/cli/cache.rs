//! The options of `cache`.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::{DataFormat, RedisFlags};
use crate::config;

/// What `cache` does.
#[derive(Debug, Subcommand)]
pub enum Cache {
    /// Write the exercises to Redis
    ///
    /// Checks them first: if there is a problem, it is reported, nothing is written, and the exit
    /// code is 1. A pool is written in one transaction, so a reader never sees half of it. What was
    /// there before stays readable until then.
    Warm(CacheWarm),
    /// Remove exercises from Redis
    ///
    /// Prints the keys that were removed. Keys that are not the cache's are never touched.
    Invalidate(CacheInvalidate),
    /// Compare Redis with the exercises
    ///
    /// Names keys that are missing, stale (they hold something else than the tree) and orphaned (the
    /// tree has nothing for them). Exits with 0 if there are none, 1 if there are.
    Status(CacheStatus),
}

/// Options of `cache warm`.
#[derive(Debug, Args)]
pub struct CacheWarm {
    /// Write this pool alone; several times for several
    #[arg(long, value_name = "POOL")]
    pub pool: Vec<String>,

    /// How long it stays: seconds, or 30s, 5m, 24h [default: cache.ttl]
    #[arg(long, value_name = "DURATION", value_parser = lifetime)]
    pub ttl: Option<Duration>,

    /// Remove what the tree has nothing for
    #[arg(long, conflicts_with = "pool")]
    pub prune: bool,

    /// Say what would be written, and write nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Write what is sound, although other files have problems
    #[arg(long)]
    pub keep_going: bool,

    /// The tree of exercises [default: the content directory of the configuration]
    #[arg(long, value_name = "DIR")]
    pub content_dir: Option<String>,

    /// How to print it [default: table on a terminal, else tsv]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<DataFormat>,

    /// Where Redis is.
    #[command(flatten)]
    pub redis: RedisFlags,
}

/// Options of `cache invalidate`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
pub struct CacheInvalidate {
    /// Remove everything; asks first, on a terminal
    #[arg(long, group = "what", conflicts_with_all = ["pool", "exercise"])]
    pub all: bool,

    /// Remove this pool with its exercises; several times for several
    #[arg(long, value_name = "POOL", group = "what")]
    pub pool: Vec<String>,

    /// Remove this exercise; several times for several
    #[arg(long, value_name = "EXERCISE", group = "what")]
    pub exercise: Vec<String>,

    /// Say what would be removed, and remove nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,

    /// How to print it [default: table on a terminal, else tsv]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<DataFormat>,

    /// Where Redis is.
    #[command(flatten)]
    pub redis: RedisFlags,
}

/// Options of `cache status`.
#[derive(Debug, Args)]
pub struct CacheStatus {
    /// The tree of exercises [default: the content directory of the configuration]
    #[arg(long, value_name = "DIR")]
    pub content_dir: Option<String>,

    /// How to print it [default: table on a terminal, else tsv]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<DataFormat>,

    /// Where Redis is.
    #[command(flatten)]
    pub redis: RedisFlags,
}

fn lifetime(text: &str) -> Result<Duration, String> {
    let duration = config::parse_duration(text).filter(|time| *time >= Duration::from_secs(1));
    duration
        .ok_or_else(|| "it must be at least a second: seconds, or a number with s, m or h".into())
}
