//! Reading: parser events become a [`Tree`], or one clear problem.
//!
//! The limits are checked at each event, so that what is refused costs no more than what is read
//! up to the place of refusal.

use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, options};

use super::super::{Code, Findings, Source};
use super::tree::{Comment, Entry, Node, NodeId, Style, Tag, Tree, Value};

mod syntax;
mod words;

/// What a file may be at most.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Collections within each other.
    pub depth: usize,
    /// Keys, values and items.
    pub nodes: usize,
    /// Bytes of one scalar.
    pub scalar: usize,
    /// Nodes that aliases may add when they are followed.
    pub alias_nodes: u64,
    /// How many times as large as the file's own nodes aliases may make it.
    pub alias_factor: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 16,
            nodes: 100_000,
            scalar: 64 * 1024,
            alias_nodes: 10_000,
            alias_factor: 10,
        }
    }
}

/// Reads the first document of a file. `None` where the file can't be read as YAML within the
/// limits: the reason is among the findings then.
pub fn parse<'s>(
    source: &'s Source,
    limits: &Limits,
    findings: &mut Findings<'_>,
) -> Option<Tree<'s>> {
    let mark = source.mark_length();
    if syntax::other_break(source, findings) {
        return None;
    }
    let text = &source.text()[mark..];
    let parser_options = options! {
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        // The file's size bounds the comments already.
        max_buffered_comment_events: usize::MAX,
    };
    let parser = Parser::new_from_str_with_options(text, parser_options);
    let mut builder = Builder::new(source, limits);
    for event in parser {
        let result = match event {
            Ok((event, span)) => {
                let range = span.byte_range().unwrap_or(0..0);
                let tag = span.tag_span().and_then(|tag| tag.byte_range());
                builder.event(event, range, tag, findings)
            }
            Err(error) => {
                let read = builder.tree.nodes().last().map_or(0, |node| node.span.end);
                let before = syntax::Before {
                    read: read.max(mark),
                    bracket: builder.open_bracket(),
                };
                Err(syntax::explain(source, &before, &error, findings))
            }
        };
        match result {
            Ok(Progress::Continue) => {}
            Ok(Progress::Done) => break,
            Err(Refused) => return None,
        }
    }
    if builder.multiplied(findings) {
        return None;
    }
    let tree = builder.tree;
    syntax::tab_indentation(source, &tree, findings).then_some(tree)
}

/// The file is refused; the findings say why.
struct Refused;

enum Progress {
    Continue,
    Done,
}

/// A collection that has begun and not ended.
struct Open {
    node: NodeId,
    /// Its place in `anchors`, where it has one.
    anchor: Option<usize>,
    /// The nodes below, when aliases are followed.
    weight: u64,
    content: Content,
}

enum Content {
    Sequence(Vec<NodeId>),
    Mapping {
        entries: Vec<Entry>,
        key: Option<NodeId>,
    },
}

/// An anchor and, once its node has ended, how many nodes that is when aliases are followed.
struct Anchor {
    id: usize,
    node: NodeId,
    weight: Option<u64>,
}

/// Bytes of an exercise for each of its nodes, as schools write them.
const BYTES_A_NODE: usize = 12;
/// The most nodes that memory is set aside for before they are read.
const MANY_NODES: usize = 1024;

struct Builder<'s, 'l> {
    source: &'s Source,
    mark: usize,
    limits: &'l Limits,
    tree: Tree<'s>,
    open: Vec<Open>,
    /// Sorted by id: the parser counts up.
    anchors: Vec<Anchor>,
    /// The nodes that aliases add.
    aliased: u64,
    /// Where the last alias stands.
    last_alias: Range<usize>,
    documents: usize,
}

impl<'s, 'l> Builder<'s, 'l> {
    fn new(source: &'s Source, limits: &'l Limits) -> Self {
        Self {
            source,
            mark: source.mark_length(),
            limits,
            tree: Tree::with_capacity((source.text().len() / BYTES_A_NODE).min(MANY_NODES)),
            open: Vec::new(),
            anchors: Vec::new(),
            aliased: 0,
            last_alias: 0..0,
            documents: 0,
        }
    }

