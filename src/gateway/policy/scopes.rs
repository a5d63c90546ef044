//! A scope lets its bearer act beyond the own connections; what is no scope lets nobody do anything.

use crate::protocol::{Topic, TopicPattern};

/// What stands before the pattern of topics that may be published to.
const PUBLISH_TO: &str = "publish:";
/// The notifications of every user. Nobody may listen to them all, so it is no [`TopicPattern`].
const EVERY_USER: &str = "ws:*";

/// One scope of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// `publish`: to every topic.
    Publish,
    /// `publish:ws:*`: to every user.
    PublishToUsers,
    /// `publish:PATTERN`: to the topics of this pattern.
    PublishTo(TopicPattern),
    /// `admin`: end the connections of others.
    Admin,
}

impl Scope {
    /// The scope of that name.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(pattern) = text.strip_prefix(PUBLISH_TO) {
            return match pattern {
                EVERY_USER => Some(Self::PublishToUsers),
                _ => TopicPattern::parse(pattern, None).map(Self::PublishTo),
            };
        }
        match text {
            "publish" => Some(Self::Publish),
            "admin" => Some(Self::Admin),
            _ => None,
        }
    }

    fn publishes(&self, topic: &Topic) -> bool {
        match self {
            Self::Publish => true,
            Self::PublishToUsers => matches!(topic, Topic::User(_)),
            Self::PublishTo(pattern) => pattern.covers(&topic.clone().into()),
            Self::Admin => false,
        }
    }
}

/// The scopes of a token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// The scopes of these names, those of other services being none.
    pub fn of<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        Self(names.filter_map(Scope::parse).collect())
    }

    /// Whether they let one publish to this topic.
    pub(super) fn publish(&self, topic: &Topic) -> bool {
        self.0.iter().any(|scope| scope.publishes(topic))
    }

    /// Whether they let one end the connections of others.
    pub(super) fn administer(&self) -> bool {
        self.0.contains(&Scope::Admin)
    }
}
