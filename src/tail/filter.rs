//! A filter sees a message as it was published and as it is shown: what can be read can be found.

use regex::Regex;

use super::message::Message;
use crate::broker::Glob;

/// Which messages are shown.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// One of these is found in what it says; all where there are none.
    pub grep: Vec<Regex>,
    /// None of these is.
    pub exclude: Vec<Regex>,
    /// It is one of these events; all where there are none.
    pub events: Vec<Glob>,
}

impl Filter {
    /// Whether the message is shown.
    pub fn passes(&self, message: &Message) -> bool {
        let is_event = |name: &str| self.events.iter().any(|event| event.matches(name));
        if !self.events.is_empty() && !message.event.as_deref().is_some_and(is_event) {
            return false;
        }
        let found = |patterns: &[Regex]| patterns.iter().any(|pattern| says(message, pattern));
        (self.grep.is_empty() || found(&self.grep)) && !found(&self.exclude)
    }
}

fn says(message: &Message, pattern: &Regex) -> bool {
    let written = str::from_utf8(&message.body.written);
    pattern.is_match(message.body.shown()) || written.is_ok_and(|text| pattern.is_match(text))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use jiff::Timestamp;

    use super::*;
    use crate::tail::decode;

    #[test]
    fn a_message_passes_by_what_it_says_and_is() {
        let passes = |grep: &[&str], exclude: &[&str], events: &[&str]| {
            let payload = Bytes::from_static(br#"{"event": "task.done", "data": {"points": 42}}"#);
            let message = decode::published("ws:42", payload, Timestamp::UNIX_EPOCH);
            let patterns = |texts: &[&str]| texts.iter().map(|t| Regex::new(t).unwrap()).collect();
            let filter = Filter {
                grep: patterns(grep),
                exclude: patterns(exclude),
                events: events.iter().map(|name| Glob::new(name)).collect(),
            };
            filter.passes(&message)
        };
        assert!(passes(&[], &[], &[]));
        assert!(passes(&[r#""points":42"#], &[], &[]), "as it is shown");
        assert!(passes(&[r#""points": 42"#], &[], &[]), "as it is written");
        assert!(passes(&["nothing", r"\b4\d\b"], &[], &[]), "one is enough");
        assert!(!passes(&["nothing"], &[], &[]));
        assert!(!passes(&["points"], &["done"], &[]));
        assert!(passes(&[], &["nothing"], &["task.done"]));
        assert!(passes(&[], &[], &["other", "task.*"]));
        assert!(!passes(&[], &[], &["task"]));
    }

    #[test]
    fn what_is_no_event_is_none() {
        let message =
            decode::published("ws:42", Bytes::from_static(b"hello"), Timestamp::UNIX_EPOCH);
        let filter = Filter {
            events: vec![Glob::new("*")],
            ..Filter::default()
        };
        assert!(!filter.passes(&message));
    }
}
