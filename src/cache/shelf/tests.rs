//! What is kept, what is dropped, and what is not shared.

use std::time::Duration;

use super::*;

fn exercise(id: &str) -> Query {
    Query::Exercise(ExerciseId::parse(id).unwrap())
}

fn answer(text: &str, exercises: &[&str]) -> Answer {
    let ids = exercises.iter().map(|id| ExerciseId::parse(id).unwrap());
    Answer {
        text: text.into(),
        until: Some(Instant::now() + Duration::from_secs(10)),
        exercises: ids.collect(),
    }
}

fn moment(shelf: &Shelf) -> Moment {
    shelf.state().moment()
}

fn keep(shelf: &Shelf, query: Query, kept: Answer) {
    shelf.keep(query, Some(kept), moment(shelf));
}

fn sure(shelf: &Shelf, query: &Query) -> Option<String> {
    match shelf.find(query) {
        Found::Sure(text) => Some(text.to_string()),
        Found::Unsure(_) => None,
    }
}

fn hearing() -> Shelf {
    let shelf = Shelf::new();
    shelf.hears();
    shelf
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_counts_while_it_lasts_and_is_heard_of() {
    let shelf = Shelf::new();
    keep(&shelf, exercise("a"), answer("1", &[]));
    assert_eq!(sure(&shelf, &exercise("a")), None, "nothing is heard yet");
    shelf.hears();
    assert_eq!(sure(&shelf, &exercise("a")), None, "it was read before");
    keep(&shelf, exercise("a"), answer("2", &[]));
    assert_eq!(sure(&shelf, &exercise("a")).as_deref(), Some("2"));
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(sure(&shelf, &exercise("a")), None, "it has expired");
    keep(&shelf, exercise("a"), answer("3", &[]));
    shelf.lost();
    let Found::Unsure(Some(text)) = shelf.find(&exercise("a")) else {
        panic!("it is kept");
    };
    assert_eq!(&*text, "3");
    shelf.restored();
    assert_eq!(
        sure(&shelf, &exercise("a")),
        None,
        "who knows what was told"
    );
    keep(&shelf, exercise("a"), answer("4", &[]));
    assert_eq!(sure(&shelf, &exercise("a")).as_deref(), Some("4"));
}

#[tokio::test]
async fn what_is_named_goes_with_all_that_it_is_in() {
    let pool = PoolId::parse("p").unwrap();
    let all = [
        Query::Pools,
        Query::Pool(pool.clone()),
        Query::Exercises(pool),
        exercise("a"),
        exercise("b"),
    ];
    let text = |names: &[&str]| {
        names
            .iter()
            .map(|&name| name.to_owned())
            .collect::<Vec<_>>()
    };
    for (pools, exercises, left) in [
        (&[][..], &["a"][..], &[true, true, false, false, true][..]),
        (&["p"], &[], &[false, false, false, true, true]),
        (&["q"], &["c"], &[false, true, true, true, true]),
        (&[], &[], &[true, true, true, true, true]),
    ] {
        let shelf = hearing();
        for query in &all {
            keep(&shelf, query.clone(), answer("x", &["a", "b"]));
        }
        shelf.forget(&text(pools), &text(exercises));
        let there = all.iter().map(|query| match query {
            Query::Exercise(_) | Query::Exercises(_) | Query::Pool(_) | Query::Pools => {
                sure(&shelf, query).is_some()
            }
        });
        assert_eq!(there.collect::<Vec<_>>(), left, "{pools:?} {exercises:?}");
    }
}

#[tokio::test]
async fn what_was_being_read_when_it_was_told_is_not_kept_and_not_shared() {
    let shelf = hearing();
    let begin = |text: &'static str| {
        move |_| -> BoxFuture<'static, Outcome> { async move { Ok(Some(text.into())) }.boxed() }
    };
    let first = shelf.read(&exercise("a"), begin("1"));
    let beside = shelf.read(&exercise("a"), begin("2"));
    let then = moment(&shelf);
    shelf.forget(&[], &["a".to_owned()]);
    let later = shelf.read(&exercise("a"), begin("3"));
    let text = |outcome: Outcome| outcome.unwrap().unwrap().to_string();
    assert_eq!(text(first.await), "1");
    assert_eq!(text(beside.await), "1");
    assert_eq!(text(later.await), "3");
    shelf.keep(exercise("a"), Some(answer("1", &[])), then);
    assert_eq!(sure(&shelf, &exercise("a")), None);
}

#[tokio::test]
async fn what_is_used_stays_and_there_is_a_bound() {
    let shelf = Shelf::with(20 * (AROUND + 1));
    shelf.hears();
    for number in 0..100 {
        keep(&shelf, exercise(&format!("e{number}")), answer("x", &[]));
        assert!(number == 0 || sure(&shelf, &exercise("e0")).is_some());
        let state = shelf.state();
        assert!(state.recent.bytes + state.former.bytes <= shelf.bytes);
        drop(state);
    }
    assert_eq!(sure(&shelf, &exercise("e50")), None);
    shelf.forget_all();
    let state = shelf.state();
    assert_eq!((state.recent.bytes, state.former.bytes), (0, 0));
}
