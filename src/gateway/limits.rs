//! What sockets may cost. The defaults are PROTOCOL.md's, section 9; a rate of 0 is no limit.

use std::time::Duration;

/// What sockets may cost.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Sockets in all.
    pub connections: usize,
    /// Sockets of one user.
    pub connections_per_user: usize,
    /// Sockets that have not said yet whose they are.
    pub strangers: usize,
    /// Connects a second from one address.
    pub connects_per_address: u32,
    /// Connects at once from one address.
    pub connects_burst: u32,
    /// Tokens a second from one address that prove nothing.
    pub failures_per_address: u32,
    /// Frames a second on one connection.
    pub frames_per_second: u32,
    /// Frames at once on one connection.
    pub frames_burst: u32,
    /// Bytes of one message from a client.
    pub message_size: usize,
    /// Topics of one connection.
    pub topics_per_connection: usize,
    /// Bytes of one message from the broker.
    pub payload: usize,
    /// How long a broker or a service may take to answer.
    pub request_timeout: Duration,
    /// Frames that may wait to be sent on one connection.
    pub queue_frames: usize,
    /// Bytes that may wait to be sent on one connection.
    pub queue_bytes: usize,
    /// How long a client may take to accept what is written.
    pub write_timeout: Duration,
    /// How long a client may take to answer a close.
    pub close_timeout: Duration,
    /// How often a client is asked whether it is there; zero is never.
    pub ping_interval: Duration,
    /// How long a client may take to answer that.
    pub pong_timeout: Duration,
    /// How long a client may take to say who it is.
    pub auth_timeout: Duration,
    /// How long nothing may be said either way; zero is for ever.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: usize::MAX,
            connections_per_user: 5,
            strangers: 1_000,
            connects_per_address: 200,
            connects_burst: 2_000,
            failures_per_address: 10,
            frames_per_second: 10,
            frames_burst: 20,
            message_size: 64 * 1024,
            topics_per_connection: 128,
            payload: 256 * 1024,
            request_timeout: Duration::from_secs(5),
            queue_frames: 256,
            queue_bytes: 1024 * 1024,
            write_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(5),
            ping_interval: Duration::from_secs(25),
            pong_timeout: Duration::from_secs(10),
            auth_timeout: Duration::from_secs(10),
            idle: Duration::from_mins(5),
        }
    }
}
