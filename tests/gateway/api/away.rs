//! A history that is never there.

use mithril::history::{Appended, History, HistoryError, HistoryFuture, Idempotency, Page};
use mithril::ids::UserId;
use mithril::protocol::{Position, Record, Topic};

#[derive(Debug)]
pub(super) struct Away;

fn away<'a, T: Send + 'a>() -> HistoryFuture<'a, T> {
    Box::pin(std::future::ready(Err(HistoryError::Unavailable)))
}

impl History for Away {
    fn append<'a>(
        &'a self,
        _: &'a Topic,
        _: &'a Record,
        _: Idempotency<'a>,
    ) -> HistoryFuture<'a, Appended> {
        away()
    }

    fn position<'a>(&'a self, _: &'a Topic) -> HistoryFuture<'a, Position> {
        away()
    }

    fn read<'a>(&'a self, _: &'a Topic, _: u64, _: usize) -> HistoryFuture<'a, Page> {
        away()
    }

    fn cursor<'a>(&'a self, _: &'a Topic, _: &'a UserId) -> HistoryFuture<'a, Option<Position>> {
        away()
    }

    fn move_cursor<'a>(
        &'a self,
        _: &'a Topic,
        _: &'a UserId,
        _: Option<&'a str>,
        _: u64,
    ) -> HistoryFuture<'a, u64> {
        away()
    }
}
