//! The bare loop: a single-threaded program that does nothing but one `write` per socket and message.
//! It is this bench itself, started again in another mode, so that its time is its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::AsyncReadExt;
use tokio::sync::Notify;

use super::measure::Process;

/// The argument that starts the bare loop.
pub(crate) const MODE: &str = "--bare-loop";

/// The bytes of a frame: header and payload as the gateway sends them.
const FRAME: usize = super::PAYLOAD + 160;

/// The program: the first line of input says how many sockets come; each further byte is an order to
/// write one message to all of them.
pub(crate) fn serve() {
    let mut input = BufReader::new(std::io::stdin().lock());
    let mut line = String::new();
    input.read_line(&mut line).unwrap();
    let sockets: usize = line.trim().parse().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap());
    let mut streams: Vec<TcpStream> = (0..sockets).map(|_| listener.accept().unwrap().0).collect();
    for stream in &streams {
        stream.set_nodelay(true).unwrap();
    }
    println!("ready");
    let frame = [b'x'; FRAME];
    let mut orders = [0; 256];
    loop {
        let count = input.read(&mut orders).unwrap();
        if count == 0 {
            return;
        }
        for _ in 0..count {
            for stream in &mut streams {
                stream.write_all(&frame).unwrap();
            }
        }
    }
}

/// A running bare loop and the sockets it writes to.
pub(crate) struct Loop {
    child: Child,
    process: Process,
    sockets: u64,
    sent: AtomicU64,
    bytes: Arc<AtomicU64>,
    came: Arc<Notify>,
}

impl Loop {
    pub(crate) async fn start(sockets: usize) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg(MODE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        writeln!(child.stdin.as_mut().unwrap(), "{sockets}").unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address: SocketAddr = lines.next().unwrap().unwrap().parse().unwrap();
        let bytes = Arc::new(AtomicU64::new(0));
        let came = Arc::new(Notify::new());
        for _ in 0..sockets {
            let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
            let (bytes, came) = (Arc::clone(&bytes), Arc::clone(&came));
            tokio::spawn(async move {
                let mut buffer = vec![0; 4096];
                while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                    bytes.fetch_add(count as u64, Ordering::AcqRel);
                    came.notify_one();
                }
            });
        }
        assert_eq!(lines.next().unwrap().unwrap(), "ready");
        let process = Process { id: child.id() };
        Self {
            child,
            process,
            sockets: sockets as u64,
            sent: AtomicU64::new(0),
            bytes,
            came,
        }
    }

    /// Orders messages and returns the processor time that they cost, in microseconds.
    pub(crate) async fn run(&self, rounds: u64, outstanding: u64) -> f64 {
        let before = self.process.cpu();
        for _ in 0..rounds / outstanding {
            let orders = vec![1; usize::try_from(outstanding).unwrap()];
            self.child
                .stdin
                .as_ref()
                .unwrap()
                .write_all(&orders)
                .unwrap();
            let sent = self.sent.fetch_add(outstanding, Ordering::Relaxed) + outstanding;
            while self.bytes.load(Ordering::Acquire) < sent * self.sockets * FRAME as u64 {
                self.came.notified().await;
            }
        }
        self.process.micros_since(before)
    }

    /// How many writes that many rounds are.
    pub(crate) fn deliveries(&self, rounds: u64) -> f64 {
        super::measure::float(self.sockets * rounds)
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
