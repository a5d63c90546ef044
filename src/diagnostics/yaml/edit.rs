//! Editing a file by its tree: entries and items are added and removed with their lines, and every
//! comment stays. Where that can't be done without a doubt there is no edit.

use std::fmt::Write as _;
use std::ops::Range;

use super::super::Source;
use super::{Entry, NodeId, Style, Tree, Value};

/// A replacement: the bytes, and what stands in their place.
pub type Replacement = (Range<usize>, String);

impl Tree<'_> {
    /// Where a node begins, its tag and its anchor included.
    pub fn start(&self, id: NodeId) -> usize {
        let node = self.node(id);
        let tag = node.tag.as_ref().map(|(_, range)| range.start);
        let anchor = node.anchor.as_ref().map(|range| range.start);
        let begins = [tag, anchor].into_iter().flatten();
        begins.fold(node.span.start, usize::min)
    }

    /// Whether a collection is written in brackets.
    pub fn is_flow(&self, source: &Source, id: NodeId) -> bool {
        let node = self.node(id);
        let first = match &node.value {
            Value::Sequence(items) => items.first().copied(),
            Value::Mapping(entries) => entries.first().map(|entry| entry.key),
            Value::Scalar { .. } | Value::Alias(_) => return false,
        };
        let text = source.text().get(node.span.clone()).unwrap_or_default();
        // A block may begin with a key or an item that is in brackets itself.
        text.starts_with(['[', '{'])
            && first.is_none_or(|first| self.start(first) > node.span.start)
    }

    /// Removes an item of a sequence.
    pub fn without_item(&self, source: &Source, list: NodeId, index: usize) -> Option<Replacement> {
        let Value::Sequence(items) = &self.node(list).value else {
            return None;
        };
        let end = |id: NodeId| self.node(id).span.end;
        let item = *items.get(index)?;
        if self.is_flow(source, list) {
            let next = items.get(index + 1).map(|&next| self.start(next));
            let before = index.checked_sub(1).and_then(|at| items.get(at).copied());
            return self.flow_gap(self.start(item)..end(item), before.map(end), next);
        }
        let start = self.start(item);
        let line = line_start(source, start);
        let before = source.text().get(line..start)?;
        let dash = before.trim_start_matches(' ').strip_prefix('-')?;
        let alone = dash.trim_start_matches(' ').is_empty();
        alone.then(|| self.without_lines(source, line, end(item)))
    }

    /// Removes an entry of a mapping.
    pub fn without_entry(
        &self,
        source: &Source,
        mapping: NodeId,
        index: usize,
    ) -> Option<Replacement> {
        let Value::Mapping(entries) = &self.node(mapping).value else {
            return None;
        };
        let end = |entry: &Entry| self.end(*entry);
        let entry = entries.get(index)?;
        let start = self.start(entry.key);
        if self.is_flow(source, mapping) {
            let next = entries.get(index + 1).map(|next| self.start(next.key));
            let last = index.checked_sub(1).and_then(|at| entries.get(at));
            return self.flow_gap(start..end(entry), last.map(end), next);
        }
        let line = line_start(source, start);
        let indented = source.text().get(line..start)?;
        let alone = entries.len() > 1 && indented.bytes().all(|byte| byte == b' ');
        alone.then(|| self.without_lines(source, line, end(entry)))
    }

    /// Adds an entry behind the last one of a mapping.
    pub fn with_entry(&self, source: &Source, mapping: NodeId, entry: &str) -> Option<Replacement> {
        let Value::Mapping(entries) = &self.node(mapping).value else {
            return None;
        };
        let last = *entries.last()?;
        let end = self.end(last);
        if self.is_flow(source, mapping) {
            return Some((end..end, format!(", {entry}")));
        }
        let first = self.start(entries.first()?.key);
        let indent = indent(source, first)?;
        // A block of text may keep the empty lines behind it.
        let block = |id| {
            matches!(
                self.node(id).value,
                Value::Scalar {
                    style: Style::Block,
                    ..
                }
            )
        };
        if block(last.value) {
            return None;
        }
        let at = line_end(source, end);
        Some((at..at, format!("{}{indent}{entry}", source.line_break())))
    }

    /// Adds an item behind the last one of a sequence.
    pub fn with_item(&self, source: &Source, list: NodeId, item: &str) -> Option<Replacement> {
        let Value::Sequence(items) = &self.node(list).value else {
            return None;
        };
        let final_item = *items.last()?;
        let end = self.node(final_item).span.end;
        if self.is_flow(source, list) {
            return Some((end..end, format!(", {item}")));
        }
        let start = self.start(final_item);
        let before = source.text().get(line_start(source, start)..start)?;
        let indent = before.split_once('-').map(|(indent, _)| indent)?;
        let at = line_end(source, end);
        let alone = indent.bytes().all(|byte| byte == b' ');
        alone.then(|| (at..at, format!("{}{indent}- {item}", source.line_break())))
    }

    /// Where an entry ends.
    fn end(&self, entry: Entry) -> usize {
        self.node(entry.value)
            .span
            .end
            .max(self.node(entry.key).span.end)
    }

    /// What goes with something in brackets: it and a comma. Comments there can't stay in place.
    fn flow_gap(
        &self,
        own: Range<usize>,
        last: Option<usize>,
        next: Option<usize>,
    ) -> Option<Replacement> {
        let range = match (last, next) {
            (_, Some(next)) => own.start..next,
            (Some(last), None) => last..own.end,
            (None, None) => return None,
        };
        let comments = self.comments().iter();
        let commented = comments.map(|c| c.span.start).any(|at| range.contains(&at));
        (!commented).then_some((range, String::new()))
    }

    /// Removes lines from the one that begins at `start` to the one that holds `end`; comments stay,
    /// each on a line of its own.
    fn without_lines(&self, source: &Source, start: usize, end: usize) -> Replacement {
        let text = source.text();
        let stop = line_end(source, end);
        let rest = text.get(stop..).unwrap_or_default();
        let line_break = rest.len() - rest.strip_prefix('\r').unwrap_or(rest).len();
        let rest = &rest[line_break..];
        let line_break = line_break + usize::from(rest.starts_with('\n'));
        let indent: String = text[start..].chars().take_while(|&c| c == ' ').collect();
        let mut kept: Vec<_> = self
            .comments()
            .iter()
            .filter(|comment| (start..stop).contains(&comment.span.start))
            .map(|comment| comment.span.clone())
            .collect();
        kept.sort_by_key(|span| span.start);
        let ending = text.get(stop..stop + line_break).unwrap_or_default();
        let lines = kept.into_iter().map(|span| {
            let comment = text.get(span).unwrap_or_default();
            format!("{indent}{comment}{ending}")
        });
        (start..stop + line_break, lines.collect())
    }
}

