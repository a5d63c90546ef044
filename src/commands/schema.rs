//! `mithril schema`: the JSON Schema of a file, from the structs that the loader fills, or of messages.

use schemars::generate::SchemaSettings;

use crate::cli::{Schema, SchemaOf};
use crate::exercise::Exercise;
use crate::output::{ExitStatus, Printer};
use crate::pool::Pool;
use crate::protocol::schema;

pub(super) fn run(args: &Schema, printer: &Printer) -> Result<ExitStatus, anyhow::Error> {
    printer.text(&text(args.of)?)?;
    Ok(ExitStatus::Success)
}

/// The schema as a file.
pub(super) fn text(of: SchemaOf) -> Result<String, serde_json::Error> {
    // Editors read draft 7 everywhere; later drafts only here and there.
    let generator = SchemaSettings::draft07().into_generator();
    let schema = match of {
        SchemaOf::Exercise => generator.into_root_schema_for::<Exercise>(),
        SchemaOf::Pool => generator.into_root_schema_for::<Pool>(),
        SchemaOf::Envelope => return Ok(schema::ENVELOPE.to_owned()),
        SchemaOf::Protocol => return Ok(schema::PROTOCOL.to_owned()),
    };
    Ok(serde_json::to_string_pretty(&schema)? + "\n")
}

/// What the file is called where editors look for it.
pub(super) fn file_name(of: SchemaOf) -> &'static str {
    match of {
        SchemaOf::Exercise => "exercise.schema.json",
        SchemaOf::Pool => "pool.schema.json",
        SchemaOf::Envelope => "envelope.schema.json",
        SchemaOf::Protocol => "protocol.schema.json",
    }
}
