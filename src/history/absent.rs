//! No history at all: what is published reaches who is there, and nobody else.

use std::future::ready;

use super::{Appended, History, HistoryError, HistoryFuture, Idempotency, Page};
use crate::ids::UserId;
use crate::protocol::{Position, Record, Topic};

/// A history that keeps nothing, for a broker beside which there is none.
#[derive(Debug, Clone, Copy)]
pub struct Absent;

fn unavailable<'a, T: Send + 'a>() -> HistoryFuture<'a, T> {
    Box::pin(ready(Err(HistoryError::Unavailable)))
}

impl History for Absent {
    fn append<'a>(
        &'a self,
        _: &'a Topic,
        _: &'a Record,
        _: Idempotency<'a>,
    ) -> HistoryFuture<'a, Appended> {
        unavailable()
    }

    fn position<'a>(&'a self, _: &'a Topic) -> HistoryFuture<'a, Position> {
        unavailable()
    }

    fn read<'a>(&'a self, _: &'a Topic, _: u64, _: usize) -> HistoryFuture<'a, Page> {
        unavailable()
    }

    fn cursor<'a>(&'a self, _: &'a Topic, _: &'a UserId) -> HistoryFuture<'a, Option<Position>> {
        unavailable()
    }

    fn move_cursor<'a>(
        &'a self,
        _: &'a Topic,
        _: &'a UserId,
        _: Option<&'a str>,
        _: u64,
    ) -> HistoryFuture<'a, u64> {
        unavailable()
    }
}
