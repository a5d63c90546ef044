//! What a command line says: its placeholders, its programs, and what a shell would do besides.
//!
//! The lexer follows the quoting rules of POSIX's shell language (2.2 and 2.3), as far as they
//! decide where a word ends and what is substituted. It never fails: what is unclosed ends with
//! the text. Offsets are bytes of the command's text.

use std::ops::Range;

/// The placeholders that a grader fills in.
pub const PLACEHOLDERS: [&str; 2] = ["submission", "output"];

/// A `{name}` in a command, where the name is of `[a-z_]+`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholder {
    /// The name.
    pub name: String,
    /// Its place, braces included.
    pub range: Range<usize>,
    /// Whether the closing brace is there.
    pub closed: bool,
    /// Whether it stands inside of `$(…)` or backticks.
    pub substituted: bool,
}

/// A word, quotes removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Word {
    /// Its text.
    pub text: String,
    /// Its place, quotes included.
    pub range: Range<usize>,
}

/// What was found in a command's text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Command {
    /// The placeholders, in order.
    pub placeholders: Vec<Placeholder>,
    /// The words of each program that is run: of a pipe, a list, or a substitution.
    pub programs: Vec<Vec<Word>>,
    /// `;`, `&&`, `$(`, a backtick or a line break that a shell would act on.
    pub metacharacters: Vec<Range<usize>>,
}

/// What the lexer is inside of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    Single,
    Double,
    /// `$(…)`.
    Parentheses,
    /// `(…)`.
    Subshell,
    Backticks,
}

impl Command {
    /// Reads a command's text.
    pub fn parse(text: &str) -> Self {
        let mut lexer = Lexer {
            text,
            at: 0,
            within: Vec::new(),
            word: None,
            words: Vec::new(),
            command: Self::default(),
        };
        while let Some(character) = lexer.text[lexer.at..].chars().next() {
            lexer.step(character);
        }
        lexer.end_program();
        lexer.command
    }

    /// Whether the placeholder is used.
    pub fn uses(&self, name: &str) -> bool {
        self.placeholders
            .iter()
            .any(|placeholder| placeholder.closed && placeholder.name == name)
    }
}

struct Lexer<'c> {
    text: &'c str,
    at: usize,
    within: Vec<Within>,
    word: Option<Word>,
    words: Vec<Word>,
    command: Command,
}

