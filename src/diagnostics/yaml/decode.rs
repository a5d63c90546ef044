//! Typed decoding: the shape of a file is checked while its values are taken, all problems at once.
//!
//! A value that is taken is what every YAML reader would take; where readers differ it is refused
//! with a reason. In a text field a scalar is its source text, whatever else it could mean.

mod scalar;
mod written;

use std::collections::HashSet;
use std::ops::Range;

use super::super::{Applicability, Code, Diagnostic, Findings, Severity, Source, nearest, unseen};
use super::{Entry, Literal, NodeId, Tag, Tree, Value};

/// A value and the bytes it was written in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it is written, quotes included.
    pub span: Range<usize>,
}

/// What a key holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field<T> {
    /// The key is not written, or holds nothing.
    Absent,
    /// The key, or what it holds, has been reported: it is broken, or a misspelt key means this one.
    Broken,
    /// The key holds this.
    Sound(Spanned<T>),
}

impl<T> Field<T> {
    /// Goes on with a value that is there and sound.
    pub fn then<U>(self, take: impl FnOnce(Spanned<T>) -> Option<Spanned<U>>) -> Field<U> {
        match self {
            Self::Absent => Field::Absent,
            Self::Broken => Field::Broken,
            Self::Sound(value) => take(value).map_or(Field::Broken, Field::Sound),
        }
    }

    /// The value, if it is there and sound.
    pub fn as_ref(&self) -> Option<&Spanned<T>> {
        match self {
            Self::Sound(value) => Some(value),
            Self::Absent | Self::Broken => None,
        }
    }

    /// The value, if it is there and sound.
    pub fn sound(self) -> Option<T> {
        match self {
            Self::Sound(value) => Some(value.value),
            Self::Absent | Self::Broken => None,
        }
    }

    /// Whether the key is not written, or holds nothing.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl Spanned<String> {
    /// Where a part of the text is written; the whole, where that can't be told.
    pub fn part(&self, source: &Source, part: Range<usize>) -> Range<usize> {
        let written = source.text().get(self.span.clone()).unwrap_or_default();
        written::place(written, &self.value, &part).map_or_else(
            || self.span.clone(),
            |place| self.span.start + place.start..self.span.start + place.end,
        )
    }
}

/// How many unknown keys of one mapping get a suggestion; who has more has other problems.
const SUGGESTIONS: usize = 100;

/// What a mapping is called in messages, and the keys that it may have.
#[derive(Debug)]
pub struct Shape {
    /// With its article: "an exercise".
    pub what: &'static str,
    /// The keys, in the order in which they are usually written.
    pub keys: &'static [&'static str],
    /// Keys that whoever decodes reports in other words: those that it does not have, and those that it
    /// has, where they are misspelt.
    pub judged: &'static [&'static str],
}

/// Whether a key may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Without it the file is broken.
    Required,
    /// It has a default.
    Optional,
}

/// A mapping whose keys are known to its [`Shape`], or have been reported.
#[derive(Debug)]
pub struct Fields {
    entries: Vec<Entry>,
    /// Unknown keys that mean known ones, which are not written.
    misspelt: Vec<Misspelt>,
    shape: &'static Shape,
    /// Where a missing key is reported: the first key.
    pub span: Range<usize>,
    /// What the mapping is called: the shape's name, or for an item of a list its place.
    name: String,
}

/// An unknown key that means a known one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misspelt {
    /// Where the key is written.
    pub span: Range<usize>,
    /// The key that is meant.
    pub meant: &'static str,
    /// How sure that is: safe, where the two differ by nothing that can be seen.
    pub applicability: Applicability,
}

/// Takes values out of a tree and reports what does not fit.
#[derive(Debug)]
pub struct Decoder<'t, 's, 'f, 'a> {
    /// The file's tree.
    pub tree: &'t Tree<'s>,
    /// Where problems go.
    pub findings: &'f mut Findings<'a>,
}

impl Decoder<'_, '_, '_, '_> {
    /// The mapping of a node. Unknown keys are reported; of a key that stands twice the first counts.
    pub fn fields(&mut self, id: NodeId, shape: &'static Shape, name: &str) -> Option<Fields> {
        let node = self.tree.resolve(id);
        let Value::Mapping(own) = &node.value else {
            if self.is_reported(id) {
                return None;
            }
            let message = format!("{name} must be a mapping, not {}", node.describe());
            let help = format!("write keys: {}", shape.keys.join(", "));
            let span = self.tree.node(id).span.clone();
            self.findings
                .push(self.findings.at(Code::S103, span, message).help(help));
            return None;
        };
        let entries = self.first_of_each(self.tree.entries(own));
        let first = own
            .first()
            .map(|entry| self.tree.node(entry.key).span.clone());
        let span = first.unwrap_or_else(|| node.span.clone());
        let mut fields = Fields {
            entries,
            misspelt: Vec::new(),
            shape,
            span,
            name: name.to_owned(),
        };
        fields.misspelt = self.unknown_keys(&fields);
        Some(fields)
    }

