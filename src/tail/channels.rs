//! What is asked for, and what of a broker's channels that is.
//!
//! A topic's messages come on two channels: raw ones on its own, recorded ones on its live channel.
//! What services say to a project comes with all broadcasts, and only the message tells for whom.

use std::fmt;

use super::decode;
use crate::broker::Glob;
use crate::protocol::Envelope;

/// What a project's topic begins with.
const PROJECT: &str = "project:";

/// The channels and topics that are asked for.
#[derive(Debug, Clone)]
pub struct Channels {
    globs: Vec<Glob>,
}

impl Channels {
    /// These names and patterns.
    pub fn new(names: &[String]) -> Self {
        let globs = names.iter().map(|name| Glob::new(name)).collect();
        Self { globs }
    }

    /// As they were asked for.
    pub(super) fn globs(&self) -> &[Glob] {
        &self.globs
    }

    /// Whether a topic is asked for.
    pub fn has(&self, topic: &str) -> bool {
        self.globs.iter().any(|glob| glob.matches(topic))
    }

    /// The names and patterns to follow on a broker, each once.
    pub fn upstream(&self) -> Vec<Glob> {
        let broadcast = Envelope::broadcast_channel();
        let mut all = Vec::new();
        for glob in &self.globs {
            let text = glob.as_str();
            let is_project = text.starts_with(PROJECT);
            if glob.may_begin_with(PROJECT) || glob.matches(broadcast) {
                all.push(Glob::new(broadcast));
            }
            if text == broadcast {
                continue;
            }
            if !is_project {
                all.push(glob.clone());
            }
            if !Envelope::is_live_channel(text) {
                all.push(Glob::new(&format!("{}{text}", Envelope::live_prefix())));
            }
        }
        let mut once: Vec<Glob> = Vec::new();
        for glob in all {
            if !once.contains(&glob) {
                once.push(glob);
            }
        }
        once
    }

    /// Whether what arrived on a broker's channel is asked for.
    pub fn want(&self, channel: &str, payload: &[u8]) -> bool {
        if self.has(channel) {
            return true;
        }
        if let Some(topic) = channel.strip_prefix(Envelope::live_prefix()) {
            return self.has(topic);
        }
        channel == Envelope::broadcast_channel()
            && decode::project(payload).is_some_and(|id| self.has(&format!("{PROJECT}{id}")))
    }
}

/// As they were asked for.
impl fmt::Display for Channels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, glob) in self.globs.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{}", glob.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channels(names: &[&str]) -> Channels {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        Channels::new(&names)
    }

    fn upstream(names: &[&str]) -> Vec<String> {
        let globs = channels(names).upstream();
        globs.iter().map(|glob| glob.as_str().to_owned()).collect()
    }

    #[test]
    fn a_topic_is_followed_on_both_of_its_channels() {
        assert_eq!(upstream(&["ws:42"]), ["ws:42", "mithril:live:ws:42"]);
        assert_eq!(
            upstream(&["room:a", "room:a"]),
            ["room:a", "mithril:live:room:a"]
        );
        assert_eq!(
            upstream(&["project:p"]),
            ["websocket:broadcast", "mithril:live:project:p"]
        );
        assert_eq!(upstream(&["websocket:broadcast"]), ["websocket:broadcast"]);
        assert_eq!(upstream(&["mithril:live:ws:42"]), ["mithril:live:ws:42"]);
        assert_eq!(upstream(&["ws:*"]), ["ws:*", "mithril:live:ws:*"]);
        assert_eq!(
            upstream(&["p*"]),
            ["websocket:broadcast", "p*", "mithril:live:p*"]
        );
        assert_eq!(
            upstream(&["*", "project:*"]),
            [
                "websocket:broadcast",
                "*",
                "mithril:live:*",
                "mithril:live:project:*"
            ]
        );
    }

    #[test]
    fn what_was_not_asked_for_is_left_out() {
        let for_project = br#"{"type":"a","project_id":"p"}"#;
        for (asked, channel, payload, wanted) in [
            ("ws:4?", "ws:42", &b""[..], true),
            ("ws:4?", "ws:421", b"", false),
            ("ws:4?", "mithril:live:ws:42", b"", true),
            ("ws:*", "websocket:broadcast", b"{}", false),
            ("*", "websocket:broadcast", b"{}", true),
            ("project:p", "websocket:broadcast", for_project, true),
            ("project:*", "websocket:broadcast", for_project, true),
            ("project:q", "websocket:broadcast", for_project, false),
            ("websocket:broadcast", "websocket:broadcast", b"x", true),
            ("mithril:live:ws:42", "mithril:live:ws:42", b"", true),
            ("mithril:live:ws:42", "ws:42", b"", false),
        ] {
            let channels = channels(&[asked]);
            assert_eq!(channels.want(channel, payload), wanted, "{asked} {channel}");
        }
    }
}
