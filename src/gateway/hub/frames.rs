//! A message is encoded when the first connection that speaks a dialect needs it, and once.

use std::sync::Arc;

use crate::protocol::{Dialect, Envelope};

use super::Recipient;
use crate::gateway::socket::Frame;

/// The frames of one message.
pub(super) struct Frames<'a> {
    envelope: &'a Envelope,
    classic: Encoded,
    v1: Encoded,
}

enum Encoded {
    NotYet,
    Done(Frame),
    Failed,
}

impl<'a> Frames<'a> {
    pub(super) fn of(envelope: &'a Envelope) -> Self {
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
            if let Some(frame) = self.frame(recipient.dialect)
                && recipient.outbox.push(frame).is_ok()
            {
                taken += 1;
            }
        }
        taken
    }

    fn frame(&mut self, dialect: Dialect) -> Option<Frame> {
        let encoded = match dialect {
            Dialect::Classic => &mut self.classic,
            Dialect::V1 => &mut self.v1,
        };
        if matches!(encoded, Encoded::NotYet) {
            *encoded = match self.envelope.encode(dialect) {
                Ok(text) => Encoded::Done(text.into()),
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
