//! From `PUBLISH` to the frame at the client: 1,000 users with a socket each, 1,000 messages a second
//! to one user after the other. The bare loop reads from Redis and writes to the user's socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{EncodingKey, Header};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use crate::server::RedisServer;

/// The argument that starts the bare loop.
pub(crate) const MODE: &str = "--bare-loop";

const SOCKETS: usize = 1_000;
const PER_SECOND: u32 = 1_000;
const MESSAGES: usize = 3_000;
const TURNS: usize = 3;
const SECRET: &str = "a secret of at least thirty-two bytes";

/// The program: it listens, says where, and takes a socket and the number of its user after the other.
pub(crate) fn serve(redis: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap());
    let mut sockets = Vec::new();
    for _ in 0..SOCKETS {
        let socket = listener.accept().unwrap().0;
        socket.set_nodelay(true).unwrap();
        sockets.push(socket);
    }
    let mut redis = BufReader::new(TcpStream::connect(redis).unwrap());
    redis.get_mut().write_all(b"PSUBSCRIBE ws:*\r\n").unwrap();
    let mut parts = Vec::new();
    let mut line = String::new();
    loop {
        line.clear();
        if redis.read_line(&mut line).unwrap() == 0 {
            return;
        }
        match line.as_bytes()[0] {
            b'*' => parts.clear(),
            b'$' => {
                let mut part = vec![0; line[1..].trim().parse::<usize>().unwrap() + 2];
                redis.read_exact(&mut part).unwrap();
                part.truncate(part.len() - 2);
                parts.push(part);
            }
            _ => {}
        }
        if let [kind, _, channel, payload] = &parts[..]
            && kind == b"pmessage"
        {
            let user: usize = String::from_utf8_lossy(&channel[3..]).parse().unwrap();
            let mut frame = vec![0x81, 126];
            frame.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
            frame.extend(payload);
            sockets[user].write_all(&frame).unwrap();
            parts.clear();
        }
    }
}

/// A program that is killed when this is dropped.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

pub(crate) async fn compare() {
    let server = RedisServer::start();
    let (_gateway, at) = gateway(&server);
    let mut ours = sockets(at, true).await;
    let (_bare_loop, at) = bare(&server);
    let mut bare = sockets(at, false).await;
    // Both are served all the time, so each message is received twice.
    let mut figures = [Vec::new(), Vec::new()];
    for _ in 0..TURNS {
        publish(&server).await;
        for (figures, arrivals) in figures.iter_mut().zip([&mut ours, &mut bare]) {
            figures.push(delays(arrivals).await);
        }
    }
    for (name, part) in [("p50", 0.5), ("p99", 0.99)] {
        let [ours, bare] = figures.each_ref().map(|turns| middle(turns, part));
        println!(
            "PUBLISH to frame, {SOCKETS} sockets, {PER_SECOND}/s, {name}: {ours:.0?}, {:.2} x the bare \
             loop's {bare:.0?}",
            ours.as_secs_f64() / bare.as_secs_f64()
        );
    }
}

/// The quantile in the middle of all turns.
fn middle(turns: &[Vec<Duration>], part: f64) -> Duration {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index within the values"
    )]
    let mut quantiles: Vec<Duration> = turns
        .iter()
        .map(|sorted| sorted[((sorted.len() - 1) as f64 * part) as usize])
        .collect();
    quantiles.sort_unstable();
    quantiles[quantiles.len() / 2]
}

fn gateway(server: &RedisServer) -> (Program, SocketAddr) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mithril"))
        .args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json"])
        .env("JWT_SECRET_KEY", SECRET)
        .env("REDIS_URL", server.url())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = lines.find_map(|line| {
        let event: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        let is_it = event["message"] == "serving";
        is_it.then(|| event["address"].as_str().unwrap().parse().unwrap())
    });
    // The pipe stays open for what else it may say.
    std::thread::spawn(move || lines.for_each(drop));
    (
        Program(child),
        address.expect("the daemon says where it is"),
    )
}

