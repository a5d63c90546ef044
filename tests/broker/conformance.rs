//! What a broker is. Every function is a test of every broker.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mithril::broker::{Broker, BrokerError, ConnectionChange, Delivery, Inbox, Subscription};

use crate::recorder::{Recorder, soon};

/// What every recorder follows, to know what has arrived by now.
const END: &str = "test:end";
const GROUP: &str = "test.group";
const LONG: Duration = Duration::from_secs(20);

/// A real server that one test has for itself.
pub(crate) trait Server: Sized {
    /// Whether it has queue groups and requests.
    const GROUPS: bool;

    async fn start() -> Self;

    /// A connection whose messages arrive in this inbox.
    async fn connect(&self, inbox: Arc<dyn Inbox>) -> Arc<dyn Broker>;

    /// Loses all connections.
    async fn cut(&self);

    /// Lets them come back.
    async fn restore(&self);
}

/// A connection and what arrives on it.
struct Peer {
    broker: Arc<dyn Broker>,
    inbox: Arc<Recorder>,
}

impl Peer {
    async fn of(server: &impl Server) -> Self {
        let inbox = Recorder::new();
        let broker = server.connect(inbox.clone()).await;
        let peer = Self { broker, inbox };
        peer.subscribe(END).await;
        peer
    }

    async fn subscribe(&self, channel: &str) {
        let subscription = Subscription::to(channel);
        soon(self.broker.subscribe(subscription)).await.unwrap();
    }

    async fn share(&self, channel: &str) {
        let subscription = Subscription::shared(channel, GROUP);
        soon(self.broker.subscribe(subscription)).await.unwrap();
    }

    async fn unsubscribe(&self, channel: &str) {
        let subscription = Subscription::to(channel);
        soon(self.broker.unsubscribe(subscription)).await.unwrap();
    }

    async fn publish(&self, channel: &str, payload: impl Into<Bytes>) {
        let published = self.broker.publish(channel.into(), payload.into());
        soon(published).await.unwrap();
    }

    /// All that was published up to now, as text.
    async fn heard(&self, publisher: &Peer) -> Vec<(String, String)> {
        publisher.publish(END, "").await;
        let heard = self.inbox.until(END).await;
        heard.iter().map(read).collect()
    }
}

fn read(delivery: &Delivery) -> (String, String) {
    let payload = String::from_utf8(delivery.payload.to_vec()).unwrap();
    (delivery.channel.to_string(), payload)
}

fn heard(messages: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(channel, payload): &(&str, &str)| ((*channel).to_owned(), (*payload).to_owned());
    messages.iter().map(owned).collect()
}

pub(crate) async fn a_confirmed_subscription_misses_nothing<S: Server>() {
    let server = S::start().await;
    let (here, there) = (Peer::of(&server).await, Peer::of(&server).await);
    for number in 0..100 {
        let channel = format!("ws:{number}");
        here.subscribe(&channel).await;
        there.publish(&channel, "at once").await;
        assert_eq!(
            read(&here.inbox.next().await),
            (channel, "at once".to_owned())
        );
    }
    assert_eq!(there.heard(&there).await, [], "nobody else hears it");
}

pub(crate) async fn who_may_subscribe_may_publish<S: Server>() {
    let server = S::start().await;
    // Each is asked at the first moment at which it says yes to anything.
    for _ in 0..20 {
        let inbox = Recorder::new();
        let broker = server.connect(inbox.clone()).await;
        let subscription = Subscription::to("room:a");
        soon(broker.subscribe(subscription)).await.unwrap();
        let published = broker.publish("room:a".into(), Bytes::from("at once"));
        soon(published).await.unwrap();
        assert_eq!(inbox.next().await.payload, "at once");
    }
}

pub(crate) async fn a_publisher_hears_itself<S: Server>() {
    let server = S::start().await;
    let peer = Peer::of(&server).await;
    peer.subscribe("room:a").await;
    peer.publish("room:a", "me").await;
    assert_eq!(peer.heard(&peer).await, heard(&[("room:a", "me")]));
}

