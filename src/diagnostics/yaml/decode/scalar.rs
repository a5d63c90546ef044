//! Taking texts, whole numbers, truth values and names of a fixed set.

use std::ops::Range;

use super::super::super::{Applicability, Code, Edit, Severity, nearest};
use super::super::scalar::{is_odd_number, unlike_text};
use super::super::{Literal, Node, NodeId, Style, Tag, Value, is_implicit_bool};
use super::{Decoder, Field, Fields, Need, Spanned, shortened};

impl Decoder<'_, '_, '_, '_> {
    /// The text of a key.
    pub fn text(&mut self, fields: &Fields, key: &str, need: Need) -> Field<String> {
        self.value(fields, key, need)
            .then(|node| self.scalar_text(node.value, key))
    }

    /// The text of a list's item; nothing written is no text.
    pub(super) fn item_text(&mut self, id: NodeId, key: &str) -> Option<Spanned<String>> {
        if self.is_reported(id) {
            return None;
        }
        let node = self.tree.resolve(id);
        if node.literal() == Some(Literal::Null) {
            let message = format!("an item of `{key}` has no value");
            let span = self.tree.node(id).span.clone();
            let help = "write a value, or remove the item";
            self.findings
                .push(self.findings.at(Code::Y015, span, message).help(help));
            return None;
        }
        self.scalar_text(id, key)
    }

    /// The text of a scalar, as it is written.
    pub fn scalar_text(&mut self, id: NodeId, key: &str) -> Option<Spanned<String>> {
        let node = self.tree.resolve(id);
        let span = self.tree.node(id).span.clone();
        let Value::Scalar { text, style, .. } = &node.value else {
            self.wrong_type(id, key, "a text", "write the text behind the key");
            return None;
        };
        if node.is_plain() && is_implicit_bool(text).is_some() {
            let message = format!("`{text}` is a truth value for readers of YAML 1.1");
            let whole = self.findings.source().span(span.clone());
            let problem = self.findings.at(Code::Y014, span.clone(), message);
            let problem = problem.severity(Severity::Warning).help("put it in quotes");
            let quoted = format!("\"{text}\"");
            self.findings
                .push(problem.fix(Applicability::Safe, "put it in quotes", whole, quoted));
        } else if node.is_plain()
            && let Some(other) = unlike_text(text)
        {
            let message = format!("`{}` is {other} to some readers of YAML", shortened(text));
            let whole = self.findings.source().span(span.clone());
            let problem = self.findings.at(Code::Y019, span.clone(), message);
            let problem = problem.help("put it in quotes, so that all take it for a text");
            let quoted = format!("\"{text}\"");
            self.findings
                .push(problem.fix(Applicability::Safe, "put it in quotes", whole, quoted));
        }
        if text.trim().is_empty() {
            let message = format!("`{key}` is blank");
            let help = format!("write a text, or remove `{key}`");
            self.findings
                .push(self.findings.at(Code::S105, span, message).help(help));
            return None;
        }
        if *style == Style::Quoted && text.trim_matches([' ', '\t']).len() < text.len() {
            let message = format!("`{key}` begins or ends with a space");
            let problem = self.findings.at(Code::S105, span.clone(), message);
            let mut problem = problem.severity(Severity::Warning).help("remove the space");
            let edits = self.spaces_within_quotes(&span, text);
            if !edits.is_empty() {
                problem = problem.edits(Applicability::Safe, "remove the space", edits);
            }
            self.findings.push(problem);
        }
        Some(Spanned {
            value: text.clone().into_owned(),
            span,
        })
    }

