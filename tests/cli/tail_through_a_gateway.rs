//! `mithril tail --url` against a real gateway.

use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::daemon::{Gateway, SECRET, Wire, soon, token};
use crate::tail::Tail;

/// Follows a room through a gateway as user 7.
async fn following(gateway: &Gateway, arguments: &[&str]) -> Tail {
    let url = gateway.url();
    let token = token(SECRET, "7", &[]);
    let arguments = [&["room:a", "--url", &url, "--event", "chat"], arguments].concat();
    Tail::following(&arguments, &[("MITHRIL_TOKEN", &token)]).await
}

#[tokio::test]
async fn what_is_said_in_a_room_comes_line_by_line_until_a_limit() {
    let gateway = Gateway::start().await;
    let mut tail = following(&gateway, &["-n", "2"]).await;
    let mut client = gateway.connect("42").await;
    client.say("a", json!({"text": "one"})).await;
    let line = tail.json().await;
    let keys: Vec<_> = line.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        ["channel", "data", "durable", "event", "time", "type"]
    );
    assert_eq!(line["type"], "message");
    assert_eq!(line["channel"], "room:a");
    assert_eq!(line["event"], "chat");
    assert_eq!(line["data"]["data"], json!({"text": "one"}));
    assert_eq!(line["data"]["user_id"], "42");
    client.say("b", json!({"text": "elsewhere"})).await;
    client.say("a", json!({"text": "two"})).await;
    let end = tail.end().await;
    assert_eq!(end.code, Some(0), "{:?}", end.err);
    assert_eq!(end.out.len(), 1);
    assert!(end.out[0].contains("two"), "{}", end.out[0]);
}

#[tokio::test]
async fn messages_are_chosen_and_printed_as_asked() {
    let gateway = Gateway::start().await;
    let template = r"{channel}\t{data.data.text}\t{durable}";
    let choice = ["--grep", "tw|thr", "--exclude", "three"];
    let arguments = [&choice[..], &["--template", template]].concat();
    let mut tail = following(&gateway, &arguments).await;
    let mut client = gateway.connect("42").await;
    for text in ["one", "two", "three", "two\u{1b}"] {
        client.say("a", json!({"text": text})).await;
    }
    let beginning = |line: String| line.rsplit_once('\t').unwrap().0.to_owned();
    assert_eq!(beginning(tail.line().await), "room:a\ttwo");
    assert_eq!(beginning(tail.line().await), "room:a\ttwo\u{1b}");
}

#[tokio::test]
async fn it_comes_back_and_marks_the_gap() {
    let gateway = Gateway::start().await;
    let address = gateway.address;
    let mut tail = following(&gateway, &[]).await;
    gateway.kill().await;
    tail.told("trying again").await;
    let gateway = Gateway::with(address, SECRET, &[]).await;
    let gap = tail.json().await;
    assert_eq!(gap["type"], "gap");
    assert!(gap["seconds"].as_f64().unwrap() > 0.0, "{gap}");
    gateway.connect("42").await.say("a", json!({})).await;
    assert_eq!(tail.json().await["event"], "chat");

    // A gateway that stops says so and is come back to as well.
    gateway.stop().await;
    tail.told("draining (1012); trying again").await;
    let gateway = Gateway::with(address, SECRET, &[]).await;
    assert_eq!(tail.json().await["type"], "gap");
    gateway.connect("42").await.say("a", json!({})).await;
    assert_eq!(tail.json().await["event"], "chat");
}

#[tokio::test]
async fn what_a_history_keeps_is_not_missed() {
    let gateway = Gateway::start().await;
    let wire = Wire::to(gateway.address).await;
    let (url, token) = (wire.url(), token(SECRET, "7", &[]));
    let template = ["--template", "{data.data.n} {durable}"];
    let arguments = [&["room:a", "--event", "chat", "--url", &url], &template[..]].concat();
    let mut tail = Tail::following(&arguments, &[("MITHRIL_TOKEN", &token)]).await;
    let mut client = gateway.connect("42").await;
    client.say("a", json!({"n": 1})).await;
    assert_eq!(tail.line().await, "1 true");
    wire.cut();
    tail.told("trying again").await;
    for n in 2..50 {
        client.say("a", json!({"n": n})).await;
    }
    wire.mend();
    for n in 2..50 {
        assert_eq!(tail.line().await, format!("{n} true"));
    }
    client.say("a", json!({"n": 50})).await;
    assert_eq!(tail.line().await, "50 true");
    tail.signal("-INT");
    let end = tail.end().await;
    assert_eq!(
        (end.out, end.err),
        (Vec::new(), Vec::new()),
        "no gap is marked"
    );
}

