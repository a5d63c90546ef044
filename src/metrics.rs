//! What is counted has a finite set of labels: never a user, a room, an exercise or a topic.
//!
//! The names are those of OPERATIONS.md, section 3. Labels come from enums and constants; only the
//! names of published messages are what others choose, and no more than the first 64 of them.

mod brokers;
mod cache;
mod event_names;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use tokio::time::Instant;

use brokers::Brokers;
use cache::TierRequest;
use event_names::EventNames;

pub use brokers::PublishOutcome;
pub use cache::{CacheTier, TierResult};

/// The type of what [`Metrics::encode`] writes.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything that is counted. A clone counts in the same place.
#[derive(Clone)]
pub struct Metrics(Arc<Counted>);

struct Counted {
    registry: Registry,
    connections: Family<Status, Counter>,
    active: Gauge,
    sent: Counter,
    failed: Family<Reason, Counter>,
    duration: Histogram,
    size: Histogram,
    tokens: Family<Outcome, Counter>,
    closes: Family<Code, Counter>,
    limited: Counter,
    subscriptions: Gauge,
    events: EventNames,
    deliveries: Family<Delivery, Counter>,
    latency: Histogram,
    appends: Family<Outcome, Counter>,
    recoveries: Family<Outcome, Counter>,
    requests: Family<Request, Counter>,
    request_duration: Histogram,
    content: Content,
    reloads: Family<Outcome, Counter>,
    reload_duration: Histogram,
    brokers: Brokers,
    cache: Family<TierRequest, Counter>,
}

#[derive(Debug, Default)]
struct Content {
    revision: Gauge,
    pools: Gauge,
    exercises: Gauge,
    stale: Gauge,
}

/// What became of a request for a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionStatus {
    /// It was opened for a user.
    Accepted,
    /// It was opened, and closed because its user has too many.
    Limited,
    /// It was refused in plain HTTP.
    Refused,
}

/// What became of a message that a history was to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Append {
    /// It is recorded.
    New,
    /// It was recorded before.
    Known,
    /// The history could not be reached.
    Unavailable,
    /// The history has not answered: it may be recorded or not.
    Unanswered,
    /// It is too large to be kept.
    TooLarge,
}

/// What became of a client that wanted what it had missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// It is sent all of it.
    Recovered,
    /// It was told that it has to fetch everything again.
    Refused,
    /// Some of it was lost while it was sent: the connection ended.
    Lost,
    /// The history could not be reached.
    Unavailable,
}

/// Why a message did not reach its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendFailure {
    /// The client reads too slowly: its queue was full.
    SlowConsumer,
    /// The client did not take what was written in time.
    WriteTimeout,
    /// The network broke.
    Broken,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Status {
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Code {
    code: &'static str,
}

/// What became of a reload of the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReloadResult {
    /// What is served changed.
    Applied,
    /// What is served did not change.
    Unchanged,
    /// What is on the disk may not be served: what is served stays.
    Rejected,
    /// What is on the disk could not be read: what is served stays.
    Failed,
}

impl ReloadResult {
    /// The name in logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
        }
    }
}

/// What became of a message that the broker brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// So many connections took it.
    Taken(usize),
    /// It is larger than a message may be.
    TooLarge,
    /// It can't be read.
    Unreadable,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Delivery {
    event: String,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    subject: &'static str,
    result: &'static str,
}

impl Metrics {
    /// Nothing has been counted.
    pub fn new() -> Self {
        let mut counted = Counted {
            registry: Registry::default(),
            connections: Family::default(),
            active: Gauge::default(),
            sent: Counter::default(),
            failed: Family::default(),
            // A second to a day.
            duration: Histogram::new(exponential_buckets(1.0, 3.0, 11)),
            // 64 bytes to 16 MiB.
            size: Histogram::new(exponential_buckets(64.0, 4.0, 10)),
            tokens: Family::default(),
            closes: Family::default(),
            limited: Counter::default(),
            subscriptions: Gauge::default(),
            events: EventNames::default(),
            deliveries: Family::default(),
            // 50 microseconds to 6.5 seconds.
            latency: Histogram::new(exponential_buckets(0.000_05, 2.0, 18)),
            appends: Family::default(),
            recoveries: Family::default(),
            requests: Family::default(),
            // 50 microseconds to 13 seconds.
            request_duration: Histogram::new(exponential_buckets(0.000_05, 4.0, 10)),
            content: Content::default(),
            reloads: Family::default(),
            // A millisecond to half a minute.
            reload_duration: Histogram::new(exponential_buckets(0.001, 2.0, 15)),
            brokers: Brokers::default(),
            cache: Family::default(),
        };
        counted.register();
        Self(Arc::new(counted))
    }

