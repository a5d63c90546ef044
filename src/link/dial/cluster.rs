//! A cluster: commands go to the server of their key, subscriptions to any.

use std::sync::{MutexGuard, PoisonError};

use redis::ProtocolVersion;
use redis::aio::PubSub;
use redis::cluster::ClusterClientBuilder;
use uuid::Uuid;

use crate::config::{RedisHost, RedisPlace, RedisUrl};
use crate::link::failure::{self, LinkError, LinkFailure};
use crate::link::wire::Wire;
use crate::link::{Command, Reply};

use super::Dialer;
use super::greeting::{self, info};
use super::sentinels::host;

impl Dialer {
    /// Connections to a cluster.
    pub(super) async fn cluster(&self) -> Result<Wire, LinkError> {
        let nodes = self.nodes().clone();
        let connect = async {
            let greeting = || greeting::of(&self.url);
            let infos = nodes.iter().map(|node| info(self.tcp(node), greeting()));
            let client = ClusterClientBuilder::new(infos.collect::<Result<Vec<_>, _>>()?)
                .retries(1)
                .connection_timeout(self.limit)
                .response_timeout(self.limit)
                .use_protocol(ProtocolVersion::RESP3)
                .tcp_settings(greeting::tcp())
                .build();
            let client = client.map_err(|error| failure::of_dial(&error))?;
            let connected = client.get_async_connection().await;
            let wire = Wire::cluster(connected.map_err(|error| failure::of_dial(&error))?);
            let slots = wire.send(Command::new("CLUSTER").arg("SLOTS")).await?;
            let known = listed(&slots, |_| true);
            if !known.is_empty() {
                *self.nodes() = known;
            }
            Ok(wire)
        };
        self.within(&self.shown, connect).await
    }

    /// A connection to one node: it gets what is published on any other.
    pub(super) async fn any_node(&self) -> Result<PubSub, LinkError> {
        let nodes = self.nodes().clone();
        // Not always the same one: subscribers spread over the nodes.
        let first = Uuid::new_v4().as_u128() % (nodes.len().max(1) as u128);
        let first = usize::try_from(first).unwrap_or_default();
        let mut last = LinkError {
            place: self.shown.as_str().into(),
            failure: LinkFailure::ClusterDown,
            is_open: false,
        };
        for node in nodes.iter().cycle().skip(first).take(nodes.len()) {
            match self.subscriber_at(self.tcp(node)).await {
                Ok(subscriber) => return Ok(subscriber),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// The primaries by `CLUSTER SLOTS`, each as a server of its own.
    pub(in crate::link) fn primaries(&self, slots: &Reply) -> impl Iterator<Item = RedisUrl> {
        let hosts = listed(slots, |index| index == 0);
        hosts.into_iter().map(|host| RedisUrl {
            place: RedisPlace::Server(host),
            ..self.url.clone()
        })
    }

    fn nodes(&self) -> MutexGuard<'_, Vec<RedisHost>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The nodes in `CLUSTER SLOTS`, each once, whose place in their slots is wanted; the primary's is 0.
fn listed(slots: &Reply, wanted: impl Fn(usize) -> bool) -> Vec<RedisHost> {
    let mut hosts = Vec::new();
    for range in slots.clone().list().unwrap_or_default() {
        // First and last slot, then the nodes.
        let nodes = range.list().unwrap_or_default().into_iter().skip(2);
        for (_, node) in nodes.enumerate().filter(|(index, _)| wanted(*index)) {
            if let Some(host) = node.list().and_then(host)
                && !hosts.contains(&host)
            {
                hosts.push(host);
            }
        }
    }
    hosts
}
