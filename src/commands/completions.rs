//! `mithril completions`: a completion script for a shell.

use clap_complete::Shell;

use crate::cli;
use crate::output::{ExitStatus, Printer};

pub(super) fn run(shell: Shell, printer: &Printer) -> Result<ExitStatus, anyhow::Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::command(), "mithril", &mut script);
    printer.text(&String::from_utf8_lossy(&script))?;
    Ok(ExitStatus::Success)
}