#[tokio::test]
async fn the_last_messages_come_first() {
    let gateway = Gateway::start().await;
    let mut client = gateway.connect("42").await;
    for n in 1..=30 {
        client.say("a", json!({"n": n})).await;
    }
    client.say("b", json!({"n": 31})).await;
    let url = gateway.url();
    let token = token(SECRET, "7", &[]);
    let start = |arguments: &[&str]| {
        let template = [
            "--url",
            &url,
            "--template",
            "{channel} {data.data.n}",
            "--event",
            "chat",
        ];
        Tail::start(
            &[arguments, &template].concat(),
            &[("MITHRIL_TOKEN", &token)],
        )
    };
    let mut tail = start(&["room:a", "room:b", "--last", "3"]);
    for line in ["room:a 28", "room:a 29", "room:a 30", "room:b 31"] {
        assert_eq!(tail.line().await, line);
    }
    tail.told("following").await;
    client.say("a", json!({"n": 32})).await;
    assert_eq!(tail.line().await, "room:a 32");
    let end = start(&["room:a", "--last", "1000", "-n", "31"]).end().await;
    assert_eq!(end.out.len(), 31);
    assert_eq!(end.out.last().unwrap(), "room:a 32");
    let end = start(&["exercise.7.progress", "--last", "1"]).end().await;
    assert_eq!(end.code, Some(2));
    let told = end.err.join("\n");
    assert!(
        told.contains("there is no history of exercise.7.progress"),
        "{told}"
    );
}

#[tokio::test]
async fn a_lost_connection_can_be_the_end() {
    let gateway = Gateway::start().await;
    let tail = following(&gateway, &["--no-reconnect"]).await;
    gateway.kill().await;
    let end = tail.end().await;
    assert_eq!(end.code, Some(1), "{:?}", end.err);
    assert!(
        end.err[0].starts_with("error: the connection"),
        "{:?}",
        end.err
    );
}

#[tokio::test]
async fn a_token_that_is_not_accepted_any_more_is_read_again() {
    const OTHER: &str = "another secret of at least thirty-two bytes";
    let gateway = Gateway::start().await;
    let (address, url) = (gateway.address, gateway.url());
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    std::fs::write(&file, token(SECRET, "7", &[]) + "\n").unwrap();
    let path = file.to_str().unwrap();
    let arguments = [
        "room:a",
        "--url",
        &url,
        "--token-file",
        path,
        "--event",
        "chat",
    ];
    let mut tail = Tail::following(&arguments, &[]).await;
    gateway.kill().await;
    tail.told("trying again").await;
    std::fs::write(&file, token(OTHER, "7", &[])).unwrap();
    let gateway = Gateway::with(address, OTHER, &[]).await;
    assert_eq!(tail.json().await["type"], "gap");
    gateway.kill().await;
    tail.told("trying again").await;
    let _gateway = Gateway::with(address, SECRET, &[]).await;
    let end = tail.end().await;
    assert_eq!(end.code, Some(1));
    let told = end.err.join("\n");
    assert!(
        told.contains("error: ws://") && told.contains("invalid_token"),
        "{told}"
    );
}

#[tokio::test]
async fn a_signal_ends_it_after_what_has_come() {
    let gateway = Gateway::start().await;
    for (name, code) in [("-INT", 130), ("-TERM", 143)] {
        let mut tail = following(&gateway, &["--format", "raw"]).await;
        gateway.connect("42").await.say("a", json!({})).await;
        assert!(tail.line().await.starts_with('{'));
        tail.signal(name);
        assert_eq!(tail.end().await.code, Some(code));
    }
}

#[tokio::test]
async fn whoever_stops_reading_is_no_failure() {
    let gateway = Gateway::start().await;
    let mut tail = following(&gateway, &[]).await;
    let mut client = gateway.connect("42").await;
    client.say("a", json!({})).await;
    tail.line().await;
    assert_eq!(tail.end_unread().await, Some(0), "nothing more has come");
}

