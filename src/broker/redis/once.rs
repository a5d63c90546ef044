//! Of a message that came by several subscriptions, the first copy counts.
//!
//! Redis writes the copies of one message one behind the other: that of the channel first, then one
//! for each pattern. So a copy belongs to the message before it if channel and payload are the same
//! and its pattern has had none yet; two equal messages in a row are still two.

use std::sync::Arc;

use bytes::Bytes;

/// The last message, and the patterns that have brought it.
#[derive(Debug, Default)]
pub(super) struct Once {
    last: Option<(Arc<str>, Bytes)>,
    patterns: Vec<Arc<str>>,
}

impl Once {
    /// A copy by the channel's own subscription: it always begins a message.
    pub(super) fn exact(&mut self, channel: &Arc<str>, payload: &Bytes) {
        self.last = Some((Arc::clone(channel), payload.clone()));
        self.patterns.clear();
    }

    /// A copy by a pattern; says whether it begins a message.
    pub(super) fn pattern(
        &mut self,
        pattern: &Arc<str>,
        channel: &Arc<str>,
        payload: &Bytes,
    ) -> bool {
        let same = |(name, bytes): &(Arc<str>, Bytes)| name == channel && bytes == payload;
        let begins = !self.last.as_ref().is_some_and(same) || self.patterns.contains(pattern);
        if begins {
            self.exact(channel, payload);
        }
        self.patterns.push(Arc::clone(pattern));
        begins
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which copies begin a message; a copy is its channel, its payload and its pattern.
    fn begin(copies: &[(&str, &str, &str)]) -> Vec<bool> {
        let mut once = Once::default();
        let copies = copies.iter().map(|(channel, payload, pattern)| {
            let (channel, payload) = ((*channel).into(), Bytes::from((*payload).to_owned()));
            if pattern.is_empty() {
                once.exact(&channel, &payload);
                return true;
            }
            once.pattern(&(*pattern).into(), &channel, &payload)
        });
        copies.collect()
    }

    #[test]
    fn copies_of_one_message_count_once() {
        let copies = [("c", "1", ""), ("c", "1", "p"), ("c", "1", "q")];
        assert_eq!(begin(&copies), [true, false, false]);
        assert_eq!(begin(&copies[1..]), [true, false]);
    }

    #[test]
    fn equal_messages_in_a_row_are_several() {
        assert_eq!(begin(&[("c", "1", ""), ("c", "1", "")]), [true, true]);
        let copies = [
            ("c", "1", "p"),
            ("c", "1", "q"),
            ("c", "1", "q"),
            ("c", "1", "p"),
        ];
        assert_eq!(begin(&copies), [true, false, true, false]);
        let copies = [
            ("c", "1", ""),
            ("c", "1", "p"),
            ("c", "1", ""),
            ("c", "1", "p"),
        ];
        assert_eq!(begin(&copies), [true, false, true, false]);
    }

    #[test]
    fn another_channel_or_payload_is_another_message() {
        let copies = [
            ("c", "1", "p"),
            ("c", "2", "q"),
            ("d", "2", "p"),
            ("c", "2", "p"),
        ];
        assert_eq!(begin(&copies), [true; 4]);
    }
}
