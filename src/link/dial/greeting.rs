//! What every connection says first.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redis::aio::{MultiplexedConnection, SendError};
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo,
    ProtocolVersion, PushInfo, PushKind, RedisConnectionInfo,
};

use crate::config::RedisUrl;
use crate::link::failure::{self, LinkFailure};

/// How many commands may wait to be written to a connection; whoever is next waits too.
const QUEUE: usize = 1024;
/// How many bytes are gathered before they are written.
const BUFFER: usize = 64 * 1024;

/// A greeting without user and password. The newer protocol tells a wrong password from none, and
/// says when a connection ends.
pub(super) fn anonymous() -> RedisConnectionInfo {
    RedisConnectionInfo::default()
        .set_protocol(ProtocolVersion::RESP3)
        .set_lib_name(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
}

/// The greeting for this Redis.
pub(super) fn of(url: &RedisUrl) -> RedisConnectionInfo {
    let mut greeting = anonymous().set_db(url.db.into());
    if let Some(user) = &url.user {
        greeting = greeting.set_username(user);
    }
    if let Some(password) = &url.password {
        greeting = greeting.set_password(password.expose());
    }
    greeting
}

pub(super) fn info(
    address: ConnectionAddr,
    greeting: RedisConnectionInfo,
) -> Result<ConnectionInfo, LinkFailure> {
    let info = address.into_connection_info();
    let info = info.map_err(|error| failure::of_dial(&error))?;
    Ok(info.set_redis_settings(greeting).set_tcp_settings(tcp()))
}

pub(super) fn client(
    address: ConnectionAddr,
    greeting: RedisConnectionInfo,
) -> Result<Client, LinkFailure> {
    let client = Client::open(info(address, greeting)?);
    client.map_err(|error| failure::of_dial(&error))
}

/// Small commands are not held back to be sent with others.
pub(super) fn tcp() -> TcpSettings {
    TcpSettings::default().set_nodelay(true)
}

/// A connection for commands, which sets the flag when it ends. Limits are set by whoever waits.
pub(super) async fn multiplexed(
    client: &Client,
    dead: Arc<AtomicBool>,
) -> Result<MultiplexedConnection, LinkFailure> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(None)
        .set_response_timeout(None)
        .set_pipeline_buffer_size(QUEUE)
        .set_write_backpressure_boundary(BUFFER)
        .set_push_sender(move |push: PushInfo| {
            if push.kind == PushKind::Disconnection {
                dead.store(true, Ordering::Relaxed);
            }
            Ok::<(), SendError>(())
        });
    let connected = client.get_multiplexed_async_connection_with_config(&config);
    connected.await.map_err(|error| failure::of_dial(&error))
}
