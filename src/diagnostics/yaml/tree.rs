//! The tree: nodes in one arena, so that a node is a number and a walk follows no pointers.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use super::scalar::{Literal, is_implicit_bool, is_odd_number};

/// A node of a [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In single or double quotes.
    Quoted,
    /// As a literal or folded block.
    Block,
}

/// What a tag in the file asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tag {
    /// One of the core schema: `str`, `int`, `bool`, `float`, `null`, `map`, `seq`.
    Core(Box<str>),
    /// `!`: no resolution, the scalar is a string.
    NonSpecific,
    /// Anything else.
    Custom,
}

/// A key and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: NodeId,
    /// The value.
    pub value: NodeId,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'s> {
    /// A scalar, after escapes and folding.
    Scalar {
        /// Its text.
        text: Cow<'s, str>,
        /// How it was written.
        style: Style,
        /// Whether nothing was written at all, as after `key:`.
        absent: bool,
    },
    /// A sequence.
    Sequence(Vec<NodeId>),
    /// A mapping in the order of the file, duplicate keys included.
    Mapping(Vec<Entry>),
    /// An alias of another node; `None` where no such anchor precedes it.
    Alias(Option<NodeId>),
}

/// A key, a value or an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node<'s> {
    /// What it holds.
    pub value: Value<'s>,
    /// The bytes it was written in: quotes belong to it, a tag and an anchor do not.
    pub span: Range<usize>,
    /// Its tag and where the tag is written.
    pub tag: Option<(Tag, Range<usize>)>,
    /// Its anchor: the name with `&`.
    pub anchor: Option<Range<usize>>,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its bytes, with the `#`, without the line break.
    pub span: Range<usize>,
}

/// A document.
#[derive(Debug, Default)]
pub struct Tree<'s> {
    pub(super) nodes: Vec<Node<'s>>,
    pub(super) root: Option<NodeId>,
    pub(super) comments: Vec<Comment>,
}

impl<'s> Tree<'s> {
    /// A tree without nodes, with room for so many.
    pub(super) fn with_capacity(nodes: usize) -> Self {
        Self {
            nodes: Vec::with_capacity(nodes),
            ..Self::default()
        }
    }

    /// The document's node; `None` where the file has no document.
    pub fn root(&self) -> Option<NodeId> {
        self.root
    }

    /// The comments, in the order of the file.
    pub fn comments(&self) -> &[Comment] {
        &self.comments
    }

    /// All nodes, in the order of the file.
    pub fn nodes(&self) -> &[Node<'s>] {
        &self.nodes
    }

    /// The node of that place among all nodes.
    pub fn id(&self, index: usize) -> Option<NodeId> {
        let index = u32::try_from(index).ok()?;
        ((index as usize) < self.nodes.len()).then_some(NodeId(index))
    }