    fn event(
        &mut self,
        event: Event<'s>,
        range: Range<usize>,
        tag_range: Option<Range<usize>>,
        findings: &mut Findings<'_>,
    ) -> Result<Progress, Refused> {
        let range = range.start + self.mark..range.end + self.mark;
        let tag_range = tag_range.map(|r| r.start + self.mark..r.end + self.mark);
        let tagged = |tag: Option<std::borrow::Cow<'_, granit_parser::Tag>>| {
            tag.map(|tag| {
                (
                    kind_of_tag(&tag),
                    tag_range.clone().unwrap_or(range.clone()),
                )
            })
        };
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    let message = "a second document begins here, a file holds one";
                    let help = "put it into a file of its own, or remove the `---`";
                    findings.push(findings.at(Code::Y007, range, message).help(help));
                    return Ok(Progress::Done);
                }
            }
            Event::Scalar(text, style, _, tag) => {
                if text.len() > self.limits.scalar {
                    return Err(self.too_large(findings, range, "this value", text.len()));
                }
                let absent = style == ScalarStyle::Plain && range.is_empty();
                let tag = tagged(tag);
                let text = if absent {
                    std::borrow::Cow::Borrowed("")
                } else {
                    text
                };
                let style = style_of(style);
                let span = self.trimmed(range, style);
                self.add(
                    Value::Scalar {
                        text,
                        style,
                        absent,
                    },
                    span,
                    tag,
                    findings,
                )?;
            }
            Event::SequenceStart(_, _, tag) => {
                let tag = tagged(tag);
                let node = self.add(Value::Sequence(Vec::new()), range.clone(), tag, findings)?;
                self.enter(node, Content::Sequence(Vec::new()), range, findings)?;
            }
            Event::MappingStart(_, _, tag) => {
                let tag = tagged(tag);
                let node = self.add(Value::Mapping(Vec::new()), range.clone(), tag, findings)?;
                let content = Content::Mapping {
                    entries: Vec::new(),
                    key: None,
                };
                self.enter(node, content, range, findings)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.leave(&range),
            Event::Alias(id) => self.alias(id, range, findings)?,
            Event::UnresolvedAlias(_) => {
                self.add(Value::Alias(None), range, None, findings)?;
            }
            Event::Anchor(id, _) => self.anchor(id, range),
            Event::Comment(..) => self.tree.comments.push(Comment { span: range }),
            _ => {}
        }
        Ok(Progress::Continue)
    }

    /// Notes the anchor of the node that was added last.
    fn anchor(&mut self, id: usize, range: Range<usize>) {
        let Some(node) = self.tree.last() else { return };
        self.tree.node_mut(node).anchor = Some(range);
        let index = self.anchors.len();
        let weight = match self.open.last_mut().filter(|open| open.node == node) {
            Some(open) => {
                open.anchor = Some(index);
                None
            }
            None => Some(1),
        };
        self.anchors.push(Anchor { id, node, weight });
    }

    fn add(
        &mut self,
        value: Value<'s>,
        span: Range<usize>,
        tag: Option<(Tag, Range<usize>)>,
        findings: &mut Findings<'_>,
    ) -> Result<NodeId, Refused> {
        if self.tree.nodes.len() >= self.limits.nodes {
            let count = self.limits.nodes;
            let message = format!("the file has more than {count} keys, values and items");
            findings.push(
                findings
                    .at(Code::Y020, span, message)
                    .help("split the file"),
            );
            return Err(Refused);
        }
        let id = self.tree.push(Node {
            value,
            span,
            tag,
            anchor: None,
        });
        let Some(open) = self.open.last_mut() else {
            self.tree.root = self.tree.root.or(Some(id));
            return Ok(id);
        };
        open.weight += 1;
        match &mut open.content {
            Content::Sequence(items) => items.push(id),
            Content::Mapping { entries, key } => match key.take() {
                None => *key = Some(id),
                Some(key) => entries.push(Entry { key, value: id }),
            },
        }
        Ok(id)
    }

    fn enter(
        &mut self,
        node: NodeId,
        content: Content,
        range: Range<usize>,
        findings: &mut Findings<'_>,
    ) -> Result<(), Refused> {
        if self.open.len() >= self.limits.depth {
            let depth = self.limits.depth;
            let message = format!("collections are nested more than {depth} deep here");
            let help = "no key of an exercise or a pool needs that";
            findings.push(findings.at(Code::Y020, range, message).help(help));
            return Err(Refused);
        }
        self.open.push(Open {
            node,
            anchor: None,
            weight: 0,
            content,
        });
        Ok(())
    }

    /// Closes a collection. Its span ends with its last child, or with its bracket.
    fn leave(&mut self, end: &Range<usize>) {
        let Some(Open {
            node,
            anchor,
            weight,
            content,
        }) = self.open.pop()
        else {
            return;
        };
        let (value, last) = match content {
            Content::Sequence(items) => {
                let last = items.last().copied();
                (Value::Sequence(items), last)
            }
            Content::Mapping { entries, .. } => {
                let last = entries.last().map(|entry| entry.value);
                (Value::Mapping(entries), last)
            }
        };
        let end = if end.is_empty() {
            last.map_or(end.start, |last| self.tree.node(last).span.end)
        } else {
            end.end
        };
        let opened = self.tree.node_mut(node);
        opened.value = value;
        opened.span.end = end.max(opened.span.start);
        if let Some(above) = self.open.last_mut() {
            above.weight += weight;
        }
        if let Some(anchor) = anchor.and_then(|index| self.anchors.get_mut(index)) {
            anchor.weight = Some(weight + 1);
        }
    }

    fn alias(
        &mut self,
        id: usize,
        range: Range<usize>,
        findings: &mut Findings<'_>,
    ) -> Result<(), Refused> {
        self.last_alias = range.clone();
        let Ok(index) = self.anchors.binary_search_by_key(&id, |anchor| anchor.id) else {
            return self
                .add(Value::Alias(None), range, None, findings)
                .map(drop);
        };
        let Anchor {
            node: target,
            weight,
            ..
        } = self.anchors[index];
        let Some(weight) = weight else {
            let message = "this alias stands inside of what it repeats";
            let help = "write the value out";
            let opened = self.source.span(self.tree.node(target).span.clone());
            let path = std::sync::Arc::clone(self.source.path());
            let problem = findings.at(Code::Y010, range, message).help(help);
            findings.push(problem.label(path, opened, "which begins here"));
            return Err(Refused);
        };
        self.aliased += weight;
        if let Some(above) = self.open.last_mut() {
            above.weight += weight;
        }
        if self.aliased > self.limits.alias_nodes {
            return Err(self.expands(findings));
        }
        self.add(Value::Alias(Some(target)), range, None, findings)
            .map(drop)
    }

    /// Whether aliases make the file too many times as large; says so.
    fn multiplied(&self, findings: &mut Findings<'_>) -> bool {
        let own = self.tree.nodes.len() as u64;
        if self.aliased <= own * self.limits.alias_factor {
            return false;
        }
        let Refused = self.expands(findings);
        true
    }

    fn expands(&self, findings: &mut Findings<'_>) -> Refused {
        let Limits {
            alias_nodes,
            alias_factor,
            ..
        } = self.limits;
        let message = format!(
            "aliases make the file more than {alias_factor} times as large, or add more than \
             {alias_nodes} values"
        );
        let range = self.last_alias.clone();
        findings.push(
            findings
                .at(Code::Y010, range, message)
                .help("write the values out"),
        );
        Refused
    }

    fn too_large(
        &self,
        findings: &mut Findings<'_>,
        range: Range<usize>,
        what: &str,
        bytes: usize,
    ) -> Refused {
        let limit = self.limits.scalar / 1024;
        let start = range.start..range.start;
        let message = format!("{what} has {bytes} bytes, at most {limit} KiB are allowed");
        let help = "put long texts into a file beside the exercise";
        findings.push(findings.at(Code::Y020, start, message).help(help));
        Refused
    }

    /// A block's span reaches up to the next token; what belongs to it ends with its last line. A
    /// block without a line is its `|` or `>`.
    fn trimmed(&self, range: Range<usize>, style: Style) -> Range<usize> {
        if style != Style::Block {
            return range;
        }
        let text = self.source.text();
        let lines = text.get(range.clone()).unwrap_or_default().trim_end();
        let before = self.tree.nodes.last().map_or(0, |node| node.span.end);
        let header = text.get(before..range.start).unwrap_or_default();
        match header.find(['|', '>']).filter(|_| lines.is_empty()) {
            Some(at) => before + at..before + at + 1,
            None => range.start..range.start + lines.len(),
        }
    }

    /// Where the innermost bracket stands that is not closed yet.
    fn open_bracket(&self) -> Option<usize> {
        let start = self.tree.node(self.open.last()?.node).span.start;
        self.source.text()[start..]
            .starts_with(['[', '{'])
            .then_some(start)
    }
}

fn style_of(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
        ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
    }
}

fn kind_of_tag(tag: &granit_parser::Tag) -> Tag {
    match tag.core_suffix() {
        Some(name) => Tag::Core(name.into()),
        None if tag.handle() == "!" && tag.suffix().is_empty() => Tag::NonSpecific,
        None if tag.handle().is_empty() && tag.suffix() == "!" => Tag::NonSpecific,
        None => Tag::Custom,
    }
}
