//! What fixes would change, as a unified diff: `patch -p0` can apply it.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::lint::Change;

use super::Printer;

/// Lines that stand around a change.
const AROUND: usize = 3;
/// How many lines may differ for the least difference to be looked for; else all between the first and
/// the last line that differ counts as changed.
const LEAST: usize = 1000;

impl Printer {
    /// Prints what would change.
    pub fn diff(&self, changes: &[Change], renames: &[(Arc<str>, PathBuf)]) -> io::Result<()> {
        let mut text = Vec::new();
        for change in changes {
            self.unified(change, &mut text);
        }
        for (from, to) in renames {
            text.extend(format!("rename from {from}\nrename to {}\n", to.display()).bytes());
        }
        self.bytes(&text)
    }

    fn unified(&self, change: &Change, text: &mut Vec<u8>) {
        let (old, new) = (lines(&change.before), lines(&change.after));
        let steps = steps(&old, &new);
        self.line(text, b"--- ", change.path.as_bytes(), "1");
        self.line(text, b"+++ ", change.path.as_bytes(), "1");
        for hunk in hunks(&steps) {
            let count = |kinds: [Kind; 2]| {
                let own = hunk.steps.iter().filter(|step| kinds.contains(&step.kind));
                own.count()
            };
            let (of_old, of_new) = (
                count([Kind::Same, Kind::Old]),
                count([Kind::Same, Kind::New]),
            );
            let mut head = String::new();
            let _ = write!(
                head,
                "-{} +{} @@",
                range(hunk.old, of_old),
                range(hunk.new, of_new)
            );
            self.line(text, b"@@ ", head.as_bytes(), "36");
            for step in hunk.steps {
                let (mark, line, colour) = match step.kind {
                    Kind::Same => (b" ", old.get(step.old), ""),
                    Kind::Old => (b"-", old.get(step.old), "31"),
                    Kind::New => (b"+", new.get(step.new), "32"),
                };
                let line = line.copied().unwrap_or_default();
                self.line(text, mark, line.strip_suffix(b"\n").unwrap_or(line), colour);
                if !line.ends_with(b"\n") {
                    text.extend(b"\\ No newline at end of file\n");
                }
            }
        }
    }

    fn line(&self, text: &mut Vec<u8>, mark: &[u8], line: &[u8], colour: &str) {
        let coloured = self.stdout.colour && !colour.is_empty();
        if coloured {
            text.extend(format!("\x1b[{colour}m").bytes());
        }
        text.extend(mark);
        text.extend(line);
        if coloured {
            text.extend(b"\x1b[0m");
        }
        text.push(b'\n');
    }
}

/// The lines of a text, with their breaks.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|&byte| byte == b'\n').collect()
}

/// Where a hunk begins and how many lines it has. An empty one begins at the line before it.
fn range(start: usize, count: usize) -> String {
    match count {
        0 => format!("{start},0"),
        1 => format!("{}", start + 1),
        _ => format!("{},{count}", start + 1),
    }
}

/// What is done with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Same,
    Old,
    New,
}

/// A line of the old text, the new one or both, and where that is in each.
#[derive(Debug, Clone, Copy)]
struct Step {
    kind: Kind,
    old: usize,
    new: usize,
}

/// Steps that are shown together.
struct Hunk<'s> {
    old: usize,
    new: usize,
    steps: &'s [Step],
}

fn hunks(steps: &[Step]) -> Vec<Hunk<'_>> {
    let mut ranges: Vec<std::ops::Range<usize>> = Vec::new();
    let changed = steps
        .iter()
        .enumerate()
        .filter(|(_, step)| step.kind != Kind::Same);
    for (at, _) in changed {
        let range = at.saturating_sub(AROUND)..(at + AROUND + 1).min(steps.len());
        match ranges.last_mut() {
            Some(last) if last.end >= range.start => last.end = range.end,
            _ => ranges.push(range),
        }
    }
    let hunk = |range: std::ops::Range<usize>| {
        let steps = steps.get(range)?;
        let first = steps.first()?;
        Some(Hunk {
            old: first.old,
            new: first.new,
            steps,
        })
    };
    ranges.into_iter().filter_map(hunk).collect()
}

/// How the old lines become the new ones.
fn steps(old: &[&[u8]], new: &[&[u8]]) -> Vec<Step> {
    let same = |(a, b): &(&&[u8], &&[u8])| a == b;
    let head = old.iter().zip(new).take_while(same).count();
    let (old_rest, new_rest) = (&old[head..], &new[head..]);
    let tail = old_rest.iter().rev().zip(new_rest.iter().rev());
    let tail = tail.take_while(same).count();
    let (old_end, new_end) = (old.len() - tail, new.len() - tail);
    let mut kinds = vec![Kind::Same; head];
    kinds.extend(between(&old[head..old_end], &new[head..new_end]));
    kinds.extend(std::iter::repeat_n(Kind::Same, tail));
    let (mut at_old, mut at_new) = (0, 0);
    let step = |kind: Kind| {
        let step = Step {
            kind,
            old: at_old,
            new: at_new,
        };
        at_old += usize::from(kind != Kind::New);
        at_new += usize::from(kind != Kind::Old);
        step
    };
    kinds.into_iter().map(step).collect()
}

/// The longest common subsequence, by the table of its lengths; it is small, because what is the same at
/// both ends is cut off and files are.
fn between(old: &[&[u8]], new: &[&[u8]]) -> Vec<Kind> {
    if old.len() > LEAST || new.len() > LEAST {
        let gone = std::iter::repeat_n(Kind::Old, old.len());
        return gone
            .chain(std::iter::repeat_n(Kind::New, new.len()))
            .collect();
    }
    let width = new.len() + 1;
    let mut lengths = vec![0_u16; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            lengths[i * width + j] = if old[i] == new[j] {
                lengths[(i + 1) * width + j + 1] + 1
            } else {
                lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut kinds = Vec::with_capacity(old.len() + new.len());
    while i < old.len() || j < new.len() {
        let both = i < old.len() && j < new.len();
        let kind = if both && old[i] == new[j] {
            Kind::Same
        } else if j == new.len()
            || both && lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]
        {
            Kind::Old
        } else {
            Kind::New
        };
        i += usize::from(kind != Kind::New);
        j += usize::from(kind != Kind::Old);
        kinds.push(kind);
    }
    kinds
}
