//! A template is checked before anything is followed; what a message does not have is empty.
//!
//! `{time}`, `{channel}`, `{event}`, `{data}`, `{text}` and `{durable}` stand for the parts of a
//! message, `{data.points}` and `{data.items.0}` for what is inside of JSON. `{data}` is text where
//! the message is no JSON, and `{text}` is empty where it is. `{{` and `}}` are braces; `\n`, `\t` and
//! `\\` are what they are elsewhere.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::iter::Peekable;
use std::str::Chars;

use serde_json::value::RawValue;

use super::message::{Content, Message};
use crate::diagnostics::nearest;

/// The names that may stand in braces.
const NAMES: [&str; 6] = ["time", "channel", "event", "data", "text", "durable"];

/// What a message is printed as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Time,
    Channel,
    Event,
    /// What is inside of the data, name by name.
    Data(Vec<String>),
    Text,
    Durable,
}

/// Why a template can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("character {column} of the template {text:?}: {problem}")]
pub struct TemplateError {
    text: String,
    column: usize,
    problem: Problem,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error("there is no `{{{name}}}`{hint}")]
    Unknown { name: String, hint: String },
    #[error("`{{{0}}}` has nothing inside; only `{{data.NAME}}` has")]
    Inside(String),
    #[error("a name is missing beside a dot")]
    EmptyName,
    #[error("the brace is not closed; a brace as such is written twice")]
    Open,
    #[error("the brace was not opened; a brace as such is written twice")]
    Stray,
    #[error("`\\{0}` means nothing; there are `\\n`, `\\t` and `\\\\`")]
    Escape(char),
    #[error("a `\\` as such is written twice")]
    LoneBackslash,
}

impl Template {
    /// Reads a template.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text.chars().peekable();
        loop {
            let column = text.chars().count() - rest.clone().count() + 1;
            let Some(character) = rest.next() else {
                break;
            };
            let piece = match character {
                '{' if rest.next_if_eq(&'{').is_some() => Ok(Piece::Literal("{".into())),
                '{' => field(&mut rest),
                '}' if rest.next_if_eq(&'}').is_some() => Ok(Piece::Literal("}".into())),
                '}' => Err(Problem::Stray),
                '\\' => escape(rest.next()),
                character => Ok(Piece::Literal(character.into())),
            };
            match piece {
                Ok(Piece::Literal(text)) => literal.push_str(&text),
                Ok(piece) => {
                    if !literal.is_empty() {
                        pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                    }
                    pieces.push(piece);
                }
                Err(problem) => {
                    let text = text.to_owned();
                    return Err(TemplateError {
                        text,
                        column,
                        problem,
                    });
                }
            }
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Self(pieces))
    }

    /// The message in this form. What it says passes through `shown`, what the template says does not.
    pub fn render(&self, message: &Message, shown: impl Fn(&str, &mut String)) -> String {
        let mut line = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Literal(text) => line.push_str(text),
                Piece::Time => {
                    // Writing to a text does not fail.
                    let _ = write!(line, "{:.3}", message.time);
                }
                Piece::Channel => shown(&message.channel, &mut line),
                Piece::Event => shown(message.event.as_deref().unwrap_or_default(), &mut line),
                Piece::Data(path) => shown(&inside(message, path), &mut line),
                Piece::Text => {
                    if let Content::Text(text) = &message.body.content {
                        shown(text, &mut line);
                    }
                }
                Piece::Durable => line.push_str(if message.durable { "true" } else { "false" }),
            }
        }
        line
    }
}

/// What stands in braces; the first is read already.
fn field(rest: &mut Peekable<Chars<'_>>) -> Result<Piece, Problem> {
    let mut written = String::new();
    loop {
        match rest.next() {
            None | Some('{') => return Err(Problem::Open),
            Some('}') => break,
            Some(character) => written.push(character),
        }
    }
    let mut names = written.split('.').map(str::trim);
    let first = names.next().unwrap_or_default();
    let path: Vec<String> = names.map(str::to_owned).collect();
    if path.iter().any(String::is_empty) {
        return Err(Problem::EmptyName);
    }
    let piece = match first {
        "data" => return Ok(Piece::Data(path)),
        "time" => Piece::Time,
        "channel" => Piece::Channel,
        "event" => Piece::Event,
        "text" => Piece::Text,
        "durable" => Piece::Durable,
        name => {
            let hint = match nearest(name, NAMES) {
                Some(near) => format!(", did you mean `{{{near}}}`?"),
                None => format!("; there are {}", NAMES.join(", ")),
            };
            let name = name.to_owned();
            return Err(Problem::Unknown { name, hint });
        }
    };
    if path.is_empty() {
        Ok(piece)
    } else {
        Err(Problem::Inside(first.to_owned()))
    }
}

