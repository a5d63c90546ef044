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
    let subcommands = command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help");
    let pages = std::iter::once(("mithril".to_owned(), command.clone()))
        .chain(subcommands.map(|sub| (format!("mithril-{}", sub.get_name()), sub.clone())));
    for (name, command) in pages {
        let command = command.display_name(name.clone());
        let path = directory.join(format!("{name}.1"));
        std::fs::write(&path, page(command)?)
            .with_context(|| format!("failed to write {}", path.display()))?;
    }
    Ok(ExitStatus::Success)
}

fn page(command: clap::Command) -> Result<String, anyhow::Error> {
    let mut page = Vec::new();
    // A date would make the committed pages differ from day to day.
    Man::new(command).date("").render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
