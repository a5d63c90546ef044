//! M901 and M902: comments that silence nothing, and comments that can't.

use mithril::diagnostics::{Code, Report};
use mithril::lint::{Selection, Settings, check_text};

use crate::support::{codes, lines, standard};

const HEAD: &str = "id: hello\n";
const TAIL: &str = "type: text\ndescription: |\n  x\n";

fn text(line: &str) -> String {
    format!("{HEAD}{line}\n{TAIL}")
}

/// The text after the fixes of its problems, each of which must have one.
fn mended(text: &str) -> String {
    let Report { diagnostics, .. } = check_text("x.yaml", text, &standard());
    let mut mended = text.to_owned();
    for diagnostic in diagnostics.iter().rev() {
        assert_eq!(diagnostic.code, Code::M901, "{:#?}", lines(&diagnostics));
        for edit in diagnostic.fix.iter().flat_map(|fix| fix.edits.iter().rev()) {
            mended.replace_range(edit.span.range(), &edit.content);
        }
    }
    assert_eq!(codes(&mended, &standard()), [], "{mended}");
    mended
}

#[test]
fn an_ignore_that_silences_nothing_is_left_over_and_goes() {
    for (line, left) in [
        (
            "title: Hello # mithril: ignore[Y019] reason",
            "title: Hello",
        ),
        (
            "# mithril: ignore[Y019] reason\ntitle: Hello",
            "title: Hello",
        ),
        (
            "title: Hello\n\n# mithril: file-ignore[Y019]",
            "title: Hello\n",
        ),
        (
            "title: 1.10 # mithril: ignore[Y019, Y012] reason",
            "title: 1.10 # mithril: ignore[Y019] reason",
        ),
        (
            "title: 1.10 # mithril: ignore[Y012,Y019] reason",
            "title: 1.10 # mithril: ignore[Y019] reason",
        ),
        (
            "title: 1.10 # mithril: ignore[Y012, Y019, S105]",
            "title: 1.10 # mithril: ignore[Y019]",
        ),
        (
            "title: 1.10 # mithril: ignore[Y019]\n# mithril: ignore[Y019] too late",
            "title: 1.10 # mithril: ignore[Y019]",
        ),
    ] {
        assert_eq!(codes(&text(line), &standard()), [Code::M901], "{line}");
        assert_eq!(mended(&text(line)), text(left));
    }
}

#[test]
fn an_ignore_of_a_rule_that_is_not_judged_is_left_alone() {
    let ignored = text("title: Hello # mithril: ignore[Y019] reason");
    let settings = |codes: &[Code]| Settings {
        selection: Selection::of(codes.iter().copied()),
        ..Settings::default()
    };
    assert_eq!(codes(&ignored, &settings(&[Code::M901])), []);
    assert_eq!(
        codes(&ignored, &settings(&[Code::M901, Code::Y019])),
        [Code::M901]
    );
    // Rules that are off by default, that need other files, and that come behind an error.
    for line in [
        "title: Hello # mithril: ignore[B410] reason",
        "title: Hello # mithril: ignore[F308, M903, I205, I212, F305] reason",
    ] {
        assert_eq!(codes(&text(line), &standard()), [], "{line}");
    }
    let broken = text("title: Hello # mithril: ignore[Y019] reason") + "unknown: 1\n";
    assert_eq!(codes(&broken, &standard()), [Code::S101]);
    assert_eq!(codes(&ignored, &Settings::default()), []);
}

#[test]
fn an_ignore_that_names_no_rule_is_bad() {
    for (line, message) in [
        (
            "title: Hello # mithril: ignore[Y999] x",
            "there is no rule `Y999`",
        ),
        (
            "title: Hello # mithril: ignore[yaml] x",
            "there is no rule `yaml`",
        ),
        (
            "title: Hello # mithril: ignore[] x",
            "the ignore names no rule",
        ),
        (
            "title: Hello # mithril: ignore x",
            "the ignore names no rule",
        ),
        (
            "title: Hello # mithril: file-ignore",
            "the ignore names no rule",
        ),
        (
            "title: Hello # mithril: ignore [Y019] x",
            "the ignore names no rule",
        ),
        (
            "title: Hello # mithril: ignore[Y019",
            "the list of rules is not closed",
        ),
        (
            "title: Hello # mithril: ingore[Y019] x",
            "`ingore` is no order, did you mean `ignore`?",
        ),
        (
            "title: Hello # mithril: ignore[S101] x",
            "S101 is an error, and no comment ignores that",
        ),
        (
            "title: 1.10 # mithril: ignore[Y019,] x",
            "no rule is named here",
        ),
    ] {
        let report = check_text("x.yaml", &text(line), &standard());
        let found: Vec<_> = report
            .diagnostics
            .iter()
            .map(|d| (d.code, &*d.message))
            .collect();
        assert_eq!(found, [(Code::M902, message)], "{line}");
    }
    for line in [
        "title: Hello # see mithril: ignore[]",
        "title: Hello # mithril: a jewel",
    ] {
        assert_eq!(codes(&text(line), &standard()), [], "{line}");
    }
}

#[test]
fn these_two_can_be_ignored_as_well() {
    for line in [
        "title: Hello # mithril: ignore[Y019, M901] kept for later",
        "# mithril: file-ignore[M901, Y019] kept for later\ntitle: Hello",
        "title: Hello # mithril: ignore[Y999, M902] of a newer version",
    ] {
        assert_eq!(codes(&text(line), &standard()), [], "{line}");
    }
}
