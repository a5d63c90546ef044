//! The layers, and reading a key from the first of them that has it.

mod fixed;
mod redis;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use super::file::{self, FileLayer};
use super::keys::{self, Key};
use super::value::{self, Raw};
use super::{ConfigError, KEYS, Listed, Secret};

pub use fixed::Fixed;

/// Variables that commands read and that are no keys.
const OF_COMMANDS: [&str; 3] = ["MITHRIL_CONFIG", "MITHRIL_TOKEN", "MITHRIL_API_KEY"];

/// The environment variables, by name.
pub type Environment = BTreeMap<String, String>;

/// What the configuration is read from.
#[derive(Debug, Default)]
pub struct Layers {
    /// The file that the user named.
    pub file: Option<PathBuf>,
    /// The environment.
    pub environment: Environment,
    /// The values of flags, by key.
    pub flags: BTreeMap<&'static str, String>,
}

impl Layers {
    /// Variables that look like ours and are not: a warning, because platforms inject such.
    pub fn unknown_variables(&self) -> impl Iterator<Item = &str> {
        let names = self.environment.keys().map(String::as_str);
        names.filter(|name| {
            name.starts_with("MITHRIL_")
                && !OF_COMMANDS.contains(name)
                && !KEYS
                    .iter()
                    .any(|key| key.variable() == *name || key.variables.contains(name))
        })
    }
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The default.
    Default,
    /// A line of a file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// An environment variable.
    Variable(String),
    /// A file in `$CREDENTIALS_DIRECTORY`.
    Credential(PathBuf),
    /// A flag.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) => write!(f, "the variable {name}"),
            Self::Credential(path) => write!(f, "{}", path.display()),
            Self::Flag(name) => write!(f, "the flag --{name}"),
        }
    }
}

/// Reads keys and collects what is wrong with their values.
pub(super) struct Reader<'l> {
    layers: &'l Layers,
    file: FileLayer,
    problems: Vec<String>,
}

impl<'l> Reader<'l> {
    pub(super) fn new(layers: &'l Layers) -> Result<Self, ConfigError> {
        let path = layers
            .file
            .clone()
            .or_else(|| file::default_path(&layers.environment));
        let mut file =
            path.map_or_else(|| Ok(FileLayer::default()), |path| FileLayer::read(&path))?;
        let problems = std::mem::take(&mut file.problems);
        Ok(Self {
            layers,
            file,
            problems,
        })
    }

    /// Says what is wrong, if anything is.
    pub(super) fn finish(self) -> Result<(), ConfigError> {
        if self.problems.is_empty() {
            return Ok(());
        }
        Err(ConfigError::Invalid {
            problems: self.problems,
        })
    }

    /// Whether a key has a value that is not its default.
    pub(super) fn is_set(&mut self, path: &str) -> bool {
        let found = keys::find(path).and_then(|key| self.find(key));
        found.is_some_and(|(_, origin)| origin != Origin::Default)
    }

    pub(super) fn text(&mut self, path: &str) -> String {
        self.read(path, "a text", |raw| raw.text().map(str::to_owned))
            .unwrap_or_default()
    }

    pub(super) fn number(&mut self, path: &str) -> u32 {
        self.count(path).unwrap_or_default()
    }

    pub(super) fn optional_number(&mut self, path: &str) -> Option<u32> {
        self.read(path, "a whole number", |raw| raw.text()?.parse().ok())
    }

    /// How many there may be, where that is said.
    pub(super) fn count(&mut self, path: &str) -> Option<u32> {
        let positive = |raw: &Raw| raw.text()?.parse().ok().filter(|number| *number > 0);
        self.read(path, "a whole number from 1 on", positive)
    }

    pub(super) fn optional_text(&mut self, path: &str) -> Option<String> {
        self.read(path, "a text", |raw| raw.text().map(str::to_owned))
    }

    pub(super) fn truth(&mut self, path: &str) -> bool {
        let expected = "true or false";
        self.read(path, expected, |raw| value::truth(raw.text()?))
            .unwrap_or_default()
    }

