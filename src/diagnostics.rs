//! Problems in users' files are values: a [`Diagnostic`] says where, what, and how to mend it.
//!
//! This module knows files as text with positions ([`Source`]), problems ([`Diagnostic`],
//! [`Report`]), YAML as a tree with a span for every key and value ([`yaml`]), and how a problem is
//! drawn ([`render`]). It does not know what an exercise is.

mod code;
mod model;
pub mod render;
mod report;
mod source;
mod suggest;
pub mod unseen;
pub mod yaml;

pub use code::Code;
pub use model::{Applicability, Diagnostic, Edit, Fix, Label, Severity};
pub use report::{Findings, Report, Summary};
pub use source::{Encoding, Position, Source, Span};
pub use suggest::nearest;
