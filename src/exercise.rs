//! Exercises: the model that is served, and how a file becomes one.

mod changes;
mod command;
mod decode;
mod file;
mod model;

pub use changes::{ExerciseChanges, PointsChange, TestChanges};
pub use command::{Command, PLACEHOLDERS, Placeholder, Word};
pub use decode::{BUILD, EXERCISE, MAX_TESTS, SCORING, TEST, VALIDATION, decode};
pub use file::{AnswerFile, BuildFile, ExerciseFile, ScoringFile, TestFile, Text, ValidationFile};
pub use model::{
    Answer, Build, DEFAULT_TIMEOUT, Difficulty, Exercise, ExerciseKind, Scoring, Test, Validation,
};
