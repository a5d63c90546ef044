//! A tree in a temporary directory, and a daemon in this process that serves it.

use std::fs;
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mithril::catalog::CatalogStore;
use mithril::config::WatchMode;
use mithril::daemon::{ContentConfig, Daemon, DaemonConfig, Running};
use mithril::gateway::AuthConfig;
use mithril::lint::Settings;
use serde_json::Value;
use tempfile::TempDir;

use crate::client::{Client, http};

pub(crate) const SECRET: &[u8] = b"a secret of at least thirty-two bytes";

/// Waits for what must come soon.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(1), what)
        .await
        .expect("it should have come by now")
}

/// A tree on the disk.
pub(crate) struct Tree {
    directory: TempDir,
    pub(crate) root: PathBuf,
}

impl Tree {
    /// A pool `p` with the exercises `a`, `b` and `zz`.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("exercises");
        let tree = Self { directory, root };
        tree.write("p/pool.yaml", &pool("p"));
        for id in ["a", "b", "zz"] {
            tree.write(&format!("p/{id}/exercise.yaml"), &exercise(id, "one"));
        }
        tree
    }

    /// A place beside the root.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        write(&self.path(path), text);
    }

    pub(crate) fn remove(&self, path: &str) {
        let path = self.path(path);
        fs::remove_file(&path)
            .or_else(|_| fs::remove_dir_all(&path))
            .unwrap();
    }
}

pub(crate) fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

pub(crate) fn pool(slug: &str) -> String {
    format!("slug: {slug}\nname: The pool {slug}\n")
}

pub(crate) fn exercise(id: &str, title: &str) -> String {
    format!("id: {id}\ntitle: {title}\ntype: text\n")
}

/// A daemon that serves a tree.
pub(crate) struct Fixture {
    pub(crate) daemon: Running,
    pub(crate) address: SocketAddr,
}

impl Fixture {
    pub(crate) async fn start(tree: &Tree) -> Self {
        Self::with(tree, |_| {}).await
    }

    pub(crate) async fn with(tree: &Tree, change: impl FnOnce(&mut DaemonConfig)) -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut config = DaemonConfig::new(listen, Arc::new(CatalogStore::default()));
        config.content = Some(ContentConfig {
            root: tree.root.clone(),
            settings: Settings::default(),
            watch: WatchMode::Auto,
            allow_degraded: false,
        });
        config.auth = Some(AuthConfig::hs256(SECRET));
        config.limits.frames_per_second = 0;
        change(&mut config);
        let daemon = Daemon::bind(config).await.unwrap();
        daemon.load().await.unwrap();
        let daemon = daemon.spawn();
        let address = daemon.address();
        Self { daemon, address }
    }

    /// A client that listens to all changes of the content.
    pub(crate) async fn listener(&self) -> Client {
        Client::listener(self.address).await
    }

    /// Reloads as `SIGHUP` does; returns what became of it.
    pub(crate) async fn reload(&self) -> &'static str {
        let reloader = self.daemon.reloader().expect("it serves a tree");
        soon(reloader.reload(None)).await.result.as_str()
    }

    pub(crate) async fn health(&self) -> Value {
        serde_json::from_str(&http(self.address, "/healthz/content").await).unwrap()
    }

    /// How the daemon is, and its content.
    pub(crate) async fn states(&self) -> (Value, Value) {
        let overview: Value = serde_json::from_str(&http(self.address, "/healthz").await).unwrap();
        let content = self.health().await["status"].clone();
        assert_eq!(overview["content"]["status"], content);
        (overview["status"].clone(), content)
    }

    /// How many reloads had this result.
    pub(crate) async fn reloads(&self, result: &str) -> u64 {
        let name = format!("mithril_reload_total{{result=\"{result}\"}}");
        metric(self.address, &name).await
    }
}

/// What the daemon counts under this name; 0 where it has nothing to count.
pub(crate) async fn metric(address: SocketAddr, name: &str) -> u64 {
    let page = http(address, "/metrics").await;
    let line = page.lines().find_map(|line| line.strip_prefix(name));
    line.map_or(0, |value| value.trim().parse().unwrap())
}
