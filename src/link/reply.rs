//! What a command was answered.

use redis::Value;

use super::failure::{self, LinkFailure};

/// The answer to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Nothing.
    Nil,
    /// A number.
    Integer(i64),
    /// Bytes, also of a status such as `OK`.
    Bytes(Vec<u8>),
    /// Several; of a map, keys and values in turn.
    List(Vec<Reply>),
}

impl Reply {
    /// The number.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Bytes(bytes) => std::str::from_utf8(bytes).ok()?.parse().ok(),
            Self::Nil | Self::List(_) => None,
        }
    }

    /// The bytes.
    pub fn bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Nil | Self::Integer(_) | Self::List(_) => None,
        }
    }

    /// The bytes, where they are text.
    pub fn text(self) -> Option<String> {
        String::from_utf8(self.bytes()?).ok()
    }

    /// The several.
    pub fn list(self) -> Option<Vec<Self>> {
        match self {
            Self::List(items) => Some(items),
            Self::Nil | Self::Integer(_) | Self::Bytes(_) => None,
        }
    }

    pub(super) fn read(value: Value) -> Result<Self, LinkFailure> {
        Ok(match value {
            Value::Nil => Self::Nil,
            Value::Int(number) => Self::Integer(number),
            Value::Boolean(truth) => Self::Integer(truth.into()),
            Value::BulkString(bytes) | Value::BigNumber(bytes) => Self::Bytes(bytes),
            Value::SimpleString(text) | Value::VerbatimString { text, .. } => {
                Self::Bytes(text.into_bytes())
            }
            Value::Okay => Self::Bytes(b"OK".to_vec()),
            Value::Double(number) => Self::Bytes(number.to_string().into_bytes()),
            Value::Array(items) | Value::Set(items) | Value::Push { data: items, .. } => {
                Self::list_of(items)?
            }
            Value::Map(pairs) => {
                Self::list_of(pairs.into_iter().flat_map(|(key, value)| [key, value]))?
            }
            Value::Attribute { data, .. } => Self::read(*data)?,
            Value::ServerError(error) => return Err(failure::of(&error.into())),
            _ => return Err(LinkFailure::Garbled),
        })
    }

    fn list_of(values: impl IntoIterator<Item = Value>) -> Result<Self, LinkFailure> {
        let items = values.into_iter().map(Self::read);
        items.collect::<Result<_, _>>().map(Self::List)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_answer_is_read() {
        let bulk = |text: &str| Value::BulkString(text.into());
        let bytes = |text: &str| Reply::Bytes(text.into());
        for (value, reply) in [
            (Value::Nil, Reply::Nil),
            (Value::Int(-7), Reply::Integer(-7)),
            (Value::Boolean(true), Reply::Integer(1)),
            (Value::Okay, bytes("OK")),
            (Value::Double(0.5), bytes("0.5")),
            (
                Value::Map(vec![(bulk("a"), Value::Array(vec![bulk("b")]))]),
                Reply::List(vec![bytes("a"), Reply::List(vec![bytes("b")])]),
            ),
        ] {
            assert_eq!(Reply::read(value), Ok(reply));
        }
        assert_eq!(bytes("12").integer(), Some(12));
        assert_eq!(bytes("x").integer(), None);
        assert_eq!(Reply::Bytes(vec![0xff]).text(), None);
        assert_eq!(Reply::Nil.bytes(), None);
    }
}
