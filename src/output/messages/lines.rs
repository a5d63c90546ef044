//! The line of a message in each format.

use std::borrow::Cow;

use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::value::RawValue;

use super::MessageFormat;
use crate::output::terminal::{escape, escape_json, escaped};
use crate::tail::{Content, Item, Mark, Message};

/// How an item is shown.
#[derive(Debug)]
pub(super) enum Line<'i> {
    /// Among the messages.
    Text(String),
    /// Among the messages, whatever it is.
    Bytes(&'i [u8]),
    /// Beside the messages.
    Aside(String),
}

/// Makes lines.
#[derive(Debug)]
pub(super) struct Lines {
    pub(super) format: MessageFormat,
    pub(super) terminal: bool,
    pub(super) colour: bool,
    /// Where the reader is.
    pub(super) zone: TimeZone,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Object<'i> {
    Message(MessageObject<'i>),
    Gap { seconds: Option<f64> },
    Dropped { count: u64 },
}

#[derive(Serialize)]
struct MessageObject<'i> {
    time: String,
    channel: &'i str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'i str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'i RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'i str>,
    durable: bool,
}

impl Lines {
    pub(super) fn line<'i>(&self, item: &'i Item) -> Line<'i> {
        match (&self.format, item) {
            (MessageFormat::Json, item) => Line::Text(self.json(item)),
            (MessageFormat::Human, Item::Message(message)) => Line::Text(self.human(message)),
            (MessageFormat::Human, Item::Mark(mark)) => {
                Line::Text(self.painted("33", &told(mark)).into_owned())
            }
            (MessageFormat::Raw, Item::Message(message)) if self.terminal => {
                let text = String::from_utf8_lossy(&message.body.written);
                Line::Text(self.escaped(&text))
            }
            (MessageFormat::Raw, Item::Message(message)) => Line::Bytes(&message.body.written),
            (MessageFormat::Template(template), Item::Message(message)) => {
                let shown = |text: &str, line: &mut String| line.push_str(&self.escaped(text));
                Line::Text(template.render(message, shown))
            }
            (MessageFormat::Raw | MessageFormat::Template(_), Item::Mark(mark)) => {
                Line::Aside(told(mark))
            }
        }
    }

    fn human(&self, message: &Message) -> String {
        let local = message.time.to_zoned(self.zone.clone());
        let time = local.strftime("%H:%M:%S%.3f").to_string();
        let mut line = self.painted("2", &time).into_owned();
        line.push(' ');
        line.push_str(&self.painted("36", &escaped(&message.channel)));
        if message.durable {
            line.push(' ');
            line.push_str(&self.painted("2", "[durable]"));
        }
        if let Some(event) = &message.event {
            line.push(' ');
            line.push_str(&self.painted("1", &escaped(event)));
        }
        line.push(' ');
        match &message.body.content {
            Content::Data(json) => escape_json(json.get(), &mut line),
            Content::Text(text) => escape(text, &mut line),
        }
        line
    }

    fn json(&self, item: &Item) -> String {
        let object = match item {
            Item::Message(message) => {
                let (data, text) = match &message.body.content {
                    Content::Data(json) => (Some(&**json), None),
                    Content::Text(text) => (None, Some(text.as_str())),
                };
                Object::Message(MessageObject {
                    time: format!("{:.3}", message.time),
                    channel: &message.channel,
                    event: message.event.as_deref(),
                    data,
                    text,
                    durable: message.durable,
                })
            }
            Item::Mark(Mark::Gap { seconds }) => Object::Gap {
                seconds: seconds.map(|seconds| (seconds * 1000.0).round() / 1000.0),
            },
            Item::Mark(Mark::Dropped { count }) => Object::Dropped { count: *count },
        };
        // Texts, numbers and JSON that was read before always have a JSON form.
        let json = serde_json::to_string(&object).unwrap_or_default();
        if !self.terminal {
            return json;
        }
        let mut line = String::with_capacity(json.len());
        escape_json(&json, &mut line);
        line
    }

    /// What a message says, for a terminal or for a program.
    fn escaped(&self, text: &str) -> String {
        if self.terminal {
            escaped(text)
        } else {
            text.to_owned()
        }
    }

    fn painted<'t>(&self, style: &str, text: &'t str) -> Cow<'t, str> {
        if self.colour {
            Cow::Owned(format!("\x1b[{style}m{text}\x1b[0m"))
        } else {
            Cow::Borrowed(text)
        }
    }
}

