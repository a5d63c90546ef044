//! Messages as they come: whole lines, flushed as soon as nothing more waits.
//!
//! Where a format has no place for marks (messages that may be missing or were dropped), they go to
//! standard error, so that standard output has messages alone.

mod lines;

use std::io::{self, BufWriter, Stdout, Write};

use jiff::tz::TimeZone;

use super::{Printer, say};
use crate::tail::{Item, Template};
use lines::{Line, Lines};

/// The most bytes of lines that are gathered into one write.
const GATHERED: usize = 1 << 16;

/// How messages are printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageFormat {
    /// Time, channel, event and data on one line.
    Human,
    /// A JSON object a line.
    Json,
    /// What was published, byte for byte.
    Raw,
    /// As a template says.
    Template(Template),
}

/// Prints messages.
#[derive(Debug)]
pub struct Messages<W: Write = Stdout> {
    out: BufWriter<W>,
    lines: Lines,
}

impl Printer {
    /// Begins to print messages to standard output.
    pub fn messages(&self, format: MessageFormat) -> Messages {
        Messages {
            out: BufWriter::with_capacity(GATHERED, io::stdout()),
            lines: Lines {
                format,
                terminal: self.stdout.terminal,
                colour: self.stdout.colour,
                zone: TimeZone::system(),
            },
        }
    }
}

impl<W: Write> Messages<W> {
    /// Prints one.
    pub fn print(&mut self, item: &Item) -> io::Result<()> {
        match self.lines.line(item) {
            Line::Text(mut text) => {
                text.push('\n');
                self.out.write_all(text.as_bytes())
            }
            Line::Bytes(bytes) => {
                self.out.write_all(bytes)?;
                self.out.write_all(b"\n")
            }
            Line::Aside(text) => {
                // In its place between the lines, where both streams are shown on one terminal.
                self.out.flush()?;
                say("", &text);
                Ok(())
            }
        }
    }

    /// Hands on everything that was printed.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
