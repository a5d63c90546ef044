//! Who may do what is decided here and nowhere else, by a pure function that allows what it names
//! and denies the rest.

mod grants;
mod scopes;
#[cfg(test)]
mod tests;

use crate::protocol::{Part, Topic, TopicPattern};

use super::auth::Principal;
use super::call::{Action, Call};

pub use crate::config::RoomPolicy;
pub use grants::Grants;
pub use scopes::{Scope, Scopes};

/// The room that connections on `/ws` join where there is a lobby.
pub(super) const LOBBY: &str = "lobby";

/// What the operator has decided.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules {
    /// Who may enter rooms and projects.
    pub room_policy: RoomPolicy,
    /// Whether a client may publish to a project.
    pub project_publish: bool,
    /// Whether connections on `/ws` join a room of all.
    pub lobby: bool,
}

/// What a principal wants to do.
#[derive(Debug, Clone, Copy)]
pub(super) enum Intent<'a> {
    /// Ask for content, or a service.
    Call(&'a Call),
    /// Receive what is published there.
    Subscribe(&'a TopicPattern),
    /// Be a member: counted, seen, and heard.
    Join(&'a Topic),
    /// Say something to all.
    Publish {
        /// Where.
        topic: &'a Topic,
        /// Whether the connection is a member.
        joined: bool,
    },
    /// See who is there.
    Presence(&'a Topic),
    /// Read what was published, and say how far.
    History(&'a Topic),
    /// Publish there as a service, whoever is a member.
    Notify(&'a Topic),
    /// End the connections of a user, whoever it is.
    Disconnect,
}

/// The principal may not do this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Forbidden {
    /// It speaks for another.
    #[error("a request is made in the name of the connection's own user only")]
    User,
    /// It is not for this user to hear.
    #[error("this user may not subscribe to that topic")]
    Topic,
    /// It has no members, or they are not for this user to see.
    #[error("members are those of a room or a project that this user may subscribe to")]
    Members,
    /// It is not kept, or not for this user to read.
    #[error("a history is that of a ws:, room: or project: topic that this user may subscribe to")]
    History,
    /// It is not for this connection to say.
    #[error("a message is published to a room that the connection has joined")]
    Publish,
    /// No scope lets it.
    #[error("the token has no scope that allows this")]
    Scope,
}

/// Whether this principal may do this under these rules.
pub(super) fn authorize(
    principal: &Principal,
    rules: Rules,
    intent: Intent<'_>,
) -> Result<(), Forbidden> {
    let (allowed, otherwise) = match intent {
        Intent::Call(call) => (may_call(principal, call), Forbidden::User),
        Intent::Subscribe(pattern) => (may_hear(principal, rules, pattern), Forbidden::Topic),
        Intent::Join(topic) => (may_enter(principal, rules, topic), Forbidden::Topic),
        Intent::Publish { topic, joined } => {
            let allowed = joined && may_enter(principal, rules, topic) && speaks(rules, topic);
            (allowed, Forbidden::Publish)
        }
        Intent::Presence(topic) => {
            let pattern = topic.clone().into();
            let allowed = topic.has_members() && may_hear(principal, rules, &pattern);
            (allowed, Forbidden::Members)
        }
        Intent::History(topic) => {
            let pattern = topic.clone().into();
            let allowed = topic.has_history() && may_hear(principal, rules, &pattern);
            (allowed, Forbidden::History)
        }
        Intent::Notify(topic) => (principal.scopes.publish(topic), Forbidden::Scope),
        Intent::Disconnect => (principal.scopes.administer(), Forbidden::Scope),
    };
    if allowed { Ok(()) } else { Err(otherwise) }
}

fn may_call(principal: &Principal, call: &Call) -> bool {
    let own = |user: &String| user == principal.user.as_str();
    match call.action {
        // Content is for every authenticated user; a user that is named must be the own one.
        Action::ListPools
        | Action::GetPool(_)
        | Action::ListExercises(_)
        | Action::GetExercise(_)
        | Action::Launch(_) => call.user.as_ref().is_none_or(own),
        Action::Submit(_) => call.user.as_ref().is_some_and(own),
    }
}

fn may_hear(principal: &Principal, rules: Rules, pattern: &TopicPattern) -> bool {
    let own = |user: &Part<_>| match user {
        Part::One(user) => *user == principal.user,
        Part::Any => false,
    };
    let by_default = match pattern {
        TopicPattern::User(user) => *user == principal.user,
        TopicPattern::Room(_) | TopicPattern::Project(_) => pattern
            .concrete()
            .is_some_and(|topic| may_enter(principal, rules, &topic)),
        // Of the own results, those of one exercise or all of them.
        TopicPattern::Progress(user)
        | TopicPattern::Status(user)
        | TopicPattern::Result(user, _) => own(user),
        TopicPattern::ExerciseUpdated | TopicPattern::PoolUpdated => true,
    };
    by_default || principal.grants.hears(pattern)
}

fn may_enter(principal: &Principal, rules: Rules, topic: &Topic) -> bool {
    let is_lobby = match topic {
        Topic::Room(room) => rules.lobby && room.as_str() == LOBBY,
        Topic::Project(_) => false,
        Topic::User(_)
        | Topic::Progress(_)
        | Topic::Status(_)
        | Topic::Result(..)
        | Topic::ExerciseUpdated
        | Topic::PoolUpdated => return false,
    };
    match rules.room_policy {
        RoomPolicy::Open => true,
        RoomPolicy::Claim => is_lobby || principal.grants.enters(topic),
    }
}

fn speaks(rules: Rules, topic: &Topic) -> bool {
    match topic {
        Topic::Room(_) => true,
        Topic::Project(_) => rules.project_publish,
        Topic::User(_)
        | Topic::Progress(_)
        | Topic::Status(_)
        | Topic::Result(..)
        | Topic::ExerciseUpdated
        | Topic::PoolUpdated => false,
    }
}