    /// A socket was asked for.
    pub fn connection(&self, status: ConnectionStatus) {
        let status = match status {
            ConnectionStatus::Accepted => "accepted",
            ConnectionStatus::Limited => "limited",
            ConnectionStatus::Refused => "refused",
        };
        self.0.connections.get_or_create(&Status { status }).inc();
    }

    /// A connection is open until this is dropped.
    pub fn open(&self) -> OpenConnection {
        self.0.active.inc();
        OpenConnection {
            metrics: self.clone(),
            since: Instant::now(),
        }
    }

    /// A message of this size was written.
    pub fn sent(&self, bytes: usize) {
        self.0.sent.inc();
        #[expect(
            clippy::cast_precision_loss,
            reason = "a message has less than 2^52 bytes"
        )]
        self.0.size.observe(bytes as f64);
    }

    /// A message did not reach its client.
    pub fn not_sent(&self, failure: SendFailure) {
        let reason = match failure {
            SendFailure::SlowConsumer => "slow_consumer",
            SendFailure::WriteTimeout => "write_timeout",
            SendFailure::Broken => "broken",
        };
        self.0.failed.get_or_create(&Reason { reason }).inc();
    }

    /// A token was looked at: `valid`, or the code of its refusal.
    pub fn token(&self, result: &'static str) {
        self.0.tokens.get_or_create(&Outcome { result }).inc();
    }

    /// A connection was closed, for the reason of this name.
    pub fn closed(&self, code: &'static str) {
        self.0.closes.get_or_create(&Code { code }).inc();
    }

    /// A frame was one too many.
    pub fn rate_limited(&self) {
        self.0.limited.inc();
    }

    /// The broker brought a message of this name, where it has one.
    pub fn delivery(&self, event: Option<&str>, outcome: DeliveryOutcome) {
        let (result, count) = match outcome {
            DeliveryOutcome::Taken(0) => ("unheard", 1),
            DeliveryOutcome::Taken(count) => ("delivered", count),
            DeliveryOutcome::TooLarge => ("too_large", 1),
            DeliveryOutcome::Unreadable => ("unreadable", 1),
        };
        let event = self.0.events.label(event).to_owned();
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        let deliveries = &self.0.deliveries;
        deliveries
            .get_or_create(&Delivery { event, result })
            .inc_by(count);
    }

    /// A message that the broker brought was written to a socket after this time.
    pub fn delivered(&self, took: Duration) {
        self.0.latency.observe(took.as_secs_f64());
    }

    /// A history was to keep a message.
    pub fn append(&self, append: Append) {
        let result = match append {
            Append::New => "new",
            Append::Known => "known",
            Append::Unavailable => "unavailable",
            Append::Unanswered => "unanswered",
            Append::TooLarge => "too_large",
        };
        self.0.appends.get_or_create(&Outcome { result }).inc();
    }

    /// A client wanted what it had missed.
    pub fn recovery(&self, recovery: Recovery) {
        let result = match recovery {
            Recovery::Recovered => "recovered",
            Recovery::Refused => "refused",
            Recovery::Lost => "lost",
            Recovery::Unavailable => "unavailable",
        };
        self.0.recoveries.get_or_create(&Outcome { result }).inc();
    }

    /// There are so many subscriptions now.
    pub fn subscriptions(&self, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.0.subscriptions.set(count);
    }

    /// A request was answered: `ok`, or the code of the error.
    pub fn request(&self, subject: &'static str, result: &'static str, took: Duration) {
        self.0
            .requests
            .get_or_create(&Request { subject, result })
            .inc();
        self.0.request_duration.observe(took.as_secs_f64());
    }

    /// What is served now.
    pub fn content(&self, revision: u64, pools: usize, exercises: usize, stale: usize) {
        let content = &self.0.content;
        let whole = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        content
            .revision
            .set(i64::try_from(revision).unwrap_or(i64::MAX));
        content.pools.set(whole(pools));
        content.exercises.set(whole(exercises));
        content.stale.set(whole(stale));
    }

    /// The content was reloaded, and its changes announced.
    pub fn reload(&self, result: ReloadResult, took: Duration) {
        let result = result.as_str();
        self.0.reloads.get_or_create(&Outcome { result }).inc();
        self.0.reload_duration.observe(took.as_secs_f64());
    }

    /// All of it as `OpenMetrics` text.
    pub fn encode(&self) -> Result<String, fmt::Error> {
        let mut page = String::new();
        text::encode(&mut page, &self.0.registry)?;
        Ok(page)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics(…)")
    }
}

