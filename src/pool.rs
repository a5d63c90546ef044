//! A pool: a set of exercises with a theme, in teaching order.
//!
//! The JSON of a [`Pool`] is a contract with services in other languages: names, order, and that
//! every key is always there.

use std::ops::Range;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::diagnostics::yaml::{Decoder, Field, Fields, Literal, Need, NodeId, Shape, Tree};
use crate::diagnostics::{Applicability, Code, Findings};
use crate::exercise::{Difficulty, Text};
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

#[expect(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference to the field"
)]
fn text_or_empty<S: Serializer>(
    difficulty: &Option<Difficulty>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(difficulty.map_or("", Difficulty::as_str))
}

/// A pool's keys.
pub const POOL: Shape = Shape {
    what: "a pool",
    keys: &[
        "slug",
        "name",
        "theme",
        "description",
        "difficulty",
        "tags",
        "maintainer",
        "exercises",
    ],
    judged: &["id", "slug"],
};

/// A `pool.yaml` as it was written: every value with its place, required ones perhaps missing.
#[derive(Debug)]
pub struct PoolFile {
    /// Where a problem with the pool as a whole is reported.
    pub span: Range<usize>,
    /// `slug`.
    pub slug: Field<String>,
    /// `name`.
    pub name: Field<String>,
    /// `theme`.
    pub theme: Field<String>,
    /// `description`.
    pub description: Field<String>,
    /// `difficulty`.
    pub difficulty: Field<Difficulty>,
    /// `tags`.
    pub tags: Field<Vec<Text>>,
    /// `maintainer`.
    pub maintainer: Field<String>,
    /// `exercises`: the order in which they are taught.
    pub exercises: Field<Vec<Text>>,
}

/// Takes a pool out of a tree; `None` where the root is no mapping.
pub fn decode(tree: &Tree<'_>, root: NodeId, findings: &mut Findings<'_>) -> Option<PoolFile> {
    let mut decoder = Decoder { tree, findings };
    let fields = decoder.fields(root, &POOL, "the pool")?;
    let d = &mut decoder;
    Some(PoolFile {
        slug: slug(d, &fields),
        name: d.text(&fields, "name", Need::Required),
        theme: d.text(&fields, "theme", Need::Optional),
        description: d.text(&fields, "description", Need::Optional),
        difficulty: d.name(
            &fields,
            "difficulty",
            Need::Optional,
            &Difficulty::NAMES,
            &[],
            Difficulty::parse,
        ),
        tags: d.texts(&fields, "tags"),
        maintainer: d.text(&fields, "maintainer", Need::Optional),
        exercises: d.texts(&fields, "exercises"),
        span: fields.span,
    })
}

/// The slug. A pool that has an `id`, or no slug, is reported once and not as an unknown or a
/// missing key: the two are mistaken for each other. Nor is a misspelt slug.
fn slug(d: &mut Decoder<'_, '_, '_, '_>, fields: &Fields) -> Field<String> {
    let node = fields.node(d.tree, "slug");
    let written = node.is_some_and(|id| d.tree.resolve(id).literal() != Some(Literal::Null));
    if let Some(misspelt) = fields.misspelt("slug") {
        let message = "a pool is named by `slug`, and there is no such key";
        let problem = d.findings.at(Code::I207, misspelt.span.clone(), message);
        let problem = problem.help("this seems to mean it: rename the key to `slug`");
        let problem = misspelt.renamed(problem, d.findings.source());
        d.findings.push(problem);
        return Field::Broken;
    }
    let problem = match (d.key_span(fields, "id"), written) {
        (None, true) => None,
        (Some(span), true) => Some(
            d.findings
                .at(Code::I207, span, "a pool has no `id`: its id is the `slug`")
                .help("remove the key `id`"),
        ),
        (Some(span), false) => {
            let key = d.findings.source().span(span.clone());
            let problem = d
                .findings
                .at(Code::I207, span, "a pool is named by `slug`, not by `id`");
            let problem = problem.help("rename the key `id` to `slug`");
            // A `slug` without a value would stand twice.
            Some(if d.key_span(fields, "slug").is_none() {
                problem.fix(Applicability::Safe, "rename it to `slug`", key, "slug")
            } else {
                problem
            })
        }
        (None, false) => {
            let span = d
                .key_span(fields, "slug")
                .unwrap_or_else(|| fields.span.clone());
            Some(
                d.findings
                    .at(Code::I207, span, "the pool has no `slug`")
                    .help("add `slug:` with the id of the pool"),
            )
        }
    };
    if let Some(problem) = problem {
        d.findings.push(problem);
    }
    if written {
        d.text(fields, "slug", Need::Optional)
    } else {
        Field::Absent
    }
}

impl PoolFile {
    /// The pool of a sound file, without its exercises; `None` where something required is missing.
    pub fn into_pool(self) -> Option<Pool> {
        Some(Pool {
            id: PoolId::parse(&self.slug.sound()?).ok()?,
            name: self.name.sound()?,
            theme: self.theme.sound().unwrap_or_default(),
            description: self.description.sound().unwrap_or_default(),
            difficulty: self.difficulty.sound(),
            tags: self.tags.sound().map_or_else(Vec::new, |tags| {
                tags.into_iter().map(|tag| tag.value).collect()
            }),
            maintainer: self.maintainer.sound().unwrap_or_default(),
            exercises: Vec::new(),
        })
    }
}
