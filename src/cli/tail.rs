//! The options of `tail`.
#![expect(
    clippy::doc_markdown,
    reason = "the comments are the help that people read"
)]

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{RedisFlags, values};
use crate::config::Secret;

/// Options of `tail`.
#[derive(Debug, Args)]
pub struct Tail {
    /// ws:USER, room:ROOM, project:PROJECT, websocket:broadcast, another channel, or a pattern of
    /// them such as 'ws:*'
    #[arg(required = true, value_name = "CHANNEL")]
    pub channels: Vec<String>,

    /// Follow through the gateway at this URL, such as ws://127.0.0.1:8080, instead of Redis
    #[arg(long, value_name = "URL", value_hint = clap::ValueHint::Url)]
    pub url: Option<String>,

    /// The token for the gateway; safer in the variable or a file, where `ps` does not show it
    /// [env: MITHRIL_TOKEN]
    #[arg(
        long,
        value_name = "TOKEN",
        value_parser = values::secret,
        conflicts_with = "token_file"
    )]
    pub token: Option<Secret<String>>,

    /// A file with the token for the gateway; it is read again when the token has expired
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub token_file: Option<PathBuf>,

    /// How to print messages [default: human on a terminal, else json]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<TailFormat>,

    /// What to print of a message: text with {time}, {channel}, {event}, {data}, {data.NAME}, {text},
    /// {durable}
    #[arg(long, value_name = "TEMPLATE")]
    pub template: Option<String>,

    /// Begin with so many messages of each topic's history
    #[arg(long, value_name = "N", value_parser = values::count)]
    pub last: Option<u64>,

    /// Begin with the history since then: seconds, or 30s, 10m, 24h
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    pub since: Option<Duration>,

    /// Show only messages in which this regular expression is found; of several, one is enough
    #[arg(long, value_name = "REGEX", value_parser = values::regex)]
    pub grep: Vec<regex::Regex>,

    /// Don't show messages in which this regular expression is found
    #[arg(long, value_name = "REGEX", value_parser = values::regex)]
    pub exclude: Vec<regex::Regex>,

    /// Show only this event, or a pattern such as 'task.*'; several times for several
    #[arg(long, value_name = "NAME")]
    pub event: Vec<String>,

    /// Stop after so many messages
    #[arg(short = 'n', long, value_name = "COUNT", value_parser = values::count)]
    pub count: Option<u64>,

    /// Stop after this long: seconds, or 30s, 5m, 24h
    #[arg(long = "for", value_name = "DURATION", value_parser = values::duration)]
    pub duration: Option<Duration>,

    /// Exit with 1 when the connection is lost, instead of coming back
    #[arg(long)]
    pub no_reconnect: bool,

    /// Where Redis is.
    #[command(flatten)]
    pub redis: RedisFlags,
}

/// How messages are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TailFormat {
    /// Time, channel, event and data on one line.
    Human,
    /// A JSON object a line.
    Json,
    /// What was published, byte for byte.
    Raw,
    /// As --template says.
    Template,
}