impl Counted {
    // The registry appends `_total` to counters by itself.
    fn register(&mut self) {
        self.register_sockets();
        self.register_messages();
        self.register_content();
        self.brokers.register(&mut self.registry);
    }

    fn register_sockets(&mut self) {
        let of = &mut self.registry;
        of.register(
            "websocket_connections",
            "Requests for sockets, by what became of them",
            self.connections.clone(),
        );
        of.register(
            "websocket_active_connections",
            "Open sockets",
            self.active.clone(),
        );
        of.register(
            "websocket_messages_sent",
            "Messages written",
            self.sent.clone(),
        );
        of.register(
            "websocket_messages_failed",
            "Messages that did not reach their client, by reason",
            self.failed.clone(),
        );
        of.register(
            "websocket_connection_duration_seconds",
            "How long sockets were open",
            self.duration.clone(),
        );
        of.register(
            "websocket_message_size_bytes",
            "Sizes of the messages written",
            self.size.clone(),
        );
        of.register(
            "jwt_validation",
            "Tokens looked at, by result",
            self.tokens.clone(),
        );
        of.register(
            "mithril_close",
            "Sockets closed, by reason",
            self.closes.clone(),
        );
        of.register(
            "mithril_rate_limited",
            "Frames that were too many",
            self.limited.clone(),
        );
    }

    fn register_messages(&mut self) {
        let of = &mut self.registry;
        of.register(
            "mithril_subscriptions",
            "Topics that connections are subscribed to",
            self.subscriptions.clone(),
        );
        of.register(
            "mithril_deliveries",
            "Messages put into queues of connections, by type and result",
            self.deliveries.clone(),
        );
        of.register(
            "mithril_delivery_latency_seconds",
            "How long messages took from the broker to a socket, of one in 64 messages",
            self.latency.clone(),
        );
        of.register(
            "mithril_history_appends",
            "Messages that a history was to keep, by what became of them",
            self.appends.clone(),
        );
        of.register(
            "mithril_history_recoveries",
            "Clients that wanted what they had missed, by what became of them",
            self.recoveries.clone(),
        );
        of.register(
            "mithril_requests",
            "Requests, by subject and result",
            self.requests.clone(),
        );
        of.register(
            "mithril_request_duration_seconds",
            "How long answers to requests took",
            self.request_duration.clone(),
        );
    }

    fn register_content(&mut self) {
        let of = &mut self.registry;
        of.register(
            "mithril_reload",
            "Reloads of the content, by result",
            self.reloads.clone(),
        );
        of.register(
            "mithril_reload_duration_seconds",
            "How long reloads took, to the last announcement",
            self.reload_duration.clone(),
        );
        of.register(
            "mithril_cache_requests",
            "Requests of a node without content, by tier and result",
            self.cache.clone(),
        );
        let content = &self.content;
        for (name, help, gauge) in [
            (
                "mithril_content_revision",
                "Number of the catalog",
                &content.revision,
            ),
            ("mithril_content_pools", "Pools served", &content.pools),
            (
                "mithril_content_exercises",
                "Exercises served",
                &content.exercises,
            ),
            (
                "mithril_content_stale",
                "Files whose last good version is served, because they are broken now",
                &content.stale,
            ),
        ] {
            of.register(name, help, gauge.clone());
        }
    }
}

/// An open connection, counted; dropping it counts it out.
#[derive(Debug)]
#[must_use = "the connection is counted out when this is dropped"]
pub struct OpenConnection {
    metrics: Metrics,
    since: Instant,
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        let counted = &self.metrics.0;
        counted.active.dec();
        counted.duration.observe(self.since.elapsed().as_secs_f64());
    }
}
