//! A real redis-server for one test: on a port of its own, killed with the test.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Below the ports that the system hands out: a port stays free while its server is down.
const PORTS: std::ops::Range<u16> = 12_000..30_000;
const PATIENCE: Duration = Duration::from_secs(20);

/// A server. Dropping it kills it.
pub(crate) struct RedisServer {
    child: Option<Child>,
    directory: TempDir,
    port: u16,
    arguments: Vec<String>,
}

impl RedisServer {
    /// A server that keeps nothing on disk.
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// A server with further options, as on its command line.
    pub(crate) fn with(options: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_str().unwrap().to_owned();
        let own = ["--save", "", "--appendonly", "no", "--dir", &path];
        let arguments = own.iter().chain(options).map(|&o| o.to_owned()).collect();
        Self::run(directory, arguments)
    }

    /// A sentinel that watches a primary by the name `school`.
    pub(crate) fn sentinel(primary: &Self) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("sentinel.conf");
        let watched = format!(
            "sentinel monitor school 127.0.0.1 {} 1\nsentinel down-after-milliseconds school 300\n\
             sentinel failover-timeout school 1000\n",
            primary.port
        );
        std::fs::write(&file, watched).unwrap();
        let file = file.to_str().unwrap().to_owned();
        Self::run(directory, vec![file, "--sentinel".to_owned()])
    }

    fn run(directory: TempDir, arguments: Vec<String>) -> Self {
        let mut server = Self {
            child: None,
            directory,
            port: 0,
            arguments,
        };
        for _ in 0..20 {
            server.port = free_port();
            if server.spawn() {
                return server;
            }
        }
        panic!("redis-server does not start: {}", server.log());
    }

    /// The port that it listens on, also while it is down.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills it as if the power had gone.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // A process that is stopped is killed all the same.
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Starts it again where it was.
    pub(crate) fn restart(&mut self) {
        self.kill();
        assert!(self.spawn(), "redis-server does not start: {}", self.log());
    }

    /// Stops it without ending it: it keeps its connections and answers nothing.
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    /// What `redis-cli` says to a command.
    pub(crate) fn cli(&self, arguments: &[&str]) -> String {
        let output = self.cli_with(arguments, b"");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    }

    /// `redis-cli` with something on its standard input.
    pub(crate) fn cli_with(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = Command::new("redis-cli")
            .args(["-p", &self.port.to_string()])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("redis-cli is needed: apt-get install redis-tools");
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input).unwrap();
        drop(stdin);
        child.wait_with_output().unwrap()
    }

    fn signal(&self, signal: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        let status = Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(status.success());
    }

    /// Starts it and waits until it answers; not if another has taken the port.
    fn spawn(&mut self) -> bool {
        let log = std::fs::File::create(self.directory.path().join("log")).unwrap();
        let mut child = Command::new("redis-server")
            .args(&self.arguments)
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"])
            .stdin(Stdio::null())
            .stdout(log)
            .spawn()
            .expect("redis-server is needed: apt-get install redis-server");
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            if self.answers() {
                self.child = Some(child);
                return true;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        false
    }

    /// Whether it answers a PING, be it that it wants a password.
    fn answers(&self) -> bool {
        let ask = || -> std::io::Result<Vec<u8>> {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.write_all(b"PING\r\n")?;
            let mut answer = vec![0; 64];
            let count = stream.read(&mut answer)?;
            answer.truncate(count);
            Ok(answer)
        };
        ask().is_ok_and(|answer| answer.starts_with(b"+PONG") || answer.starts_with(b"-NOAUTH"))
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

/// A port that nobody listens on. Tests run beside each other: no port is handed out twice.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let own = u16::try_from(std::process::id() * 101 % u32::from(PORTS.end - PORTS.start)).unwrap();
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = PORTS.start + (own + step) % (PORTS.end - PORTS.start);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
