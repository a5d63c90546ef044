//! Of all replicas one keeps the cache: whoever holds the lease writes, all others look on.
//!
//! The lease is a key that ends by itself, so a replica that dies is followed by another. What the
//! holder has written it remembers: a reload costs what it changed, and where Redis may have lost
//! something, all is written anew. What others remove it writes again; what others write it leaves.

mod doubts;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::catalog::{Catalog, CatalogDiff, CatalogStore};
use crate::link::{Command, LinkError, LinkFailure, Reply};

use super::{Cache, Invalidations, Lifetimes, Progress, Scope};
use doubts::Look;

pub(super) use doubts::Doubts;

/// The lease. Its value is the holder's name and the digest of its content.
const LEASE: &str = "mithril:lease:cache";

/// Takes the lease if it is free or one's own. Says whether it was one's own already, or whose it is.
const HOLD: &str = "
local held = redis.call('GET', KEYS[1])
if held and string.sub(held, 1, #ARGV[1]) ~= ARGV[1] then return held end
redis.call('SET', KEYS[1], ARGV[1] .. ARGV[2], 'PX', ARGV[3])
return held and 1 or 0";

/// Gives the lease back if it is one's own.
const RELEASE: &str = "
local held = redis.call('GET', KEYS[1])
if held and string.sub(held, 1, #ARGV[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 0";

/// How long the lease lasts, and how often it is renewed.
#[derive(Debug, Clone, Copy)]
pub struct LeaseTiming {
    /// After this time without a sign of its holder it is free.
    pub lease: Duration,
    /// How often the holder gives one, and the others look.
    pub renewal: Duration,
}

impl Default for LeaseTiming {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(10),
            renewal: Duration::from_secs(3),
        }
    }
}

/// Keeps the cache as the catalog is, while it holds the lease.
#[derive(Debug)]
pub struct Keeper {
    cache: Cache,
    store: Arc<CatalogStore>,
    timing: LeaseTiming,
    /// This replica's name, with what parts it from the digest.
    name: String,
    written: Option<Written>,
    /// What nodes without content have been told of.
    announced: Option<Arc<Catalog>>,
    /// Whether that is all that Redis has, too.
    settled: bool,
    doubts: Arc<Doubts>,
    told: Told,
}

/// What was written, and until when that will do.
#[derive(Debug)]
struct Written {
    catalog: Arc<Catalog>,
    until: Instant,
}

/// What has been logged, so that it is not logged again.
#[derive(Debug, Default, PartialEq, Eq)]
enum Told {
    #[default]
    Nothing,
    Holds,
    /// Another replica, with the same content or with other.
    LooksOn,
    /// Another replica has had this content, and this one other, for a while.
    Differs(String, u32),
    Fails(LinkError),
}

/// Who holds the lease.
enum Lease {
    /// This replica, and it did before.
    Still,
    /// This replica, from now on.
    Now,
    /// Another one, with this digest of its content.
    Elsewhere(String),
}

/// How often in a row content must differ: replicas reload one after the other.
const PATIENCE: u32 = 3;

impl Keeper {
    /// A keeper that holds nothing yet.
    pub fn new(cache: Cache, store: Arc<CatalogStore>, timing: LeaseTiming) -> Self {
        Self {
            cache,
            store,
            timing,
            name: format!("{} ", Uuid::new_v4().simple()),
            written: None,
            announced: None,
            settled: false,
            doubts: Arc::default(),
            told: Told::Nothing,
        }
    }

    /// What has to hear what others remove, so that it is written again.
    pub fn invalidations(&self) -> Invalidations {
        Invalidations::of_doubts(Arc::clone(&self.doubts))
    }

    /// Keeps the cache until it is to stop; then gives the lease back.
    pub async fn run(mut self, stopping: CancellationToken) {
        loop {
            let revision = self.store.revision();
            let turn = stopping.run_until_cancelled(self.turn()).await;
            let pause = async {
                tokio::select! {
                    () = sleep(self.timing.renewal) => {}
                    () = self.store.changed(revision) => {}
                    () = self.doubts.some() => {}
                }
            };
            if turn.is_none() || stopping.run_until_cancelled(pause).await.is_none() {
                // The next replica does not have to wait. If it fails, it has to.
                let _ = self.lease(RELEASE, "").await;
                return;
            }
        }
    }

    async fn turn(&mut self) {
        let catalog = self.store.snapshot();
        // Who has nothing to write leaves it to those who have.
        if catalog.pools().len() == 0 {
            return;
        }
        let digest = catalog.digest().to_string();
        let told = match self.hold(&digest).await {
            Ok(Lease::Elsewhere(theirs)) => {
                self.written = None;
                self.announced = None;
                self.look_on(theirs, &digest)
            }
            Ok(lease) => {
                if let Lease::Now = lease {
                    // Redis has lost the lease, or another had it: who knows what else is lost.
                    self.written = None;
                }
                match self.keep(catalog).await {
                    Ok(()) => Told::Holds,
                    Err(error) => Told::Fails(error),
                }
            }
            Err(error) => Told::Fails(error),
        };
        self.tell(told);
    }

    fn look_on(&self, theirs: String, ours: &str) -> Told {
        match &self.told {
            _ if theirs == ours => Told::LooksOn,
            Told::Differs(before, times) if *before == theirs => {
                Told::Differs(theirs, times.saturating_add(1))
            }
            Told::Nothing | Told::Holds | Told::LooksOn | Told::Differs(_, _) | Told::Fails(_) => {
                Told::Differs(theirs, 1)
            }
        }
    }

