//! What a daemon was started with and keeps until it is started again; it is compared and never shown.

use std::collections::BTreeMap;

use super::Reader;
use crate::config::value::Raw;
use crate::config::{KEYS, Secret};

/// The values of the keys that no reload changes, as they are written.
#[derive(Debug)]
pub struct Fixed(BTreeMap<&'static str, Secret<Raw>>);

impl Fixed {
    /// The keys that have another value there, in the order of their names.
    pub fn changed(&self, now: &Self) -> Vec<&'static str> {
        let keys = KEYS.iter().map(|key| key.path);
        let mut changed: Vec<_> = keys
            .filter(|key| self.0.get(key) != now.0.get(key))
            .collect();
        changed.sort_unstable();
        changed
    }
}

impl Reader<'_> {
    /// What counts until the daemon is started again.
    pub(in crate::config) fn fixed(&self) -> Fixed {
        let keys = KEYS.iter().filter(|key| !key.is_read_again());
        let values = keys.filter_map(|key| {
            let (raw, _) = self.find(key)?;
            // What can't be read has been said to be wrong.
            Some((key.path, Secret::new(raw.resolve().ok()?)))
        });
        Fixed(values.collect())
    }
}
