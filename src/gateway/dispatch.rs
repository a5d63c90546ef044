//! Every request is authorised before anything looks at what it asks for, and gets one answer.

use std::time::Instant;

use serde_json::value::RawValue;

use crate::cache::{ReadError, Reader};
use crate::catalog::{ExerciseService, Launch};
use crate::metrics::Metrics;
use crate::protocol::ErrorCode;

use super::auth::Principal;
use super::call::{Action, Call, CallError};
use super::policy::{self, Forbidden, Intent, Rules};
use super::socket::MAX_ANSWER;

/// Answers requests, each from one snapshot of the catalog, or from what others keep.
#[derive(Debug)]
pub(super) struct Dispatch {
    source: Source,
    metrics: Metrics,
}

/// Where content comes from.
#[derive(Debug)]
pub(super) enum Source {
    /// This process has it: what it does not have does not exist.
    Own(ExerciseService),
    /// Others keep it.
    Kept(Reader),
}

/// What a request comes to.
#[derive(Debug)]
pub(super) struct Answer {
    /// The `data` of the answer, as JSON.
    pub(super) data: String,
    /// The launch that others are to hear of.
    pub(super) launched: Option<Launch>,
}

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum RequestError {
    /// It is not a request that the gateway knows.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The user may not make it.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// What it is about does not exist. The id has been checked: it is short and plain.
    #[error("there is no {kind} \"{id}\"")]
    NotFound {
        /// `pool` or `exercise`.
        kind: &'static str,
        /// The id that was asked for.
        id: String,
    },
    /// The answer does not fit a frame.
    #[error("the answer has {0} bytes, at most {MAX_ANSWER} are sent")]
    TooLarge(usize),
    /// Nothing grades.
    #[error("no grading service is connected")]
    NoGrading,
    /// Nothing here begins sessions.
    #[error("no exercise service is connected")]
    NoLaunch,
    /// What others keep is not to be had; why, is for logs.
    #[error("the content is not to be had now")]
    NoContent(#[source] ReadError),
}

impl RequestError {
    /// The code to answer with.
    pub(super) fn code(&self) -> ErrorCode {
        match self {
            Self::Call(error) => error.code(),
            Self::Forbidden(_) => ErrorCode::Forbidden,
            Self::NotFound { .. } => ErrorCode::NotFound,
            Self::TooLarge(_) => ErrorCode::TooLarge,
            Self::NoGrading | Self::NoLaunch | Self::NoContent(_) => ErrorCode::Unavailable,
        }
    }
}

impl Dispatch {
    /// Answers from this source.
    pub(super) fn new(source: Source, metrics: Metrics) -> Self {
        Self { source, metrics }
    }

    /// Answers a request that came in a frame, if the principal may make it under these rules.
    pub(super) async fn answer(
        &self,
        principal: &Principal,
        rules: Rules,
        subject: &str,
        data: Option<&RawValue>,
    ) -> Result<Answer, RequestError> {
        let answer = async {
            let call = Call::parse(subject, data)?;
            let answer = self.act(principal, rules, call).await?;
            if answer.data.len() > MAX_ANSWER {
                return Err(RequestError::TooLarge(answer.data.len()));
            }
            Ok(answer)
        };
        self.counted(label(subject), answer).await
    }

    /// Does what a call asks for, if the principal may ask for it under these rules.
    pub(super) async fn call(
        &self,
        principal: &Principal,
        rules: Rules,
        call: Call,
    ) -> Result<Answer, RequestError> {
        let subject = call.action.subject();
        self.counted(subject, self.act(principal, rules, call))
            .await
    }

    async fn counted(
        &self,
        subject: &'static str,
        answer: impl Future<Output = Result<Answer, RequestError>>,
    ) -> Result<Answer, RequestError> {
        let begin = Instant::now();
        let answer = answer.await;
        let result = match &answer {
            Ok(_) => "ok",
            Err(error) => error.code().as_str(),
        };
        self.metrics.request(subject, result, begin.elapsed());
        answer
    }

    async fn act(
        &self,
        principal: &Principal,
        rules: Rules,
        call: Call,
    ) -> Result<Answer, RequestError> {
        policy::authorize(principal, rules, Intent::Call(&call))?;
        match &self.source {
            Source::Own(exercises) => look_up(exercises, principal, call.action),
            Source::Kept(reader) => read(reader, call.action).await,
        }
    }
}

fn look_up(
    exercises: &ExerciseService,
    principal: &Principal,
    action: Action,
) -> Result<Answer, RequestError> {
    let data = match action {
        Action::ListPools => Ok(exercises.pools()),
        Action::GetPool(id) => found("pool", id.as_str(), exercises.pool(id.as_str())),
        Action::ListExercises(id) => found("pool", id.as_str(), exercises.exercises(id.as_str())),
        Action::GetExercise(id) => found("exercise", id.as_str(), exercises.exercise(id.as_str())),
        Action::Launch(id) => {
            let launch = exercises.launch(&principal.user, id.as_str());
            return found("exercise", id.as_str(), launch).map(launched);
        }
        Action::Submit(_) => Err(RequestError::NoGrading),
    };
    data.map(plain)
}

/// What Redis does not have may exist all the same, so it is never said not to.
async fn read(reader: &Reader, action: Action) -> Result<Answer, RequestError> {
    let data = match action {
        Action::ListPools => reader.pools().await,
        Action::GetPool(id) => reader.pool(id).await,
        Action::ListExercises(id) => reader.exercises(id).await,
        Action::GetExercise(id) => reader.exercise(id).await,
        Action::Launch(_) => return Err(RequestError::NoLaunch),
        Action::Submit(_) => return Err(RequestError::NoGrading),
    };
    let data = data.map_err(RequestError::NoContent)?;
    Ok(plain(data.as_ref().to_owned()))
}

fn plain(data: String) -> Answer {
    Answer {
        data,
        launched: None,
    }
}

/// A subject as it is counted: one of few names, whatever a client sends.
fn label(subject: &str) -> &'static str {
    let known = Action::SUBJECTS.into_iter().find(|known| *known == subject);
    known.unwrap_or(
        if subject.starts_with("grading.") && subject.ends_with(".submit") {
            Action::SUBMISSION
        } else {
            "other"
        },
    )
}

// Whoever handles a launch announces `started`, once: the session does, after its answer.
fn launched(mut launch: Launch) -> Answer {
    tracing::info!(
        user = %launch.user_id,
        exercise = %launch.exercise_id,
        session = %launch.session_id,
        "launched"
    );
    Answer {
        data: std::mem::take(&mut launch.answer),
        launched: Some(launch),
    }
}

fn found<T>(kind: &'static str, id: &str, answer: Option<T>) -> Result<T, RequestError> {
    answer.ok_or_else(|| RequestError::NotFound {
        kind,
        id: id.to_owned(),
    })
}