    /// The entries without those whose key stands before; a duplicate key is reported elsewhere.
    fn first_of_each(&self, mut entries: Vec<Entry>) -> Vec<Entry> {
        let mut seen = HashSet::with_capacity(entries.len());
        entries.retain(|entry| self.tree.text(entry.key).is_none_or(|key| seen.insert(key)));
        entries
    }

    /// Reports the unknown keys, and says which known ones they mean.
    fn unknown_keys(&mut self, fields: &Fields) -> Vec<Misspelt> {
        let shape = fields.shape;
        let mut misspelt: Vec<Misspelt> = Vec::new();
        let mut free: Option<Vec<&'static str>> = None;
        let mut looked_up = 0;
        for entry in &fields.entries {
            let Some(text) = self.tree.text(entry.key) else {
                self.no_text(entry.key);
                continue;
            };
            if shape.keys.contains(&text) || shape.judged.contains(&text) {
                continue;
            }
            // Asked for once: a file may hold thousands of unknown keys.
            let free = free.get_or_insert_with(|| {
                let keys = shape.keys.iter().copied();
                keys.filter(|key| !fields.has(self.tree, key)).collect()
            });
            looked_up += 1;
            let span = self.tree.node(entry.key).span.clone();
            let meant = (looked_up <= SUGGESTIONS).then(|| meant(text, span.clone(), free));
            let meant = meant.flatten();
            if meant
                .as_ref()
                .is_none_or(|key| !shape.judged.contains(&key.meant))
            {
                self.unknown_key(shape, text, span, meant.as_ref());
            }
            if let Some(meant) = meant {
                free.retain(|key| *key != meant.meant);
                misspelt.push(meant);
            }
        }
        misspelt
    }

    fn unknown_key(
        &mut self,
        shape: &Shape,
        text: &str,
        span: Range<usize>,
        meant: Option<&Misspelt>,
    ) {
        let known = shape.keys.join(", ");
        let message = format!("{} has no key `{}`", shape.what, shortened(text));
        let problem = self.findings.at(Code::S101, span, message);
        let problem = match meant {
            Some(key) => {
                let name = key.meant;
                let help = match key.applicability {
                    Applicability::Safe => {
                        format!("this is `{name}` with a character in it that nobody sees")
                    }
                    Applicability::Unsafe => {
                        format!("did you mean `{name}`? Its keys are: {known}")
                    }
                };
                key.renamed(problem.help(help), self.findings.source())
            }
            None => problem.help(format!("its keys are: {known}")),
        };
        self.findings.push(problem);
    }

    /// A key that is no text.
    fn no_text(&mut self, key: NodeId) {
        if self.is_reported(key) {
            return;
        }
        let node = self.tree.node(key);
        let message = format!("a key must be a text, not {}", node.describe());
        let problem = self.findings.at(Code::S103, node.span.clone(), message);
        self.findings
            .push(problem.help("write a word, or put it in quotes"));
    }

    /// The node of a key that is written and is not null. A missing required key is reported, unless
    /// a misspelt one has been.
    pub fn value(&mut self, fields: &Fields, key: &str, need: Need) -> Field<NodeId> {
        let Some(entry) = fields.find(self.tree, key) else {
            if fields.misspelt(key).is_some() {
                return Field::Broken;
            }
            if need == Need::Required {
                let message = format!("{} has no `{key}`", fields.name);
                let help = format!("add the key `{key}`");
                let span = fields.span.clone();
                self.findings
                    .push(self.findings.at(Code::S102, span, message).help(help));
            }
            return Field::Absent;
        };
        if self.is_reported(entry.value) {
            return Field::Broken;
        }
        let node = self.tree.resolve(entry.value);
        if node.literal() == Some(Literal::Null) {
            self.null(entry, key, need);
            return Field::Absent;
        }
        let span = self.tree.node(entry.value).span.clone();
        Field::Sound(Spanned {
            value: entry.value,
            span,
        })
    }

