//! What a client wants to subscribe to: each topic once, under whatever names it was given, with where
//! the client wants to go on reading.

use std::collections::{BTreeMap, HashMap};

use crate::ids::UserId;
use crate::protocol::{Recover, TopicPattern};

/// A name in a `subscribe`, and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wish<'a> {
    /// As the client wrote it.
    pub(super) name: &'a str,
    /// Nothing where it is not the name of a topic.
    pub(super) pattern: Option<TopicPattern>,
    pub(super) recover: Option<&'a Recover>,
    pub(super) from: Source,
}

/// Where a name stands in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// In `topics`.
    Topics,
    /// In `recover` alone: that is for what is subscribed to already.
    Recover,
    /// In `recover`, beside another name of the same topic.
    RecoverAgain,
}

/// What is wanted, in the order of `topics`, and then what only `recover` names.
pub(super) fn wishes<'a>(
    names: &'a [String],
    recover: &'a BTreeMap<String, Recover>,
    own: &UserId,
) -> Vec<Wish<'a>> {
    let mut wishes: Vec<Wish<'a>> = Vec::with_capacity(names.len());
    let mut places = HashMap::with_capacity(names.len());
    // A name that means nothing is its own place, so that it is refused once.
    let place = |name: &'a str| TopicPattern::parse(name, Some(own)).ok_or(name);
    for name in names {
        let place = place(name);
        places.entry(place.clone()).or_insert_with(|| {
            wishes.push(Wish {
                name,
                pattern: place.ok(),
                recover: None,
                from: Source::Topics,
            });
            wishes.len() - 1
        });
    }
    for (name, recover) in recover {
        let place = place(name);
        let known = places.get(&place).copied();
        let wish = known.and_then(|index| wishes.get_mut(index));
        let from = match wish {
            Some(wish) if wish.recover.is_none() => {
                wish.recover = Some(recover);
                continue;
            }
            Some(_) => Source::RecoverAgain,
            None => Source::Recover,
        };
        places.entry(place.clone()).or_insert(wishes.len());
        wishes.push(Wish {
            name,
            pattern: place.ok(),
            recover: Some(recover),
            from,
        });
    }
    wishes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_topic_is_wanted_once_by_whatever_name() {
        let own = UserId::parse("42").unwrap();
        let names = ["ws:{user_id}", "room:a", "ws:42", "room:a", "?", "?"].map(String::from);
        let recover = BTreeMap::from(
            ["room:b", "ws:42", "ws:{user_id}"].map(|name| (name.to_owned(), Recover::Cursor)),
        );
        let wishes = wishes(&names, &recover, &own);
        let read: Vec<_> = wishes
            .iter()
            .map(|wish| (wish.name, wish.recover.is_some(), wish.from))
            .collect();
        assert_eq!(
            read,
            [
                ("ws:{user_id}", true, Source::Topics),
                ("room:a", false, Source::Topics),
                ("?", false, Source::Topics),
                ("room:b", true, Source::Recover),
                ("ws:{user_id}", true, Source::RecoverAgain),
            ]
        );
    }
}
