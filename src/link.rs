//! A link to a Redis: nobody waits longer than its limit, and what fails says why.
//!
//! Commands of all callers share one connection and are written one behind the other, so that one
//! caller's arrive in their order. A connection is dialled when there is a command for it; while
//! Redis is away, commands fail at once instead of queueing: what was given up is not done later.
//!
//! The types of the crate that speaks the protocol stay here and in `broker::redis`.

mod breaker;
mod command;
mod dial;
mod failure;
mod reply;
mod script;
mod wire;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::config::RedisUrl;

use breaker::Breaker;
use dial::Dialer;
use wire::Wire;

pub use command::Command;
pub use failure::{LinkError, LinkFailure};
pub use reply::Reply;
pub use script::{Run, Script};

/// What each command of a batch was answered.
pub type Replies = Vec<Result<Reply, LinkFailure>>;

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct LinkLimits {
    /// A command, with the connecting that it may need.
    pub answer: Duration,
    /// A connection, with the greeting.
    pub dial: Duration,
}

impl Default for LinkLimits {
    fn default() -> Self {
        Self {
            answer: Duration::from_millis(750),
            dial: Duration::from_secs(1),
        }
    }
}

/// A link to a Redis. A clone is the same link.
#[derive(Clone)]
pub struct Link {
    shared: Arc<Shared>,
}

struct Shared {
    dialer: Dialer,
    limits: LinkLimits,
    state: Mutex<State>,
    /// Held by whoever dials, so that all others get what comes of it.
    dialling: tokio::sync::Mutex<()>,
}

struct State {
    wire: Option<Wire>,
    breaker: Breaker,
    cause: Option<LinkError>,
    /// How often it was dialled, so that who waited meanwhile knows.
    dials: u64,
}

impl Link {
    /// A link without a connection.
    pub fn new(url: RedisUrl, limits: LinkLimits) -> Self {
        Self {
            shared: Arc::new(Shared {
                dialer: Dialer::new(url, limits.dial),
                limits,
                state: Mutex::new(State {
                    wire: None,
                    breaker: Breaker::default(),
                    cause: None,
                    dials: 0,
                }),
                dialling: tokio::sync::Mutex::default(),
            }),
        }
    }

    /// Where it leads, for people: without user and password.
    pub fn place(&self) -> &str {
        self.shared.dialer.place()
    }

    /// Whether keys are spread over several servers, so that there is no transaction over all.
    pub fn is_cluster(&self) -> bool {
        self.shared.dialer.is_cluster()
    }

    /// Sends a command.
    pub async fn send(&self, command: Command) -> Result<Reply, LinkError> {
        let (wire, deadline) = self.wire().await?;
        self.within(&wire, deadline, wire.send(command)).await
    }

    /// Sends commands one behind the other, each of which is done or refused by itself.
    pub async fn pipeline(&self, commands: Vec<Command>) -> Result<Replies, LinkError> {
        let (wire, deadline) = self.wire().await?;
        self.within(&wire, deadline, wire.pipeline(commands)).await
    }

    /// Sends commands of which all are done at one moment, or none. On a cluster their keys must be
    /// on one server.
    pub async fn transaction(&self, commands: Vec<Command>) -> Result<Replies, LinkError> {
        let (wire, deadline) = self.wire().await?;
        self.within(&wire, deadline, wire.transaction(commands))
            .await
    }

    /// Runs a script. It is sent once more, in full, to a server that has not seen it.
    pub async fn run(&self, run: Run<'_>) -> Result<Reply, LinkError> {
        let (wire, deadline) = self.wire().await?;
        let answer = async {
            match wire.send(run.by_name()).await {
                Err(LinkFailure::UnknownScript) => wire.send(run.in_full()).await,
                answered => answered,
            }
        };
        self.within(&wire, deadline, answer).await
    }