fn escape(character: Option<char>) -> Result<Piece, Problem> {
    Ok(Piece::Literal(match character {
        Some('n') => "\n".into(),
        Some('t') => "\t".into(),
        Some('\\') => "\\".into(),
        Some(other) => return Err(Problem::Escape(other)),
        None => return Err(Problem::LoneBackslash),
    }))
}

/// What a path leads to: a string as it reads, other JSON as it is written, nothing as nothing.
fn inside(message: &Message, path: &[String]) -> String {
    let json = match &message.body.content {
        Content::Data(json) => json,
        Content::Text(text) if path.is_empty() => return text.clone(),
        Content::Text(_) => return String::new(),
    };
    let mut value: &RawValue = json;
    for name in path {
        // Numbers keep their digits, because nothing on the way is read but names.
        let step = if value.get().starts_with('[') {
            let items: Vec<&RawValue> = serde_json::from_str(value.get()).unwrap_or_default();
            name.parse::<usize>()
                .ok()
                .and_then(|index| items.get(index).copied())
        } else {
            let members: BTreeMap<String, &RawValue> =
                serde_json::from_str(value.get()).unwrap_or_default();
            members.get(name).copied()
        };
        match step {
            Some(next) => value = next,
            None => return String::new(),
        }
    }
    match value.get() {
        "null" if !path.is_empty() => String::new(),
        text if text.starts_with('"') => serde_json::from_str(text).unwrap_or_default(),
        text => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use jiff::Timestamp;

    use super::*;
    use crate::tail::decode;

    fn render(template: &str, payload: &'static str) -> String {
        let payload = Bytes::from_static(payload.as_bytes());
        let message = decode::published("ws:42", payload, Timestamp::UNIX_EPOCH);
        Template::parse(template)
            .unwrap()
            .render(&message, |text, line| line.push_str(text))
    }

    #[test]
    fn parts_of_a_message_stand_where_the_template_says() {
        let payload = r#"{"event": "done", "data": {"points": 4.50, "by": ["a\n", {"x": null}]}}"#;
        for (template, line) in [
            ("{time}", "1970-01-01T00:00:00.000Z"),
            (r"{channel}\t{ event }", "ws:42\tdone"),
            ("{{{durable}}}", "{false}"),
            ("{data.data.points}|{data.data.by.0}|", "4.50|a\n|"),
            ("{data.data.by.1}", r#"{"x":null}"#),
            (
                "{data.data.by.1.x}{data.nothing}{data.event.x}{data.data.by.x}",
                "",
            ),
            ("{text}", ""),
            ("é{data.event}é", "édoneé"),
            ("", ""),
        ] {
            assert_eq!(render(template, payload), line, "{template}");
        }
        assert_eq!(
            render("{event}{text} {data}{data.a}", "hello"),
            "hello hello"
        );
        assert_eq!(render("{data}", "null"), "null");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (template, error) in [
            (
                "é{chanel}",
                "character 2 of the template \"é{chanel}\": there is no `{chanel}`, did you mean `{channel}`?",
            ),
            (
                "{user}",
                "character 1 of the template \"{user}\": there is no `{user}`; there are time, channel, event, data, text, durable",
            ),
            (
                "{time.x}",
                "character 1 of the template \"{time.x}\": `{time}` has nothing inside; only `{data.NAME}` has",
            ),
            (
                "{data.}",
                "character 1 of the template \"{data.}\": a name is missing beside a dot",
            ),
            (
                "a {data",
                "character 3 of the template \"a {data\": the brace is not closed; a brace as such is written twice",
            ),
            (
                "a }",
                "character 3 of the template \"a }\": the brace was not opened; a brace as such is written twice",
            ),
            (
                r"\x",
                r#"character 1 of the template "\\x": `\x` means nothing; there are `\n`, `\t` and `\\`"#,
            ),
            (
                r"a\",
                r#"character 2 of the template "a\\": a `\` as such is written twice"#,
            ),
        ] {
            assert_eq!(Template::parse(template).unwrap_err().to_string(), error);
        }
        assert!(Template::parse("{}").is_err());
    }
}
