//! A [`Call`] is a request whose subject is known and whose data has the fields it needs.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::ids::{ExerciseId, IdError, PoolId};
use crate::protocol::ErrorCode;

/// What a client asks for, and in whose name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// The user that the request names; whether it may is the policy's to say.
    pub(super) user: Option<String>,
    /// What is asked for.
    pub(super) action: Action,
}

/// The requests of PROTOCOL, section 6.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// All pools.
    ListPools,
    /// One pool.
    GetPool(PoolId),
    /// A pool's exercises.
    ListExercises(PoolId),
    /// One exercise.
    GetExercise(ExerciseId),
    /// Begin to work on an exercise.
    Launch(ExerciseId),
    /// Hand in a solution.
    Submit(ExerciseId),
}

impl Action {
    /// The subjects that have one name.
    pub(super) const SUBJECTS: [&'static str; 5] = [
        "exercise.pool.list",
        "exercise.pool.get",
        "exercise.pool.exercises",
        "exercise.get",
        "exercise.launch",
    ];
    /// What stands for all subjects of submissions where they are counted.
    pub(super) const SUBMISSION: &'static str = "grading.submit";

    /// The subject as it is counted.
    pub(super) fn subject(&self) -> &'static str {
        match self {
            Self::ListPools => "exercise.pool.list",
            Self::GetPool(_) => "exercise.pool.get",
            Self::ListExercises(_) => "exercise.pool.exercises",
            Self::GetExercise(_) => "exercise.get",
            Self::Launch(_) => "exercise.launch",
            Self::Submit(_) => Self::SUBMISSION,
        }
    }
}

