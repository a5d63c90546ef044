//! `# mithril: ignore[T504] reason` and `# mithril: file-ignore[Y012] reason`.
//!
//! An ignore silences what is not an error by itself: an error keeps the file from being loaded,
//! and no comment changes that. An ignore that names no such rule is said to be none (M902), and one
//! that silences nothing is said to be left over (M901).

use std::collections::HashMap;
use std::ops::Range;

use crate::diagnostics::yaml::{Tree, shortened};
use crate::diagnostics::{
    Applicability, Code, Diagnostic, Edit, Findings, Severity, Source, Span, nearest,
};

/// The ignores of one file.
#[derive(Debug, Default)]
pub(super) struct Ignores {
    orders: Vec<Order>,
    /// Which orders silence a code in the whole file, or on a line, counted from 1.
    silent: HashMap<(Option<usize>, Code), Vec<Item>>,
}

/// An order and one of the codes that it names, by their places.
type Item = (usize, usize);

/// One comment.
#[derive(Debug)]
struct Order {
    span: Span,
    /// What stands between the brackets.
    list: Span,
    /// What to remove, if nothing is left of it.
    whole: Edit,
    codes: Vec<Named>,
}

/// A code that an order names.
#[derive(Debug)]
struct Named {
    text: String,
    /// The rule, if it is one that can be ignored.
    code: Option<Code>,
    used: bool,
    /// Whether it was to silence an error.
    refused: bool,
}

impl Ignores {
    /// Reads the comments of a file. What is wrong with them goes to the findings.
    pub(super) fn of(tree: &Tree<'_>, source: &Source, findings: &mut Findings<'_>) -> Self {
        let mut ignores = Self::default();
        for comment in tree.comments() {
            let text = source.text().get(comment.span.clone()).unwrap_or_default();
            let Some(order) = text
                .trim_start_matches('#')
                .trim_start()
                .strip_prefix("mithril:")
            else {
                continue;
            };
            let start = comment.span.end - order.len();
            match parse(order) {
                Ok((whole_file, list)) => {
                    let list = start + list.start..start + list.end;
                    ignores.add(source, comment.span.clone(), whole_file, list, findings);
                }
                Err(Some((message, help))) => {
                    let problem = findings.at(Code::M902, comment.span.clone(), message);
                    findings.push(problem.help(help));
                }
                Err(None) => {}
            }
        }
        ignores
    }

    fn add(
        &mut self,
        source: &Source,
        comment: Range<usize>,
        whole_file: bool,
        list: Range<usize>,
        findings: &mut Findings<'_>,
    ) {
        let position = source.position(comment.start);
        let line_start = source.line_start(position.line).max(source.mark_length());
        let before = &source.text()[line_start..comment.start];
        let alone = before.trim().is_empty();
        // A comment behind a value speaks of its line, one on a line of its own of the next.
        let line = (!whole_file).then_some(position.line + usize::from(alone));
        let mut codes: Vec<Named> = Vec::new();
        let mut at = list.start;
        for item in source.text()[list.clone()].split(',') {
            let name = item.trim();
            let start = at + item.len() - item.trim_start().len();
            let place = start..start + name.len();
            let code = code(name, place, findings);
            if let Some(code) = code {
                let own = (self.orders.len(), codes.len());
                self.silent.entry((line, code)).or_default().push(own);
            }
            codes.push(Named {
                text: name.to_owned(),
                code,
                used: false,
                refused: false,
            });
            at += item.len() + 1;
        }
        let whole = if alone {
            let end = source.line_start(position.line + 1).max(comment.end);
            line_start..end
        } else {
            line_start + before.trim_end().len()..comment.end
        };
        self.orders.push(Order {
            span: source.span(comment),
            list: source.span(list),
            whole: findings.edit(whole, ""),
            codes,
        });
    }

    /// Whether the diagnostic is ignored.
    pub(super) fn silence(&mut self, path: &str, diagnostic: &Diagnostic) -> bool {
        if self.silent.is_empty() {
            return false;
        }
        // A problem in another file has a label where this one names that file.
        let labels = diagnostic.labels.iter();
        let mut label = labels
            .filter(|label| *label.path == *path)
            .map(|label| label.span);
        let own = (*diagnostic.path == *path).then_some(diagnostic.span);
        let line = own.or(label.next_back()).map(|span| span.start.line);
        let keys = [
            Some((None, diagnostic.code)),
            line.map(|line| (Some(line), diagnostic.code)),
        ];
        let mut silent = false;
        for key in keys.into_iter().flatten() {
            for &(order, code) in self.silent.get(&key).map_or(&[][..], Vec::as_slice) {
                let order = self.orders.get_mut(order);
                let Some(named) = order.and_then(|order| order.codes.get_mut(code)) else {
                    continue;
                };
                if diagnostic.severity == Severity::Error {
                    named.refused = true;
                } else {
                    named.used = true;
                    silent = true;
                }
            }
        }
        silent
    }

