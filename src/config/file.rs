//! `mithril.toml`: every value with its line, and nothing in it that is not a key.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use crate::diagnostics::nearest;

use super::ConfigError;
use super::keys::{self, KEYS, TABLES};
use super::layers::Origin;
use super::value::Raw;

/// The values of a file by their key.
#[derive(Debug, Default)]
pub(super) struct FileLayer {
    pub(super) values: BTreeMap<String, (Raw, Origin)>,
    pub(super) problems: Vec<String>,
}

impl FileLayer {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        let mut layer = Self::default();
        let origin = |offset: usize| {
            let line = text.get(..offset).unwrap_or_default().matches('\n').count() + 1;
            Origin::File {
                path: path.to_owned(),
                line,
            }
        };
        match DeTable::parse(&text) {
            Ok(table) => layer.table("", table.get_ref(), &origin),
            Err(error) => {
                let place = origin(error.span().map_or(0, |span| span.start));
                layer.problems.push(format!("{place}: {}", error.message()));
            }
        }
        Ok(layer)
    }

    fn table(&mut self, above: &str, table: &DeTable<'_>, origin: &impl Fn(usize) -> Origin) {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in entries {
            let name = key.get_ref();
            let path = if above.is_empty() {
                name.to_string()
            } else {
                format!("{above}.{name}")
            };
            let place = origin(key.span().start);
            let section = format!("{path}.");
            let is_section = KEYS.iter().any(|known| known.path.starts_with(&section))
                || TABLES
                    .iter()
                    .any(|known| *known == path || known.starts_with(&section));
            match value.get_ref() {
                DeValue::Table(inner) if is_section => self.table(&path, inner, origin),
                value if keys::find(&path).is_some() || TABLES.contains(&above) => {
                    match raw(value) {
                        Some(raw) => drop(self.values.insert(path, (raw, place))),
                        None => self.problems.push(format!(
                            "{place}: `{path}` must be a text, a number, a truth value or a list"
                        )),
                    }
                }
                DeValue::Table(_) => {
                    self.problems
                        .push(format!("{place}: there is no section `[{path}]`"));
                }
                _ => {
                    let near = nearest(&path, KEYS.iter().map(|key| key.path));
                    let hint = near.map_or(String::new(), |n| format!(", did you mean `{n}`?"));
                    self.problems
                        .push(format!("{place}: there is no key `{path}`{hint}"));
                }
            }
        }
    }
}

fn raw(value: &DeValue<'_>) -> Option<Raw> {
    Some(match value {
        DeValue::Array(items) => {
            let items = items.iter().map(|item| scalar(item.get_ref()));
            Raw::List(items.collect::<Option<_>>()?)
        }
        value => Raw::Text(scalar(value)?),
    })
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    Some(match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.as_str().to_owned(),
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Boolean(truth) => truth.to_string(),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => return None,
    })
}

/// Where a configuration file is looked for when none is named: the first that exists counts,
/// also if it can't be read.
pub(super) fn default_path(environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    let set = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    let user = set("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| set("HOME").map(|home| Path::new(home).join(".config")))
        .map(|directory| directory.join("mithril/config.toml"));
    let candidates = [
        Some(PathBuf::from("mithril.toml")),
        user,
        Some("/etc/mithril/mithril.toml".into()),
    ];
    candidates
        .into_iter()
        .flatten()
        .find(|path| path.symlink_metadata().is_ok())
}