    pub(super) fn secret(&mut self, path: &str) -> Option<Secret<String>> {
        let expected = "a text that is not empty";
        let text = |raw: &Raw| {
            raw.text()
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        self.read(path, expected, text).map(Secret::new)
    }

    /// A list of secrets; a text has commas or line breaks between them.
    pub(super) fn secrets(&mut self, path: &str) -> Vec<Secret<String>> {
        let expected = "a list of texts, or a text with one in each line";
        let all = |raw: &Raw| {
            let items = raw.list()?;
            let keys = items.iter().flat_map(|item| item.split_whitespace());
            Some(keys.map(|key| Secret::new(key.to_owned())).collect())
        };
        self.read(path, expected, all).unwrap_or_default()
    }

    /// A text that begins with this, or the file that holds it.
    pub(super) fn document(&mut self, path: &str, begin: &str) -> Option<String> {
        let text = self.optional_text(path)?;
        if text.trim_start().starts_with(begin) {
            return Some(text);
        }
        let file = std::fs::read_to_string(&text);
        file.map_err(|error| {
            let origin = keys::find(path).and_then(|key| Some(self.find(key)?.1));
            let origin = origin.unwrap_or(Origin::Default);
            let problem = format!("{origin}: `{path}`: failed to read the file {text}: {error}");
            self.problems.push(problem);
        })
        .ok()
    }

    pub(super) fn base_path(&mut self, path: &str) -> String {
        let expected = "a path without parameters, such as /api/chat-api";
        self.read(path, expected, |raw| value::base_path(raw.text()?))
            .unwrap_or_default()
    }

    pub(super) fn networks(&mut self, path: &str) -> Vec<IpNet> {
        let expected = "addresses or networks, such as 10.0.0.0/8";
        let all = |raw: &Raw| {
            raw.list()?
                .iter()
                .map(|item| value::network(item))
                .collect()
        };
        self.read(path, expected, all).unwrap_or_default()
    }

    pub(super) fn duration(&mut self, path: &str) -> Duration {
        let expected = "seconds, or a number with ms, s, m or h";
        self.read(path, expected, |raw| value::duration(raw.text()?))
            .unwrap_or_default()
    }

    /// How long something is waited for: longer than nothing, for nobody answers in no time.
    pub(super) fn patience(&mut self, path: &str) -> Duration {
        let expected = "more than nothing: seconds, or a number with ms, s, m or h";
        let take = |raw: &Raw| value::duration(raw.text()?).filter(|time| !time.is_zero());
        self.read(path, expected, take).unwrap_or_default()
    }

    /// Origins of other sites, or `*`.
    pub(super) fn origins(&mut self, path: &str) -> Vec<String> {
        let expected = "origins, such as https://school.example, or *";
        let all = |raw: &Raw| {
            let items = raw.list()?;
            items
                .iter()
                .all(|item| value::is_origin(item))
                .then_some(items)
        };
        self.read(path, expected, all).unwrap_or_default()
    }

    /// How long something is kept: at least a second.
    pub(super) fn lifetime(&mut self, path: &str) -> Duration {
        let expected = "at least a second: seconds, or a number with ms, s, m or h";
        let second = Duration::from_secs(1);
        let take = |raw: &Raw| value::duration(raw.text()?).filter(|time| *time >= second);
        self.read(path, expected, take).unwrap_or(second)
    }

    pub(super) fn address(&mut self, path: &str) -> SocketAddr {
        self.optional_address(path)
            .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    pub(super) fn optional_address(&mut self, path: &str) -> Option<SocketAddr> {
        let expected = "an address and a port, such as 127.0.0.1:8080";
        self.read(path, expected, |raw| value::address(raw.text()?))
    }

    pub(super) fn list(&mut self, path: &str) -> Option<Vec<String>> {
        self.read(path, "a list", Raw::list)
    }

    /// A list and where it is written, for what is checked elsewhere: rules, and patterns of files.
    pub(super) fn listed(&mut self, path: &str) -> Option<Listed> {
        let items = self.list(path)?;
        let (_, origin) = self.find(keys::find(path)?)?;
        Some(Listed { items, origin })
    }

    pub(super) fn choice<T: Copy>(&mut self, path: &str, choices: &[(&str, T)]) -> Option<T> {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let expected = format!("one of {}", names.join(", "));
        let find = |name: &str| {
            choices
                .iter()
                .find(|(known, _)| *known == name)
                .map(|c| c.1)
        };
        self.read(path, &expected, |raw| find(raw.text()?))
    }

    /// The values of a section whose keys are free; only a file has such.
    pub(super) fn table(&mut self, path: &str) -> BTreeMap<String, (String, Origin)> {
        let prefix = format!("{path}.");
        let mut values = BTreeMap::new();
        for (key, (raw, origin)) in &self.file.values {
            let Some(name) = key.strip_prefix(&prefix) else {
                continue;
            };
            if let Some(text) = raw.text() {
                values.insert(name.to_owned(), (text.to_owned(), origin.clone()));
            } else {
                let problem = format!("{origin}: `{key}` must be a text, not `{raw}`");
                self.problems.push(problem);
            }
        }
        values
    }

    /// The value of a key; `None` where it has none, or where it can't be used.
    fn read<T>(
        &mut self,
        path: &str,
        expected: &str,
        take: impl Fn(&Raw) -> Option<T>,
    ) -> Option<T> {
        let key = keys::find(path)?;
        let (raw, origin) = self.find(key)?;
        let raw = match raw.resolve() {
            Ok(raw) => raw,
            Err(error) => {
                self.problems.push(format!("{origin}: `{path}`: {error}"));
                return None;
            }
        };
        let value = take(&raw);
        if value.is_none() {
            let found = if key.secret {
                String::new()
            } else {
                format!(", not `{raw}`")
            };
            let problem = format!("{origin}: `{path}` must be {expected}{found}");
            self.problems.push(problem);
        }
        value
    }

    /// The file that systemd lays down for a secret.
    fn credential(&self, key: &Key) -> Option<(Raw, Origin)> {
        let directory = self.layers.environment.get("CREDENTIALS_DIRECTORY")?;
        let file = PathBuf::from(directory).join(key.path);
        let there = key.secret && !directory.is_empty() && file.is_file();
        there.then(|| {
            let value = format!("file:{}", file.display());
            (Raw::Text(value), Origin::Credential(file))
        })
    }

    fn find(&self, key: &Key) -> Option<(Raw, Origin)> {
        if let Some(text) = self.layers.flags.get(key.path) {
            return Some((Raw::Text(text.clone()), Origin::Flag(key.flag())));
        }
        let own = key.variable();
        let names = std::iter::once(own.as_str()).chain(key.variables.iter().copied());
        for name in names {
            let set = self
                .layers
                .environment
                .get(name)
                .filter(|value| !value.is_empty());
            if let Some(text) = set {
                return Some((Raw::Text(text.clone()), Origin::Variable(name.to_owned())));
            }
        }
        if let Some(credential) = self.credential(key) {
            return Some(credential);
        }
        if let Some((raw, origin)) = self.file.values.get(key.path) {
            return Some((raw.clone(), origin.clone()));
        }
        let default = Raw::Text(key.default.to_owned());
        (!key.default.is_empty()).then_some((default, Origin::Default))
    }
}

#[cfg(test)]
mod tests;
