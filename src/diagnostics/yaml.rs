//! YAML as a tree in which every key and value knows the bytes it was written in.
//!
//! One parse, one opinion: rules and typed decoding walk the same [`Tree`]. Scalars follow YAML
//! 1.2's core schema; what a reader of YAML 1.1 would take differently is told apart, so that a
//! caller can refuse it. Limits hold while reading: no input makes a large tree or takes long.

mod decode;
mod edit;
mod parse;
mod scalar;
mod tree;

pub use decode::{Decoder, Field, Fields, Need, Shape, Spanned, shortened};
pub use edit::{Replacement, in_quotes, indent};
pub use parse::{Limits, parse};
pub use scalar::{Integer, Literal, is_implicit_bool};
pub use tree::{Comment, Entry, Node, NodeId, Style, Tag, Tree, Value};
