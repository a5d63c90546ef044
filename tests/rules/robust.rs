//! Texts that are cut short or lack a character: judging and drawing them never panics, every place
//! is within the text, and what is refused is refused with a reason.

use mithril::diagnostics::render::{Frames, concise};
use mithril::lint::check_text;

use crate::positions::{BLOCK, FLOW, TEXTS};
use crate::support::all;

const MEANINGFUL: &str = "-?:,[]{}#&*!|>'\"%@`\\~=<\u{1}\u{feff}\u{a0}";

fn judge_and_draw(text: &str) {
    let settings = all();
    let report = check_text("x.yaml", text, &settings);
    let frames = Frames::new(&report.sources, false, Some(80));
    for diagnostic in &report.diagnostics {
        let spans = diagnostic.labels.iter().map(|label| label.span);
        let fixes = diagnostic.fix.iter().flat_map(|fix| &fix.edits);
        let spans = spans.chain(fixes.map(|edit| edit.span));
        for span in spans.chain([diagnostic.span]) {
            assert!(text.get(span.range()).is_some(), "{span:?} of {text:?}");
        }
        let message = &diagnostic.message;
        assert!(!message.ends_with('.'), "{message}");
        assert!(diagnostic.help.is_some(), "no help: {message}");
        assert!(frames.frame(diagnostic).contains(diagnostic.code.as_str()));
        assert!(concise(diagnostic).ends_with('\n'));
    }
}

fn texts() -> impl Iterator<Item = String> {
    let texts = TEXTS.iter().map(|(_, text)| *text).chain([BLOCK, FLOW]);
    texts.map(|text| text.replace('§', "").replace('¤', r#"é\t	😀\""#))
}

#[test]
fn a_text_that_is_cut_short_is_judged() {
    for text in texts() {
        for (end, _) in text.char_indices() {
            judge_and_draw(&text[..end]);
            judge_and_draw(&text[end..]);
        }
    }
}

#[test]
fn a_text_that_lacks_a_character_or_has_one_twice_is_judged() {
    for text in texts() {
        for (at, character) in text.char_indices() {
            let rest = &text[at + character.len_utf8()..];
            judge_and_draw(&format!("{}{rest}", &text[..at]));
            judge_and_draw(&format!("{}{character}{}", &text[..at], &text[at..]));
            judge_and_draw(&format!("{}\t{rest}", &text[..at]));
            judge_and_draw(&format!("{}\r\n{rest}", &text[..at]));
            // One of the characters that mean something, at each place another.
            let index = (at + text.len()) % MEANINGFUL.chars().count();
            let other = MEANINGFUL.chars().nth(index).unwrap();
            judge_and_draw(&format!("{}{other}{rest}", &text[..at]));
        }
    }
}
