//! What can be typed: definitions alone, no behaviour. Help, man pages and completions are made
//! from here.

mod cache;
mod content;
mod formats;
mod key_flags;
mod publish;
mod tail;
mod token;
mod values;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use cache::{Cache, CacheInvalidate, CacheStatus, CacheWarm};
pub use content::{Diff, New, NewExercise, NewPool};
pub use formats::{ColorWhen, DataFormat, FailOn, ReportFormat, ReportTarget};
pub use key_flags::{KeyFlags, RedisFlags};
pub use publish::Publish;
pub use tail::{Tail, TailFormat};
pub use token::{Token, TokenInspect, TokenMint};

/// The commands by what one wants to do, for `mithril help`.
pub const GROUPS: &[(&str, &[&str])] = &[
    ("Check exercises", &["validate", "lint", "rule", "schema"]),
    ("Write and look at content", &["new", "show", "diff"]),
    ("Run the daemon", &["serve", "token"]),
    ("Watch and send messages", &["tail", "publish"]),
    ("Keep content in Redis", &["cache"]),
    ("Set up the shell", &["completions", "man", "help"]),
];

/// Checks exercise YAML like code and serves it to browsers in real time
#[derive(Debug, Parser)]
#[command(
    name = "mithril",
    version,
    max_term_width = 100,
    disable_help_subcommand = false
)]
pub struct Cli {
    #[command(flatten)]
    #[expect(
        missing_docs,
        reason = "a doc comment here would replace the command's own about"
    )]
    pub global: Global,

    #[expect(missing_docs, reason = "clap describes the commands")]
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The configuration file [default: ./mithril.toml, then the user's, then /etc/mithril]
    // Empty is allowed here, because an empty variable means unset.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "MITHRIL_CONFIG",
        value_parser = clap::builder::OsStringValueParser::new(),
        value_hint = clap::ValueHint::FilePath
    )]
    pub config: Option<OsString>,

    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorWhen,

    /// Print results alone, no summary and no progress
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Log more; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check that exercises and pools can be loaded
    ///
    /// Reports every problem that would keep the daemon from loading a file. Exits with 0 if there is
    /// none, 1 if there is, 2 if there is nothing to check.
    Validate(Validate),
    /// Check exercises and pools by all rules, and fix what can be fixed
    ///
    /// Reports errors, warnings and infos of the rules that are selected. Exits with 0 if there is no
    /// problem of the severity of --fail-on or a worse one, 1 if there is, 2 if there is nothing to check
    /// or a file can't be written.
    Lint(Lint),
    /// Explain a rule
    Rule(Rule),
    /// Print the JSON Schema of a file, for editors, or of messages, for services and clients
    Schema(Schema),
    /// Make a pool or an exercise to begin from
    #[command(subcommand)]
    New(New),
    /// Show pools and exercises as they are served
    Show(Show),
    /// Say what differs between two trees, or from a revision of git
    ///
    /// Names the exercises that were added, removed and changed, with the points and the tests that
    /// changed.
    Diff(Diff),
    /// Write the exercises to Redis, remove them, or say what is there
    #[command(subcommand)]
    Cache(Cache),
    /// Run the daemon
    Serve(Serve),
    /// Mint a token, or say what is wrong with one
    #[command(subcommand)]
    Token(Token),
    /// Follow what is published
    ///
    /// A line for each message: time, channel, event and data on a terminal, else JSON. What is in a
    /// history is marked as durable. When the connection is lost it comes back by itself and marks
    /// where messages may be missing. Exits with 0 at a limit, 1 if it is lost, 2 if it can't begin.
    Tail(Tail),
    /// Publish a message
    ///
    /// A user gets a notification: an event with a correlation id, a time and data. Without a user
    /// nothing is published: that is a warning, and exits with 1. What is published for a user, a room or
    /// a project is recorded too, for whoever comes back later; on Redis by the history.* keys, which must
    /// be those of the daemons.
    Publish(Publish),
    /// Print a completion script
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual, or write all pages into a directory
    Man {
        /// The directory for one page a command
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

/// Options of `validate`.
#[derive(Debug, Args)]
pub struct Validate {
    /// What is checked, and how problems are printed.
    #[command(flatten)]
    pub checked: Checked,
}

/// Options of commands that judge content.
#[derive(Debug, Args)]
pub struct Checked {
    /// Directories, files, or - for standard input [default: the content directory]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// The file that standard input is to be taken for
    #[arg(long, value_name = "FILE")]
    pub stdin_filename: Option<PathBuf>,

    /// How to print problems; with =FILE into a file, and several times for several
    #[arg(long, value_name = "FORMAT[=FILE]", default_value = "human")]
    pub format: Vec<ReportTarget>,
}

/// Options of `lint`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub struct Lint {
    /// What is checked, and how problems are printed.
    #[command(flatten)]
    pub checked: Checked,

    /// The rules to report, codes or prefixes such as Y,T5 [default: lint.select]
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    pub select: Option<Vec<String>>,

    /// The rules not to report, codes or prefixes [default: lint.ignore]
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    pub ignore: Option<Vec<String>>,

    /// Apply fixes that are safe, and report what is left
    #[arg(long)]
    pub fix: bool,

    /// Apply fixes that are a guess as well
    #[arg(long)]
    pub unsafe_fixes: bool,

    /// Print what fixes would change and change nothing
    #[arg(long, conflicts_with = "statistics")]
    pub diff: bool,

    /// Check again whenever something changes, until Ctrl-C; --format json prints a line each time
    #[arg(long)]
    pub watch: bool,

    /// Print how often each rule was broken, not where
    #[arg(long)]
    pub statistics: bool,

    /// The least severity that makes the exit status 1
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    pub fail_on: FailOn,

    /// Exit with 0 whatever is found
    #[arg(long)]
    pub exit_zero: bool,
}

