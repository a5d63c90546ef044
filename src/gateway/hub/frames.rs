//! A message is encoded when the first connection that speaks a dialect needs it, and once.

use std::sync::Arc;

use crate::protocol::{Address, Dialect, Envelope, Position, Topic};

use super::Recipient;
use crate::gateway::socket::Frame;

/// The frames of one message.
pub(in crate::gateway) struct Frames<'a> {
    envelope: &'a Envelope,
    classic: Encoded,
    v1: Encoded,
}

/// A frame for one connection, and where its message is in the history of the connection's user.
#[derive(Debug, Clone)]
pub(in crate::gateway) struct Outgoing {
    pub(super) frame: Frame,
    position: Option<Arc<Position>>,
}

impl Outgoing {
    /// Puts it into the outbox; whether that took it.
    pub(in crate::gateway) fn push_to(self, recipient: &Recipient) -> bool {
        let outbox = &recipient.outbox;
        outbox.push_recorded(self.frame, self.position).is_ok()
    }

    /// The same where there is room for it: else it comes back.
    pub(super) fn offer_to(self, recipient: &Recipient) -> Result<(), Self> {
        let offered = recipient.outbox.offer(self.frame, self.position);
        offered.map_err(|(frame, position)| Self { frame, position })
    }

    /// Its bytes.
    pub(in crate::gateway) fn len(&self) -> usize {
        self.frame.len()
    }
}

enum Encoded {
    NotYet,
    Done(Frame),
    Failed,
}

impl<'a> Frames<'a> {
    pub(in crate::gateway) fn of(envelope: &'a Envelope) -> Self {
        Self {
            envelope,
            classic: Encoded::NotYet,
            v1: Encoded::NotYet,
        }
    }

    /// Puts the message into their outboxes; returns how many took it. An outbox that is full has
    /// closed its connection as a slow consumer, which is nobody else's business.
    pub(super) fn push_to<'r>(
        &mut self,
        recipients: impl Iterator<Item = &'r Arc<Recipient>>,
    ) -> usize {
        let mut taken = 0;
        for recipient in recipients {
            if let Some(outgoing) = self.outgoing(recipient.dialect)
                && outgoing.push_to(recipient)
            {
                taken += 1;
            }
        }
        taken
    }

    /// What a connection that speaks this dialect is sent.
    pub(in crate::gateway) fn outgoing(&mut self, dialect: Dialect) -> Option<Outgoing> {
        let position = match (dialect, &self.envelope.address) {
            // What is written to a user in this dialect counts as read.
            (Dialect::Classic, Address::Topic(Topic::User(_))) => {
                let recorded = self.envelope.recorded.as_ref();
                recorded.map(|recorded| Arc::clone(&recorded.position))
            }
            (Dialect::Classic | Dialect::V1, _) => None,
        };
        let frame = self.frame(dialect)?;
        Some(Outgoing { frame, position })
    }

    fn frame(&mut self, dialect: Dialect) -> Option<Frame> {
        let encoded = match dialect {
            Dialect::Classic => &mut self.classic,
            Dialect::V1 => &mut self.v1,
        };
        if matches!(encoded, Encoded::NotYet) {
            *encoded = match self.envelope.encode(dialect) {
                Ok(text) => Encoded::Done(Frame::from(text).arrived(self.envelope.arrived)),
                Err(error) => {
                    let address = &self.envelope.address;
                    tracing::error!(%address, error = &error as &dyn std::error::Error, "no frame");
                    Encoded::Failed
                }
            };
        }
        match encoded {
            Encoded::Done(frame) => Some(frame.clone()),
            Encoded::NotYet | Encoded::Failed => None,
        }
    }
}
