//! Opening connections: to a server, to the primary that sentinels name, to a cluster.
//!
//! Where the primary is, is asked anew for each connection.

mod cluster;
mod greeting;
mod sentinels;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use redis::ConnectionAddr;
use redis::aio::PubSub;
use tokio::time::timeout;

use crate::config::{RedisHost, RedisPlace, RedisUrl};

use super::Wire;
use super::failure::{self, LinkError, LinkFailure};
use greeting::{client, multiplexed};

/// Opens connections.
pub(super) struct Dialer {
    url: RedisUrl,
    shown: String,
    limit: Duration,
    // The nodes of a cluster that are known; those of the URL at first.
    nodes: Mutex<Vec<RedisHost>>,
}

impl Dialer {
    pub(super) fn new(url: RedisUrl, limit: Duration) -> Self {
        let nodes = match &url.place {
            RedisPlace::Cluster(hosts) => hosts.clone(),
            RedisPlace::Server(_) | RedisPlace::Socket(_) | RedisPlace::Sentinels { .. } => {
                Vec::new()
            }
        };
        Self {
            shown: url.to_string(),
            url,
            limit,
            nodes: Mutex::new(nodes),
        }
    }

    pub(super) fn place(&self) -> &str {
        &self.shown
    }

    pub(super) fn is_cluster(&self) -> bool {
        matches!(self.url.place, RedisPlace::Cluster(_))
    }

    /// A connection for commands.
    pub(super) async fn commands(&self) -> Result<Wire, LinkError> {
        match self.address().await? {
            Some(address) => self.commands_at(address).await,
            None => self.cluster().await,
        }
    }

    /// A connection for subscriptions.
    pub(super) async fn subscriber(&self) -> Result<PubSub, LinkError> {
        match self.address().await? {
            Some(address) => self.subscriber_at(address).await,
            None => self.any_node().await,
        }
    }

    /// The one server that there is; a cluster has several.
    async fn address(&self) -> Result<Option<ConnectionAddr>, LinkError> {
        Ok(match &self.url.place {
            RedisPlace::Server(host) => Some(self.tcp(host)),
            RedisPlace::Socket(path) => Some(ConnectionAddr::Unix(path.clone())),
            RedisPlace::Sentinels {
                hosts,
                master,
                password,
            } => {
                let primary = self.primary(hosts, master, password.as_ref()).await?;
                Some(self.tcp(&primary))
            }
            RedisPlace::Cluster(_) => None,
        })
    }

    async fn commands_at(&self, address: ConnectionAddr) -> Result<Wire, LinkError> {
        let place = address.to_string();
        let connect = async {
            let dead = Arc::new(AtomicBool::new(false));
            let client = client(address, greeting::of(&self.url))?;
            let connection = multiplexed(&client, Arc::clone(&dead)).await?;
            Ok(Wire::server(connection, dead))
        };
        self.within(&place, connect).await
    }

    async fn subscriber_at(&self, address: ConnectionAddr) -> Result<PubSub, LinkError> {
        let place = address.to_string();
        let connect = async {
            let client = client(address, greeting::of(&self.url))?;
            let connected = client.get_async_pubsub().await;
            connected.map_err(|error| failure::of_dial(&error))
        };
        self.within(&place, connect).await
    }

    fn tcp(&self, host: &RedisHost) -> ConnectionAddr {
        let (host, port) = (host.name.clone(), host.port);
        if self.url.tls {
            ConnectionAddr::TcpTls {
                host,
                port,
                insecure: false,
                tls_params: None,
            }
        } else {
            ConnectionAddr::Tcp(host, port)
        }
    }

    async fn within<T>(
        &self,
        place: &str,
        what: impl Future<Output = Result<T, LinkFailure>>,
    ) -> Result<T, LinkError> {
        let late = if self.url.tls {
            LinkFailure::SilentTls(self.limit)
        } else {
            LinkFailure::Timeout(self.limit)
        };
        let done = timeout(self.limit, what).await.unwrap_or(Err(late));
        done.map_err(|failure| LinkError {
            place: place.into(),
            failure,
            is_open: false,
        })
    }
}
