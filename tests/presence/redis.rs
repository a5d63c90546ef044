//! A real redis-server: members run out, it goes away, and it comes back with less than it had.

use std::sync::Arc;
use std::time::Duration;

use mithril::link::{Link, LinkLimits};
use mithril::presence::redis::{PresenceTiming, RedisPresence};
use mithril::presence::{Place, Presence};
use tokio::sync::Mutex;

use crate::conformance::{self, Store, is, member, present, room, tell};
use crate::recorder::soon;
use crate::support::RedisServer;

const TIMING: PresenceTiming = PresenceTiming {
    lease: Duration::from_mins(1),
    renewal: Duration::from_secs(20),
};
const SECOND: Duration = Duration::from_secs(1);
const KEY: &str = "mithril:presence:{room:a}";

/// Makes everything that is known older, by so many milliseconds.
const PASS: &str = r"
local by = tonumber(ARGV[1])
for _, key in ipairs(redis.call('KEYS', 'mithril:presence:*')) do
  local all, ttl = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES'), redis.call('PTTL', key)
  assert(ttl > 0, key .. ' stays for ever')
  for index = 1, #all, 2 do
    local score = tonumber(all[index + 1])
    if score > 1e9 then score = score - by elseif score < -1e9 then score = score + by end
    redis.call('ZADD', key, string.format('%.0f', score), all[index])
  end
end";

struct Redis {
    server: Mutex<RedisServer>,
}

impl Redis {
    async fn cli(&self, arguments: &[&str]) -> String {
        self.server.lock().await.cli(arguments)
    }

    async fn pass(&self, time: Duration) {
        let time = time.as_millis().to_string();
        self.cli(&["EVAL", PASS, "0", &time]).await;
    }
}

impl Store for Redis {
    async fn start() -> Self {
        Self {
            server: Mutex::new(RedisServer::start()),
        }
    }

    async fn connect(&self) -> Arc<dyn Presence> {
        let url = self.server.lock().await.url().parse().unwrap();
        // A crowd takes its time on a busy machine.
        let limits = LinkLimits {
            answer: Duration::from_secs(10),
            ..LinkLimits::default()
        };
        Arc::new(RedisPresence::new(Link::new(url, limits), TIMING))
    }

    async fn lose(&self) {
        self.cli(&["FLUSHALL"]).await;
    }
}

conformance::suite!(Redis);

#[test]
fn whoever_crashes_has_left_within_eighty_seconds() {
    let timing = PresenceTiming::default();
    assert_eq!(timing, TIMING);
    assert!(timing.lease + timing.renewal <= Duration::from_secs(80));
}

#[tokio::test]
async fn members_that_are_not_confirmed_leave_and_one_replica_is_told() {
    let store = Redis::start().await;
    let (one, two) = (store.connect().await, store.connect().await);
    let a = room("a");
    let lost = [
        member("anna", 9, 1),
        member("anna", 9, 2),
        member("both", 9, 3),
    ];
    is(&tell(&*one, &a, &lost, &[]).await, &["anna", "both"], &[]);
    let stays = [member("ben", 1, 1), member("both", 1, 2)];
    is(&tell(&*one, &a, &stays, &[]).await, &["ben"], &[]);
    // Confirmed in time, nobody runs out.
    for _ in 0..5 {
        store.pass(20 * SECOND).await;
        is(&tell(&*one, &a, &stays, &[]).await, &[], &[]);
        is(&tell(&*two, &a, &lost, &[]).await, &[], &[]);
    }
    for _ in 0..2 {
        store.pass(20 * SECOND).await;
        is(&tell(&*one, &a, &stays, &[]).await, &[], &[]);
    }
    assert_eq!(present(&*two, &a).await.len(), 3);
    store.pass(20 * SECOND).await;
    // A list has them no more, and announces nothing.
    let there = [("ben".to_owned(), 1), ("both".to_owned(), 1)];
    assert_eq!(present(&*two, &a).await, there);
    let (first, second) = tokio::join!(tell(&*one, &a, &stays, &[]), tell(&*two, &a, &[], &[]));
    let left: Vec<_> = first.left.iter().chain(&second.left).collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(left[0].as_str(), "anna");
    // They were only frozen: they are back, and announced by whoever brings them.
    let outcome = tell(&*two, &a, &lost, &[]).await;
    is(&outcome, &["anna"], &[]);
    assert_eq!(outcome.generation, first.generation, "nothing was lost");
}

