//! Data in rows: a table for people, lines or JSON for programs.

use std::io;

use tabled::builder::Builder;
use tabled::settings::Style;

use crate::cli::DataFormat;

use super::Printer;
use super::terminal::escaped;

/// Data in rows, and the same as JSON.
#[derive(Debug)]
pub struct Rows {
    /// The columns' names.
    pub columns: Vec<&'static str>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
    /// The whole data as JSON text.
    pub json: String,
}

impl Printer {
    /// Prints rows; where no format is asked for, a table on a terminal and else tabs.
    pub fn rows(&self, rows: &Rows, format: Option<DataFormat>) -> io::Result<()> {
        let default = if self.is_terminal() {
            DataFormat::Table
        } else {
            DataFormat::Tsv
        };
        match format.unwrap_or(default) {
            DataFormat::Table => self.text(&table(rows)),
            DataFormat::Json => self.text(&format!("{}\n", rows.json)),
            DataFormat::Tsv => self.text(&tsv(rows)),
        }
    }
}

fn table(rows: &Rows) -> String {
    let mut builder = Builder::default();
    builder.push_record(rows.columns.iter().copied());
    for row in &rows.rows {
        builder.push_record(row.iter().map(|cell| escaped(cell)));
    }
    format!("{}\n", builder.build().with(Style::rounded()))
}

fn tsv(rows: &Rows) -> String {
    let mut text = rows.columns.join("\t") + "\n";
    for row in &rows.rows {
        let cells: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
        text += &cells.join("\t");
        text.push('\n');
    }
    text
}
