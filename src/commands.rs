//! The commands, one file each: what was typed goes in, data goes to the [`Printer`], and the exit
//! status comes out.

mod cache;
mod checking;
mod completions;
mod credentials;
mod diff;
mod lint;
mod man;
mod new;
mod publish;
mod rule;
mod schema;
mod serve;
mod show;
mod signals;
mod tail;
mod token;
mod validate;

use std::path::PathBuf;

use crate::cli::{Cli, Command};
use crate::config::{Environment, Layers};
use crate::output::{ExitStatus, Printer};

/// What commands are run with, besides what was typed.
#[derive(Debug)]
pub struct Surroundings {
    /// The environment variables.
    pub environment: Environment,
}

/// Runs a command.
pub fn run(
    cli: Cli,
    surroundings: Surroundings,
    printer: &Printer,
) -> Result<ExitStatus, anyhow::Error> {
    let layers = Layers {
        // An empty variable means unset.
        file: cli
            .global
            .config
            .filter(|path| !path.is_empty())
            .map(PathBuf::from),
        environment: surroundings.environment,
        ..Layers::default()
    };
    if !cli.global.quiet && warns(&cli.command) {
        for name in layers.unknown_variables() {
            printer.warn(&format!(
                "there is no such key: the variable {name} is not used"
            ));
        }
    }
    match cli.command {
        Command::Validate(args) => validate::run(args, &layers, printer),
        Command::Lint(args) => lint::run(args, &layers, printer),
        Command::Rule(args) => rule::run(&args, printer),
        Command::Schema(args) => schema::run(&args, printer),
        Command::New(what) => new::run(what, layers, printer),
        Command::Diff(args) => diff::run(args, layers, printer),
        Command::Show(args) => show::run(args, layers, printer),
        Command::Cache(what) => cache::run(what, layers, printer),
        Command::Serve(args) => serve::run(args, layers, printer),
        Command::Token(what) => token::run(what, &layers, printer),
        Command::Tail(args) => tail::run(args, layers, printer),
        Command::Publish(args) => publish::run(&args, layers, printer),
        Command::Completions { shell } => completions::run(shell, printer),
        Command::Man { out } => man::run(out.as_deref(), printer),
    }
}

/// Whether the command reads the configuration and has no log to warn of variables that it can't use.
fn warns(command: &Command) -> bool {
    match command {
        Command::Validate(_)
        | Command::Lint(_)
        | Command::New(_)
        | Command::Diff(_)
        | Command::Show(_)
        | Command::Cache(_)
        | Command::Token(_)
        | Command::Tail(_)
        | Command::Publish(_) => true,
        Command::Serve(_)
        | Command::Rule(_)
        | Command::Schema(_)
        | Command::Completions { .. }
        | Command::Man { .. } => false,
    }
}
