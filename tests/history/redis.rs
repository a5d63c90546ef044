//! A real redis-server, which keeps what it has written when it is killed.

use std::sync::Arc;
use std::time::Duration;

use mithril::broker::redis::{RedisBroker, RedisConfig};
use mithril::broker::{Broker, Inbox};
use mithril::history::redis::RedisHistory;
use mithril::history::{Bounds, History, HistoryError, IDS_LAST, Idempotency, Portion};
use mithril::link::{Link, LinkLimits};
use mithril::metrics::Metrics;
use mithril::protocol::Envelope;
use mithril::shutdown::Tasks;
use tokio::sync::Mutex;

use crate::conformance::{self, Store, append, record, topic};
use crate::recorder::soon;
use crate::support::RedisServer;

const DURABLE: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "always"];

/// Makes everything that is stored older, by so many milliseconds.
const PASS: &str = r"
local by = tonumber(ARGV[1])
local function back(at) return string.format('%.0f', tonumber(at) - by) end
for _, key in ipairs(redis.call('KEYS', 'mithril:*')) do
  local kind, ttl = string.match(key, '^mithril:([%w-]+):'), redis.call('PTTL', key)
  assert(ttl > 0, key .. ' stays for ever')
  if kind == 'stream' then
    local entries = redis.call('XRANGE', key, '-', '+')
    redis.call('DEL', key)
    for _, entry in ipairs(entries) do
      local fields = entry[2]
      assert(fields[1] == 'at')
      redis.call('XADD', key, entry[1], 'at', back(fields[2]), unpack(fields, 3))
    end
  elseif kind == 'stream-meta' then
    local at = redis.call('HGET', key, 'at')
    if at ~= '0' then redis.call('HSET', key, 'at', back(at)) end
  elseif kind == 'seen' then
    local all = redis.call('HGETALL', key)
    for index = 1, #all, 2 do
      local slot, at, rest = string.match(all[index + 1], '^(%d+) (%d+) (.*)$')
      if slot then redis.call('HSET', key, all[index], slot .. ' ' .. back(at) .. ' ' .. rest) end
    end
  end
  if ttl <= by then redis.call('DEL', key) else redis.call('PEXPIRE', key, ttl - by) end
end";

struct Redis {
    server: Mutex<RedisServer>,
    bounds: Bounds,
    trust_restart: bool,
    histories: Mutex<Vec<RedisHistory>>,
    tasks: Tasks,
}

impl Redis {
    fn with(server: RedisServer, bounds: Bounds, trust_restart: bool) -> Self {
        Self {
            server: Mutex::new(server),
            bounds,
            trust_restart,
            histories: Mutex::default(),
            tasks: Tasks::new(),
        }
    }

    /// Which keeps nothing on disk.
    fn forgetful() -> Self {
        Self::with(RedisServer::start(), Bounds::default(), false)
    }

    async fn cli(&self, arguments: &[&str]) -> String {
        self.server.lock().await.cli(arguments)
    }
}

impl Store for Redis {
    async fn start(bounds: Bounds) -> Self {
        Self::with(RedisServer::with(&DURABLE), bounds, true)
    }

    async fn connect(&self) -> Arc<dyn History> {
        let url = self.server.lock().await.url().parse().unwrap();
        let link = Link::new(url, LinkLimits::default());
        let history = RedisHistory::new(link, self.bounds, self.trust_restart);
        self.histories.lock().await.push(history.clone());
        Arc::new(history)
    }

    async fn follow(&self, inbox: Arc<dyn Inbox>) -> Arc<dyn Broker> {
        let config = RedisConfig::new(self.server.lock().await.url().parse().unwrap());
        let broker = RedisBroker::connect(config, inbox, Metrics::new(), &self.tasks);
        Arc::new(broker)
    }

    async fn pass(&self, time: Duration) {
        let time = time.as_millis().to_string();
        self.cli(&["EVAL", PASS, "0", &time]).await;
    }

    async fn lose(&self) {
        self.cli(&["FLUSHALL"]).await;
    }

    async fn cut(&self) {
        self.server.lock().await.kill();
    }

    // A history asks a server that was away only now and then.
    async fn restore(&self) {
        self.server.lock().await.restart();
        for history in &*self.histories.lock().await {
            let other = topic("room:other");
            soon(async {
                while history.position(&other).await.is_err() {
                    tokio::task::yield_now().await;
                }
            })
            .await;
        }
    }
}

conformance::suite!(Redis);

#[tokio::test]
async fn another_run_of_redis_is_another_epoch_unless_it_is_trusted() {
    for trust_restart in [false, true] {
        let store = Redis::with(
            RedisServer::with(&DURABLE),
            Bounds::default(),
            trust_restart,
        );
        let history = store.connect().await;
        let room = topic("room:a");
        let before = append(&*history, &room, "1").await.position;
        store.cut().await;
        store.restore().await;
        let page = soon(history.read(&room, 0, Portion::of(10))).await.unwrap();
        if trust_restart {
            assert_eq!((page.epoch, page.last), (before.epoch, 1));
            assert_eq!(page.entries.len(), 1);
        } else {
            assert_ne!(page.epoch, before.epoch);
            assert_eq!((page.last, page.trimmed, page.entries.len()), (0, 0, 0));
        }
    }
}

