//! The hub against a model: whatever is lost and in whatever order things happen, who subscribes is
//! sent every message once and in order, or is told that it may not have been.
//!
//! Publishing, delivering, reading for the feed and reading for each connection are steps of their
//! own, and a read shows the store as it was when it was asked. Little may wait, so that it overflows.

use std::collections::VecDeque;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::gateway::hub::Membership;
use crate::gateway::outbox::{Bounds, Next as Written, Outbox};
use crate::gateway::replay::{PAGE, owed};
use crate::history::{Entry, Page};
use crate::protocol::{Dialect, Recorded};

const WAITING: Bounds = Bounds {
    frames: 4,
    bytes: 4_096,
};

#[derive(Debug, Clone, Copy)]
enum Event {
    /// Messages are recorded, and delivered if the broker is there.
    Publish(u8),
    /// A message that no history keeps is published.
    Fleeting,
    /// What is on its way arrives.
    Deliver(u8),
    Cut,
    Restore,
    /// The feed's question is put to the store.
    Ask,
    /// The store's answer to it arrives, or never does.
    Answer(bool),
    /// The oldest entries are dropped.
    Trim(u8),
    /// The store begins anew.
    Lose,
    /// A connection subscribes, and wants so many messages from before.
    Join(u8),
    /// A connection that is subscribed wants so many messages from before.
    Recover(usize, u8),
    /// A connection that has been answered is let through.
    Open(usize),
    /// A connection leaves and subscribes again, while something is under way for it.
    Return(usize, u8),
    /// A connection that is behind does one thing.
    Step(usize),
    /// What it read arrives.
    Page(usize),
    Leave(usize),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => (1..4_u8).prop_map(Event::Publish),
        2 => Just(Event::Fleeting),
        8 => (1..6_u8).prop_map(Event::Deliver),
        1 => Just(Event::Cut),
        2 => Just(Event::Restore),
        6 => Just(Event::Ask),
        6 => prop::bool::weighted(0.8).prop_map(Event::Answer),
        3 => (0..20_u8).prop_map(Event::Join),
        2 => (any::<usize>(), 0..20_u8).prop_map(|(who, back)| Event::Recover(who, back)),
        2 => (any::<usize>(), 0..20_u8).prop_map(|(who, back)| Event::Return(who, back)),
        12 => any::<usize>().prop_map(Event::Open),
        16 => any::<usize>().prop_map(Event::Step),
        10 => any::<usize>().prop_map(Event::Page),
        1 => any::<usize>().prop_map(Event::Leave),
    ]
}

fn event_or_loss() -> impl Strategy<Value = Event> {
    prop_oneof![
        30 => event(),
        1 => (1..8_u8).prop_map(Event::Trim),
        1 => Just(Event::Lose),
    ]
}

/// What is recorded.
#[derive(Debug, Default)]
struct Store {
    epoch: u64,
    trimmed: u64,
    last: u64,
}

impl Store {
    fn page(&self, after: u64, most: u64) -> Page {
        let from = after.max(self.trimmed) + 1;
        let most = usize::try_from(most).unwrap().min(PAGE.entries);
        let offsets = (from..=self.last).take(most);
        Page {
            epoch: self.epoch.to_string(),
            trimmed: self.trimmed,
            last: self.last,
            entries: offsets
                .map(|offset| Entry {
                    offset,
                    payload: Arc::default(),
                })
                .collect(),
        }
    }
}

/// A connection, and what it should have been sent.
struct Peer {
    recipient: Arc<Recipient>,
    membership: Option<Membership>,
    epoch: String,
    /// The offset of the next message.
    next: u64,
    /// Behind this offset it has been sent everything.
    since: u64,
    /// The same before it asked for more.
    sent_since: u64,
    /// While it is sent what came before that: what lies in between is not sent again.
    skip: (u64, u64),
    /// From where on it is sent what it missed, once its gate is opened.
    opening: Option<u64>,
    pending: Option<(Position, Page)>,
    behind: Option<Latecomer>,
    fleeting: usize,
}

