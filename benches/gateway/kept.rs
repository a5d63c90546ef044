//! A topic whose messages are kept beside one whose messages are not: to keep them costs once a
//! message, and nothing a socket.

use super::client::{Client, Crowd};
use super::daemon::Daemon;
use super::measure::{float, middle};
use super::{OUTSTANDING, ROUNDS, TURNS};

/// What makes a frame of a room as long as one that tells of a launch, about.
const DATA: usize = 60;

pub(crate) async fn beside_fleeting(sockets: usize) {
    println!("fan-out to {sockets} sockets with a history and without, processor time a delivery");
    for (name, outstanding) in [("one at a time", 1), ("100 outstanding", OUTSTANDING)] {
        let daemon = Daemon::start();
        let mut publisher = Client::connect(&daemon, "/ws").await;
        publisher.subscribe("room:kept").await;
        let kept = Crowd::hear(&daemon, "room:kept", sockets).await;
        let fleeting = Crowd::hear(&daemon, "exercise.{user_id}.status", sockets).await;
        let deliveries = float(sockets as u64 * ROUNDS);
        let mut sent = 0;
        let mut turns = Vec::with_capacity(TURNS);
        for _ in 0..TURNS {
            let begin = daemon.process.cpu();
            for _ in 0..ROUNDS / outstanding {
                for _ in 0..outstanding {
                    publisher.publish("room:kept", DATA).await;
                }
                kept.all_have(sent + outstanding).await;
                for _ in 0..outstanding {
                    publisher.next_of("chat").await;
                }
                sent += outstanding;
            }
            let with = daemon.process.micros_since(begin) / deliveries;
            sent -= ROUNDS;
            let begin = daemon.process.cpu();
            for _ in 0..ROUNDS / outstanding {
                for _ in 0..outstanding {
                    publisher.launch("c-fizzbuzz").await;
                }
                fleeting.all_have(sent + outstanding).await;
                for _ in 0..outstanding {
                    publisher.next_of("response").await;
                }
                sent += outstanding;
            }
            turns.push((with, daemon.process.micros_since(begin) / deliveries));
        }
        let with = middle(turns.iter().map(|turn| turn.0));
        let without = middle(turns.iter().map(|turn| turn.1));
        let ratio = middle(turns.iter().map(|turn| turn.0 / turn.1));
        println!("  {name:<16} with {with:>6.2} µs   without {without:>6.2} µs   ratio {ratio:.2}");
    }
}
