//! A [`Topic`] is one of PROTOCOL's names with valid ids in it; a [`TopicPattern`] stands for several.
//!
//! An id has no separator and no wildcard in its alphabet, so that no id can widen a name, and a
//! name has one reading only. A pattern's `*` stands for exactly one id.

mod pattern;

use std::fmt;

use serde::{Serialize, Serializer};

use crate::ids::{ExerciseId, ProjectId, RoomId, UserId};

pub use pattern::{Part, TopicPattern};

/// What messages are published on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Topic {
    /// `ws:{user_id}`: a user's notifications.
    User(UserId),
    /// `room:{room}`.
    Room(RoomId),
    /// `project:{project_id}`.
    Project(ProjectId),
    /// `exercise.{user_id}.progress`.
    Progress(UserId),
    /// `exercise.{user_id}.status`.
    Status(UserId),
    /// `grading.{user_id}.{exercise_id}.result`.
    Result(UserId, ExerciseId),
    /// `exercise.updated`.
    ExerciseUpdated,
    /// `exercise.pool.updated`.
    PoolUpdated,
}

impl Topic {
    /// The topic of that name.
    pub fn parse(name: &str) -> Option<Self> {
        TopicPattern::parse(name, None)?.concrete()
    }

    /// The topic of that name, as this user writes it: `{user_id}` stands for the user.
    pub fn parse_for(name: &str, own: &UserId) -> Option<Self> {
        TopicPattern::parse(name, Some(own))?.concrete()
    }

    /// Whether its members are counted and told of each other.
    pub fn has_members(&self) -> bool {
        match self {
            Self::Room(_) | Self::Project(_) => true,
            Self::User(_)
            | Self::Progress(_)
            | Self::Status(_)
            | Self::Result(..)
            | Self::ExerciseUpdated
            | Self::PoolUpdated => false,
        }
    }

    /// Whether its messages can be asked for afterwards.
    pub fn has_history(&self) -> bool {
        match self {
            Self::User(_) | Self::Room(_) | Self::Project(_) => true,
            Self::Progress(_)
            | Self::Status(_)
            | Self::Result(..)
            | Self::ExerciseUpdated
            | Self::PoolUpdated => false,
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => write!(f, "ws:{user}"),
            Self::Room(room) => write!(f, "room:{room}"),
            Self::Project(project) => write!(f, "project:{project}"),
            Self::Progress(user) => write!(f, "exercise.{user}.progress"),
            Self::Status(user) => write!(f, "exercise.{user}.status"),
            Self::Result(user, exercise) => write!(f, "grading.{user}.{exercise}.result"),
            Self::ExerciseUpdated => f.write_str("exercise.updated"),
            Self::PoolUpdated => f.write_str("exercise.pool.updated"),
        }
    }
}

impl Serialize for Topic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each kind.
    const NAMES: [&str; 8] = [
        "ws:42",
        "room:a",
        "project:p-1",
        "exercise.42.progress",
        "exercise.42.status",
        "grading.42.ex01.result",
        "exercise.updated",
        "exercise.pool.updated",
    ];

    #[test]
    fn a_name_is_read_and_written_alike() {
        for name in NAMES {
            assert_eq!(Topic::parse(name).unwrap().to_string(), name);
        }
    }

    #[test]
    fn what_is_no_topic_is_none() {
        let long = format!("ws:{}", "x".repeat(129));
        for name in [
            "",
            "ws",
            "ws:",
            "ws:*",
            "ws:>",
            "ws:a.b",
            "ws:a:b",
            "ws: 42",
            "ws:42\n",
            "WS:42",
            "room:*",
            "room:../etc",
            "room:a/b",
            "room:\0",
            "project:*",
            "exercise.*.progress",
            "exercise.42.>",
            "exercise.>",
            "exercise.42.progress.x",
            "exercise.42",
            "exercise..status",
            "exercise.{user_id}.status",
            "grading.42.*.result",
            "grading.42.-x.result",
            "grading.42.ex01.submit",
            "websocket:broadcast",
            "mithril:live:ws:42",
            "*",
            ">",
            &long,
        ] {
            assert_eq!(Topic::parse(name), None, "{name:?}");
        }
    }
}
