//! What one user, or all of them, got of what was published to them: numbers from 1 on, in order.

use std::fmt;
use std::time::Duration;

/// Of one user or of several.
#[derive(Debug, Default, Clone)]
pub(super) struct Account {
    /// Messages that came.
    pub(super) received: u64,
    /// Messages that did not come before one behind them.
    pub(super) lost: u64,
    /// Messages that came although they, or one behind them, had come.
    pub(super) doubled: u64,
    /// How often somebody was told that messages may be missing.
    pub(super) told: usize,
    /// Messages that did not come, where that was told.
    pub(super) gone: u64,
    /// Messages that came again, where that was told.
    pub(super) again: u64,
    /// How often somebody connected.
    pub(super) connections: usize,
    /// How long after Redis had come back each first had a message that was new.
    pub(super) back: Vec<Duration>,
    last: u64,
    is_told: bool,
}

impl Account {
    /// A message came.
    pub(super) fn take(&mut self, number: u64) {
        self.received += 1;
        let is_told = std::mem::take(&mut self.is_told);
        if number <= self.last {
            *(if is_told {
                &mut self.again
            } else {
                &mut self.doubled
            }) += 1;
            return;
        }
        let missing = number - self.last - 1;
        *(if is_told {
            &mut self.gone
        } else {
            &mut self.lost
        }) += missing;
        self.last = number;
    }

    /// It was told that messages may be missing.
    pub(super) fn tell(&mut self) {
        self.told += 1;
        self.is_told = true;
    }

    /// The number of the last message.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.received += other.received;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.told += other.told;
        self.gone += other.gone;
        self.again += other.again;
        self.connections += other.connections;
        self.back.extend(&other.back);
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "received {}, lost {}, doubled {}; told {} times that messages may be missing, of which {} \
             were and {} came again; {} connections",
            self.received,
            self.lost,
            self.doubled,
            self.told,
            self.gone,
            self.again,
            self.connections
        )?;
        let mut back = self.back.clone();
        back.sort_unstable();
        if let (Some(first), Some(last)) = (back.first(), back.last()) {
            let half = back[back.len() / 2];
            write!(
                f,
                "; after Redis' return a new message came after {first:.1?} at first, {half:.1?} in the \
                 median, {last:.1?} at last"
            )?;
        }
        Ok(())
    }
}
