//! How long messages take from the broker to a socket is measured, of one in 64 messages.

use crate::fixture::{Fixture, soon};

/// What the daemon has measured so far, if all of its names and labels are as documented.
async fn measured(fixture: &Fixture) -> u64 {
    let page = fixture
        .http("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        .await;
    let line = |start: &str| {
        let line = page.body.lines().find_map(|line| line.strip_prefix(start));
        line.unwrap_or_else(|| panic!("{start}: {}", page.body))
            .to_owned()
    };
    line("# TYPE mithril_delivery_latency_seconds histogram");
    line("mithril_delivery_latency_seconds_sum ");
    let count = line("mithril_delivery_latency_seconds_count ");
    assert_eq!(
        line("mithril_delivery_latency_seconds_bucket{le=\"+Inf\"} "),
        count
    );
    count.parse().unwrap()
}

#[tokio::test]
async fn each_socket_counts_for_one_in_64_messages() {
    let fixture = Fixture::start().await;
    let mut tabs = [fixture.connect().await, fixture.connect().await];
    for tab in &mut tabs {
        // Whoever is answered is subscribed to what is the user's.
        tab.expect_silence().await;
    }
    assert_eq!(measured(&fixture).await, 0);
    for number in 0..130 {
        fixture.publish("ws:42", number.to_string()).await;
        for tab in &mut tabs {
            assert_eq!(tab.receive_text().await, number.to_string());
        }
    }
    // It is counted once it is written, so perhaps after it was received: the first, the 65th and the
    // 129th message, on two sockets.
    soon(async { while measured(&fixture).await < 6 {} }).await;
    // What is no message of the broker's is none of these.
    tabs[0].expect_silence().await;
    assert_eq!(measured(&fixture).await, 6);
}