struct Model {
    hub: Arc<Hub>,
    topic: Topic,
    // Someone who only keeps the feed.
    _watch: Watch,
    store: Store,
    way: VecDeque<Position>,
    is_cut: bool,
    answer: Option<(u64, Answer<Arc<Envelope>>)>,
    peers: Vec<Peer>,
    joined: u64,
    fleeting: usize,
    broken: usize,
}

fn message(topic: &Topic, position: Position) -> Envelope {
    let text = format!("{} {}", position.epoch, position.offset);
    Envelope {
        address: Address::Topic(topic.clone()),
        content: Content::Text(text.clone()),
        recorded: Some(Recorded {
            position: Arc::new(position),
            message_id: text,
        }),
        arrived: None,
    }
}

impl Model {
    fn new() -> Self {
        let hub = Hub::with(WAITING);
        let topic = Topic::parse("room:a").unwrap();
        Self {
            _watch: hub.watch(&topic),
            hub,
            topic,
            store: Store::default(),
            way: VecDeque::new(),
            is_cut: false,
            answer: None,
            peers: Vec::new(),
            joined: 0,
            fleeting: 0,
            broken: 0,
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Publish(count) => (0..count).for_each(|_| self.publish()),
            Event::Fleeting => {
                self.fleeting += 1;
                let text = Content::Text("fleeting".to_owned());
                let address = Address::Topic(self.topic.clone());
                self.hub.publish(&Envelope::new(address, text));
            }
            Event::Deliver(count) => (0..count).for_each(|_| self.deliver()),
            Event::Cut => {
                self.is_cut = true;
                self.way.clear();
            }
            Event::Restore => {
                if std::mem::take(&mut self.is_cut) {
                    self.hub.look_for_gaps();
                }
            }
            Event::Ask => self.ask(),
            Event::Answer(is_answered) => self.tell(is_answered),
            Event::Trim(count) => {
                let trimmed = self.store.trimmed + u64::from(count);
                self.store.trimmed = trimmed.min(self.store.last);
            }
            Event::Lose => {
                self.store = Store {
                    epoch: self.store.epoch + 1,
                    ..Store::default()
                };
            }
            Event::Join(back) => self.join(u64::from(back)),
            Event::Recover(who, back) => self.recover(who, u64::from(back)),
            Event::Return(who, back) => self.come_back(who, u64::from(back)),
            Event::Open(who) => self.open(who),
            Event::Step(who) => self.step(who),
            Event::Page(who) => self.page(who),
            Event::Leave(who) => {
                if !self.peers.is_empty() {
                    let who = who % self.peers.len();
                    self.peers.remove(who);
                }
            }
        }
        self.check();
    }

    fn publish(&mut self) {
        self.store.last += 1;
        if !self.is_cut {
            self.way.push_back(Position {
                epoch: self.store.epoch.to_string(),
                offset: self.store.last,
            });
        }
    }

    fn deliver(&mut self) {
        if let Some(position) = self.way.pop_front() {
            self.hub.arrive(message(&self.topic, position));
        }
    }

    fn ask(&mut self) {
        let Some(question) = self.hub.question(&self.topic) else {
            return;
        };
        let page = match question.after {
            // Small pages, so that there are several.
            Some(after) => self.store.page(after, 3),
            None => self.store.page(self.store.last, 0),
        };
        let epoch = page.epoch.clone();
        let entries = page.entries.iter().map(|entry| {
            let position = Position {
                epoch: epoch.clone(),
                offset: entry.offset,
            };
            (entry.offset, Some(Arc::new(message(&self.topic, position))))
        });
        let answer = Answer {
            entries: entries.collect(),
            epoch: page.epoch,
            last: page.last,
        };
        self.answer = Some((question.round, answer));
    }

    fn tell(&mut self, is_answered: bool) {
        if let Some((round, answer)) = self.answer.take() {
            let answer = is_answered.then_some(answer);
            self.hub.answer(&self.topic, round, answer);
        }
    }

