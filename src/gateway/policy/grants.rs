//! A token's claims grant what they name and PROTOCOL lets them grant; the rest of them is nothing.

use serde_json::Value;

use crate::ids::RoomId;
use crate::protocol::{Part, Topic, TopicPattern};

/// What a verified token grants beyond the defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// What may be heard.
    topics: Vec<TopicPattern>,
    /// Where one may enter.
    rooms: Vec<TopicPattern>,
}

impl Grants {
    /// Reads the claims `topics` and `rooms`, each a list of texts.
    ///
    /// In `rooms`, a bare name is a room's, and `project:{project_id}` is a project. What is no such
    /// text grants nothing.
    pub fn of_claims(topics: Option<&Value>, rooms: Option<&Value>) -> Self {
        Self {
            topics: texts(topics).filter_map(Self::topic).collect(),
            rooms: texts(rooms).filter_map(Self::room).collect(),
        }
    }

    /// What a text in the claim `topics` grants.
    pub fn topic(text: &str) -> Option<TopicPattern> {
        TopicPattern::parse(text, None).filter(may_be_granted)
    }

    /// What a text in the claim `rooms` grants.
    pub fn room(text: &str) -> Option<TopicPattern> {
        match RoomId::parse(text) {
            Ok(room) => Some(TopicPattern::Room(Part::One(room))),
            Err(_) => TopicPattern::parse(text, None).filter(has_members),
        }
    }

    /// Whether the `topics` claim lets one hear all of this.
    pub(super) fn hears(&self, pattern: &TopicPattern) -> bool {
        self.topics.iter().any(|grant| grant.covers(pattern))
    }

    /// Whether the `rooms` claim lets one in.
    pub(super) fn enters(&self, topic: &Topic) -> bool {
        let pattern = TopicPattern::from(topic.clone());
        self.rooms.iter().any(|grant| grant.covers(&pattern))
    }
}

fn texts(claim: Option<&Value>) -> impl Iterator<Item = &str> {
    claim
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

// `ws:` is nobody's to grant, and the topics of content are everyone's.
fn may_be_granted(pattern: &TopicPattern) -> bool {
    match pattern {
        TopicPattern::Room(_)
        | TopicPattern::Project(_)
        | TopicPattern::Progress(_)
        | TopicPattern::Status(_)
        | TopicPattern::Result(..) => true,
        TopicPattern::User(_) | TopicPattern::ExerciseUpdated | TopicPattern::PoolUpdated => false,
    }
}

fn has_members(pattern: &TopicPattern) -> bool {
    match pattern {
        TopicPattern::Room(_) | TopicPattern::Project(_) => true,
        TopicPattern::User(_)
        | TopicPattern::Progress(_)
        | TopicPattern::Status(_)
        | TopicPattern::Result(..)
        | TopicPattern::ExerciseUpdated
        | TopicPattern::PoolUpdated => false,
    }
}