pub(crate) async fn a_glob_takes_what_redis_would_take<S: Server>() {
    let server = S::start().await;
    let (here, there) = (Peer::of(&server).await, Peer::of(&server).await);
    for glob in ["ws:4?", "ws:[a-c]*", "*live*", "*live*"] {
        let subscription = Subscription::glob(glob);
        soon(here.broker.subscribe(subscription)).await.unwrap();
    }
    let channels = [
        "ws:4",
        "ws:42",
        "ws:421",
        "ws:b",
        "ws:d",
        "mithril:live:ws:42",
        "live",
    ];
    for channel in channels {
        there.publish(channel, "").await;
    }
    let expected = ["ws:42", "ws:b", "mithril:live:ws:42", "live"];
    let expected: Vec<_> = expected.iter().map(|channel| (*channel, "")).collect();
    assert_eq!(here.heard(&there).await, heard(&expected));
    let subscription = Subscription::glob("*live*");
    soon(here.broker.unsubscribe(subscription)).await.unwrap();
    there.publish("live", "gone").await;
    there.publish("ws:49", "here").await;
    assert_eq!(here.heard(&there).await, heard(&[("ws:49", "here")]));
}

pub(crate) async fn after_an_unsubscription_nothing_comes<S: Server>() {
    let server = S::start().await;
    let (here, there) = (Peer::of(&server).await, Peer::of(&server).await);
    // A repeated subscription is none, and one end ends it.
    here.subscribe("room:a").await;
    here.subscribe("room:a").await;
    here.subscribe("room:*").await;
    here.unsubscribe("room:a").await;
    here.unsubscribe("room:*").await;
    here.unsubscribe("room:unknown").await;
    there.publish("room:a", "gone").await;
    assert_eq!(here.heard(&there).await, []);
    here.subscribe("room:a").await;
    there.publish("room:a", "back").await;
    assert_eq!(here.heard(&there).await, heard(&[("room:a", "back")]));
}

pub(crate) async fn a_pattern_hears_its_channels_alone<S: Server>() {
    let server = S::start().await;
    let (here, there) = (Peer::of(&server).await, Peer::of(&server).await);
    here.subscribe("exercise.*.progress").await;
    here.subscribe("mithril:live:room:*").await;
    for channel in [
        "exercise.42.progress",
        "exercise.42.status",
        "exercise.progress",
        "exercise.a|b~c=d+e@f-g_h.progress",
        "mithril:live:room:a",
        "mithril:live:project:a",
        "room:a",
    ] {
        there.publish(channel, "x").await;
    }
    let expected = heard(&[
        ("exercise.42.progress", "x"),
        ("exercise.a|b~c=d+e@f-g_h.progress", "x"),
        ("mithril:live:room:a", "x"),
    ]);
    assert_eq!(here.heard(&there).await, expected);
}

pub(crate) async fn one_delivery_however_many_subscriptions_match<S: Server>() {
    let server = S::start().await;
    let (here, there) = (Peer::of(&server).await, Peer::of(&server).await);
    let subscriptions = [
        "grading.*.*.result",
        "grading.42.*.result",
        "grading.42.e.result",
    ];
    for channel in subscriptions {
        here.subscribe(channel).await;
    }
    there.publish("grading.42.e.result", "once").await;
    assert_eq!(
        here.heard(&there).await,
        heard(&[("grading.42.e.result", "once")])
    );
    // Whichever ends, the others go on.
    for channel in subscriptions {
        here.unsubscribe(channel).await;
        there.publish("grading.42.e.result", "on").await;
        let expected = usize::from(channel != "grading.42.e.result");
        assert_eq!(here.heard(&there).await.len(), expected, "{channel}");
    }
}

