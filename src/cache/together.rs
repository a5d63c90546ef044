//! What a list names is read at one moment; on a cluster, where keys lie apart, what does not resolve
//! is passed over.

use std::sync::LazyLock;
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::link::{Command, LinkError, LinkFailure, Reply, Script};

use super::Cache;
use super::keys::Key;

/// How long a key stays, and what the ids of a list stand for: each id and its JSON one after the
/// other. Nothing where that key is missing.
const TOGETHER: &str = "
if redis.call('EXISTS', KEYS[1]) == 0 then return false end
local found = {redis.call('PTTL', KEYS[1])}
for _, id in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
  local json = redis.call('GET', ARGV[1] .. id)
  if json then
    found[#found + 1] = id
    found[#found + 1] = json
  end
end
return found";

static SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(TOGETHER));

/// What a list names.
#[derive(Debug)]
pub(super) struct Together {
    /// When it expires; nothing where it does not.
    pub(super) until: Option<Instant>,
    /// The ids and their JSON, in the order of the list.
    pub(super) items: Vec<(String, String)>,
}

impl Cache {
    /// What the ids of a list stand for behind this prefix, if the key is there that all depends on.
    pub(super) async fn together(
        &self,
        own: &Key,
        list: &Key,
        prefix: &str,
    ) -> Result<Option<Together>, LinkError> {
        if self.link.is_cluster() {
            return self.apart(own, list, prefix).await;
        }
        let garbled = || self.link.error(LinkFailure::Garbled);
        let run = SCRIPT.on([own.to_string(), list.to_string()]);
        let found = match self.link.run(run.arg(prefix)).await? {
            Reply::Nil => return Ok(None),
            reply => reply.list().ok_or_else(garbled)?,
        };
        let mut found = found.into_iter();
        let until = until(&found.next().ok_or_else(garbled)?);
        let mut items = Vec::with_capacity(found.len() / 2);
        while let Some(id) = found.next() {
            let id = id.text().ok_or_else(garbled)?;
            let json = found.next().ok_or_else(garbled)?;
            items.push((id, self.json(json)?));
        }
        Ok(Some(Together { until, items }))
    }

    /// The same where keys are spread over several servers: one after the other.
    async fn apart(
        &self,
        own: &Key,
        list: &Key,
        prefix: &str,
    ) -> Result<Option<Together>, LinkError> {
        let link = &self.link;
        let left = link.send(Command::new("PTTL").arg(own.to_string())).await?;
        if left == Reply::Integer(-2) {
            return Ok(None);
        }
        let ids = self.listed(list).await?.unwrap_or_default();
        let gets = ids
            .iter()
            .map(|id| Command::new("GET").arg(format!("{prefix}{id}")));
        let replies = link.pipeline(gets.collect()).await?;
        let mut items = Vec::with_capacity(ids.len());
        for (id, reply) in ids.into_iter().zip(replies) {
            match reply.map_err(|failure| link.error(failure))? {
                Reply::Nil => {}
                json => items.push((id, self.json(json)?)),
            }
        }
        let until = until(&left);
        Ok(Some(Together { until, items }))
    }

    /// What is passed on as it is must be JSON.
    pub(super) fn json(&self, reply: Reply) -> Result<String, LinkError> {
        let strange = || self.link.error(LinkFailure::WrongType);
        let text = reply.text().ok_or_else(strange)?;
        let is_json = serde_json::from_str::<&RawValue>(&text).is_ok();
        is_json.then_some(text).ok_or_else(strange)
    }
}

/// When something expires that stays so many milliseconds.
pub(super) fn until(left: &Reply) -> Option<Instant> {
    let left = u64::try_from(left.integer()?).ok()?;
    Some(Instant::now() + Duration::from_millis(left))
}
