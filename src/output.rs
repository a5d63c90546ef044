//! The only module that prints. Findings and data go to standard output, everything else to
//! standard error.
//!
//! A reader that goes away (`| head -1`) ends a command early and quietly: see [`is_broken_pipe`].

mod diff;
mod messages;
mod progress;
mod reader;
mod report;
mod rows;
mod terminal;

use std::io::{self, BufWriter, IsTerminal, Write};

use crate::cli::{ColorWhen, Global};
use crate::config::Environment;

pub use messages::{MessageFormat, Messages};
pub use progress::{Bar, Counts};
pub use report::count;
pub use rows::Rows;

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// Nothing to report.
    Success,
    /// There are findings.
    Findings,
    /// Usage, configuration, input and output, or nothing to do.
    Failure,
    /// The user interrupted; what was known has been printed.
    Interrupted,
    /// A second signal ended the daemon before it was done.
    Terminated,
}

impl ExitStatus {
    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Findings => 1,
            Self::Failure => 2,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

/// Prints.
#[derive(Debug, Clone)]
pub struct Printer {
    quiet: bool,
    verbose: u8,
    stdout: Stream,
    stderr: Stream,
    /// Whether standard output is a terminal that can be cleared.
    clears: bool,
}

/// What a stream can show.
#[derive(Debug, Clone, Copy)]
struct Stream {
    terminal: bool,
    colour: bool,
}

impl Printer {
    /// A printer for this process's streams.
    pub fn new(global: &Global, environment: &Environment) -> Self {
        let stream = |terminal| Stream {
            terminal,
            colour: colour(global.color, environment, terminal),
        };
        Self {
            quiet: global.quiet,
            verbose: global.verbose,
            stdout: stream(io::stdout().is_terminal()),
            stderr: stream(io::stderr().is_terminal()),
            clears: io::stdout().is_terminal()
                && environment.get("TERM").is_some_and(|term| term != "dumb"),
        }
    }

    /// Whether standard output is a terminal.
    pub fn is_terminal(&self) -> bool {
        self.stdout.terminal
    }

    /// How much more the user wants to be told: 0, 1 or more.
    pub fn verbosity(&self) -> u8 {
        self.verbose
    }

    /// Whether standard error, where logs go, is a terminal.
    pub fn logs_to_people(&self) -> bool {
        self.stderr.terminal
    }

    /// Whether standard error, where logs go, shows colour.
    pub fn logs_in_colour(&self) -> bool {
        self.stderr.colour
    }

    /// Waits until nobody reads standard output any more: who has nothing to print would not notice.
    pub async fn unread(&self) {
        reader::gone().await;
    }

    /// Prints text as it is.
    pub fn text(&self, text: &str) -> io::Result<()> {
        let mut out = BufWriter::new(io::stdout().lock());
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// Begins a new screen, where there is one: what follows stands alone on it.
    pub fn clear(&self) -> io::Result<()> {
        if self.clears {
            // Erasing the screen, and not what has scrolled off it.
            self.text("\x1b[2J\x1b[H")?;
        }
        Ok(())
    }

    /// Prints bytes as they are.
    pub fn bytes(&self, bytes: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()
    }

    /// Says something beside the results.
    pub fn note(&self, message: &str) {
        if !self.quiet {
            say("", message);
        }
    }

    /// Warns.
    pub fn warn(&self, message: &str) {
        say(
            if self.stderr.colour {
                "\x1b[1;33mwarning\x1b[0m: "
            } else {
                "warning: "
            },
            message,
        );
    }

    /// Asks a question to which only yes is yes. Where nobody is there to answer, whoever ran the
    /// command has decided.
    pub fn confirm(&self, question: &str) -> io::Result<bool> {
        if !self.stderr.terminal || !io::stdin().is_terminal() {
            return Ok(true);
        }
        write!(io::stderr().lock(), "{question} [y/N] ")?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes" | "YES"))
    }

    /// Says why the command failed.
    pub fn error(&self, message: &str) {
        say(
            if self.stderr.colour {
                "\x1b[1;31merror\x1b[0m: "
            } else {
                "error: "
            },
            message,
        );
    }
}

/// Nobody is left to be told when this can't be written.
fn say(prefix: &str, message: &str) {
    let _ = writeln!(io::stderr().lock(), "{prefix}{message}");
}

/// Whether a command failed because nobody reads what it prints (`| head -1`): that is no failure.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let causes = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes
        .into_iter()
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// See <https://no-color.org> and <https://bixense.com/clicolors>.
fn colour(when: ColorWhen, environment: &Environment, terminal: bool) -> bool {
    let set = |name: &str| environment.get(name).is_some_and(|value| !value.is_empty());
    match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto if set("NO_COLOR") => false,
        ColorWhen::Auto if set("CLICOLOR_FORCE") => environment
            .get("CLICOLOR_FORCE")
            .is_none_or(|value| value != "0"),
        ColorWhen::Auto => terminal && environment.get("TERM").is_none_or(|term| term != "dumb"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_follows_the_conventions() {
        let environment = |pairs: &[(&str, &str)]| -> Environment {
            pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect()
        };
        let auto = |pairs: &[(&str, &str)], terminal| {
            colour(ColorWhen::Auto, &environment(pairs), terminal)
        };
        assert!(auto(&[], true));
        assert!(!auto(&[], false));
        assert!(!auto(&[("NO_COLOR", "1")], true));
        assert!(auto(&[("NO_COLOR", "")], true));
        assert!(auto(&[("CLICOLOR_FORCE", "1")], false));
        assert!(!auto(&[("CLICOLOR_FORCE", "0")], true));
        assert!(!auto(&[("TERM", "dumb")], true));
        assert!(colour(
            ColorWhen::Always,
            &environment(&[("NO_COLOR", "1")]),
            false
        ));
    }
}
