//! Any text is judged and drawn without a panic, and every span is within the text.
//!
//! `cargo +nightly fuzz run judge`. What it finds goes into `corpus/judge`, which a normal test
//! replays (`tests/content/corpus.rs`).
#![no_main]

use libfuzzer_sys::fuzz_target;
use mithril::diagnostics::render::Frames;
use mithril::lint::{Selection, Settings, check_text};

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let settings = Settings { selection: Selection::all(), ..Settings::default() };
    let report = check_text("exercise.yaml", &text, &settings);
    let frames = Frames::new(&report.sources, true, None);
    for diagnostic in &report.diagnostics {
        assert!(diagnostic.span.start.offset <= diagnostic.span.end.offset);
        assert!(diagnostic.span.end.offset <= text.len());
        assert!(!frames.frame(diagnostic).is_empty());
    }
});
