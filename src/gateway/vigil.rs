//! One timer watches over a connection: that its peer is there, that something is said, that its
//! token has not ended, and when it has to leave.
//!
//! Nothing here asks what time it is or waits. What happened since the timer was set is looked at
//! when it fires, so that a frame costs no timer.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::Limits;
use crate::protocol::CloseCode;

/// How long an expired token may still be refreshed before the connection is closed.
pub(super) const REFRESH_GRACE: Duration = Duration::from_secs(25);
/// What is further away than this need not be waited for.
const FAR: Duration = Duration::from_hours(24);

/// When something was last said on a connection, by either side; both halves of it know.
#[derive(Debug)]
pub(super) struct Activity {
    begin: Instant,
    milliseconds: AtomicU64,
}

impl Activity {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            begin: now,
            milliseconds: AtomicU64::new(0),
        }
    }

    /// Something is said now.
    pub(super) fn touch(&self, now: Instant) {
        let since = now.saturating_duration_since(self.begin).as_millis();
        let since = u64::try_from(since).unwrap_or(u64::MAX);
        self.milliseconds.store(since, Ordering::Relaxed);
    }

    fn last(&self) -> Instant {
        self.begin + Duration::from_millis(self.milliseconds.load(Ordering::Relaxed))
    }
}

/// What is to be done when the timer fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing: what was waited for has happened.
    Nothing,
    /// The peer is to be asked whether it is there.
    Ping,
    /// The connection is over.
    Close(CloseCode),
    /// The connection has to leave, because the daemon stops.
    Leave,
}

/// Watches over one connection.
#[derive(Debug)]
pub(super) struct Vigil {
    ping_interval: Duration,
    pong_timeout: Duration,
    idle: Duration,
    ping_at: Instant,
    pong_by: Option<Instant>,
    leave_at: Option<Instant>,
}

impl Vigil {
    pub(super) fn new(limits: &Limits, now: Instant) -> Self {
        let off = |duration: Duration| if duration.is_zero() { FAR } else { duration };
        let ping_interval = off(limits.ping_interval);
        Self {
            ping_interval,
            pong_timeout: limits.pong_timeout,
            idle: if limits.idle.is_zero() {
                Duration::MAX
            } else {
                limits.idle
            },
            ping_at: now + ping_interval,
            pong_by: None,
            leave_at: None,
        }
    }

    /// The peer has answered.
    pub(super) fn pong(&mut self) {
        self.pong_by = None;
    }

    /// The peer was not heard until now: what it has to answer it may answer later.
    pub(super) fn excuse(&mut self, now: Instant) {
        if self.pong_by.is_some() {
            self.pong_by = Some(now + self.pong_timeout);
        }
    }

    /// The connection has to leave then.
    pub(super) fn leave_at(&mut self, moment: Instant) {
        self.leave_at = Some(moment);
    }

    /// When to look again. The token lasts for so long from now, or ended so long ago.
    pub(super) fn next(
        &self,
        activity: &Activity,
        now: Instant,
        lifetime: Result<Duration, Duration>,
    ) -> Instant {
        let stays = match lifetime {
            Ok(left) => left.saturating_add(REFRESH_GRACE),
            Err(ago) => REFRESH_GRACE.saturating_sub(ago),
        };
        let ends = now + stays.min(FAR);
        let idle = activity.last().checked_add(self.idle);
        let others = [self.pong_by, self.leave_at, idle];
        let first = others.into_iter().flatten().min();
        first
            .map_or(ends, |moment| moment.min(ends))
            .min(self.ping_at)
    }

    /// What is to be done now. The token ended so long ago, if it has.
    pub(super) fn due(
        &mut self,
        activity: &Activity,
        now: Instant,
        ended: Option<Duration>,
    ) -> Due {
        let reached = |moment: Option<Instant>| moment.is_some_and(|moment| moment <= now);
        if reached(self.leave_at) {
            return Due::Leave;
        }
        if ended.is_some_and(|ago| ago >= REFRESH_GRACE) {
            return Due::Close(CloseCode::TokenExpired);
        }
        if reached(self.pong_by) {
            return Due::Close(CloseCode::PingTimeout);
        }
        if reached(activity.last().checked_add(self.idle)) {
            return Due::Close(CloseCode::IdleTimeout);
        }
        if self.ping_at <= now {
            self.ping_at = now + self.ping_interval;
            self.pong_by.get_or_insert(now + self.pong_timeout);
            return Due::Ping;
        }
        Due::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_has_ended_gets_no_grace_anew() {
        let now = Instant::now();
        let limits = Limits {
            ping_interval: Duration::ZERO,
            ..Limits::default()
        };
        let vigil = Vigil::new(&limits, now);
        let activity = Activity::new(now);
        let looks = |lifetime| vigil.next(&activity, now, lifetime) - now;
        let second = Duration::from_secs(1);
        assert_eq!(looks(Ok(second)), REFRESH_GRACE + second);
        assert_eq!(looks(Err(second)), Duration::from_secs(24));
        assert_eq!(looks(Err(REFRESH_GRACE + second)), Duration::ZERO);
    }
}