    /// The node itself, not what an alias stands for.
    pub fn node(&self, id: NodeId) -> &Node<'s> {
        &self.nodes[id.0 as usize]
    }

    /// The node, or the one that an alias stands for.
    pub fn resolve(&self, id: NodeId) -> &Node<'s> {
        let node = self.node(id);
        match node.value {
            Value::Alias(Some(target)) => self.node(target),
            _ => node,
        }
    }

    /// A scalar's text.
    pub fn text(&self, id: NodeId) -> Option<&str> {
        match &self.resolve(id).value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// A mapping's entries as a reader sees them: `<<` is replaced by what it merges in, where the
    /// mapping has no such key itself. Of a key that stands twice the first counts.
    pub fn entries(&self, mapping: &[Entry]) -> Vec<Entry> {
        if !mapping.iter().any(|entry| self.is_merge_key(entry.key)) {
            return mapping.to_vec();
        }
        let mut entries = Vec::with_capacity(mapping.len());
        let mut seen = HashSet::with_capacity(mapping.len());
        self.merge_into(&mut entries, &mut seen, mapping, 0);
        entries
    }

    /// The root's first entry of that key, as it is written: nothing is merged in.
    pub fn entry(&self, key: &str) -> Option<Entry> {
        let Value::Mapping(entries) = &self.resolve(self.root?).value else {
            return None;
        };
        let mut entries = entries.iter().copied();
        entries.find(|entry| self.text(entry.key) == Some(key))
    }

    /// Whether the key is a plain `<<`.
    pub fn is_merge_key(&self, key: NodeId) -> bool {
        matches!(
            &self.node(key).value,
            Value::Scalar { text, style: Style::Plain, .. } if text == "<<"
        ) && self.node(key).tag.is_none()
    }

    /// What a merge key holds that can't be merged in: all but mappings and lists of them.
    pub fn unmergeable(&self, value: NodeId) -> Vec<NodeId> {
        match &self.resolve(value).value {
            Value::Mapping(_) => Vec::new(),
            Value::Sequence(items) => {
                let merges = |item: NodeId| matches!(self.resolve(item).value, Value::Mapping(_));
                items
                    .iter()
                    .copied()
                    .filter(|&item| !merges(item))
                    .collect()
            }
            Value::Scalar { .. } | Value::Alias(_) => vec![value],
        }
    }

    fn merge_into<'t>(
        &'t self,
        entries: &mut Vec<Entry>,
        seen: &mut HashSet<Option<&'t str>>,
        mapping: &[Entry],
        depth: usize,
    ) {
        // Merges nest through aliases; recursive ones are refused before, this bounds the rest.
        if depth > 16 {
            return;
        }
        for entry in mapping.iter().filter(|entry| !self.is_merge_key(entry.key)) {
            let new = seen.insert(self.text(entry.key));
            if new || depth == 0 {
                entries.push(*entry);
            }
        }
        for entry in mapping.iter().filter(|entry| self.is_merge_key(entry.key)) {
            match &self.resolve(entry.value).value {
                Value::Mapping(merged) => self.merge_into(entries, seen, merged, depth + 1),
                Value::Sequence(items) => {
                    for &item in items {
                        if let Value::Mapping(merged) = &self.resolve(item).value {
                            self.merge_into(entries, seen, merged, depth + 1);
                        }
                    }
                }
                Value::Scalar { .. } | Value::Alias(_) => {}
            }
        }
    }

    pub(super) fn push(&mut self, node: Node<'s>) -> NodeId {
        // The limits hold the number of nodes far below this.
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(node);
        id
    }

    /// The node that was added last.
    pub(super) fn last(&self) -> Option<NodeId> {
        let last = self.nodes.len().checked_sub(1)?;
        u32::try_from(last).ok().map(NodeId)
    }

    pub(super) fn node_mut(&mut self, id: NodeId) -> &mut Node<'s> {
        &mut self.nodes[id.0 as usize]
    }
}

impl Node<'_> {
    /// What the scalar means; `None` for a sequence or a mapping.
    pub fn literal(&self) -> Option<Literal> {
        let Value::Scalar {
            text,
            style,
            absent,
        } = &self.value
        else {
            return None;
        };
        Some(match &self.tag {
            Some((Tag::Core(name), _)) if &**name != "str" => Literal::of_plain(text),
            None if *absent => Literal::Null,
            None if *style == Style::Plain => Literal::of_plain(text),
            Some(_) | None => Literal::Text,
        })
    }

    /// Whether the tag asks for something that the value is not: every reader takes it otherwise.
    pub fn contradicts_tag(&self) -> bool {
        let Some((Tag::Core(tag), _)) = &self.tag else {
            return false;
        };
        match &self.value {
            Value::Sequence(_) => &**tag != "seq",
            Value::Mapping(_) => &**tag != "map",
            Value::Alias(_) => false,
            Value::Scalar { text, .. } => {
                let meant = Literal::of_plain(text);
                match &**tag {
                    "int" | "float" => {
                        !matches!(meant, Literal::Integer(_) | Literal::Float)
                            && !is_odd_number(text)
                    }
                    "bool" => {
                        !matches!(meant, Literal::Bool(_)) && is_implicit_bool(text).is_none()
                    }
                    "null" => meant != Literal::Null,
                    other => other != "str",
                }
            }
        }
    }

    /// Whether the scalar was written without quotes and has no tag.
    pub fn is_plain(&self) -> bool {
        self.tag.is_none()
            && matches!(
                self.value,
                Value::Scalar {
                    style: Style::Plain,
                    ..
                }
            )
    }

    /// What the node is, for a message.
    pub fn describe(&self) -> &'static str {
        match &self.value {
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a mapping",
            Value::Alias(_) => "an alias",
            Value::Scalar { .. } => match self.literal() {
                Some(Literal::Null) => "nothing",
                Some(Literal::Bool(_)) => "a truth value",
                Some(Literal::Integer(_) | Literal::Float) => "a number",
                Some(Literal::Text) | None => "a text",
            },
        }
    }
}