impl Lexer<'_> {
    fn step(&mut self, character: char) {
        if character == '{' {
            self.placeholder();
        }
        let quoted = match self.within.last() {
            Some(Within::Single) => return self.single_quoted(character),
            Some(Within::Double) => true,
            Some(Within::Parentheses | Within::Subshell | Within::Backticks) | None => false,
        };
        let rest = &self.text[self.at..];
        match character {
            '\\' => {
                let escaped = rest.chars().nth(1);
                self.take(character, false);
                if let Some(escaped) = escaped {
                    self.take(escaped, true);
                }
            }
            '"' if quoted => self.leave(1),
            '"' => self.enter(Within::Double, 1),
            '\'' if !quoted => self.enter(Within::Single, 1),
            '$' if rest.starts_with("$(") => self.substitute(Within::Parentheses, 2),
            '`' if self.within.contains(&Within::Backticks) => {
                while self
                    .within
                    .pop()
                    .is_some_and(|within| within != Within::Backticks)
                {}
                self.end_program();
                self.at += 1;
            }
            '`' => self.substitute(Within::Backticks, 1),
            _ if quoted => self.take(character, true),
            '(' => {
                self.separator(1, false);
                self.within.push(Within::Subshell);
            }
            ')' if matches!(
                self.within.last(),
                Some(Within::Parentheses | Within::Subshell)
            ) =>
            {
                self.end_program();
                self.leave(1);
            }
            ';' | '\n' => self.separator(1, true),
            '&' if rest.starts_with("&&") => self.separator(2, true),
            '|' if rest.starts_with("||") => self.separator(2, false),
            '&' | '|' | ')' => self.separator(1, false),
            _ if character.is_whitespace() => {
                self.end_word();
                self.at += character.len_utf8();
            }
            _ => self.take(character, true),
        }
    }

    fn single_quoted(&mut self, character: char) {
        if character == '\'' {
            self.leave(1);
        } else {
            self.take(character, true);
        }
    }

    /// Goes on by one character, which belongs to the current word.
    fn take(&mut self, character: char, keep: bool) {
        let at = self.at;
        self.at += character.len_utf8();
        let word = self.word.get_or_insert_with(|| Word {
            text: String::new(),
            range: at..at,
        });
        if keep {
            word.text.push(character);
        }
        word.range.end = self.at;
    }

    fn enter(&mut self, within: Within, length: usize) {
        let at = self.at;
        self.within.push(within);
        self.at += length;
        let word = self.word.get_or_insert_with(|| Word {
            text: String::new(),
            range: at..at,
        });
        word.range.end = self.at;
    }

    fn leave(&mut self, length: usize) {
        self.within.pop();
        self.at += length;
        if let Some(word) = &mut self.word {
            word.range.end = self.at;
        }
    }

    fn substitute(&mut self, within: Within, length: usize) {
        self.command.metacharacters.push(self.at..self.at + length);
        self.end_program();
        self.within.push(within);
        self.at += length;
    }

    fn separator(&mut self, length: usize, reported: bool) {
        if reported {
            self.command.metacharacters.push(self.at..self.at + length);
        }
        self.end_program();
        self.at += length;
    }

    fn end_word(&mut self) {
        self.words.extend(self.word.take());
    }

    fn end_program(&mut self) {
        self.end_word();
        if !self.words.is_empty() {
            self.command.programs.push(std::mem::take(&mut self.words));
        }
    }

    fn placeholder(&mut self) {
        let start = self.at;
        let inside = &self.text[start + 1..];
        let length = inside
            .bytes()
            .take_while(|b| b.is_ascii_lowercase() || *b == b'_')
            .count();
        let name = &inside[..length];
        let closed = inside[length..].starts_with('}');
        let opened = PLACEHOLDERS.contains(&name);
        if length == 0 || !closed && !opened {
            return;
        }
        let substitution =
            |within: &Within| matches!(within, Within::Parentheses | Within::Backticks);
        self.command.placeholders.push(Placeholder {
            name: name.to_owned(),
            range: start..start + 1 + length + usize::from(closed),
            closed,
            substituted: self.within.iter().any(substitution),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs(text: &str) -> Vec<Vec<String>> {
        let command = Command::parse(text);
        command
            .programs
            .into_iter()
            .map(|p| p.into_iter().map(|w| w.text).collect())
            .collect()
    }

    #[test]
    fn words_and_programs_follow_the_quotes() {
        assert_eq!(
            programs("grep -E 'a{2,3}|b' \"x y\""),
            [["grep", "-E", "a{2,3}|b", "x y"]]
        );
        assert_eq!(
            programs("printf 3 | ./{output}"),
            [vec!["printf", "3"], vec!["./{output}"]]
        );
        assert_eq!(programs(r#"a\ b "c\"d""#), [["a b", "c\"d"]]);
        assert_eq!(programs("a && b; c || d"), [["a"], ["b"], ["c"], ["d"]]);
        assert_eq!(programs("echo $(sudo x) y")[1], ["sudo", "x"]);
        assert_eq!(programs("echo `sudo x`")[1], ["sudo", "x"]);
        assert_eq!(programs("echo 'unclosed"), [["echo", "unclosed"]]);
        assert!(programs("").is_empty());
    }

    #[test]
    fn placeholders_are_names_in_braces() {
        let names = |text: &str| -> Vec<(String, bool)> {
            Command::parse(text)
                .placeholders
                .into_iter()
                .map(|p| (p.name, p.closed))
                .collect()
        };
        assert_eq!(names("gcc {submission} -o {output}").len(), 2);
        assert_eq!(names("awk '{print $1}' {}"), []);
        assert_eq!(names("x {outptu}"), [("outptu".into(), true)]);
        assert_eq!(names("x {submission -o"), [("submission".into(), false)]);
        assert_eq!(names("grep -E 'a{2,3}'"), []);
    }

    #[test]
    fn a_placeholder_in_a_substitution_is_known() {
        let inside = |text: &str| Command::parse(text).placeholders[0].substituted;
        assert!(inside("echo $(cat {submission})"));
        assert!(inside("echo \"`cat {submission}`\""));
        assert!(inside("echo \"$(cat '{submission}')\""));
        assert!(!inside("echo '$(cat {submission})'"));
        assert!(!inside("echo $(date) {submission}"));
        assert!(inside("echo $( (date); cat {submission})"));
        assert!(inside("echo $( (a; (b)); c; cat {submission})"));
        assert!(!inside("(a; $( (b) )); {submission}"));
    }

    #[test]
    fn metacharacters_in_quotes_do_not_count() {
        let count = |text: &str| Command::parse(text).metacharacters.len();
        assert_eq!(count("awk '{a; b && c}' \"x;y\""), 0);
        assert_eq!(count("a; b && c\n"), 3);
        assert_eq!(count("echo \"$(date)\" `date`"), 2);
        assert_eq!(count("a | b"), 0);
    }
}
