//! The options of `publish`.
#![expect(
    clippy::doc_markdown,
    reason = "the comments are the help that people read"
)]

use std::path::PathBuf;

use clap::Args;

use super::{DataFormat, RedisFlags, values};
use crate::config::Secret;

/// Options of `publish`.
#[derive(Debug, Args)]
pub struct Publish {
    /// ws:USER, room:ROOM, project:PROJECT, or a subject such as exercise.USER.progress
    pub topic: String,

    /// What happened: the event of a notification, the type of a room's or a project's message
    #[arg(long, value_name = "NAME")]
    pub event: Option<String>,

    /// The message: JSON, @FILE, or - for standard input
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub data: String,

    /// Record it nowhere, so that whoever is not listening now does not get it: plain PUBLISH on Redis
    #[arg(long, conflicts_with = "url")]
    pub ephemeral: bool,

    /// Publish through the HTTP API at this URL, such as http://127.0.0.1:8080, instead of Redis
    #[arg(long, value_name = "URL", value_hint = clap::ValueHint::Url)]
    pub url: Option<String>,

    /// The token for the API; safer in the variable or a file, where `ps` does not show it
    /// [env: MITHRIL_TOKEN]
    #[arg(
        long,
        value_name = "TOKEN",
        value_parser = values::secret,
        conflicts_with = "token_file"
    )]
    pub token: Option<Secret<String>>,

    /// A file with the token for the API
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub token_file: Option<PathBuf>,

    /// A file with an API key, which is sent instead of a token [env: MITHRIL_API_KEY, the key itself]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub api_key_file: Option<PathBuf>,

    /// Publish only once what has this key within 5 minutes
    #[arg(long, value_name = "KEY", conflicts_with = "ephemeral")]
    pub idempotency_key: Option<String>,

    /// How to print what became of it [default: table on a terminal, else tsv]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<DataFormat>,

    /// Where Redis is.
    #[command(flatten)]
    pub redis: RedisFlags,
}
