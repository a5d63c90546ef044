//! A key of a service is known by its hash alone, and how long it takes to say so tells nothing.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{Digest, SHA256, digest};

use super::keys::{KeyError, SHORTEST_SECRET};
use crate::config::Secret;

/// The keys of services.
#[derive(Clone, Default)]
pub(super) struct ApiKeys(Vec<Digest>);

impl ApiKeys {
    /// These keys, none of which may be guessed, unless short ones are allowed.
    pub(super) fn of(keys: &[Secret<String>], allow_short: bool) -> Result<Self, KeyError> {
        let hash = |key: &Secret<String>| {
            let key = key.expose().as_bytes();
            if key.len() < SHORTEST_SECRET && !allow_short {
                return Err(KeyError::ShortApiKey(key.len()));
            }
            Ok(digest(&SHA256, key))
        };
        keys.iter().map(hash).collect::<Result<_, _>>().map(Self)
    }

    /// Whether this is one of them. All are looked at, whichever it is.
    pub(super) fn include(&self, key: &[u8]) -> bool {
        let hash = digest(&SHA256, key);
        self.0.iter().fold(false, |found, known| {
            found | verify_slices_are_equal(known.as_ref(), hash.as_ref()).is_ok()
        })
    }
}
