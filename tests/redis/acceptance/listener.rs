//! A client as PROTOCOL.md has it: it comes back to any replica with the position that it had.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

use super::Addresses;
use super::account::Account;
use crate::fixture::Client;
use crate::replica::connect;

/// How long a replica may say nothing to what it is asked.
const PATIENCE: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(50);

/// What is kept from one connection to the next.
struct Listener {
    user: usize,
    topic: String,
    position: Option<(String, u64)>,
    account: Account,
    /// When Redis came back.
    returned: watch::Receiver<Option<Instant>>,
}

/// The connection has ended, or can't be used.
struct Lost;

/// The numbers of the last messages, by user.
type Last = Option<BTreeMap<usize, u64>>;

/// Listens until the user's last message has come.
pub(super) async fn listen(
    user: usize,
    addresses: Addresses,
    ready: watch::Sender<usize>,
    mut end: watch::Receiver<Last>,
    returned: watch::Receiver<Option<Instant>>,
) -> Account {
    let mut listener = Listener {
        user,
        topic: format!("ws:{user}"),
        position: None,
        account: Account::default(),
        returned,
    };
    let (mut is_new, name) = (true, user.to_string());
    loop {
        let connected = connect(addresses.next(), &name, Some("mithril.v1"));
        if let Ok(Ok(mut client)) = timeout(PATIENCE, connected).await
            && let Ok(early) = listener.subscribe(&mut client).await
        {
            listener.account.connections += 1;
            if std::mem::take(&mut is_new) {
                ready.send_modify(|ready| *ready += 1);
            }
            if listener.follow(&mut client, early, &mut end).await.is_ok() {
                return listener.account;
            }
        }
        sleep(PAUSE).await;
    }
}

impl Listener {
    /// Says where it was; returns what came before the answer, by offset.
    async fn subscribe(&mut self, client: &mut Client) -> Result<BTreeMap<u64, u64>, Lost> {
        let mut frame = json!({"type": "subscribe", "topics": [self.topic], "request_id": "s"});
        if let Some((epoch, offset)) = &self.position {
            frame["recover"] = json!({&self.topic: {"epoch": epoch, "offset": offset}});
        }
        let mut early = BTreeMap::new();
        let answer = ask(client, &frame, &mut early).await?;
        let subscribed = &answer["data"]["subscribed"][0];
        let (Some(epoch), Some(offset)) =
            (subscribed["epoch"].as_str(), subscribed["offset"].as_u64())
        else {
            return Err(Lost);
        };
        if subscribed["recovered"] == true {
            return Ok(early);
        }
        let was_here = self.position.replace((epoch.to_owned(), offset)).is_some();
        if was_here {
            self.account.tell();
            self.read_again(client, offset, &mut early).await?;
        }
        early.retain(|early, _| *early > offset);
        Ok(early)
    }

    /// Takes all that there is up to this offset.
    async fn read_again(
        &mut self,
        client: &mut Client,
        until: u64,
        early: &mut BTreeMap<u64, u64>,
    ) -> Result<(), Lost> {
        let mut since = 0;
        while since < until {
            let epoch = self.position.as_ref().map(|(epoch, _)| epoch.clone());
            let since_then = json!({"epoch": epoch, "offset": since});
            let frame = json!({"type": "history", "topic": self.topic, "since": since_then,
                               "limit": 1000, "request_id": "h"});
            let answer = ask(client, &frame, early).await?;
            let messages = answer["data"]["messages"].as_array().ok_or(Lost)?;
            for message in messages {
                since = message["offset"].as_u64().unwrap();
                if since <= until {
                    self.take(message["data"].as_u64().unwrap());
                }
            }
            if messages.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// Takes what comes until the connection ends, or everything has come.
    async fn follow(
        &mut self,
        client: &mut Client,
        mut early: BTreeMap<u64, u64>,
        end: &mut watch::Receiver<Last>,
    ) -> Result<(), Lost> {
        loop {
            // What came before the answer has its place in what was missed.
            let next = self.position.as_ref().map_or(1, |(_, offset)| offset + 1);
            if let Some(number) = early.remove(&next) {
                self.moved(next);
                self.take(number);
                continue;
            }
            let last = |last: &BTreeMap<_, _>| last.get(&self.user) == Some(&self.account.last());
            if end.borrow_and_update().as_ref().is_some_and(last) {
                return Ok(());
            }
            let frame = tokio::select! {
                frame = receive(client) => frame?,
                _ = end.changed() => continue,
            };
            if let Some((offset, number)) = recorded(&frame) {
                self.moved(offset);
                self.take(number);
            }
        }
    }

    fn moved(&mut self, to: u64) {
        if let Some((_, offset)) = &mut self.position {
            *offset = to;
        }
    }

    fn take(&mut self, number: u64) {
        self.account.take(number);
        if self.returned.has_changed().is_ok_and(|changed| changed)
            && let Some(since) = *self.returned.borrow_and_update()
        {
            self.account.back.push(since.elapsed());
        }
    }
}

/// The answer to a frame; what else is recorded and comes before it is kept by its offset.
async fn ask(
    client: &mut Client,
    frame: &Value,
    early: &mut BTreeMap<u64, u64>,
) -> Result<Value, Lost> {
    let sent = client.socket.send(Message::text(frame.to_string())).await;
    sent.map_err(|_| Lost)?;
    let answered = async {
        loop {
            let answer = receive(client).await?;
            if answer["request_id"] == frame["request_id"] {
                return Ok(answer);
            }
            early.extend(recorded(&answer));
        }
    };
    timeout(PATIENCE, answered).await.unwrap_or(Err(Lost))
}

/// The offset and the number of a message.
fn recorded(frame: &Value) -> Option<(u64, u64)> {
    Some((frame["offset"].as_u64()?, frame["data"].as_u64()?))
}

async fn receive(client: &mut Client) -> Result<Value, Lost> {
    loop {
        match client.socket.next().await {
            Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).map_err(|_| Lost),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(_) | None => return Err(Lost),
        }
    }
}
