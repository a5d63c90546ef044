//! The `mithril` binary: parse, run, exit code. The only place where the process ends.

use std::process::ExitCode;

use clap::FromArgMatches as _;
use mithril::cli::{self, Cli};
use mithril::commands::{self, Surroundings};
use mithril::output::{self, ExitStatus, Printer};

// Gives back what connections that have ended held.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    // TLS fails without it. Another can't be there: nothing has run before this.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let matches = cli::command().get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    // A variable that is not Unicode can't be one of ours.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let printer = Printer::new(&cli.global, &environment);
    let status = match commands::run(cli, Surroundings { environment }, &printer) {
        Ok(status) => status,
        Err(error) if output::is_broken_pipe(&error) => ExitStatus::Success,
        Err(error) => {
            printer.error(&format!("{error:#}"));
            ExitStatus::Failure
        }
    };
    ExitCode::from(status.code())
}