/// What people are told of messages that are not there.
fn told(mark: &Mark) -> String {
    match mark {
        Mark::Gap { seconds: None } => "--- messages may be missing ---".to_owned(),
        Mark::Gap {
            seconds: Some(seconds),
        } => format!("--- reconnected after {seconds:.1} s, messages may be missing ---"),
        Mark::Dropped { count: 1 } => "--- 1 message dropped: it came too fast ---".to_owned(),
        Mark::Dropped { count } => format!("--- {count} messages dropped: they came too fast ---"),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use jiff::Timestamp;
    use jiff::tz::{TimeZone, offset};

    use super::*;
    use crate::tail::{Body, Template};

    fn message(event: Option<&str>, payload: &'static [u8]) -> Item {
        Item::Message(Message {
            time: Timestamp::from_millisecond(1_800_000_000_123).unwrap(),
            channel: "ws:42".to_owned(),
            event: event.map(str::to_owned),
            body: Body::new(Bytes::from_static(payload)),
            durable: event.is_some(),
        })
    }

    fn lines(format: MessageFormat, terminal: bool, colour: bool) -> Lines {
        let zone = TimeZone::fixed(offset(2));
        Lines {
            format,
            terminal,
            colour,
            zone,
        }
    }

    fn text(lines: &Lines, item: &Item) -> String {
        match lines.line(item) {
            Line::Text(text) => text,
            Line::Bytes(bytes) => format!("bytes {bytes:?}"),
            Line::Aside(text) => format!("aside {text}"),
        }
    }

    const GAP: Item = Item::Mark(Mark::Gap {
        seconds: Some(3.2004),
    });
    const DROPPED: Item = Item::Mark(Mark::Dropped { count: 12 });

    #[test]
    fn for_people() {
        let plain = lines(MessageFormat::Human, true, false);
        assert_eq!(
            text(&plain, &message(Some("do\x1bne"), b"{\"a\": \"\xc2\x9b\"}")),
            r#"10:00:00.123 ws:42 [durable] do\u{1b}ne {"a":"\u009b"}"#
        );
        assert_eq!(
            text(&plain, &message(None, b"\x1b[2J hello\n")),
            r"10:00:00.123 ws:42 \u{1b}[2J hello\n"
        );
        assert_eq!(
            text(&plain, &GAP),
            "--- reconnected after 3.2 s, messages may be missing ---"
        );
        assert_eq!(
            text(&plain, &DROPPED),
            "--- 12 messages dropped: they came too fast ---"
        );
        let colour = lines(MessageFormat::Human, true, true);
        assert_eq!(
            text(&colour, &message(None, b"1")),
            "\x1b[2m10:00:00.123\x1b[0m \x1b[36mws:42\x1b[0m 1"
        );
        assert!(text(&colour, &GAP).starts_with("\x1b[33m---"));
    }

    #[test]
    fn for_programs() {
        let json = lines(MessageFormat::Json, false, false);
        assert_eq!(
            text(&json, &message(Some("done"), b"{\"a\": 1.0}")),
            r#"{"type":"message","time":"2027-01-15T08:00:00.123Z","channel":"ws:42","event":"done","data":{"a":1.0},"durable":true}"#
        );
        assert_eq!(
            text(&json, &message(None, b"a\n\xff")),
            "{\"type\":\"message\",\"time\":\"2027-01-15T08:00:00.123Z\",\"channel\":\"ws:42\",\"text\":\"a\\n\u{fffd}\",\"durable\":false}"
        );
        assert_eq!(text(&json, &GAP), r#"{"type":"gap","seconds":3.2}"#);
        assert_eq!(text(&json, &DROPPED), r#"{"type":"dropped","count":12}"#);
        let unknown = Item::Mark(Mark::Gap { seconds: None });
        assert_eq!(text(&json, &unknown), r#"{"type":"gap","seconds":null}"#);
    }

    #[test]
    fn json_on_a_terminal_is_still_json() {
        let json = lines(MessageFormat::Json, true, false);
        let line = text(&json, &message(None, "\u{9b}2J".as_bytes()));
        assert!(line.contains(r#""text":"\u009b2J""#), "{line}");
    }

    #[test]
    fn as_it_was_published() {
        let raw = lines(MessageFormat::Raw, false, false);
        assert_eq!(text(&raw, &message(None, b"\x1b\xff")), "bytes [27, 255]");
        assert!(text(&raw, &GAP).starts_with("aside --- reconnected"));
        let shown = lines(MessageFormat::Raw, true, false);
        assert_eq!(text(&shown, &message(None, b"\x1b{ }")), r"\u{1b}{ }");
    }

    #[test]
    fn as_a_template_says() {
        let template = MessageFormat::Template(Template::parse("{channel}\\n{data.a}").unwrap());
        let item = message(None, br#"{"a":"\u001b"}"#);
        assert_eq!(
            text(&lines(template.clone(), true, false), &item),
            "ws:42\n\\u{1b}"
        );
        assert_eq!(
            text(&lines(template.clone(), false, false), &item),
            "ws:42\n\x1b"
        );
        assert!(text(&lines(template, false, false), &DROPPED).starts_with("aside --- 12"));
    }
}
