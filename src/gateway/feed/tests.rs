//! One thing at a time; `hub/following/tests.rs` has everything at once.

use super::*;

fn feed() -> Feed<u64> {
    Feed::new(
        1,
        Bounds {
            frames: 3,
            bytes: 300,
        },
    )
}

fn arrive(feed: &mut Feed<u64>, epoch: &str, offset: u64) -> Arrival<u64> {
    let position = Position {
        epoch: epoch.to_owned(),
        offset,
    };
    feed.arrive(&Arc::new(position), 10, offset)
}

fn answer(epoch: &str, last: u64, offsets: impl IntoIterator<Item = u64>) -> Answer<u64> {
    let entries = offsets.into_iter().map(|offset| (offset, Some(offset)));
    Answer {
        epoch: epoch.to_owned(),
        trimmed: 0,
        last,
        entries: entries.collect(),
    }
}

/// Puts the question and answers it; returns what is published then.
fn ask(feed: &mut Feed<u64>, with: Answer<u64>) -> Result<Vec<u64>, Broken> {
    let question = feed.ask().expect("a question");
    let next = feed.answered(question.round, with)?;
    Ok(next.into_iter().map(|(_, item)| item).collect())
}

/// A feed that has published everything up to 5.
fn at_five() -> Feed<u64> {
    let mut feed = feed();
    assert_eq!(ask(&mut feed, answer("e", 5, [])), Ok(vec![]));
    assert_eq!(feed.last(), Some(("e", 5)));
    feed
}

#[test]
fn what_is_next_is_published_and_nothing_is_asked() {
    let mut feed = at_five();
    for offset in 6..10 {
        assert_eq!(arrive(&mut feed, "e", offset), Arrival::Next(offset));
    }
    assert!(feed.ask().is_none());
    assert_eq!(arrive(&mut feed, "e", 9), Arrival::Broken, "it goes back");
    assert_eq!(feed.last(), None);
}

#[test]
fn what_arrives_before_the_position_is_known_is_held() {
    let mut feed = feed();
    let question = feed.ask().unwrap();
    for offset in [4, 5, 6] {
        assert_eq!(arrive(&mut feed, "e", offset), Arrival::Kept);
    }
    let next = feed.answered(question.round, answer("e", 5, [])).unwrap();
    assert_eq!(
        next,
        [(4, 4), (5, 5), (6, 6)],
        "also what the answer knows of"
    );
    assert_eq!(arrive(&mut feed, "e", 7), Arrival::Next(7));
}

#[test]
fn what_was_on_its_way_when_it_was_read_comes_once() {
    let mut feed = at_five();
    assert_eq!(arrive(&mut feed, "e", 5), Arrival::Kept);
    assert_eq!(arrive(&mut feed, "e", 6), Arrival::Next(6));
    assert_eq!(arrive(&mut feed, "e", 5), Arrival::Broken);
}

#[test]
fn a_hole_is_filled_from_the_store_page_by_page() {
    let mut feed = at_five();
    assert_eq!(arrive(&mut feed, "e", 9), Arrival::Kept);
    assert_eq!(ask(&mut feed, answer("e", 9, [6, 7])), Ok(vec![6, 7]));
    let question = feed.ask().unwrap();
    assert_eq!(question.after, Some(7));
    assert_eq!(arrive(&mut feed, "e", 10), Arrival::Kept);
    let next = feed
        .answered(question.round, answer("e", 9, [8, 9]))
        .unwrap();
    assert_eq!(next, [(8, 8), (9, 9), (10, 10)]);
    assert_eq!(arrive(&mut feed, "e", 11), Arrival::Next(11));
}

#[test]
fn a_hole_that_cannot_be_filled_breaks_it() {
    let trimmed = Answer {
        trimmed: 6,
        ..answer("e", 9, [7, 8, 9])
    };
    for bad in [
        trimmed,
        answer("other", 9, [6, 7, 8, 9]),
        answer("e", 8, [6, 7, 8]),
        answer("e", 4, []),
        answer("e", 9, []),
        answer("e", 9, [7, 8, 9]),
    ] {
        let mut feed = at_five();
        arrive(&mut feed, "e", 9);
        let shown = format!("{bad:?}");
        assert_eq!(ask(&mut feed, bad), Err(Broken), "{shown}");
        // It begins anew.
        assert_eq!(ask(&mut feed, answer("f", 1, [])), Ok(vec![]));
    }
}

#[test]
fn another_epoch_breaks_it() {
    let mut feed = at_five();
    assert_eq!(arrive(&mut feed, "f", 6), Arrival::Broken);
    assert_eq!(ask(&mut feed, answer("f", 6, [])), Ok(vec![]));
    assert_eq!(feed.last(), Some(("f", 6)));
}

#[test]
fn what_does_not_fit_is_read_again() {
    let mut feed = at_five();
    arrive(&mut feed, "e", 7);
    let question = feed.ask().unwrap();
    for offset in 8..=12 {
        assert_eq!(arrive(&mut feed, "e", offset), Arrival::Kept);
    }
    let early = feed
        .answered(question.round, answer("e", 7, [6, 7]))
        .unwrap();
    assert_eq!(early, [(6, 6), (7, 7)]);
    let late = ask(&mut feed, answer("e", 12, 8..=12));
    assert_eq!(late, Ok(vec![8, 9, 10, 11, 12]));
    assert_eq!(arrive(&mut feed, "e", 13), Arrival::Next(13));
}

#[test]
fn after_an_outage_it_looks_even_where_nothing_arrives() {
    let mut feed = at_five();
    feed.restored();
    let question = feed.ask().unwrap();
    assert_eq!(question.after, Some(5));
    // Lost and back once more: the answer may be older than that.
    feed.restored();
    let next = feed.answered(question.round, answer("e", 6, [6])).unwrap();
    assert_eq!(next, [(6, 6)]);
    assert_eq!(ask(&mut feed, answer("e", 7, [7])), Ok(vec![7]));
    assert!(feed.ask().is_none());
}

#[test]
fn an_answer_to_an_earlier_question_is_none() {
    let mut feed = at_five();
    feed.restored();
    let first = feed.ask().unwrap();
    feed.failed(first.round);
    let second = feed.ask().unwrap();
    assert_eq!(feed.answered(first.round, answer("f", 1, [])), Ok(vec![]));
    feed.failed(first.round);
    assert!(!feed.wants());
    let next = feed.answered(second.round, answer("e", 5, [])).unwrap();
    assert_eq!(next, []);
    assert_eq!(feed.last(), Some(("e", 5)));
}