    /// All keys that match a glob, in no order and each once.
    pub async fn keys(&self, glob: &str) -> Result<Vec<String>, LinkError> {
        let mut keys = Vec::new();
        for link in self.primaries().await? {
            link.scan(glob, &mut keys).await?;
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }

    /// Connects, if there is no connection.
    pub async fn connect(&self) -> Result<(), LinkError> {
        self.wire().await.map(drop)
    }

    /// Forgets the connection, and that there was trouble: Redis has been seen to be back.
    pub fn renew(&self) {
        let mut state = self.state();
        state.wire = None;
        state.breaker = Breaker::default();
        state.cause = None;
    }

    /// A connection of its own, for subscriptions alone.
    pub(crate) async fn subscriber(&self) -> Result<redis::aio::PubSub, LinkError> {
        self.shared.dialer.subscriber().await
    }

    /// Every server that owns keys.
    async fn primaries(&self) -> Result<Vec<Self>, LinkError> {
        if !self.is_cluster() {
            return Ok(vec![self.clone()]);
        }
        let reply = self.send(Command::new("CLUSTER").arg("SLOTS")).await?;
        let urls = self.shared.dialer.primaries(&reply);
        let limits = self.shared.limits;
        Ok(urls.map(|url| Self::new(url, limits)).collect())
    }

    async fn scan(&self, glob: &str, keys: &mut Vec<String>) -> Result<(), LinkError> {
        let mut cursor = "0".to_owned();
        loop {
            let command = Command::new("SCAN").arg(&cursor);
            let command = command.arg("MATCH").arg(glob).arg("COUNT").arg("1000");
            let garbled = || self.error(LinkFailure::Garbled);
            let mut reply = self.send(command).await?.list().ok_or_else(garbled)?;
            let page = reply.pop().and_then(Reply::list).ok_or_else(garbled)?;
            cursor = reply.pop().and_then(Reply::text).ok_or_else(garbled)?;
            // A key that is no text is none of ours.
            keys.extend(page.into_iter().filter_map(Reply::text));
            if cursor == "0" {
                return Ok(());
            }
        }
    }

    /// A connection, and until when a command that begins now has to be answered.
    async fn wire(&self) -> Result<(Wire, Instant), LinkError> {
        let deadline = Instant::now() + self.shared.limits.answer;
        let dials = self.state().dials;
        if let Some(wire) = self.current()? {
            return Ok((wire, deadline));
        }
        let late = |_| self.error(LinkFailure::Timeout(self.shared.limits.answer));
        let dialling = self.shared.dialling.lock();
        let _dialling = timeout_at(deadline, dialling).await.map_err(late)?;
        // The breaker has let this caller pass, and would not do so twice.
        if let Some(outcome) = self.dialled_since(dials) {
            return outcome.map(|wire| (wire, deadline));
        }
        let dialled = timeout_at(deadline, self.shared.dialer.commands()).await;
        let dialled = dialled.map_err(late).flatten();
        let mut state = self.state();
        state.dials += 1;
        match dialled {
            Ok(wire) => {
                state.wire = Some(wire.clone());
                Ok((wire, deadline))
            }
            Err(error) => {
                state.breaker.open(Instant::now());
                state.cause = Some(error.clone());
                Err(error)
            }
        }
    }

    /// What came of it, if another caller has dialled meanwhile.
    fn dialled_since(&self, dials: u64) -> Option<Result<Wire, LinkError>> {
        let state = self.state();
        if state.dials == dials {
            return None;
        }
        let failed = || self.error(LinkFailure::Closed);
        let cause = || state.cause.clone().unwrap_or_else(failed);
        Some(state.wire.clone().ok_or_else(cause))
    }

    /// The connection there is, if it stands; an error while none is dialled after a failure.
    fn current(&self) -> Result<Option<Wire>, LinkError> {
        let mut state = self.state();
        if !state.breaker.permits(Instant::now()) {
            let cause = state.cause.clone();
            return Err(cause.unwrap_or_else(|| self.error(LinkFailure::Closed)));
        }
        if state.wire.as_ref().is_some_and(Wire::is_dead) {
            state.wire = None;
        }
        Ok(state.wire.clone())
    }

    /// Waits for an answer until the deadline, and learns from how it goes.
    async fn within<T>(
        &self,
        wire: &Wire,
        deadline: Instant,
        answer: impl Future<Output = Result<T, LinkFailure>>,
    ) -> Result<T, LinkError> {
        let answered = timeout_at(deadline, answer).await;
        let limit = self.shared.limits.answer;
        let answered = answered.unwrap_or(Err(LinkFailure::Timeout(limit)));
        match answered {
            Ok(answer) => {
                self.state().breaker.close();
                Ok(answer)
            }
            Err(failure) => Err(self.failed(wire, failure)),
        }
    }

    /// Draws the consequences of a failure.
    fn failed(&self, wire: &Wire, failure: LinkFailure) -> LinkError {
        let mut error = self.error(failure);
        let mut state = self.state();
        if error.failure.is_of_connection() {
            if state.breaker.count(Instant::now()) {
                state.cause = Some(error.clone());
            }
            error.is_open = true;
        } else {
            state.breaker.close();
        }
        if error.failure.ends_connection() && state.wire.as_ref().is_some_and(|now| now.is(wire)) {
            state.wire = None;
        }
        error
    }

    /// A failure of this link.
    pub(crate) fn error(&self, failure: LinkFailure) -> LinkError {
        LinkError {
            place: self.place().into(),
            failure,
            is_open: false,
        }
    }

    // Each change leaves the state consistent, so a panic elsewhere does not spoil it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// What failed on a connection for subscriptions.
pub(crate) fn failure_of(error: &redis::RedisError) -> LinkFailure {
    failure::of(error)
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({})", self.place())
    }
}
