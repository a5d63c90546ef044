//! Following what is published: whatever way a message comes, it is read once, and what is not asked
//! for never takes the place of what is.
//!
//! Sources hand what arrives to an [`Intake`], which reads and filters it and never waits; a reader
//! takes it from the bounded [`Queue`] as fast as it can be shown.

mod channels;
mod compact;
mod decode;
mod filter;
pub mod gateway;
mod message;
mod queue;
pub mod redis;
mod template;

use std::error::Error;

use bytes::Bytes;

use crate::clock::Clock;

pub use channels::Channels;
pub use filter::Filter;
pub use message::{Body, Content, Message};
pub use queue::{Item, Mark, Queue};
pub use template::{Template, TemplateError};

/// What happens to a source on the way.
pub enum Notice<'a> {
    /// What is asked for is followed for the first time.
    Following,
    /// The connection is lost for this reason, and will be tried again.
    Lost(&'a dyn Error),
    /// The other side has something to say against it.
    Told(&'a str),
}

/// Who is told what happens to a source.
pub type Observer<'a> = dyn Fn(Notice<'_>) + Sync + 'a;

/// Why a source has ended. None ends well by itself.
#[derive(Debug)]
pub enum Ended<E> {
    /// It could not begin.
    NotBegun(E),
    /// The connection is lost, and not come back to.
    Lost(E),
}

/// Where sources put what arrives.
#[derive(Debug)]
pub struct Intake {
    /// What is asked for.
    pub channels: Channels,
    /// What of that is shown.
    pub filter: Filter,
    /// Where it waits to be shown.
    pub queue: Queue,
    /// What time it is.
    pub clock: Clock,
}

impl Intake {
    /// Takes what arrived on a channel of a broker.
    pub fn published(&self, channel: &str, payload: Bytes) {
        if self.channels.want(channel, &payload) {
            self.message(decode::published(channel, payload, self.clock.now()));
        }
    }

    /// Takes a message that is asked for.
    pub fn message(&self, message: Message) {
        if self.filter.passes(&message) {
            self.queue.push(message);
        }
    }

    /// Marks that messages may be missing.
    pub fn gap(&self, seconds: Option<f64>) {
        self.queue.push_gap(seconds);
    }
}
