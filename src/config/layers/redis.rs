//! Where Redis is, from three keys. What is wrong with a URL is said without repeating it: it may
//! hold a password.

use super::Reader;
use crate::config::keys;
use crate::config::{RedisPlace, RedisUrl, RedisUrlError};

impl Reader<'_> {
    /// Where Redis is; the password and the database that stand apart beat those of the URL.
    pub(in crate::config) fn redis(&mut self) -> Option<RedisUrl> {
        let password = self.secret("redis.password");
        let db = self.optional_number("redis.db");
        let mut url = self.redis_url("redis.url")?;
        url.password = password.or(url.password);
        if let Some(db) = db {
            url.db = db;
        }
        if url.db != 0 && matches!(url.place, RedisPlace::Cluster(_)) {
            self.refuse("redis.db", &RedisUrlError::ClusterDatabase.to_string());
        }
        Some(url)
    }

    fn redis_url(&mut self, path: &str) -> Option<RedisUrl> {
        let (raw, _) = self.find(keys::find(path)?)?;
        let parsed = match raw.resolve() {
            Err(error) => Err(format!("can't be read: {error}")),
            Ok(raw) => match raw.text() {
                Some(text) => text.parse().map_err(|e: RedisUrlError| e.to_string()),
                None => Err("must be a text, not a list".to_owned()),
            },
        };
        parsed.map_err(|problem| self.refuse(path, &problem)).ok()
    }

    fn refuse(&mut self, path: &str, problem: &str) {
        let origin = keys::find(path).and_then(|key| Some(self.find(key)?.1));
        let origin = origin.map_or(String::new(), |origin| format!("{origin}: "));
        self.problems.push(format!("{origin}`{path}` {problem}"));
    }
}
