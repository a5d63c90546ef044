//! JSON Schemas of what travels, for those who publish and subscribe in other languages.
//!
//! They are written by hand, because what is decoded without a copy has no struct to make them of;
//! the tests of the gateway hold every frame that is sent against them, both ways.

/// What is published on Redis, by channel.
pub const ENVELOPE: &str = include_str!("schema/envelope.json");
/// The frames of a socket, both ways.
pub const PROTOCOL: &str = include_str!("schema/protocol.json");