/// Why a request is no call.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    /// Nothing answers this subject.
    #[error("no request has that subject")]
    UnknownSubject,
    /// The data is not an object with fields of the right types.
    #[error("the data does not fit the subject: {0}")]
    Data(#[from] serde_json::Error),
    /// The data is JSON, but no object.
    #[error("the data is not a JSON object")]
    NotAnObject,
    /// A field that the subject needs is not there.
    #[error("the data has no \"{0}\"")]
    Missing(&'static str),
    /// A field is no id.
    #[error("\"{field}\" is not an id: {source}")]
    Id {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        source: IdError,
    },
}

impl CallError {
    /// The code to answer with.
    pub(super) fn code(&self) -> ErrorCode {
        match self {
            Self::UnknownSubject => ErrorCode::UnknownSubject,
            Self::Data(_) | Self::NotAnObject | Self::Missing(_) | Self::Id { .. } => {
                ErrorCode::BadRequest
            }
        }
    }
}

/// Every field that some subject reads. Others are skipped: services pass their own along.
#[derive(Default, Deserialize)]
struct Fields {
    #[serde(rename = "user_id")]
    user: Option<String>,
    #[serde(rename = "pool_id")]
    pool: Option<String>,
    #[serde(rename = "exercise_id")]
    exercise: Option<String>,
}

impl Call {
    /// Reads a request.
    pub(super) fn parse(subject: &str, data: Option<&RawValue>) -> Result<Self, CallError> {
        if let Some(call) = Self::submission(subject)? {
            return Ok(call);
        }
        let read: fn(&Fields) -> Result<Action, CallError> = match subject {
            "exercise.pool.list" => |_| Ok(Action::ListPools),
            "exercise.pool.get" => |fields| fields.pool().map(Action::GetPool),
            "exercise.pool.exercises" => |fields| fields.pool().map(Action::ListExercises),
            "exercise.get" => |fields| fields.exercise().map(Action::GetExercise),
            "exercise.launch" => |fields| fields.exercise().map(Action::Launch),
            _ => return Err(CallError::UnknownSubject),
        };
        let fields = Fields::read(data)?;
        let action = read(&fields)?;
        Ok(Self {
            user: fields.user,
            action,
        })
    }

    // `grading.{user_id}.{exercise_id}.submit`
    fn submission(subject: &str) -> Result<Option<Self>, CallError> {
        let mut parts = subject.split('.');
        let (Some("grading"), Some(user), Some(exercise), Some("submit"), None) = (
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
        ) else {
            return Ok(None);
        };
        let exercise = ExerciseId::parse(exercise).map_err(|source| CallError::Id {
            field: "exercise_id",
            source,
        })?;
        Ok(Some(Self {
            user: Some(user.to_owned()),
            action: Action::Submit(exercise),
        }))
    }
}

impl Fields {
    fn read(data: Option<&RawValue>) -> Result<Self, CallError> {
        match data.map(RawValue::get) {
            None => Ok(Self::default()),
            // serde would read a struct from an array too.
            Some(object) if object.starts_with('{') => Ok(serde_json::from_str(object)?),
            Some(_) => Err(CallError::NotAnObject),
        }
    }

    fn pool(&self) -> Result<PoolId, CallError> {
        let text = self.pool.as_deref();
        id("pool_id", text, PoolId::parse)
    }

    fn exercise(&self) -> Result<ExerciseId, CallError> {
        let text = self.exercise.as_deref();
        id("exercise_id", text, ExerciseId::parse)
    }
}

/// The id that is written in this field.
pub(super) fn id<T>(
    field: &'static str,
    text: Option<&str>,
    parse: fn(&str) -> Result<T, IdError>,
) -> Result<T, CallError> {
    let text = text.ok_or(CallError::Missing(field))?;
    parse(text).map_err(|source| CallError::Id { field, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(subject: &str, data: &str) -> Result<Call, CallError> {
        let data: Option<Box<RawValue>> = serde_json::from_str(data).unwrap();
        Call::parse(subject, data.as_deref())
    }

    fn exercise(id: &str) -> ExerciseId {
        ExerciseId::parse(id).unwrap()
    }

    #[test]
    fn every_subject_is_read() {
        let pool = PoolId::parse("p").unwrap();
        for (subject, data, action) in [
            ("exercise.pool.list", "null", Action::ListPools),
            ("exercise.pool.list", r#"{"any":[]}"#, Action::ListPools),
            (
                "exercise.pool.get",
                r#"{"pool_id":"p"}"#,
                Action::GetPool(pool.clone()),
            ),
            (
                "exercise.pool.exercises",
                r#"{"pool_id":"p"}"#,
                Action::ListExercises(pool),
            ),
            (
                "exercise.get",
                r#"{"exercise_id":"e"}"#,
                Action::GetExercise(exercise("e")),
            ),
            (
                "exercise.launch",
                r#"{"user_id":null,"exercise_id":"e"}"#,
                Action::Launch(exercise("e")),
            ),
        ] {
            let call = parse(subject, data).unwrap();
            assert_eq!(call, Call { user: None, action }, "{subject}");
        }
        let launch = parse("exercise.launch", r#"{"user_id":"*","exercise_id":"e"}"#).unwrap();
        assert_eq!(launch.user.as_deref(), Some("*"));
        let submit = parse("grading.42.e.submit", "[]").unwrap();
        assert_eq!(submit.user.as_deref(), Some("42"));
        assert_eq!(submit.action, Action::Submit(exercise("e")));
    }

    #[test]
    fn bad_data_is_a_bad_request() {
        for (subject, data) in [
            ("exercise.pool.list", "[]"),
            ("exercise.pool.list", "1"),
            ("exercise.pool.get", "{}"),
            ("exercise.pool.get", "null"),
            ("exercise.pool.get", r#"{"pool_id":1}"#),
            ("exercise.pool.get", r#"{"pool_id":""}"#),
            ("exercise.pool.get", r#"["p"]"#),
            ("exercise.get", r#"{"exercise_id":"../etc"}"#),
            ("exercise.get", r#"{"exercise_id":"a","exercise_id":"b"}"#),
            ("exercise.launch", r#"{"exercise_id":"e","user_id":7}"#),
            ("grading.42.*.submit", "[]"),
        ] {
            let error = parse(subject, data).unwrap_err();
            assert_eq!(error.code(), ErrorCode::BadRequest, "{subject} {data}");
        }
    }

    #[test]
    fn other_subjects_are_unknown() {
        for subject in [
            "",
            "exercise",
            "exercise.*",
            "exercise.get.x",
            "grading.1.e.result",
        ] {
            let error = parse(subject, "{}").unwrap_err();
            assert_eq!(error.code(), ErrorCode::UnknownSubject, "{subject}");
        }
    }
}