/// The text in double quotes.
pub fn in_quotes(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// The spaces that a line needs to begin below a place of which only spaces and dashes stand left.
pub fn indent(source: &Source, at: usize) -> Option<String> {
    let before = source.text().get(line_start(source, at)..at)?;
    let blank = before.bytes().all(|byte| matches!(byte, b' ' | b'-'));
    blank.then(|| " ".repeat(before.len()))
}

fn line_start(source: &Source, offset: usize) -> usize {
    source
        .line_start(source.position(offset).line)
        .max(source.mark_length())
}

/// Where the line of an offset ends, before its break.
fn line_end(source: &Source, offset: usize) -> usize {
    let rest = source.text().get(offset..).unwrap_or_default();
    offset + rest.find(['\n', '\r']).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::super::Findings;
    use super::super::{Limits, parse};
    use super::*;

    /// The text after an edit of the first collection below the root.
    fn edited(
        text: &str,
        edit: impl Fn(&Tree<'_>, &Source, NodeId) -> Option<Replacement>,
    ) -> Option<String> {
        let source = Source::new(Arc::from("x.yaml"), text.as_bytes().to_vec());
        let mut findings = Findings::new(&source);
        let tree = parse(&source, &Limits::default(), &mut findings).unwrap();
        let root = tree.node(tree.root().unwrap());
        let Value::Mapping(entries) = &root.value else {
            panic!("no mapping")
        };
        let (range, content) = edit(&tree, &source, entries[0].value)?;
        let mut text = text.to_owned();
        text.replace_range(range, &content);
        Some(text)
    }

    fn without_item(text: &str, index: usize) -> Option<String> {
        edited(text, |tree, source, id| {
            tree.without_item(source, id, index)
        })
    }

    fn without_entry(text: &str, index: usize) -> Option<String> {
        edited(text, |tree, source, id| {
            tree.without_entry(source, id, index)
        })
    }

    #[test]
    fn items_go_with_their_line_or_their_comma() {
        let list = "a:\n  - b # one\n  - c\n# two\n  - d\ne: f\n";
        let gone = |index| without_item(list, index).unwrap();
        assert_eq!(gone(0), "a:\n  # one\n  - c\n# two\n  - d\ne: f\n");
        assert_eq!(gone(1), "a:\n  - b # one\n# two\n  - d\ne: f\n");
        assert_eq!(gone(2), "a:\n  - b # one\n  - c\n# two\ne: f\n");
        let flow = |index| without_item("a: [b, &x 'c', d] # e\n", index).unwrap();
        assert_eq!(flow(0), "a: [&x 'c', d] # e\n");
        assert_eq!(flow(1), "a: [b, d] # e\n");
        assert_eq!(flow(2), "a: [b, &x 'c'] # e\n");
        assert_eq!(without_item("a: [b, # c\n d]\n", 0), None);
        let nested = without_item("a:\n- - b\n  - c\n- d\n", 0);
        assert_eq!(nested.unwrap(), "a:\n- d\n");
        assert_eq!(without_item("a:\n- b\n-\n  c\n- d\n", 1), None);
        assert_eq!(
            without_item("a:\n- b\r\n- c\r\n", 0).unwrap(),
            "a:\n- c\r\n"
        );
    }

    #[test]
    fn entries_go_with_their_lines_and_leave_their_comments() {
        let text = "a:\n  b: 1 # one\n  c: # two\n    - d # three\n    # four\n    - e\n  f: g\n";
        assert_eq!(
            without_entry(text, 1).unwrap(),
            "a:\n  b: 1 # one\n  # two\n  # three\n  # four\n  f: g\n"
        );
        assert_eq!(
            without_entry("a: {b: 1, c: [2]}\n", 1).unwrap(),
            "a: {b: 1}\n"
        );
        assert_eq!(
            without_entry("a: {b: 1, c: [2]}\n", 0).unwrap(),
            "a: {c: [2]}\n"
        );
        assert_eq!(without_entry("a:\n  b: 1\n", 0), None);
    }

    #[test]
    fn entries_and_items_are_added_behind_the_last() {
        let with = |text: &str| edited(text, |t, source, id| t.with_entry(source, id, "x: 1"));
        assert_eq!(
            with("a:\n  b: c # d\ne: f\n").unwrap(),
            "a:\n  b: c # d\n  x: 1\ne: f\n"
        );
        assert_eq!(with("a: {b: c} # d\n").unwrap(), "a: {b: c, x: 1} # d\n");
        assert_eq!(with("a:\n  b: |+\n    c\n\n"), None);
        let with = |text: &str| edited(text, |t, source, id| t.with_item(source, id, "x"));
        assert_eq!(
            with("a:\n- b # c\nd: e\n").unwrap(),
            "a:\n- b # c\n- x\nd: e\n"
        );
        assert_eq!(with("a: [b, c]").unwrap(), "a: [b, c, x]");
    }
}
