//! The primary that sentinels name. They are asked all at once, so that one that is frozen does not
//! hold up the others.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::select_ok;

use crate::config::{RedisHost, Secret};
use crate::link::failure::{LinkError, LinkFailure};
use crate::link::wire::Wire;
use crate::link::{Command, Reply};

use super::Dialer;
use super::greeting::{self, client, multiplexed};

impl Dialer {
    /// The primary that the first sentinel to answer names. A sentinel may be behind the times, so
    /// the server is asked too.
    pub(super) async fn primary(
        &self,
        sentinels: &[RedisHost],
        master: &str,
        password: Option<&Secret<String>>,
    ) -> Result<RedisHost, LinkError> {
        let ask = |sentinel| self.named_by(sentinel, master, password).boxed();
        let (primary, _) = select_ok(sentinels.iter().map(ask)).await?;
        let wire = self.commands_at(self.tcp(&primary)).await?;
        let check = async {
            let role = wire.send(Command::new("ROLE")).await?.list();
            let role = role.and_then(|role| role.into_iter().next()?.text());
            match role.as_deref() {
                Some("master") => Ok(()),
                Some(_) => Err(LinkFailure::ReadOnly),
                None => Err(LinkFailure::Garbled),
            }
        };
        self.within(&primary.to_string(), check).await?;
        Ok(primary)
    }

    async fn named_by(
        &self,
        sentinel: &RedisHost,
        master: &str,
        password: Option<&Secret<String>>,
    ) -> Result<RedisHost, LinkError> {
        let ask = async {
            let mut greeting = greeting::anonymous();
            if let Some(password) = password {
                greeting = greeting.set_password(password.expose());
            }
            let client = client(self.tcp(sentinel), greeting)?;
            let wire = Wire::server(multiplexed(&client, Arc::default()).await?, Arc::default());
            let command = Command::new("SENTINEL").arg("GET-MASTER-ADDR-BY-NAME");
            let Some(pair) = wire.send(command.arg(master)).await?.list() else {
                return Err(LinkFailure::UnknownPrimary(master.to_owned()));
            };
            host(pair).ok_or(LinkFailure::Garbled)
        };
        self.within(&sentinel.to_string(), ask).await
    }
}

/// A host in a list of name and port.
pub(super) fn host(pair: Vec<Reply>) -> Option<RedisHost> {
    let mut pair = pair.into_iter();
    let name = pair.next()?.text().filter(|name| !name.is_empty())?;
    let port = pair.next()?.integer()?.try_into().ok()?;
    Some(RedisHost { name, port })
}
