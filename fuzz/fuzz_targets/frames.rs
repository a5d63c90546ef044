//! Any bytes of a peer mean one thing, however they were cut on the way, and no more of them is kept
//! than a message may have.
//!
//! `cargo +nightly fuzz run frames`. The first byte says how many of the next are sizes of pieces. What
//! it finds goes into `corpus/frames`, which a normal test replays (`tests/gateway/frames.rs`).
#![no_main]

use libfuzzer_sys::fuzz_target;
use mithril::gateway::meaning;

/// The most bytes of a message.
const LIMIT: usize = 256;

fuzz_target!(|data: &[u8]| {
    let Some((count, rest)) = data.split_first() else { return };
    let (sizes, bytes) = rest.split_at(rest.len().min(usize::from(*count)));
    let pieces: Vec<usize> = sizes.iter().copied().map(usize::from).collect();
    assert_eq!(meaning(bytes, &pieces, LIMIT), meaning(bytes, &[], LIMIT));
});
