//! Exercises: the model that is served, and how a file becomes one.

mod model;

pub use model::{
    Answer, Build, DEFAULT_TIMEOUT, Difficulty, Exercise, ExerciseKind, Scoring, Test, Validation,
};