/// Options of `rule`.
#[derive(Debug, Args)]
pub struct Rule {
    /// The rule's code, such as T504
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub code: Option<String>,

    /// List all rules
    #[arg(long)]
    pub all: bool,

    /// How to print the list [default: table on a terminal, else tsv]
    #[arg(long, value_name = "FORMAT", requires = "all")]
    pub format: Option<DataFormat>,
}

/// Options of `schema`.
#[derive(Debug, Args)]
pub struct Schema {
    /// Whose schema
    pub of: SchemaOf,
}

/// What has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// `exercise.yaml`.
    Exercise,
    /// `pool.yaml`.
    Pool,
    /// What services publish on Redis.
    Envelope,
    /// The frames of a WebSocket, both ways.
    Protocol,
}

/// Options of `show`.
#[derive(Debug, Args)]
pub struct Show {
    /// What to show: all pools where nothing is named
    #[arg(
        value_name = "pool|exercise",
        default_value = "pool",
        hide_default_value = true
    )]
    pub what: ShowWhat,

    /// The id of one
    pub id: Option<String>,

    /// The tree of exercises [default: the content directory of the configuration]
    #[arg(long, value_name = "DIR", conflicts_with = "from")]
    pub content_dir: Option<String>,

    /// Where to look: tree, or redis for what is cached there [default: tree]
    #[arg(long, value_name = "PLACE", hide_possible_values = true)]
    pub from: Option<ShowFrom>,

    /// How to print it [default: table on a terminal, else tsv]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<DataFormat>,

    /// Where Redis is.
    #[command(flatten)]
    pub redis: RedisFlags,
}

/// Where is looked for what is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ShowFrom {
    /// The tree of exercises.
    Tree,
    /// Redis.
    Redis,
}

/// What can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ShowWhat {
    /// Pools.
    Pool,
    /// Exercises.
    Exercise,
}

/// Options of `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// How it is run, besides what is configured.
    #[command(flatten)]
    pub how: How,

    /// Values of configuration keys.
    #[command(flatten)]
    pub keys: KeyFlags,
}

/// How `serve` is run, besides what is configured.
#[derive(Debug, Args)]
pub struct How {
    /// Everything in process on a loopback address, with a key made for this run; prints a URL and a
    /// token
    #[arg(long)]
    pub dev: bool,

    /// Serve also if no pool can be loaded
    #[arg(long)]
    pub allow_degraded: bool,

    /// Let everyone in, with auth.enabled = false, also on an address that others can reach
    #[arg(long)]
    pub insecure: bool,
}

/// The definition with the commands grouped in its help.
pub fn command() -> clap::Command {
    use std::fmt::Write as _;

    let command = <Cli as clap::CommandFactory>::command();
    let mut groups = String::new();
    for (title, names) in GROUPS {
        let _ = writeln!(groups, "{title}:");
        for name in *names {
            let about = match command
                .find_subcommand(name)
                .and_then(clap::Command::get_about)
            {
                Some(about) => about.to_string(),
                None => "Print help of a command".to_owned(),
            };
            let _ = writeln!(groups, "  {name:<12} {about}");
        }
        groups.push('\n');
    }
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{groups}Options:\n{{options}}{{after-help}}"
    );
    command.help_template(template)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound_and_every_command_is_in_one_group() {
        command().debug_assert();
        let command = command();
        let mut grouped: Vec<_> = GROUPS
            .iter()
            .flat_map(|(_, names)| names.iter().copied())
            .collect();
        let mut known: Vec<_> = command
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        known.push("help");
        grouped.sort_unstable();
        known.sort_unstable();
        assert_eq!(grouped, known);
    }
}
