//! What a rule says about itself. Each rule has a text of its own in `docs/CODE.md`, whose sections
//! are always the same, so that a page, a terminal and an editor can each show what they need.

use crate::diagnostics::Code;

/// The explanation of a rule, in Markdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doc {
    /// The rule.
    pub code: Code,
    /// The whole text, the title `# CODE name` included.
    pub text: &'static str,
    /// What is judged.
    pub what: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// An example that the rule reports, in a fence.
    pub bad: &'static str,
    /// The same example, mended.
    pub good: &'static str,
    /// How an author mends it.
    pub how_to_fix: &'static str,
    /// Whether a fix exists, and whether it may be applied without a look.
    pub fix: &'static str,
}

macro_rules! texts {
    ($code:expr; $($known:ident)*) => {
        match $code {
            $(Code::$known => include_str!(concat!("docs/", stringify!($known), ".md")),)*
        }
    };
}

/// The explanation of a rule.
pub fn doc(code: Code) -> Doc {
    let text = texts! { code;
        Y001 Y002 Y003 Y004 Y005 Y006 Y007 Y008 Y009 Y010 Y011 Y012 Y013 Y014 Y015 Y016 Y017 Y018
        Y019 Y020 Y021 Y022
        S101 S102 S103 S104 S105 S106 S107
        I201 I202 I203 I204 I205 I206 I207 I208 I209 I210 I211 I212
        F301 F302 F303 F304 F305 F306 F307 F308 F309
        B401 B402 B403 B404 B405 B406 B407 B408 B410
        T501 T502 T503 T504 T505 T506 T507
        V601 V602 V603 V605
        C701 C702 C703
        Q801
        M901 M902 M903
    };
    Doc {
        code,
        text,
        what: section(text, "What"),
        why: section(text, "Why"),
        bad: section(text, "Bad"),
        good: section(text, "Good"),
        how_to_fix: section(text, "How to fix"),
        fix: section(text, "Fix"),
    }
}

/// The text below a heading of the second level.
fn section(text: &'static str, heading: &str) -> &'static str {
    text.split("\n## ")
        .skip(1)
        .find_map(|section| section.strip_prefix(heading)?.strip_prefix('\n'))
        .unwrap_or_default()
        .trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADINGS: [&str; 6] = ["What", "Why", "Bad", "Good", "How to fix", "Fix"];

    #[test]
    fn every_rule_is_explained_in_the_same_sections() {
        for &code in Code::ALL {
            let doc = doc(code);
            let title = format!("# {code} {}\n", code.name());
            assert!(doc.text.starts_with(&title), "{code}: {title:?}");
            let headings: Vec<_> = doc
                .text
                .lines()
                .filter_map(|line| line.strip_prefix("## "))
                .collect();
            assert_eq!(headings, HEADINGS, "{code}");
            for part in [
                doc.what,
                doc.why,
                doc.bad,
                doc.good,
                doc.how_to_fix,
                doc.fix,
            ] {
                assert!(!part.is_empty(), "{code}");
            }
            for example in [doc.bad, doc.good] {
                assert!(example.ends_with("\n```"), "{code}: {example}");
                assert_eq!(example.matches("```").count() % 2, 0, "{code}");
            }
        }
    }

    #[test]
    fn a_section_ends_where_the_next_begins() {
        let doc = doc(Code::Y008);
        assert_eq!(doc.fix, "None.");
        assert!(doc.what.starts_with("The file is empty"));
        assert!(!doc.what.contains("##"));
    }
}