fn bare(server: &RedisServer) -> (Program, SocketAddr) {
    let redis = format!("127.0.0.1:{}", server.port());
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([MODE, &redis])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    (Program(child), line.trim().parse().unwrap())
}

/// A socket for each user; the delay of every message comes out.
async fn sockets(address: SocketAddr, upgrade: bool) -> mpsc::Receiver<Duration> {
    let (delays, arrivals) = mpsc::channel(MESSAGES * 2);
    for user in 0..SOCKETS {
        let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
        socket.set_nodelay(true).unwrap();
        if upgrade {
            let request = format!(
                "GET /ws HTTP/1.1\r\nhost: {address}\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
                 sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-version: 13\r\n\
                 authorization: Bearer {}\r\n\r\n",
                token(user)
            );
            socket.write_all(request.as_bytes()).await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(socket.read_u8().await.unwrap());
            }
            assert!(head.starts_with(b"HTTP/1.1 101"));
        }
        tokio::spawn(read(socket, delays.clone()));
    }
    arrivals
}

fn token(user: usize) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let claims = serde_json::json!({"sub": user.to_string(), "exp": now.as_secs() + 3_600});
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&Header::default(), &claims, &key).unwrap()
}

/// Reads messages, of which each says when it was published.
async fn read(mut socket: tokio::net::TcpStream, delays: mpsc::Sender<Duration>) {
    let mut buffer = [0; 4096];
    loop {
        let count = socket.read(&mut buffer).await.unwrap_or(0);
        if count == 0 {
            return;
        }
        let now = since_epoch();
        let text = String::from_utf8_lossy(&buffer[..count]);
        for published in text.split("at:").skip(1) {
            let digits = published.split(' ').next().unwrap();
            let nanoseconds: u64 = digits.parse().unwrap();
            let delay = now.saturating_sub(Duration::from_nanos(nanoseconds));
            delays.send(delay).await.unwrap();
        }
    }
}

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

/// Publishes to one user after the other, once all are listened to.
async fn publish(server: &RedisServer) {
    let subscribed = || server.cli(&["PUBSUB", "NUMSUB", &format!("ws:{}", SOCKETS - 1)]);
    while !subscribed().ends_with('1') {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut redis = tokio::net::TcpStream::connect(("127.0.0.1", server.port()))
        .await
        .unwrap();
    redis.set_nodelay(true).unwrap();
    let (mut answers, mut redis) = redis.split();
    let sending = async {
        let mut due = tokio::time::interval(Duration::from_secs(1) / PER_SECOND);
        for message in 0..MESSAGES {
            due.tick().await;
            let at = since_epoch().as_nanos();
            let payload = format!("at:{at} {:x<1$}", "", super::PAYLOAD - 23);
            let channel = format!("ws:{}", message % SOCKETS);
            let command = format!(
                "*3\r\n$7\r\nPUBLISH\r\n${}\r\n{channel}\r\n${}\r\n{payload}\r\n",
                channel.len(),
                payload.len()
            );
            redis.write_all(command.as_bytes()).await.unwrap();
        }
    };
    let mut lines = tokio::io::BufReader::new(&mut answers);
    let reading = async {
        let mut line = String::new();
        for _ in 0..MESSAGES {
            line.clear();
            tokio::io::AsyncBufReadExt::read_line(&mut lines, &mut line)
                .await
                .unwrap();
            assert_eq!(line, ":2\r\n", "the gateway and the bare loop");
        }
    };
    tokio::join!(sending, reading);
}

/// What came of one turn, in order.
async fn delays(arrivals: &mut mpsc::Receiver<Duration>) -> Vec<Duration> {
    let mut all = Vec::with_capacity(MESSAGES);
    while all.len() < MESSAGES {
        all.push(arrivals.recv().await.unwrap());
    }
    all.sort_unstable();
    all
}
