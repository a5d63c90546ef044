//! The options of `token`.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::{DataFormat, values};

/// What `token` does.
#[derive(Debug, Subcommand)]
pub enum Token {
    /// Print a token for a user, signed with the configured key
    ///
    /// The audience and the issuer are those that the configuration demands.
    Mint(TokenMint),
    /// Say what a token claims, and what of it is refused and why
    ///
    /// Exits with 0 if the token is good, 1 if it is not.
    Inspect(TokenInspect),
}

/// Options of `token mint`.
#[derive(Debug, Args)]
pub struct TokenMint {
    /// The user's id
    pub user: String,

    /// How long the token lasts: seconds, or 30s, 5m, 24h
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = values::lifetime)]
    pub ttl: Duration,

    /// A room that the token grants, or project:NAME; several times for several
    #[arg(long, value_name = "ROOM")]
    pub room: Vec<String>,

    /// A pattern of topics that the token grants, such as exercise.*.progress
    #[arg(long, value_name = "PATTERN")]
    pub topic: Vec<String>,

    /// A scope that the token grants: publish, publish:PATTERN such as publish:ws:*, or admin
    #[arg(long, value_name = "SCOPE")]
    pub scope: Vec<String>,
}

/// Options of `token inspect`.
#[derive(Debug, Args)]
pub struct TokenInspect {
    /// The token; - reads it from standard input, where `ps` does not show it
    #[arg(default_value = "-", hide_default_value = true)]
    pub token: String,

    /// How to print it [default: table on a terminal, else tsv]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<DataFormat>,
}
