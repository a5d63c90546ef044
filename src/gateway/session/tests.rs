//! A session without a connection: what it puts into its outbox, and when.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::broker::memory::MemoryBroker;
use crate::clock::Clock;
use crate::gateway::outbox::{Bounds, Next};
use crate::gateway::policy::Grants;
use crate::ids::UserId;
use crate::shutdown::Tasks;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

struct Fixture {
    broker: MemoryBroker,
    tasks: Tasks,
    session: Session,
    outbox: Arc<Outbox>,
}

fn principal(claims: &Value) -> Principal {
    Principal {
        grants: Grants::of_claims(claims.get("topics"), claims.get("rooms")),
        ..Principal::plain(UserId::parse("42").unwrap(), Timestamp::MAX)
    }
}

impl Fixture {
    fn new(claims: &Value, frames: usize) -> Self {
        let (broker, tasks) = (MemoryBroker::new(), Tasks::new());
        let services = Services::for_tests(Clock::new(|| NOW), &broker, &tasks);
        let outbox = Arc::new(Outbox::new(Bounds {
            frames,
            bytes: 4096,
        }));
        let session = Session::new(
            services,
            principal(claims),
            Dialect::V1,
            (1, None),
            Arc::clone(&outbox),
        );
        Self {
            broker,
            tasks,
            session,
            outbox,
        }
    }

    fn sent(&self) -> Vec<Value> {
        std::iter::from_fn(|| match self.outbox.next() {
            Next::Send(frame) => Some(serde_json::from_str(frame.as_str()).unwrap()),
            Next::Flush | Next::Close(_) | Next::End => None,
        })
        .collect()
    }

    async fn receive(&mut self, frame: Value) {
        self.session.receive(&frame.to_string()).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_gone_leaves_nothing_upstream() {
    let mut fixture = Fixture::new(&json!({}), 16);
    fixture.session.open().await;
    let topics = ["room:a", "exercise.{user_id}.status"];
    fixture
        .receive(json!({"type": "subscribe", "topics": topics, "request_id": "r"}))
        .await;
    let followed = [
        "ws:42",
        "room:a",
        "mithril:live:room:a",
        "exercise.42.status",
    ];
    let followers = |broker: &MemoryBroker| followed.map(|channel| broker.followers(channel));
    assert_eq!(followers(&fixture.broker), [1; 4]);
    drop(fixture.session);
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(followers(&fixture.broker), [0; 4]);
    drop(fixture.tasks);
}

#[tokio::test(start_paused = true)]
async fn what_the_broker_does_not_confirm_is_rejected_and_the_session_goes_on() {
    let mut fixture = Fixture::new(&json!({}), 16);
    fixture.broker.cut();
    fixture.session.open().await;
    fixture
        .receive(json!({"type": "subscribe", "topics": ["room:a"], "request_id": "r"}))
        .await;
    let sent = fixture.sent();
    assert_eq!(sent[0]["data"]["subscribed"], json!([]));
    assert_eq!(sent[0]["data"]["rejected"][0]["code"], "unavailable");
    fixture.broker.restore();
    // The own topic was followed without being asked for: it counts as soon as the broker is there.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(fixture.broker.followers("ws:42"), 1);
    assert_eq!(fixture.broker.followers("room:a"), 0);
    let gap = json!({"type": "gap", "topics": ["ws:42"]});
    assert_eq!(fixture.sent(), [gap]);
}

#[tokio::test(start_paused = true)]
async fn a_new_token_ends_what_it_does_not_grant() {
    let mut fixture = Fixture::new(&json!({"topics": ["exercise.*.status"]}), 16);
    let topics = ["exercise.*.status", "exercise.42.status", "room:a"];
    fixture
        .receive(json!({"type": "subscribe", "topics": topics, "request_id": "r"}))
        .await;
    let answer = fixture.sent().remove(0);
    assert_eq!(answer["data"]["rejected"], json!([]));
    fixture
        .session
        .refresh(principal(&json!({})))
        .await
        .unwrap();
    let sent = fixture.sent();
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert_eq!(sent[0]["code"], "forbidden");
    let topics = json!({"type": "unsubscribe", "topics": topics, "request_id": "r"});
    fixture.receive(topics).await;
    let left = &fixture.sent()[0]["data"]["unsubscribed"];
    assert_eq!(*left, json!(["exercise.42.status", "room:a"]));
}

#[tokio::test(start_paused = true)]
async fn many_errors_wait_for_a_reader_and_do_not_cut_it_off() {
    let mut fixture = Fixture::new(&json!({}), 4);
    let outbox = Arc::clone(&fixture.outbox);
    let reader = async {
        let mut errors = 0;
        while errors < 8 {
            outbox.filled().await;
            match outbox.next() {
                Next::Send(_) => errors += 1,
                other => panic!("{other:?}"),
            }
        }
    };
    let topics: Vec<_> = (1..=8).map(|length| "*".repeat(length)).collect();
    let subscribe = fixture.receive(json!({"type": "subscribe", "topics": topics}));
    tokio::join!(subscribe, reader);
}