#[tokio::test]
async fn who_comes_back_elsewhere_before_the_lease_ends_has_never_left() {
    let store = Redis::start().await;
    let one = store.connect().await;
    let a = room("a");
    let stays = [member("ben", 1, 1)];
    tell(&*one, &a, &stays, &[]).await;
    tell(&*one, &a, &[member("anna", 9, 1)], &[]).await;
    store.pass(20 * SECOND).await;
    let back = [member("ben", 1, 1), member("anna", 1, 2)];
    is(&tell(&*one, &a, &back, &[]).await, &[], &[]);
    for _ in 0..3 {
        store.pass(20 * SECOND).await;
        is(&tell(&*one, &a, &back, &[]).await, &[], &[]);
    }
    let there = [("anna".to_owned(), 1), ("ben".to_owned(), 1)];
    assert_eq!(present(&*one, &a).await, there);
}

#[tokio::test]
async fn where_redis_was_away_nobody_has_left_before_all_could_say_so() {
    let store = Redis::start().await;
    let (one, two) = (store.connect().await, store.connect().await);
    let a = room("a");
    let (anna, ben) = ([member("anna", 1, 1)], [member("ben", 2, 1)]);
    let crashed = [member("carl", 9, 1)];
    for members in [&anna, &ben, &crashed] {
        tell(&*one, &a, members, &[]).await;
    }
    // Nobody has heard from it for so long, and it kept what it had.
    store.pass(600 * SECOND).await;
    assert_eq!(present(&*two, &a).await.len(), 3);
    is(&tell(&*one, &a, &anna, &[]).await, &[], &[]);
    assert_eq!(present(&*two, &a).await.len(), 3);
    store.pass(15 * SECOND).await;
    is(&tell(&*two, &a, &ben, &[]).await, &[], &[]);
    store.pass(15 * SECOND).await;
    is(&tell(&*one, &a, &anna, &[]).await, &[], &["carl"]);
    assert_eq!(present(&*two, &a).await.len(), 2);
}

#[tokio::test]
async fn a_crowd_is_confirmed_by_few_commands_and_leaves_at_once() {
    const CROWD: u64 = 10_000;
    let store = Redis::start().await;
    let one = store.connect().await;
    let a = room("a");
    let crowd: Vec<_> = (0..CROWD)
        .map(|number| member(&format!("user-{number}"), 9, number))
        .collect();
    let observer = [member("observer", 1, 1)];
    tell(&*one, &a, &crowd, &[]).await;
    store.cli(&["CONFIG", "RESETSTAT"]).await;
    is(&tell(&*one, &a, &crowd, &[]).await, &[], &[]);
    let stats = store.cli(&["INFO", "commandstats"]).await;
    let calls = |command: &str| -> u64 {
        let prefix = format!("cmdstat_{command}:calls=");
        let line = stats.lines().find_map(|line| line.strip_prefix(&prefix));
        line.map_or(0, |line| line.split(',').next().unwrap().parse().unwrap())
    };
    assert_eq!(calls("evalsha") + calls("eval"), CROWD / 500, "{stats}");
    for _ in 0..3 {
        tell(&*one, &a, &observer, &[]).await;
        store.pass(25 * SECOND).await;
    }
    let outcome = tell(&*one, &a, &observer, &[]).await;
    assert_eq!(outcome.left.len() as u64, CROWD);
}