    /// Writes first, and tells then.
    async fn keep(&mut self, catalog: Arc<Catalog>) -> Result<(), LinkError> {
        let look = self.doubts.take(&catalog);
        if look == Look::Everywhere {
            self.written = None;
        }
        self.write(Arc::clone(&catalog)).await?;
        if let Look::At(pools) = look
            && !pools.is_empty()
        {
            let mended = self.cache.mend(&catalog, &pools).await;
            // Who can't look now looks at everything later.
            let mended = mended.inspect_err(|_| self.doubts.doubt_all())?;
            if mended > 0 {
                tracing::info!(pools = mended, "wrote again what was removed");
            }
        }
        self.announce(catalog).await
    }

    /// Tells nodes without content what changed.
    async fn announce(&mut self, catalog: Arc<Catalog>) -> Result<(), LinkError> {
        if let Some(before) = &self.announced
            && before.digest() != catalog.digest()
        {
            let diff = CatalogDiff::between(before, &catalog);
            self.cache.announce(&diff).await?;
        }
        // What is not known to have been announced is looked up.
        if self.announced.is_none() || !self.settled {
            self.cache.settle(&catalog).await?;
            self.settled = true;
        }
        self.announced = Some(catalog);
        Ok(())
    }

    async fn write(&mut self, catalog: Arc<Catalog>) -> Result<(), LinkError> {
        let written = self.written.take().filter(|w| w.until > Instant::now());
        let until = match written {
            Some(Written {
                catalog: before,
                until,
            }) if before.digest() == catalog.digest() => until,
            Some(Written {
                catalog: before,
                until,
            }) => {
                let diff = CatalogDiff::between(&before, &catalog);
                self.cache.apply(&catalog, &diff).await?;
                until
            }
            None => {
                let progress = Progress::default();
                let begin = Instant::now();
                let warmed = self.cache.warm(&catalog, &Scope::All, &progress).await;
                if let Some(failed) = warmed.failed {
                    return Err(failed.into());
                }
                self.settled = false;
                // What left the content while nobody looked is not to be found either.
                let pruned = self.cache.prune_own(&catalog).await?;
                let (pools, exercises) = (catalog.pools().len(), catalog.exercise_count());
                tracing::debug!(pools, exercises, pruned, "cached");
                begin + self.cache.lifetimes.least() / 2
            }
        };
        self.written = Some(Written { catalog, until });
        Ok(())
    }

    async fn hold(&self, digest: &str) -> Result<Lease, LinkError> {
        let garbled = || self.cache.link.error(LinkFailure::Garbled);
        match self.lease(HOLD, digest).await? {
            Reply::Integer(0) => Ok(Lease::Now),
            Reply::Integer(_) => Ok(Lease::Still),
            reply => {
                let held = reply.text().ok_or_else(garbled)?;
                let theirs = held.split_once(' ').map_or("", |(_, digest)| digest);
                Ok(Lease::Elsewhere(theirs.to_owned()))
            }
        }
    }

    async fn lease(&self, script: &'static str, digest: &str) -> Result<Reply, LinkError> {
        let command = Command::new("EVAL").arg(script).arg("1").arg(LEASE);
        let lease = self.timing.lease.as_millis().to_string();
        let command = command.arg(&self.name).arg(digest).arg(lease);
        self.cache.link.send(command).await
    }

    /// Logs what is new.
    fn tell(&mut self, told: Told) {
        if told == self.told {
            return;
        }
        match &told {
            Told::Holds => tracing::info!("this replica keeps the cache"),
            Told::LooksOn => tracing::info!("another replica keeps the cache"),
            Told::Differs(theirs, PATIENCE) => {
                let ours = self.store.snapshot().digest();
                tracing::error!(
                    code = "content_mismatch",
                    %theirs,
                    %ours,
                    "the replica that keeps the cache has other content"
                );
            }
            Told::Fails(error) => tracing::warn!(cause = %error, "the cache is not kept"),
            Told::Nothing | Told::Differs(_, _) => {}
        }
        self.told = told;
    }
}

impl Lifetimes {
    fn least(&self) -> Duration {
        self.content.min(self.pools)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::{Link, LinkLimits};

    #[test]
    fn other_content_counts_once_it_has_been_seen_for_a_while() {
        let url = "redis://localhost".parse().unwrap();
        let link = Link::new(url, LinkLimits::default());
        let lifetimes = Lifetimes {
            content: Duration::from_secs(2),
            pools: Duration::from_secs(1),
        };
        let store = Arc::new(CatalogStore::default());
        let cache = Cache::new(link, lifetimes);
        let mut keeper = Keeper::new(cache, store, LeaseTiming::default());
        let mut see = |theirs: &str| {
            let told = keeper.look_on(theirs.to_owned(), "ours");
            keeper.tell(told);
            match &keeper.told {
                Told::Differs(_, times) => Some(*times),
                _ => None,
            }
        };
        assert_eq!(see("ours"), None);
        // Another digest each time is a replica that reloads.
        assert_eq!(
            [see("a"), see("b"), see("b"), see("b")],
            [1, 1, 2, 3].map(Some)
        );
        assert_eq!(see("b"), Some(4), "it is logged once");
        assert_eq!([see("ours"), see("b")], [None, Some(1)]);
    }
}
