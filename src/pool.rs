//! A pool: a set of exercises with a theme, in teaching order.
//!
//! The JSON of a [`Pool`] is a contract with services in other languages: names, order, and that
//! every key is always there.

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::exercise::Difficulty;
use crate::ids::{ExerciseId, PoolId};

/// A pool as it is served. `pool.yaml` calls the id `slug`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, title = "mithril pool")]
pub struct Pool {
    /// The pool's id: unique in the tree, used in URLs, NATS subjects and Redis keys.
    #[schemars(rename = "slug")]
    pub id: PoolId,
    /// What students see.
    #[schemars(length(min = 1))]
    pub name: String,
    /// What the pool is about, in a word or two.
    #[schemars(default)]
    pub theme: String,
    /// A paragraph about the pool.
    #[schemars(default)]
    pub description: String,
    /// How hard the pool is as a whole.
    #[serde(serialize_with = "text_or_empty")]
    #[schemars(default)]
    pub difficulty: Option<Difficulty>,
    /// Free words to search by.
    #[schemars(default)]
    pub tags: Vec<String>,
    /// Who answers for the pool.
    #[schemars(default)]
    pub maintainer: String,
    /// The ids of the pool's exercises in teaching order; sorted by id where the list is left out.
    #[schemars(default)]
    pub exercises: Vec<ExerciseId>,
}

// The signature is the one that serde's `serialize_with` calls.
#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
fn text_or_empty<S: Serializer>(
    difficulty: &Option<Difficulty>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(difficulty.map_or("", Difficulty::as_str))
}