    fn join(&mut self, back: u64) {
        if !self.is_known() {
            return;
        }
        self.joined += 1;
        let bounds = Bounds {
            frames: usize::MAX,
            bytes: usize::MAX,
        };
        let recipient = Arc::new(Recipient {
            number: self.joined,
            dialect: Dialect::Classic,
            outbox: Arc::new(Outbox::new(bounds)),
        });
        let peer = self.subscribe(recipient, back);
        self.peers.push(peer);
    }

    fn subscribe(&self, recipient: Arc<Recipient>, back: u64) -> Peer {
        let watch = self.hub.watch(&self.topic);
        let Joined { membership, at } = self.hub.join(&watch, &recipient);
        let at = at.unwrap();
        // Of what the store has, a client may have seen more than this process.
        let wanted = self.store.last.saturating_sub(back);
        let is_there = at.epoch == self.store.epoch.to_string() && wanted >= self.store.trimmed;
        let from = if is_there && back > 0 {
            wanted
        } else {
            at.offset
        };
        Peer {
            recipient,
            membership: Some(membership),
            epoch: at.epoch,
            next: from + 1,
            since: from,
            sent_since: at.offset,
            skip: (0, 0),
            opening: Some(from),
            pending: None,
            behind: None,
            fleeting: self.fleeting,
        }
    }

    fn come_back(&mut self, who: usize, back: u64) {
        if self.peers.is_empty() || !self.is_known() {
            return;
        }
        let who = who % self.peers.len();
        let Peer {
            recipient,
            membership,
            behind,
            ..
        } = self.peers.swap_remove(who);
        drop(membership);
        let peer = self.subscribe(recipient, back);
        // What was under way for it before is nothing to it now.
        if let Some(behind) = behind {
            let owed = self.hub.send_owed(&behind, u64::MAX, None);
            assert!(matches!(owed, Owed::Gone));
            assert!(matches!(self.hub.step(&behind), Step::Done));
        }
        self.peers.push(peer);
    }

    fn is_known(&self) -> bool {
        let shard = self.hub.shard(&self.topic);
        let course = shard[&self.topic].course.as_ref();
        course.is_some_and(|course| course.feed.last().is_some())
    }

    fn recover(&mut self, who: usize, back: u64) {
        let Some(peer) = pick(&mut self.peers, who) else {
            return;
        };
        let number = peer.recipient.number;
        let Some((at, _)) = self.hub.pause(&self.topic, number) else {
            return;
        };
        assert!(peer.opening.is_none() && peer.behind.is_none());
        let from = self.store.last.saturating_sub(back);
        let is_there = at.epoch == self.store.epoch.to_string() && from >= self.store.trimmed;
        let from = if is_there { from } else { at.offset };
        peer.opening = Some(from);
        peer.sent_since = peer.since;
        // It was live: it has everything up to where the feed stands.
        peer.jump();
        assert_eq!(peer.next, at.offset + 1);
        if from >= peer.since {
            peer.next = from.max(at.offset) + 1;
        } else {
            peer.next = from + 1;
            peer.skip = (peer.since, at.offset);
            peer.since = from;
        }
    }

    fn open(&mut self, who: usize) {
        let Some(peer) = pick(&mut self.peers, who) else {
            return;
        };
        if let Some(from) = peer.opening.take() {
            let since = peer.sent_since;
            peer.behind = self.hub.open(&self.topic, &peer.recipient, from, since);
        }
    }

    fn step(&mut self, who: usize) {
        let Some(peer) = pick(&mut self.peers, who) else {
            return;
        };
        let (Some(behind), None) = (&peer.behind, &peer.pending) else {
            return;
        };
        match self.hub.step(behind) {
            Step::Sent | Step::Wait => {}
            Step::Full(size) => panic!("there is room for {size} bytes"),
            Step::Read { after, most } => {
                let page = self.store.page(after.offset, most);
                peer.pending = Some((after, page));
            }
            Step::Done => peer.behind = None,
        }
    }

