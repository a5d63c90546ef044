//! What it costs to record a message besides publishing it.

use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use mithril::history::redis::RedisHistory;
use mithril::history::{Bounds, History as _, Idempotency};
use mithril::link::{Link, LinkLimits};
use mithril::protocol::{Address, Content, Envelope, Record, Stamp, Topic};

use crate::server::RedisServer;

const MESSAGES: usize = 30_000;
const TOPICS: usize = 200;

pub(crate) async fn publishing() {
    for (what, options) in [
        ("in memory", &[][..]),
        ("fsync a second", &["--appendonly", "yes"]),
        (
            "fsync always",
            &["--appendonly", "yes", "--appendfsync", "always"],
        ),
    ] {
        let server = RedisServer::with(options);
        let link = Link::new(server.url().parse().unwrap(), LinkLimits::default());
        let history = RedisHistory::new(link, Bounds::default(), true);
        let topics: Vec<Topic> = (0..TOPICS)
            .map(|user| Topic::parse(&format!("ws:{user}")).unwrap())
            .collect();
        for (keys, known_by) in [
            ("without keys", Idempotency::None),
            ("with keys", Idempotency::MessageId),
        ] {
            let records: Vec<Record> = topics.iter().cycle().take(MESSAGES).map(record).collect();
            let appends = records.iter().zip(topics.iter().cycle());
            let appends = appends.map(|(record, topic)| history.append(topic, record, known_by));
            let begin = Instant::now();
            let mut appended = stream::iter(appends).buffered(super::OUTSTANDING);
            while let Some(outcome) = appended.next().await {
                outcome.unwrap();
            }
            let rate = super::rate(MESSAGES, begin.elapsed());
            println!(
                "recording, {what}, {keys}, {} outstanding: {rate:.0}/s",
                super::OUTSTANDING
            );
        }
        let record = record(&topics[0]);
        let mut delays: Vec<Duration> = Vec::new();
        for topic in topics.iter().cycle().take(MESSAGES / 30) {
            let begin = Instant::now();
            let appended = history.append(topic, &record, Idempotency::None);
            appended.await.unwrap();
            delays.push(begin.elapsed());
        }
        delays.sort_unstable();
        println!(
            "recording, {what}, one by one: {:.0?} in the median",
            delays[delays.len() / 2]
        );
    }
}

fn record(topic: &Topic) -> Record {
    let content = Content::Text(format!("\"{}\"", "x".repeat(super::PAYLOAD - 2)));
    let envelope = Envelope::new(Address::Topic(topic.clone()), content);
    let stamp = Stamp::new(jiff::Timestamp::now());
    envelope.record(&stamp).unwrap().unwrap()
}