#[tokio::test]
async fn a_time_limit_ends_it_well() {
    let gateway = Gateway::start().await;
    let end = following(&gateway, &["--for", "50ms"]).await.end().await;
    assert_eq!((end.code, end.out), (Some(0), Vec::new()));
}

#[tokio::test]
async fn what_a_gateway_refuses_is_said_and_no_secret_is() {
    let gateway = Gateway::start().await;
    let url = gateway.url();
    let http = url.replace("ws://", "http://");
    let good = token(SECRET, "7", &[]);
    let bad = token("another secret of at least thirty-two bytes", "7", &[]);
    let nowhere = format!("{url}/nowhere");
    for (url, token, topics, why) in [
        (&url, "", &["room:a"][..], "missing_token"),
        (&url, "", &["room:a"], "MITHRIL_TOKEN"),
        (&url, &bad, &["room:a"], "invalid_token"),
        (&http, &bad, &["room:a"], "invalid_token"),
        (&url, &good, &["ws:8", "room:a"], "let ws:8 be followed"),
        (&url, &good, &["ws:*"], "forbidden"),
        (
            &nowhere,
            &good,
            &["room:a"],
            "there is nothing here (not_found)",
        ),
    ] {
        let arguments = [topics, &["--url", url]].concat();
        let end = Tail::start(&arguments, &[("MITHRIL_TOKEN", token)])
            .end()
            .await;
        let told = end.err.join("\n");
        assert_eq!(end.code, Some(2), "{told}");
        assert!(told.contains(why), "{told}");
        let signature = token.rsplit('.').next().unwrap();
        assert!(token.is_empty() || !told.contains(signature), "{told}");
    }
}

#[tokio::test]
async fn what_is_no_gateway_is_said() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let url = format!("ws://{address}?token=hunter2");
    let tail = Tail::start(&["room:a", "--url", &url], &[]);
    let (mut stream, _) = soon(listener.accept()).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, b"220 mail.example.org\r\n\r\n")
        .await
        .unwrap();
    let end = tail.end().await;
    assert_eq!(end.code, Some(2));
    assert!(
        end.err[0].contains("is no gateway of mithril"),
        "{:?}",
        end.err
    );
    drop((stream, listener));
    let end = Tail::start(&["room:a", "--url", &url], &[]).end().await;
    assert_eq!(end.code, Some(2));
    let told = end.err.join("\n");
    assert!(
        told.contains(&format!("failed to connect to {address}")),
        "{told}"
    );
    assert!(!told.contains("hunter2"), "{told}");
}

#[tokio::test]
async fn on_a_terminal_it_is_for_people() {
    let gateway = Gateway::start().await;
    let url = gateway.url();
    let shell = format!(
        "{} tail room:a --event chat --url {url} -n 1",
        env!("CARGO_BIN_EXE_mithril")
    );
    // `script` runs it on a terminal of its own and copies that.
    let mut command = tokio::process::Command::new("script");
    let child = command
        .args(["-qefc", &shell, "/dev/null"])
        .env("MITHRIL_TOKEN", token(SECRET, "7", &[]))
        .env("TZ", "UTC")
        .env("TERM", "xterm")
        .env_remove("NO_COLOR")
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("script is needed: apt-get install bsdutils");
    let mut client = gateway.connect("42").await;
    let output = child.wait_with_output();
    tokio::pin!(output);
    // It is not known when it follows: it is spoken to until it has heard.
    let output = loop {
        tokio::select! {
            output = &mut output => break output.unwrap(),
            () = client.say("a", json!({"text": "\u{1b}[2J\u{9b}2J"})) => {}
        }
    };
    let shown = String::from_utf8(output.stdout).unwrap();
    let line = shown
        .lines()
        .find(|line| line.contains("room:a\x1b[0m"))
        .expect(&shown);
    assert!(line.starts_with("\x1b[2m"), "{line:?}");
    assert!(line.contains("\x1b[36mroom:a\x1b[0m"), "{line:?}");
    assert!(
        line.contains("\x1b[1mchat\x1b[0m {\"type\":\"chat\""),
        "{line:?}"
    );
    assert!(line.contains(r"\u001b[2J\u009b2J"), "{line:?}");
    let _: Value = serde_json::from_str(line[line.find('{').unwrap()..].trim_end()).unwrap();
}
