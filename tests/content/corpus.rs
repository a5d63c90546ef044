//! Hostile input and the fuzz corpus: judged without a panic, drawn without a panic, within limits.

use std::path::Path;

use mithril::diagnostics::render::Frames;
use mithril::lint::{Selection, Settings, check_text};

use crate::hostile;

fn judge(name: &str, text: &str) {
    let settings = Settings {
        selection: Selection::all(),
        ..Settings::default()
    };
    let report = check_text("exercise.yaml", text, &settings);
    let frames = Frames::new(&report.sources, false, None);
    // A file of a hundred thousand problems is drawn at its ends; each frame is alike in between.
    let problems = &report.diagnostics;
    for diagnostic in problems
        .iter()
        .take(20)
        .chain(problems.iter().rev().take(20))
    {
        assert!(
            diagnostic.span.end.offset <= text.len(),
            "{name}: {diagnostic:?}"
        );
        let frame = frames.frame(diagnostic);
        assert!(!frame.is_empty(), "{name}");
        assert!(
            frame.len() < 8192,
            "{name}: a frame of {} bytes",
            frame.len()
        );
    }
}

#[test]
fn hostile_input_is_borne() {
    for (name, text) in hostile::texts() {
        assert!(text.len() <= 256 * 1024, "{name} is not within the limit");
        judge(name, &text);
    }
}

#[test]
fn each_limit_is_a_clear_error() {
    let codes = |text: &str| -> Vec<&'static str> {
        let report = check_text("exercise.yaml", text, &Settings::default());
        report.diagnostics.iter().map(|d| d.code.as_str()).collect()
    };
    assert_eq!(codes(&"#".repeat(256 * 1024 + 1)), ["Y020"]);
    assert_eq!(codes(&format!("a: {}", "x".repeat(65 * 1024))), ["Y020"]);
    assert_eq!(codes(&("[".repeat(20) + &"]".repeat(20))), ["Y020"]);
    assert_eq!(codes(&"[".repeat(2000)), ["Y020"]);
    assert_eq!(codes("a: &a [*a]\n"), ["Y010"]);
    let laugh = "a: &a [x, x, x, x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: [*b, *b, *b, *b, *b, *b, *b, *b, *b]\n";
    assert_eq!(codes(laugh), ["Y010"]);
}

#[test]
fn the_fuzz_corpus_is_replayed() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/judge");
    let mut files = 0;
    for entry in corpus.read_dir().expect("the corpus is committed") {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        judge(
            &path.display().to_string(),
            &String::from_utf8_lossy(&bytes),
        );
        files += 1;
    }
    assert!(files > 0, "the corpus is empty");
}