#[tokio::test]
async fn a_key_is_what_is_documented() {
    let store = Redis::start().await;
    let one = store.connect().await;
    tell(
        &*one,
        &room("a"),
        &[member("anna", 1, 7), member("ben", 1, 8)],
        &[],
    )
    .await;
    tell(&*one, &Place::Everyone, &[member("anna", 1, 9)], &[]).await;
    let keys = store.cli(&["KEYS", "*"]).await;
    let mut keys: Vec<_> = keys.lines().collect();
    keys.sort_unstable();
    assert_eq!(keys, [KEY, "mithril:presence:{ws:*}"]);
    let members = store.cli(&["ZRANGEBYSCORE", KEY, "0", "+inf"]).await;
    let members: Vec<_> = members.lines().collect();
    assert_eq!(
        members,
        ["anna 0000000000000001.7", "ben 0000000000000001.8"]
    );
    let millis: f64 = store
        .cli(&["ZSCORE", KEY, members[0]])
        .await
        .parse()
        .unwrap();
    let time = store.cli(&["TIME"]).await;
    let now: f64 = time.lines().next().unwrap().parse().unwrap();
    let lasts = millis / 1_000.0 - now;
    assert!((30.0..=61.0).contains(&lasts), "{lasts}");
}

#[tokio::test]
async fn what_refuses_a_script_refuses_it_whole() {
    let store = Redis::start().await;
    let one = store.connect().await;
    let (a, anna) = (room("a"), [member("anna", 1, 1)]);
    store.cli(&["SET", KEY, "foreign"]).await;
    let refused = soon(one.tell(&a, &anna, &[])).await.unwrap_err();
    assert!(refused.to_string().contains("another kind"), "{refused}");
    assert!(soon(one.present(&a, 9)).await.is_err());
    assert_eq!(store.cli(&["GET", KEY]).await, "foreign");
    store.cli(&["DEL", KEY]).await;
    store.cli(&["SCRIPT", "FLUSH"]).await;
    is(&tell(&*one, &a, &anna, &[]).await, &["anna"], &[]);
    // What somebody else left at the key is not taken for members.
    store.cli(&["DEL", KEY]).await;
    store
        .cli(&["ZADD", KEY, "9999999999999", "who knows"])
        .await;
    is(&tell(&*one, &a, &anna, &[]).await, &["anna"], &[]);
    assert_eq!(present(&*one, &a).await, [("anna".to_owned(), 1)]);
}

#[tokio::test]
async fn without_redis_nothing_is_known_and_then_all_again() {
    let store = Redis::start().await;
    let one = store.connect().await;
    let (a, anna) = (room("a"), [member("anna", 1, 1)]);
    let before = tell(&*one, &a, &anna, &[]).await;
    store.server.lock().await.kill();
    assert!(soon(one.tell(&a, &anna, &[])).await.is_err());
    assert!(soon(one.present(&a, 9)).await.is_err());
    store.server.lock().await.restart();
    let outcome = soon(async {
        loop {
            if let Ok(outcome) = one.tell(&a, &anna, &[]).await {
                return outcome;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    is(&outcome, &["anna"], &[]);
    assert_ne!(outcome.generation, before.generation);
}

#[tokio::test]
async fn whoever_hears_a_user_s_messages_is_counted() {
    let store = Redis::start().await;
    let one = store.connect().await;
    let anna = member("anna", 1, 1).user;
    let heard = async || soon(one.is_heard_elsewhere(&anna)).await.unwrap();
    assert!(!heard().await);
    let server = store.server.lock().await;
    let mut subscribers = Vec::new();
    for count in 1..=2 {
        let mut subscriber = std::process::Command::new("redis-cli");
        let port = server.port().to_string();
        let subscriber = subscriber.args(["-p", &port, "SUBSCRIBE", "ws:anna"]);
        let subscriber = subscriber.stdout(std::process::Stdio::null());
        subscribers.push(subscriber.spawn().unwrap());
        let expected = format!("ws:anna\n{count}");
        soon(async {
            while server.cli(&["PUBSUB", "NUMSUB", "ws:anna"]) != expected {
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert_eq!(heard().await, count > 1);
    }
    for mut subscriber in subscribers {
        subscriber.kill().unwrap();
        subscriber.wait().unwrap();
    }
}