    /// Removes the blanks behind the opening and before the closing quote, if these are all.
    fn spaces_within_quotes(&self, span: &Range<usize>, text: &str) -> Vec<Edit> {
        const BLANKS: [char; 2] = [' ', '\t'];
        let written = self.findings.source().text().get(span.clone());
        let inner = written.and_then(|written| written.get(1..written.len().saturating_sub(1)));
        let inner = inner.unwrap_or_default();
        let before = inner.len() - inner.trim_start_matches(BLANKS).len();
        let behind = inner.len() - inner.trim_end_matches(BLANKS).len();
        let same = text.len() - text.trim_start_matches(BLANKS).len() == before
            && text.len() - text.trim_end_matches(BLANKS).len() == behind;
        // A blank that a backslash stands before is not the only one.
        if !same || inner.trim_end_matches(BLANKS).ends_with('\\') {
            return Vec::new();
        }
        let start = span.start + 1;
        let end = span.end - 1;
        let edits = [start..start + before, end - behind..end].into_iter();
        edits
            .filter(|range| !range.is_empty())
            .map(|range| self.findings.edit(range, ""))
            .collect()
    }

    /// One of a fixed set of names; `aliases` are names that others use for them.
    pub fn name<T>(
        &mut self,
        fields: &Fields,
        key: &str,
        need: Need,
        names: &[&str],
        aliases: &[(&str, &str)],
        parse: impl Fn(&str) -> Option<T>,
    ) -> Field<T> {
        self.text(fields, key, need)
            .then(|text| self.known_name(text, key, names, aliases, parse))
    }

