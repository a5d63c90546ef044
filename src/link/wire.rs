//! A connection for commands, to one server or to a cluster.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster_async::ClusterConnection;
use redis::{Pipeline, Value};

use super::failure::{self, LinkFailure};
use super::{Command, Replies, Reply};

/// A connection. A clone is the same connection.
#[derive(Clone)]
pub(super) struct Wire {
    connection: Connection,
    dead: Arc<AtomicBool>,
}

#[derive(Clone)]
enum Connection {
    Server(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Wire {
    /// A connection to a server; the flag is set when it ends.
    pub(super) fn server(connection: MultiplexedConnection, dead: Arc<AtomicBool>) -> Self {
        Self {
            connection: Connection::Server(connection),
            dead,
        }
    }

    /// Connections to a cluster, which it looks after itself.
    pub(super) fn cluster(connection: ClusterConnection) -> Self {
        Self {
            connection: Connection::Cluster(connection),
            dead: Arc::default(),
        }
    }

    /// Whether the other side has hung up.
    pub(super) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    /// Whether the two are the same.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.dead, &other.dead)
    }

    /// The answer to a command.
    pub(super) async fn send(&self, command: Command) -> Result<Reply, LinkFailure> {
        let command = command.into_redis();
        let value = match self.connection.clone() {
            Connection::Server(mut server) => server.req_packed_command(&command).await,
            Connection::Cluster(mut cluster) => cluster.req_packed_command(&command).await,
        };
        Reply::read(value.map_err(|error| failure::of(&error))?)
    }

    /// The answers to commands in their order.
    pub(super) async fn pipeline(&self, commands: Vec<Command>) -> Result<Replies, LinkFailure> {
        let mut server = match &self.connection {
            Connection::Server(server) => server.clone(),
            Connection::Cluster(_) => return self.spread(commands).await,
        };
        let mut pipeline = Pipeline::with_capacity(commands.len());
        for command in commands {
            pipeline.add_command(command.into_redis());
        }
        let count = pipeline.len();
        if count == 0 {
            return Ok(Replies::new());
        }
        let values = server.req_packed_commands(&pipeline, 0, count).await;
        let values = values.map_err(|error| failure::of(&error))?;
        Ok(values.into_iter().map(Reply::read).collect())
    }

    /// The answers to commands that are done at one moment.
    pub(super) async fn transaction(&self, commands: Vec<Command>) -> Result<Replies, LinkFailure> {
        let mut pipeline = Pipeline::with_capacity(commands.len());
        pipeline.atomic();
        for command in commands {
            pipeline.add_command(command.into_redis());
        }
        let count = pipeline.len();
        if count == 0 {
            return Ok(Replies::new());
        }
        // Of the answers to MULTI, each command and EXEC, the last holds all results.
        let values = match self.connection.clone() {
            Connection::Server(mut server) => {
                server.req_packed_commands(&pipeline, count + 1, 1).await
            }
            Connection::Cluster(mut cluster) => {
                cluster.req_packed_commands(&pipeline, count + 1, 1).await
            }
        };
        let values = values.map_err(|error| failure::of(&error))?;
        match values.into_iter().next_back() {
            Some(Value::Array(results)) => Ok(results.into_iter().map(Reply::read).collect()),
            Some(Value::ServerError(error)) => Err(failure::of(&error.into())),
            Some(_) | None => Err(LinkFailure::Garbled),
        }
    }

    /// Sends each command to the server of its key; those of one server go one behind the other.
    async fn spread(&self, commands: Vec<Command>) -> Result<Replies, LinkFailure> {
        let sent = commands.into_iter().map(|command| self.send(command));
        let replies = join_all(sent).await;
        let broken = replies.iter().find_map(|reply| match reply {
            Err(failure) if failure.is_of_connection() => Some(failure.clone()),
            Ok(_) | Err(_) => None,
        });
        broken.map_or(Ok(replies), Err)
    }
}
