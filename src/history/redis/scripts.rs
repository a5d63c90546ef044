//! Every script begins with how the topic stands.

use std::time::Duration;

use crate::link::Script;

macro_rules! script {
    ($file:literal) => {
        Script::new(concat!(include_str!("state.lua"), include_str!($file)))
    };
}

/// What is done to a topic.
#[derive(Debug, Clone)]
pub(super) struct Scripts {
    pub(super) append: Script,
    pub(super) position: Script,
    pub(super) read: Script,
    pub(super) cursor: Script,
    pub(super) move_cursor: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            append: script!("append.lua"),
            position: script!("position.lua"),
            read: script!("read.lua"),
            cursor: script!("cursor.lua"),
            move_cursor: script!("move_cursor.lua"),
        }
    }
}

/// A duration as scripts read it.
pub(super) fn millis(duration: Duration) -> String {
    duration.as_millis().to_string()
}