    /// Whether what is wrong with the node is said where any YAML is judged: it is an alias of
    /// nothing, a scalar with a tag that means nothing, or what its tag contradicts.
    fn is_reported(&self, id: NodeId) -> bool {
        let node = self.tree.resolve(id);
        if node.contradicts_tag() {
            return true;
        }
        match node.value {
            Value::Alias(_) => true,
            Value::Scalar { .. } => matches!(node.tag, Some((Tag::Custom, _))),
            Value::Sequence(_) | Value::Mapping(_) => false,
        }
    }

    fn null(&mut self, entry: Entry, key: &str, need: Need) {
        let written = self.tree.node(entry.value).span.clone();
        let span = if written.is_empty() {
            self.tree.node(entry.key).span.clone()
        } else {
            written
        };
        let (severity, help) = match need {
            Need::Required => (Severity::Error, format!("write a value behind `{key}:`")),
            Need::Optional => (
                Severity::Warning,
                format!("write a value, or remove `{key}`"),
            ),
        };
        let problem = self
            .findings
            .at(Code::Y015, span, format!("`{key}` has no value"));
        self.findings.push(problem.severity(severity).help(help));
    }

    /// The items of a list.
    pub fn list(&mut self, fields: &Fields, key: &str) -> Field<Vec<NodeId>> {
        self.value(fields, key, Need::Optional)
            .then(|Spanned { value: id, span }| {
                let node = self.tree.resolve(id);
                let Value::Sequence(items) = &node.value else {
                    let help = "write each item on a line of its own, behind `- `";
                    self.wrong_type(id, key, "a list", help);
                    return None;
                };
                Some(Spanned {
                    value: items.clone(),
                    span,
                })
            })
    }

    /// The texts of a list; it is broken if one of them is.
    pub fn texts(&mut self, fields: &Fields, key: &str) -> Field<Vec<Spanned<String>>> {
        self.list(fields, key).then(|list| {
            // Every item is looked at, also behind a broken one.
            let items: Vec<_> = list
                .value
                .into_iter()
                .map(|item| self.item_text(item, key))
                .collect();
            let value = items.into_iter().collect::<Option<Vec<_>>>()?;
            Some(Spanned {
                value,
                span: list.span,
            })
        })
    }

    /// The span of a key, for a problem with what it holds as a whole.
    pub fn key_span(&self, fields: &Fields, key: &str) -> Option<Range<usize>> {
        fields
            .find(self.tree, key)
            .map(|entry| self.tree.node(entry.key).span.clone())
    }

    /// Reports a value of another type than the key takes.
    pub fn wrong_type(&mut self, id: NodeId, key: &str, expected: &str, help: &str) {
        let node = self.tree.resolve(id);
        let message = format!("`{key}` must be {expected}, not {}", node.describe());
        let span = self.tree.node(id).span.clone();
        self.findings
            .push(self.findings.at(Code::S103, span, message).help(help));
    }
}

impl Fields {
    fn find(&self, tree: &Tree<'_>, key: &str) -> Option<Entry> {
        self.entries
            .iter()
            .copied()
            .find(|entry| tree.text(entry.key) == Some(key))
    }

    /// The value of a key, null or not.
    pub fn node(&self, tree: &Tree<'_>, key: &str) -> Option<NodeId> {
        self.find(tree, key).map(|entry| entry.value)
    }

    /// The unknown key that means this one, which is not written.
    pub fn misspelt(&self, key: &str) -> Option<&Misspelt> {
        self.misspelt.iter().find(|misspelt| misspelt.meant == key)
    }

    /// Whether the key is written.
    pub fn has(&self, tree: &Tree<'_>, key: &str) -> bool {
        self.find(tree, key).is_some()
    }
}

impl Misspelt {
    /// The problem with this key, and the fix that renames it to the one that is meant.
    pub fn renamed(&self, problem: Diagnostic, source: &Source) -> Diagnostic {
        let message = format!("rename it to `{}`", self.meant);
        let span = source.span(self.span.clone());
        problem.fix(self.applicability, message, span, self.meant)
    }
}

/// The key that an unknown one means, among those that are not written.
fn meant(text: &str, span: Range<usize>, free: &[&'static str]) -> Option<Misspelt> {
    let same = free.iter().find(|key| unseen::reads_as(text, key));
    let (meant, applicability) = match same {
        Some(same) => (*same, Applicability::Safe),
        None => (nearest(text, free.iter().copied())?, Applicability::Unsafe),
    };
    Some(Misspelt {
        span,
        meant,
        applicability,
    })
}

/// A text that is short enough for a message.
pub fn shortened(text: &str) -> String {
    let mut characters = text.chars();
    let start: String = characters.by_ref().take(40).collect();
    if characters.next().is_some() {
        format!("{start}…")
    } else {
        start
    }
}
