//! What a fuzzer found of the codec of frames, and bytes by chance as it would try them.

use std::path::Path;

use mithril::gateway::{Meaning, meaning};
use mithril::protocol::CloseCode;
use proptest::prelude::*;

const LIMIT: usize = 256;

/// The entry of the fuzzer: `fuzz/fuzz_targets/frames.rs`.
fn judge(data: &[u8]) -> Vec<Meaning> {
    let Some((count, rest)) = data.split_first() else {
        return Vec::new();
    };
    let (sizes, bytes) = rest.split_at(rest.len().min(usize::from(*count)));
    let pieces: Vec<usize> = sizes.iter().copied().map(usize::from).collect();
    let whole = meaning(bytes, &[], LIMIT);
    assert_eq!(meaning(bytes, &pieces, LIMIT), whole, "{data:x?}");
    whole
}

#[test]
fn the_corpus_is_borne() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/frames");
    let mut ends = Vec::new();
    for file in std::fs::read_dir(corpus).unwrap() {
        let data = std::fs::read(file.unwrap().path()).unwrap();
        ends.push(judge(&data).pop().unwrap());
    }
    // It reaches every end.
    for end in [
        Meaning::Starved,
        Meaning::Closing(Some(1000)),
        Meaning::Refused(CloseCode::BinaryFrame),
        Meaning::Refused(CloseCode::InvalidUtf8),
        Meaning::Refused(CloseCode::ProtocolError),
        Meaning::Refused(CloseCode::TooLarge),
    ] {
        assert!(ends.contains(&end), "{end:?} is not among {ends:?}");
    }
}

/// A byte that begins a frame more often than chance would.
fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        3 => any::<u8>(),
        2 => prop::sample::select(vec![0x80, 0x81, 0x01, 0x00, 0x88, 0x89, 0x8a, 0xfe, 0xff]),
        2 => 0x80_u8..0x90,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn bytes_by_chance_are_borne(data in prop::collection::vec(byte(), 0..400)) {
        judge(&data);
    }
}