    /// M902 of what was to silence errors.
    pub(super) fn refused(&self, path: &std::sync::Arc<str>) -> Vec<Diagnostic> {
        let refused = |order: &&Order| order.codes.iter().any(|code| code.refused && !code.used);
        let orders = self.orders.iter().filter(refused);
        orders
            .map(|order| {
                let codes = order.codes.iter().filter(|code| code.refused && !code.used);
                let codes: Vec<&str> = codes.map(|code| &*code.text).collect();
                let message = format!(
                    "{} is an error here, and no comment ignores that",
                    codes.join(", ")
                );
                let help = "mend the error: until then the file can't be loaded";
                about(order, path, Code::M902, message).help(help)
            })
            .collect()
    }

    /// M901 of what silences nothing, for the rules that were judged.
    pub(super) fn unused(
        &self,
        path: &std::sync::Arc<str>,
        judged: impl Fn(Code) -> bool,
    ) -> Vec<Diagnostic> {
        let unused = |named: &Named| {
            let code = named
                .code
                .filter(|&code| code != Code::M901 && judged(code));
            code.is_some() && !named.used && !named.refused
        };
        let mut problems = Vec::new();
        for order in &self.orders {
            let (gone, kept): (Vec<_>, Vec<_>) =
                order.codes.iter().partition(|named| unused(named));
            if gone.is_empty() {
                continue;
            }
            let names = |codes: &[&Named]| {
                let names: Vec<&str> = codes.iter().map(|code| &*code.text).collect();
                names.join(", ")
            };
            let message = format!("nothing is silenced by ignoring {}", names(&gone));
            let edit = if kept.is_empty() {
                order.whole.clone()
            } else {
                Edit {
                    span: order.list,
                    content: names(&kept),
                }
            };
            let problem = about(order, path, Code::M901, message).help("remove it");
            problems.push(problem.edits(Applicability::Safe, "remove it", vec![edit]));
        }
        problems
    }
}

fn about(order: &Order, path: &std::sync::Arc<str>, code: Code, message: String) -> Diagnostic {
    Diagnostic {
        code,
        severity: code.severity(),
        message,
        path: std::sync::Arc::clone(path),
        span: order.span,
        labels: Vec::new(),
        help: None,
        fix: None,
    }
}

/// The rule of a name, if it can be ignored; else the findings say why not.
fn code(name: &str, place: Range<usize>, findings: &mut Findings<'_>) -> Option<Code> {
    let known = Code::parse(name);
    if let Some(code) = known.filter(|code| code.has_lesser_case()) {
        return Some(code);
    }
    let problem = |message: String| findings.at(Code::M902, place.clone(), message);
    let problem = match known {
        Some(code) => problem(format!("{code} is an error, and no comment ignores that"))
            .help("mend the error: until then the file can't be loaded"),
        None if name.is_empty() => {
            problem("no rule is named here".into()).help("name the rules: `ignore[T504, Y012]`")
        }
        None => {
            let problem = problem(format!("there is no rule `{}`", shortened(name)));
            match nearest(name, Code::ALL.iter().map(|code| code.as_str())) {
                Some(near) => problem.help(format!("did you mean {near}?")),
                None => problem.help("`mithril rule --all` lists the rules"),
            }
        }
    };
    findings.push(problem);
    None
}

/// What is wrong with an order, and how to mend it.
type Wrong = (String, &'static str);

/// Whether an order is for the whole file, and where its list of codes stands; or what is wrong with
/// it, if it looks like one.
fn parse(order: &str) -> Result<(bool, Range<usize>), Option<Wrong>> {
    const HELP: &str = "name the rules in brackets: `ignore[T504] reason`";
    let text = order.trim_start();
    let word = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
    let (word, rest) = text.split_at(word.unwrap_or(text.len()));
    let whole_file = match word {
        "ignore" => false,
        "file-ignore" => true,
        _ => {
            let near = nearest(word, ["ignore", "file-ignore"]);
            return Err(near.map(|near| {
                (
                    format!("`{word}` is no order, did you mean `{near}`?"),
                    HELP,
                )
            }));
        }
    };
    let Some(list) = rest.strip_prefix('[') else {
        return Err(Some(("the ignore names no rule".into(), HELP)));
    };
    let Some(end) = list.find(']') else {
        return Err(Some(("the list of rules is not closed".into(), HELP)));
    };
    if list[..end].trim().is_empty() {
        return Err(Some(("the ignore names no rule".into(), HELP)));
    }
    let start = order.len() - list.len();
    Ok((whole_file, start..start + end))
}
