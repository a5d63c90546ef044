//! mithril, the delivery plane of a coding school: it checks a tree of exercise YAML like code and
//! serves it to browsers in real time.
//!
//! The library half exists for the binary, the tests and the benches; it promises no stable API.
//! This page is the map of the house.
//!
//! # Ranks
//!
//! A module imports its own subtree, modules of a lower rank, and of its own rank those that the
//! table names behind it. `tests/house` holds the crate to it.
//!
//! | rank | modules |
//! | --- | --- |
//! | 5 surface | [`commands`], [`output`], [`cli`] |
//! | 4 daemon | [`daemon`], [`gateway`] |
//! | 3 services | [`cache`], [`catalog`], [`scaffold`], [`watch`], [`lint`], [`tail`], [`remote`], [`history`], [`presence`], [`broker`], [`link`] |
//! | 2 domain | [`pool`], [`exercise`], [`protocol`], [`ids`] |
//! | 1 foundation | [`config`], [`diagnostics`], [`telemetry`], [`metrics`], [`lingering`], [`shutdown`], [`backoff`], [`rewrite`], [`clock`] |
//!
//! # Flows
//!
//! 1. **A file becomes an answer.** walk → read → parse into a tree with a span for every key and
//!    value → decode (all problems at once) → rules → sound content → [`catalog::Catalog`].
//! 2. **A request is answered.** frame → `ClientMessage` (strict decode) → `Session` → `Call` →
//!    policy → [`catalog::ExerciseService`] on one snapshot → frame → outbox → writer → socket.
//! 3. **A published message reaches a socket.** [`broker`] `Delivery` → `Envelope` (strict decode) →
//!    `Hub`, which encodes it once per dialect into a shared frame → each subscriber's outbox (never
//!    waits: a full one closes its connection) → writer → socket.
//! 4. **A client comes back.** `subscribe` with a position → the topic's feed says where it stands → the
//!    connection waits at a gate there → [`history`] pages as the peer reads → what waited → live.
//!    A message that is kept goes to the [`history`], which records it and publishes it as one step; the
//!    hub's feeds take it from the broker in the order of its offsets.
//! 5. **An edit reaches a browser.** [`watch`] → a set of changes once it is quiet → `Reloader` → the files
//!    that changed are judged anew → a [`catalog::CatalogDiff`] → the new catalog is swapped in →
//!    `exercise.updated` → `Hub`. Whoever keeps the [`cache`] writes it there and announces it to nodes
//!    without content, which drop what they have read.
//!
//! # Glossary
//!
//! Connection: one socket and its tasks · Session: its protocol state · Principal: who it is ·
//! Topic: what a client subscribes to · Channel: a name on a broker · Envelope: what travels ·
//! Frame: encoded text, shared by sockets · Hub: local registry and fan-out · Relay: upstream
//! subscriptions · Broker: Redis, NATS or memory · Link: commands to a Redis · History: what was
//! published, by topic · Offset, Epoch: a position in a topic's history · Feed: how much of it has been
//! published here · Gate: what waits while a connection is sent what it missed · Catalog ⊃ Pool ⊃
//! Exercise · Presence: who is where, on all replicas · Diagnostic, Rule, Severity, Span, Label, Report · Revision: a catalog's number.

pub mod backoff;
pub mod broker;
pub mod cache;
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod daemon;
pub mod diagnostics;
pub mod exercise;
pub mod gateway;
pub mod history;
pub mod ids;
pub mod lingering;
pub mod link;
pub mod lint;
pub mod metrics;
pub mod output;
pub mod pool;
pub mod presence;
pub mod protocol;
pub mod remote;
pub mod rewrite;
pub mod scaffold;
pub mod shutdown;
pub mod tail;
pub mod telemetry;
pub mod watch;
