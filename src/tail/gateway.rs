//! Following topics through a gateway, as any client does: what it has confirmed is followed, and a
//! connection that ends is come back to as the gateway says.
//!
//! Positions in histories are kept, so that a gateway that has one fills a gap; where it can't, the
//! gap is marked.

mod frame;
mod loss;
mod past;
mod socket;
mod subscription;
mod talk;

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Channels, Ended, Intake, Notice, Observer};
use crate::backoff::Backoff;
use crate::config::Secret;
use crate::protocol::Envelope;
use crate::remote::{Endpoint, SecretSource};
use frame::Frame;
use loss::Return;
use past::Past;
use socket::Socket;
use subscription::Subscription;
use talk::Talk;

pub use loss::{Loss, Rejection};

/// How long a connection must have held for the next attempt to count as a first one.
const STEADY: Duration = Duration::from_secs(10);

/// Requests that a gateway takes at once, and how far apart it takes more.
const AT_ONCE: u32 = 10;
const PACE: Duration = Duration::from_millis(125);

/// What the answer to a request carries back. One is asked at a time.
const REQUEST_ID: &str = "tail";

/// What is followed through a gateway, and how.
#[derive(Debug)]
pub struct Gateway {
    /// Where it is.
    pub endpoint: Endpoint,
    /// What proves who asks.
    pub token: Option<SecretSource>,
    /// What is followed: names and patterns, as the gateway takes them.
    pub topics: Vec<String>,
    /// Whether to come back after a loss.
    pub reconnects: bool,
    /// How many messages of each topic's history come first.
    pub last: Option<u64>,
}

/// What is kept from one connection to the next.
struct Following<'a> {
    gateway: &'a Gateway,
    intake: &'a Intake,
    observer: &'a Observer<'a>,
    subscription: Subscription,
    /// The token that was used last.
    token: Option<Secret<String>>,
    has_begun: bool,
    /// Since when there is no connection.
    lost: Option<Instant>,
}

impl Gateway {
    /// Follows until that is not possible any more, and says why it is not.
    pub async fn follow(&self, intake: &Intake, observer: &Observer<'_>) -> Ended<Loss> {
        let mut following = Following {
            gateway: self,
            intake,
            observer,
            subscription: Subscription::new(&self.topics),
            token: None,
            has_begun: false,
            lost: None,
        };
        let mut backoff = Backoff::default();
        loop {
            let begin = Instant::now();
            let Err(loss) = following.connection().await;
            if !following.has_begun {
                return Ended::NotBegun(loss);
            }
            if begin.elapsed() > STEADY {
                backoff.reset();
            }
            let delay = match loss.comes_back() {
                Return::Never => return Ended::Lost(loss),
                Return::WithNewToken if !following.has_new_token() => {
                    return Ended::Lost(loss);
                }
                Return::WithNewToken | Return::Soon => backoff.delay(),
                Return::After(delay) => delay.max(backoff.delay()),
            };
            if !self.reconnects {
                return Ended::Lost(loss);
            }
            if following.lost.is_none() {
                following.lost = Some(Instant::now());
                observer(Notice::Lost(&loss));
            }
            sleep(delay).await;
        }
    }
}

impl Following<'_> {
    /// One connection, until it is lost.
    async fn connection(&mut self) -> Result<std::convert::Infallible, Loss> {
        let endpoint = &self.gateway.endpoint;
        self.token = match &self.gateway.token {
            Some(source) => Some(source.read()?),
            None => None,
        };
        let socket = Socket::open(endpoint, self.token.as_ref()).await?;
        let mut talk = Talk::new(socket);
        let request = self.subscription.request();
        let answer = talk.ask("subscribe", request).await?;
        let is_complete = self.subscription.confirmed(answer)?;
        if let (false, Some(last)) = (self.has_begun, self.gateway.last) {
            self.show_past(&mut talk, last).await?;
        }
        if !self.has_begun {
            self.has_begun = true;
            (self.observer)(Notice::Following);
        }
        if let Some(lost) = self.lost.take()
            && !is_complete
        {
            self.intake.gap(Some(lost.elapsed().as_secs_f64()));
        }
        let channels = self.subscription.channels();
        loop {
            let text = talk.next().await?;
            self.take(&text, &channels);
        }
    }

    /// Shows the last messages of each topic, up to where it stood when it was subscribed to.
    async fn show_past(&self, talk: &mut Talk, last: u64) -> Result<(), Loss> {
        let mut asked = 0;
        for (topic, position) in self.subscription.positions() {
            let position = position.ok_or_else(|| Loss::NoHistory(topic.to_owned()))?;
            let mut past = Past::new(topic, position, last);
            while let Some(request) = past.request() {
                asked += 1;
                if asked > AT_ONCE {
                    sleep(PACE).await;
                }
                let page = talk.ask("read the history", request).await?;
                for message in past.take(page, self.intake.clock.now()) {
                    self.intake.message(message);
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, text: &str, channels: &Channels) {
        match Frame::read(text) {
            Some(Frame::Event(event)) => {
                if let Some(position) = event.position() {
                    self.subscription.reached(event.subject(), position);
                }
                if channels.has(event.subject()) {
                    self.intake.message(event.message(self.intake.clock.now()));
                }
            }
            Some(Frame::Gap) => self.intake.gap(None),
            Some(Frame::Error(error)) => (self.observer)(Notice::Told(&error)),
            Some(Frame::Denied { code, said }) => {
                (self.observer)(Notice::Told(&format!("{said} ({code})")));
            }
            Some(Frame::Answer(_)) | None => {}
        }
    }

    fn has_new_token(&self) -> bool {
        let source = self.gateway.token.as_ref();
        let now = source.and_then(|source| source.read().ok());
        now.is_some() && now != self.token
    }
}

/// Whether a gateway sends it to all, asked or not: there is nothing to subscribe to.
fn is_for_everyone(topic: &str) -> bool {
    topic == Envelope::broadcast_channel()
}
