//! What feeds want to know is asked of the history, until it answers or nobody wants to know.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::feed::{Answer, Question};
use super::hub::Hub;
use super::replay::PAGE;
use crate::history::{Entry, History, HistoryError, Page};
use crate::protocol::{Envelope, Position, Topic};

/// How many topics are asked for at a time.
const AT_ONCE: usize = 512;
/// After what time a question without an answer is asked again.
const RETRY: Duration = Duration::from_millis(500);

/// Asks whatever is wanted.
pub(super) async fn run(hub: Arc<Hub>, history: Arc<dyn History>, stopping: CancellationToken) {
    let mut asked = FuturesUnordered::new();
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            topic = hub.unsure(), if asked.len() < AT_ONCE => {
                asked.push(ask(&hub, &*history, topic));
            }
            Some(()) = asked.next() => {}
        }
    }
}

async fn ask(hub: &Hub, history: &dyn History, topic: Topic) {
    let Some(Question { round, after }) = hub.question(&topic) else {
        return;
    };
    let answer = match after {
        None => history.position(&topic).await.map(begin),
        Some(after) => {
            let page = history.read(&topic, after, PAGE).await;
            page.map(|page| go_on(&topic, page))
        }
    };
    match answer {
        Ok(answer) => hub.answer(&topic, round, Some(answer)),
        Err(error) => {
            match error {
                HistoryError::Unavailable | HistoryError::Unanswered => {
                    tracing::debug!(%topic, "the history does not answer");
                }
                HistoryError::TooLarge => tracing::error!(%topic, "the history does not answer"),
            }
            hub.unanswered(&topic);
            sleep(RETRY).await;
            hub.answer(&topic, round, None);
        }
    }
}

fn begin(position: Position) -> Answer<Arc<Envelope>> {
    Answer {
        epoch: position.epoch,
        last: position.offset,
        entries: Vec::new(),
    }
}

fn go_on(topic: &Topic, page: Page) -> Answer<Arc<Envelope>> {
    let Page {
        epoch,
        last,
        entries,
        trimmed: _,
    } = page;
    let read = |Entry { offset, payload }: Entry| {
        let position = Position {
            epoch: epoch.clone(),
            offset,
        };
        match Envelope::recorded(topic.clone(), position, &payload) {
            Ok(envelope) => (offset, Some(Arc::new(envelope))),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(%topic, offset, error, "skipped a recorded message");
                (offset, None)
            }
        }
    };
    let entries = entries.into_iter().map(read).collect();
    Answer {
        epoch,
        last,
        entries,
    }
}
