//! Patterns are compared as values, never as text, so what one covers can be read off its fields.

#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Serialize, Serializer};

use super::Topic;
use crate::ids::{ExerciseId, IdError, ProjectId, RoomId, UserId};

/// What a client writes where its own user's id belongs.
const OWN_USER: &str = "{user_id}";
/// What stands for any id.
const ANY: &str = "*";

/// One id, or any.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Part<T> {
    /// This one.
    One(T),
    /// `*`.
    Any,
}

/// A topic, or several of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TopicPattern {
    /// `ws:{user_id}`. Nobody listens to several users.
    User(UserId),
    /// `room:{room}`.
    Room(Part<RoomId>),
    /// `project:{project_id}`.
    Project(Part<ProjectId>),
    /// `exercise.{user_id}.progress`.
    Progress(Part<UserId>),
    /// `exercise.{user_id}.status`.
    Status(Part<UserId>),
    /// `grading.{user_id}.{exercise_id}.result`.
    Result(Part<UserId>, Part<ExerciseId>),
    /// `exercise.updated`.
    ExerciseUpdated,
    /// `exercise.pool.updated`.
    PoolUpdated,
}

impl<T: PartialEq> Part<T> {
    /// Whether all that `other` stands for is in this.
    fn covers(&self, other: &Self) -> bool {
        match self {
            Self::Any => true,
            Self::One(_) => self == other,
        }
    }

    fn one(self) -> Option<T> {
        match self {
            Self::One(id) => Some(id),
            Self::Any => None,
        }
    }

    fn parse(text: &str, id: impl Fn(&str) -> Result<T, IdError>) -> Option<Self> {
        if text == ANY {
            return Some(Self::Any);
        }
        id(text).ok().map(Self::One)
    }
}

impl TopicPattern {
    /// The pattern of that name. Where `own` is given, `{user_id}` stands for it.
    pub fn parse(name: &str, own: Option<&UserId>) -> Option<Self> {
        let user = |text: &str| match own {
            Some(own) if text == OWN_USER => Some(Part::One(own.clone())),
            Some(_) | None => Part::parse(text, UserId::parse),
        };
        if let Some((kind, id)) = name.split_once(':') {
            return match kind {
                "ws" => user(id)?.one().map(Self::User),
                "room" => Part::parse(id, RoomId::parse).map(Self::Room),
                "project" => Part::parse(id, ProjectId::parse).map(Self::Project),
                _ => None,
            };
        }
        let parts: Vec<&str> = name.splitn(5, '.').collect();
        match parts[..] {
            ["exercise", "updated"] => Some(Self::ExerciseUpdated),
            ["exercise", "pool", "updated"] => Some(Self::PoolUpdated),
            ["exercise", id, "progress"] => user(id).map(Self::Progress),
            ["exercise", id, "status"] => user(id).map(Self::Status),
            ["grading", id, exercise, "result"] => Some(Self::Result(
                user(id)?,
                Part::parse(exercise, ExerciseId::parse)?,
            )),
            _ => None,
        }
    }

    /// The one topic that this stands for; nothing where it stands for several.
    pub fn concrete(&self) -> Option<Topic> {
        Some(match self.clone() {
            Self::User(user) => Topic::User(user),
            Self::Room(room) => Topic::Room(room.one()?),
            Self::Project(project) => Topic::Project(project.one()?),
            Self::Progress(user) => Topic::Progress(user.one()?),
            Self::Status(user) => Topic::Status(user.one()?),
            Self::Result(user, exercise) => Topic::Result(user.one()?, exercise.one()?),
            Self::ExerciseUpdated => Topic::ExerciseUpdated,
            Self::PoolUpdated => Topic::PoolUpdated,
        })
    }

    /// The patterns that stand for this topic and for others.
    pub fn wider_than(topic: &Topic) -> Vec<Self> {
        match topic {
            Topic::User(_) | Topic::ExerciseUpdated | Topic::PoolUpdated => Vec::new(),
            Topic::Room(_) => vec![Self::Room(Part::Any)],
            Topic::Project(_) => vec![Self::Project(Part::Any)],
            Topic::Progress(_) => vec![Self::Progress(Part::Any)],
            Topic::Status(_) => vec![Self::Status(Part::Any)],
            Topic::Result(user, exercise) => vec![
                Self::Result(Part::One(user.clone()), Part::Any),
                Self::Result(Part::Any, Part::One(exercise.clone())),
                Self::Result(Part::Any, Part::Any),
            ],
        }
    }

    /// Whether all that `other` stands for is in this.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::User(a), Self::User(b)) => a == b,
            (Self::Room(a), Self::Room(b)) => a.covers(b),
            (Self::Project(a), Self::Project(b)) => a.covers(b),
            (Self::Progress(a), Self::Progress(b)) | (Self::Status(a), Self::Status(b)) => {
                a.covers(b)
            }
            (Self::Result(a, x), Self::Result(b, y)) => a.covers(b) && x.covers(y),
            (Self::ExerciseUpdated, Self::ExerciseUpdated)
            | (Self::PoolUpdated, Self::PoolUpdated) => true,
            // Of two kinds, neither covers the other.
            (
                Self::User(_)
                | Self::Room(_)
                | Self::Project(_)
                | Self::Progress(_)
                | Self::Status(_)
                | Self::Result(..)
                | Self::ExerciseUpdated
                | Self::PoolUpdated,
                _,
            ) => false,
        }
    }
}

impl From<Topic> for TopicPattern {
    fn from(topic: Topic) -> Self {
        match topic {
            Topic::User(user) => Self::User(user),
            Topic::Room(room) => Self::Room(Part::One(room)),
            Topic::Project(project) => Self::Project(Part::One(project)),
            Topic::Progress(user) => Self::Progress(Part::One(user)),
            Topic::Status(user) => Self::Status(Part::One(user)),
            Topic::Result(user, exercise) => Self::Result(Part::One(user), Part::One(exercise)),
            Topic::ExerciseUpdated => Self::ExerciseUpdated,
            Topic::PoolUpdated => Self::PoolUpdated,
        }
    }
}

impl<T: fmt::Display> fmt::Display for Part<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(id) => id.fmt(f),
            Self::Any => f.write_str(ANY),
        }
    }
}

impl fmt::Display for TopicPattern {
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

impl Serialize for TopicPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
