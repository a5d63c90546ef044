//! `mithril man`: the manual, one page a command.

use std::path::Path;

use anyhow::Context;
use clap_mangen::Man;

use crate::cli;
use crate::output::{ExitStatus, Printer};

pub(super) fn run(out: Option<&Path>, printer: &Printer) -> Result<ExitStatus, anyhow::Error> {
    let mut command = cli::command();
    command.build();
    let Some(directory) = out else {
        printer.text(&page(command)?)?;
        return Ok(ExitStatus::Success);
    };
    std::fs::create_dir_all(directory)
        .with_context(|| format!("failed to make {}", directory.display()))?;
    let mut pages = Vec::new();
    collect("mithril", &command, &mut pages);
    for (name, command) in pages {
        let command = command.display_name(name.clone());
        let path = directory.join(format!("{name}.1"));
        std::fs::write(&path, page(command)?)
            .with_context(|| format!("failed to write {}", path.display()))?;
    }
    Ok(ExitStatus::Success)
}

/// A command and the commands within it, each with the name of its page.
fn collect(name: &str, command: &clap::Command, pages: &mut Vec<(String, clap::Command)>) {
    pages.push((name.to_owned(), command.clone()));
    let within = command.get_subcommands();
    for sub in within.filter(|sub| sub.get_name() != "help") {
        collect(&format!("{name}-{}", sub.get_name()), sub, pages);
    }
}

fn page(command: clap::Command) -> Result<String, anyhow::Error> {
    let mut page = Vec::new();
    // A date would make the committed pages differ from day to day.
    Man::new(command).date("").render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