    fn page(&mut self, who: usize) {
        let Some(peer) = pick(&mut self.peers, who) else {
            return;
        };
        let (Some(behind), Some((after, page))) = (&peer.behind, peer.pending.take()) else {
            return;
        };
        let Ok(entries) = owed(page, &after) else {
            let outbox = &peer.recipient.outbox;
            outbox.close(crate::protocol::CloseCode::InsufficientState);
            return;
        };
        for entry in entries {
            let position = Position {
                epoch: after.epoch.clone(),
                offset: entry.offset,
            };
            let envelope = message(&self.topic, position);
            let outgoing = Frames::of(&envelope).outgoing(Dialect::Classic);
            let owed = self.hub.send_owed(behind, entry.offset, outgoing);
            assert!(!matches!(owed, Owed::NoRoom(_)), "there is room");
        }
    }

    /// Whoever has been sent something should have been sent that.
    fn check(&mut self) {
        let fleeting = self.fleeting;
        let before = self.peers.len();
        self.peers.retain_mut(|peer| {
            loop {
                match peer.recipient.outbox.next() {
                    Written::Send(frame) if frame.as_str() == "fleeting" => peer.fleeting += 1,
                    Written::Send(frame) => peer.read(frame.as_str()),
                    Written::Flush => return true,
                    Written::Close(_) | Written::End => return false,
                }
                assert!(peer.fleeting <= fleeting);
            }
        });
        self.broken += before - self.peers.len();
    }

    /// Lets everything that is under way come to its end.
    fn settle(&mut self) {
        self.take(Event::Restore);
        if self.store.epoch > 0 {
            // This is what shows that the store began anew.
            self.take(Event::Publish(1));
        }
        for _ in 0..1_000 {
            self.take(Event::Deliver(u8::MAX));
            self.take(Event::Ask);
            let is_asked = self.answer.is_some();
            self.take(Event::Answer(true));
            let is_through = |peer: &Peer| peer.behind.is_none() && peer.opening.is_none();
            if !is_asked && self.peers.iter().all(is_through) {
                return;
            }
            for who in 0..self.peers.len() {
                self.take(Event::Open(who));
                self.take(Event::Page(who));
                self.take(Event::Step(who));
            }
        }
    }
}

impl Peer {
    fn read(&mut self, text: &str) {
        let (epoch, offset) = text.split_once(' ').unwrap();
        self.jump();
        assert_eq!((epoch, offset.parse()), (&*self.epoch, Ok(self.next)));
        self.next += 1;
    }

    fn jump(&mut self) {
        let (since, until) = self.skip;
        if self.next == since + 1 && until > since {
            self.next = until + 1;
        }
    }
}

fn pick(peers: &mut [Peer], who: usize) -> Option<&mut Peer> {
    let count = peers.len();
    (count > 0).then(|| &mut peers[who % count])
}

fn run(events: Vec<Event>) -> Model {
    let mut model = Model::new();
    for event in events {
        model.take(event);
    }
    model.settle();
    let last = (model.store.epoch.to_string(), model.store.last);
    for peer in &mut model.peers {
        peer.jump();
        assert_eq!(
            (peer.epoch.clone(), peer.next - 1),
            last,
            "it has everything"
        );
        assert_eq!(peer.fleeting, model.fleeting);
        assert!(peer.behind.is_none());
        drop(peer.membership.take());
    }
    let shard = model.hub.shard(&model.topic);
    assert_eq!(shard[&model.topic].len(), 0);
    drop(shard);
    model
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_the_store_keeps_is_not_lost(events in vec(event(), 0..200)) {
        let model = run(events);
        prop_assert_eq!(model.broken, 0, "nobody has to start again");
    }

    #[test]
    fn what_the_store_loses_is_not_passed_over(events in vec(event_or_loss(), 0..200)) {
        run(events);
    }
}