pub(crate) async fn one_publisher_is_heard_in_order<S: Server>() {
    const MESSAGES: usize = 1_000;
    let server = S::start().await;
    let (here, there) = (Peer::of(&server).await, Peer::of(&server).await);
    here.subscribe("room:a").await;
    for number in 0..MESSAGES {
        there.publish("room:a", number.to_string()).await;
    }
    let heard = here.heard(&there).await;
    let numbers: Vec<usize> = heard.iter().map(|(_, n)| n.parse().unwrap()).collect();
    assert_eq!(numbers, (0..MESSAGES).collect::<Vec<_>>());
}

pub(crate) async fn a_payload_arrives_as_it_was<S: Server>() {
    let server = S::start().await;
    let peer = Peer::of(&server).await;
    peer.subscribe("room:a").await;
    let all: Vec<u8> = (0..=255).collect();
    for payload in [Vec::new(), vec![0], all, vec![b'x'; 256 * 1024]] {
        peer.publish("room:a", payload.clone()).await;
        let delivery = peer.inbox.next().await;
        assert!(delivery.payload == payload, "{} bytes", payload.len());
        assert_eq!(delivery.reply, None);
    }
}

pub(crate) async fn of_a_group_one_gets_a_message<S: Server>() {
    const MESSAGES: usize = 90;
    let server = S::start().await;
    let members = [
        Peer::of(&server).await,
        Peer::of(&server).await,
        Peer::of(&server).await,
    ];
    let (outside, publisher) = (Peer::of(&server).await, Peer::of(&server).await);
    for member in &members {
        member.share("grading.*.*.result").await;
        member.share("grading.*.*.result").await;
    }
    outside.subscribe("grading.*.*.result").await;
    for number in 0..MESSAGES {
        publisher
            .publish("grading.42.e.result", number.to_string())
            .await;
    }
    publisher.publish(END, "").await;
    let mut all = Vec::new();
    for member in &members {
        all.extend(member.inbox.until(END).await.iter().map(read));
    }
    all.sort();
    let mut once = outside
        .inbox
        .until(END)
        .await
        .iter()
        .map(read)
        .collect::<Vec<_>>();
    once.sort();
    assert_eq!(once.len(), MESSAGES);
    assert_eq!(all, once, "each by one member");
}

pub(crate) async fn who_is_gone_is_no_member<S: Server>() {
    let server = S::start().await;
    let (gone, left, publisher) = (
        Peer::of(&server).await,
        Peer::of(&server).await,
        Peer::of(&server).await,
    );
    for member in [&gone, &left] {
        member.share("exercise.get").await;
    }
    drop(gone);
    // The end of a connection is noticed in its own time; from some moment on all is for who is left.
    let mut in_a_row = 0;
    for number in 0..1_000 {
        publisher.publish("exercise.get", number.to_string()).await;
        in_a_row = match left.heard(&publisher).await.len() {
            1 => in_a_row + 1,
            _ => 0,
        };
        if in_a_row == 20 {
            return;
        }
    }
    panic!("messages still go to who is gone");
}

pub(crate) async fn a_request_is_answered_once<S: Server>() {
    let server = S::start().await;
    let (asks, first, second) = (
        Peer::of(&server).await,
        Peer::of(&server).await,
        Peer::of(&server).await,
    );
    first.share("exercise.get").await;
    second.share("exercise.get").await;
    for number in 0..10 {
        let payload = Bytes::from(number.to_string());
        let request = asks.broker.request("exercise.get".into(), payload, LONG);
        let serve = async {
            let (server, delivery) = tokio::select! {
                delivery = first.inbox.next() => (&first, delivery),
                delivery = second.inbox.next() => (&second, delivery),
            };
            let answer = format!("{}!", read(&delivery).1);
            let reply = delivery.reply.expect("an answer is waited for");
            server.publish(&reply, answer).await;
        };
        let (answer, ()) = tokio::join!(soon(request), serve);
        assert_eq!(answer.unwrap(), format!("{number}!"));
    }
    assert_eq!(first.heard(&asks).await, []);
    assert_eq!(second.inbox.until(END).await.len(), 0);
}

