//! Our patterns as Redis' globs. In those a `*` also stands for several parts, or none: what they
//! bring is looked at again. What is a glob already stays one.

use std::sync::Arc;

use crate::broker::Subscription;

/// The narrowest glob that matches whatever the pattern matches. No two patterns have one glob.
pub(super) fn glob(subscription: &Subscription) -> Arc<str> {
    if subscription.is_glob {
        return Arc::clone(&subscription.channel);
    }
    let mut glob = String::with_capacity(subscription.channel.len());
    for part in subscription.channel.split_inclusive(['.', ':']) {
        let (name, separator) = match part.strip_suffix(['.', ':']) {
            Some(name) => part.split_at(name.len()),
            None => (part, ""),
        };
        if name == "*" {
            glob.push('*');
        } else {
            for character in name.chars() {
                if matches!(character, '*' | '?' | '[' | ']' | '\\') {
                    glob.push('\\');
                }
                glob.push(character);
            }
        }
        glob.push_str(separator);
    }
    glob.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_part_that_is_a_star_is_one() {
        for (pattern, expected) in [
            ("exercise.*.progress", "exercise.*.progress"),
            ("mithril:live:room:*", "mithril:live:room:*"),
            ("*", "*"),
            ("a*.*", r"a\*.*"),
            ("a.?[b]\\.*", r"a.\?\[b\]\\.*"),
        ] {
            assert_eq!(&*glob(&Subscription::to(pattern)), expected);
        }
        assert_eq!(&*glob(&Subscription::glob("a*.?")), "a*.?");
    }
}
