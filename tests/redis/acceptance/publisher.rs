//! Services that publish to users in turn, and try again under the same key until it is recorded.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::Addresses;
use crate::replica::Service;

/// How long a publisher waits for an answer.
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(50);
/// The most users of one publisher.
const SHARE: usize = 5;

/// Publishers at work.
pub(super) struct Publishers {
    tasks: JoinSet<Published>,
    stop: watch::Sender<bool>,
    begin: Instant,
}

/// What was published.
#[derive(Debug, Default)]
pub(super) struct Published {
    /// Messages, each of which was recorded.
    pub(super) messages: u64,
    /// The number of the last message to each user.
    pub(super) last: BTreeMap<usize, u64>,
    /// Attempts that failed, or had no answer.
    failed: u64,
    took: Duration,
}

/// Publishes so much a second, to all users together.
pub(super) fn start(users: usize, rate: u32, addresses: &Addresses) -> Publishers {
    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let all: Vec<usize> = (0..users).collect();
    let shares: Vec<_> = all.chunks(SHARE).map(<[_]>::to_vec).collect();
    let every = Duration::from_secs(1) * u32::try_from(shares.len()).unwrap() / rate;
    for share in shares {
        tasks.spawn(publish(share, every, addresses.clone(), stopped.clone()));
    }
    Publishers {
        tasks,
        stop,
        begin: Instant::now(),
    }
}

impl Publishers {
    /// Ends once what was begun is recorded.
    pub(super) async fn finish(mut self) -> Published {
        self.stop.send_replace(true);
        let mut all = Published::default();
        while let Some(published) = self.tasks.join_next().await {
            let mut published = published.unwrap();
            all.messages += published.messages;
            all.failed += published.failed;
            all.last.append(&mut published.last);
        }
        all.took = self.begin.elapsed();
        all
    }
}

/// Publishes to these users in turn. Who was held up makes up for it.
async fn publish(
    users: Vec<usize>,
    every: Duration,
    addresses: Addresses,
    stopped: watch::Receiver<bool>,
) -> Published {
    let mut published = Published::default();
    let mut service = None;
    let mut due = interval(every);
    due.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for user in users.into_iter().cycle() {
        due.tick().await;
        if *stopped.borrow() {
            break;
        }
        let number = published.last.entry(user).or_default();
        *number += 1;
        let key = format!("{user}-{number}");
        let message =
            json!({"topic": format!("ws:{user}"), "data": number, "idempotency_key": key});
        while let Err(why) = attempt(&mut service, &addresses, &message).await {
            service = why;
            published.failed += 1;
            sleep(PAUSE).await;
        }
        published.messages += 1;
    }
    published
}

/// Publishes it; if that fails, with what to go on.
async fn attempt(
    service: &mut Option<Service>,
    addresses: &Addresses,
    message: &Value,
) -> Result<(), Option<Service>> {
    let mut used = match service.take() {
        Some(used) => used,
        None => Service::connect(addresses.next()).await.map_err(|_| None)?,
    };
    match used.publish_within(PATIENCE, message).await {
        Ok((200, _)) => {
            *service = Some(used);
            Ok(())
        }
        Ok((503, _)) => Err(Some(used)),
        Ok((status, answer)) => panic!("{status} {answer}"),
        Err(_) => Err(None),
    }
}

impl fmt::Display for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "sent {} in {:.1?}, after {} attempts that failed",
            self.messages, self.took, self.failed
        )
    }
}