#[tokio::test]
async fn whatever_key_is_lost_the_epoch_is_over() {
    let store = Redis::forgetful();
    let (history, room) = (store.connect().await, topic("room:a"));
    let mut epochs = Vec::new();
    for damage in [
        &["DEL", "mithril:stream:{room:a}"][..],
        &["DEL", "mithril:stream-meta:{room:a}"],
        &["XDEL", "mithril:stream:{room:a}", "2-0"],
        &["XTRIM", "mithril:stream:{room:a}", "MAXLEN", "0"],
        &["HSET", "mithril:stream-meta:{room:a}", "last", "1"],
        &[
            "XADD",
            "mithril:stream:{room:a}",
            "9-0",
            "at",
            "0",
            "payload",
            "{}",
        ],
    ] {
        for number in 1..=3 {
            let appended = append(&*history, &room, "x").await.position;
            assert_eq!(appended.offset, number);
            epochs.push(appended.epoch);
        }
        store.cli(damage).await;
        // What only the next message shows is no loss before it.
        if damage[0] != "XADD" && damage[0] != "HSET" {
            let page = soon(history.read(&room, 0, Portion::of(10))).await.unwrap();
            assert_eq!((page.last, page.entries.len()), (0, 0), "{damage:?}");
        }
    }
    append(&*history, &room, "x").await;
    epochs.dedup();
    assert_eq!(epochs.len(), 6, "{epochs:?}");
}

#[tokio::test]
async fn what_refuses_a_script_refuses_it_whole() {
    let store = Redis::forgetful();
    let (history, room) = (store.connect().await, topic("room:a"));
    store
        .cli(&["SET", "mithril:seen:{room:a}", "foreign"])
        .await;
    let message = record("1");
    let refused = history.append(&room, &message, Idempotency::MessageId);
    assert_eq!(soon(refused).await, Err(HistoryError::Unavailable));
    assert_eq!(store.cli(&["EXISTS", "mithril:stream:{room:a}"]).await, "0");
    store.cli(&["DEL", "mithril:seen:{room:a}"]).await;
    // Not even a script that it has forgotten keeps it from going on.
    store.cli(&["SCRIPT", "FLUSH"]).await;
    assert_eq!(append(&*history, &room, "1").await.position.offset, 1);
    store.cli(&["CONFIG", "SET", "maxmemory", "1"]).await;
    let message = record("2");
    let refused = history.append(&room, &message, Idempotency::MessageId);
    assert_eq!(soon(refused).await, Err(HistoryError::Unavailable));
    store.cli(&["CONFIG", "SET", "maxmemory", "0"]).await;
    assert_eq!(append(&*history, &room, "2").await.position.offset, 2);
}

#[tokio::test]
async fn ids_go_when_their_time_is_over() {
    let store = Redis::forgetful();
    let (history, room) = (store.connect().await, topic("room:a"));
    let fields = async || store.cli(&["HLEN", "mithril:seen:{room:a}"]).await;
    for _ in 0..50 {
        let record = record("x");
        soon(history.append(&room, &record, Idempotency::MessageId))
            .await
            .unwrap();
    }
    // Each has a field and a place in the queue, which has two ends.
    assert_eq!(fields().await, "102");
    store.pass(IDS_LAST + Duration::from_secs(1)).await;
    soon(history.append(&room, &record("x"), Idempotency::MessageId))
        .await
        .unwrap();
    assert_eq!(fields().await, "4");
}

#[tokio::test]
async fn keys_are_those_that_are_documented() {
    let store = Redis::forgetful();
    let (history, room) = (store.connect().await, topic("room:a"));
    let message = record("1");
    soon(history.append(&room, &message, Idempotency::MessageId))
        .await
        .unwrap();
    let user = mithril::ids::UserId::parse("anna").unwrap();
    soon(history.move_cursor(&room, &user, None, 1))
        .await
        .unwrap();
    let keys = store.cli(&["KEYS", "*"]).await;
    let mut keys: Vec<_> = keys.lines().collect();
    keys.sort_unstable();
    let expected = ["cursor", "seen", "stream-meta", "stream"];
    assert_eq!(
        keys,
        expected.map(|kind| format!("mithril:{kind}:{{room:a}}"))
    );
    let entry = store
        .cli(&["XRANGE", "mithril:stream:{room:a}", "1-0", "1-0"])
        .await;
    assert!(entry.contains(&message.payload), "{entry}");
    assert_eq!(Envelope::live_channel(&room), "mithril:live:room:a");
}