    fn known_name<T>(
        &mut self,
        text: Spanned<String>,
        key: &str,
        names: &[&str],
        aliases: &[(&str, &str)],
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<Spanned<T>> {
        if let Some(value) = parse(&text.value) {
            return Some(Spanned {
                value,
                span: text.span,
            });
        }
        let message = format!("`{key}` can't be `{}`", shortened(&text.value));
        let mut problem = self.findings.at(Code::S104, text.span.clone(), message);
        let lower = text.value.to_lowercase();
        let known = names.join(", ");
        let same = aliases
            .iter()
            .find(|(alias, _)| *alias == lower)
            .map(|&(_, name)| name);
        let same = same.or_else(|| names.iter().copied().find(|name| *name == lower));
        problem = match (same, nearest(&lower, names.iter().copied())) {
            (Some(name), _) => {
                let span = self.findings.source().span(text.span);
                problem
                    .fix(Applicability::Safe, format!("write `{name}`"), span, name)
                    .help(format!("write `{name}`; possible are {known}"))
            }
            (None, Some(near)) => {
                problem.help(format!("did you mean `{near}`? Possible are {known}"))
            }
            (None, None) => problem.help(format!("possible are {known}")),
        };
        self.findings.push(problem);
        None
    }

    /// A truth value.
    pub fn truth(&mut self, fields: &Fields, key: &str) -> Field<bool> {
        self.value(fields, key, Need::Optional)
            .then(|node| self.scalar_truth(node.value, key))
    }

    fn scalar_truth(&mut self, id: NodeId, key: &str) -> Option<Spanned<bool>> {
        let node = self.tree.resolve(id);
        let span = self.tree.node(id).span.clone();
        if let Some(Literal::Bool(value)) = node.literal() {
            return Some(Spanned { value, span });
        }
        let text = self.tree.text(id).filter(|_| node.is_plain());
        let Some(meant) = text.and_then(is_implicit_bool) else {
            self.wrong_type(
                id,
                key,
                "`true` or `false`",
                "write `true` or `false`, without quotes",
            );
            return None;
        };
        let message = format!("`{}` is a text in YAML 1.2", text.unwrap_or_default());
        let whole = self.findings.source().span(span.clone());
        let problem = self.findings.at(Code::Y014, span, message);
        let problem = problem.help(format!("write `{meant}`"));
        let fix = format!("write `{meant}`");
        self.findings
            .push(problem.fix(Applicability::Safe, fix, whole, meant.to_string()));
        None
    }

    /// A whole number. Whether it is within bounds is for the rules to say.
    pub fn whole_number(&mut self, fields: &Fields, key: &str) -> Field<i64> {
        self.value(fields, key, Need::Optional)
            .then(|node| self.scalar_number(node.value, key))
    }

    fn scalar_number(&mut self, id: NodeId, key: &str) -> Option<Spanned<i64>> {
        let node = self.tree.resolve(id);
        let span = self.tree.node(id).span.clone();
        if let Some(Literal::Integer(integer)) = node.literal()
            && integer.decimal
        {
            if matches!(&node.tag, Some((Tag::Core(tag), _)) if &**tag == "float") {
                let message = format!("`{key}` must be a whole number, `!!float` makes it none");
                let problem = self.findings.at(Code::S103, span, message);
                self.findings.push(problem.help("remove the tag"));
                return None;
            }
            return Some(Spanned {
                value: integer.value,
                span,
            });
        }
        let Some((code, message, help, digits)) = misread_number(node, key) else {
            self.wrong_type(id, key, "a whole number", "write digits, without quotes");
            return None;
        };
        let mut problem = self.findings.at(code, span.clone(), message).help(help);
        if let Some((applicability, digits)) = digits {
            let whole = self.findings.source().span(span);
            problem = problem.fix(applicability, format!("write {digits}"), whole, digits);
        }
        self.findings.push(problem);
        None
    }
}

type Misread = (Code, String, String, Option<(Applicability, String)>);

/// Why something that looks like a number is not a whole number to every reader.
fn misread_number(node: &Node<'_>, key: &str) -> Option<Misread> {
    let Value::Scalar { text, style, .. } = &node.value else {
        return None;
    };
    let shown = shortened(text);
    let number = |tag: &str| tag == "int" || tag == "float";
    let tagged = matches!(&node.tag, Some((Tag::Core(tag), _)) if number(tag));
    if (tagged || node.is_plain()) && is_odd_number(text) {
        let message = format!("readers of YAML differ on what `{shown}` is");
        let digits = decimal_of_odd(text);
        let help = match &digits {
            Some(digits) => format!("write `{key}: {digits}` if that is meant"),
            None => "write the number in decimal digits".into(),
        };
        return Some((
            Code::Y016,
            message,
            help,
            digits.map(|d| (Applicability::Unsafe, d)),
        ));
    }
    match node.literal()? {
        Literal::Float => {
            let message = format!("`{key}` must be a whole number, not {shown}");
            Some((
                Code::Y017,
                message,
                "round it to a whole number".into(),
                None,
            ))
        }
        Literal::Text => {
            let digits = leading_number(text)?;
            let message = format!("`{key}` must be a whole number, this is a text");
            let help = format!("write `{key}: {digits}`");
            // A unit may mean something else than seconds; digits in quotes mean the digits.
            let quoted = *style == Style::Quoted && node.tag.is_none();
            let digits_alone = quoted && *digits == *text.trim();
            let fix = digits_alone.then_some(Applicability::Safe);
            Some((
                Code::Y018,
                message,
                help,
                fix.map(|safe| (safe, digits.to_owned())),
            ))
        }
        Literal::Null | Literal::Bool(_) | Literal::Integer(_) => None,
    }
}

/// The decimal number that was probably meant.
fn decimal_of_odd(text: &str) -> Option<String> {
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    if let Ok(number) = plain.parse::<i64>() {
        return Some(number.to_string());
    }
    let radix = match plain.get(..2)? {
        "0x" => 16,
        "0o" => 8,
        "0b" => 2,
        _ => return None,
    };
    i64::from_str_radix(&plain[2..], radix)
        .ok()
        .map(|number| number.to_string())
}

/// The number in `"5"`, `5s` or `5 sec`.
fn leading_number(text: &str) -> Option<&str> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let unit = text[end..].trim_start();
    let is_unit = unit.len() <= 12 && unit.bytes().all(|b| b.is_ascii_alphabetic() || b == b'.');
    (end > 0 && is_unit).then(|| &text[..end])
}