pub(crate) async fn a_request_that_nobody_answers_ends<S: Server>() {
    let server = S::start().await;
    let (asks, silent) = (Peer::of(&server).await, Peer::of(&server).await);
    let request = asks
        .broker
        .request("exercise.get".into(), Bytes::new(), LONG);
    assert_eq!(soon(request).await, Err(BrokerError::NoResponders));
    silent.subscribe("exercise.get").await;
    let moment = Duration::from_millis(50);
    let request = asks
        .broker
        .request("exercise.get".into(), Bytes::new(), moment);
    assert_eq!(soon(request).await, Err(BrokerError::Timeout(moment)));
    // An answer that comes too late is nobody's.
    let reply = silent.inbox.next().await.reply.unwrap();
    silent.publish(&reply, "too late").await;
    assert_eq!(asks.heard(&silent).await, []);
}

pub(crate) async fn what_was_subscribed_counts_again_after_an_outage<S: Server>() {
    let server = S::start().await;
    let (here, there) = (Peer::of(&server).await, Peer::of(&server).await);
    here.subscribe("room:a").await;
    here.subscribe("room:*").await;
    here.subscribe("exercise.*.status").await;
    if S::GROUPS {
        here.share("grading.*.*.result").await;
    } else {
        here.subscribe("grading.*.*.result").await;
    }
    assert!(here.broker.is_connected());
    server.cut().await;
    here.inbox.changed(ConnectionChange::Lost).await;
    there.inbox.changed(ConnectionChange::Lost).await;
    assert!(!here.broker.is_connected());
    let lost = there.broker.publish("room:a".into(), Bytes::from("lost"));
    assert_eq!(soon(lost).await, Err(BrokerError::Disconnected));
    if S::GROUPS {
        let lost = there.broker.request("room:a".into(), Bytes::new(), LONG);
        assert_eq!(soon(lost).await, Err(BrokerError::Disconnected));
    }
    let lost = here.broker.subscribe(Subscription::to("room:b"));
    assert_eq!(soon(lost).await, Err(BrokerError::Disconnected));
    here.unsubscribe("room:*").await;
    server.restore().await;
    here.inbox.changed(ConnectionChange::Restored).await;
    there.inbox.changed(ConnectionChange::Restored).await;
    assert!(here.broker.is_connected());
    let messages = [
        ("room:a", "1"),
        ("exercise.42.status", "2"),
        ("grading.42.e.result", "3"),
    ];
    for (channel, payload) in messages {
        there.publish(channel, payload).await;
    }
    there.publish("room:b", "unsubscribed meanwhile").await;
    assert_eq!(here.heard(&there).await, heard(&messages));
}

/// All tests for one broker; those of queue groups and requests where it has them.
macro_rules! suite {
    ($server:ty) => {
        $crate::conformance::suite!($server:
            a_confirmed_subscription_misses_nothing,
            who_may_subscribe_may_publish,
            a_publisher_hears_itself,
            after_an_unsubscription_nothing_comes,
            a_pattern_hears_its_channels_alone,
            one_delivery_however_many_subscriptions_match,
            one_publisher_is_heard_in_order,
            a_payload_arrives_as_it_was,
            what_was_subscribed_counts_again_after_an_outage,
        );
    };
    ($server:ty, groups) => {
        $crate::conformance::suite!($server);
        $crate::conformance::suite!($server:
            of_a_group_one_gets_a_message,
            who_is_gone_is_no_member,
            a_request_is_answered_once,
            a_request_that_nobody_answers_ends,
        );
    };
    ($server:ty: $($test:ident),* $(,)?) => {
        $(
            // A broker and its callers are on several threads, as in the daemon.
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                $crate::conformance::$test::<$server>().await;
            }
        )*
    };
}

pub(crate) use suite;
