//! Values that options have in common.

use std::time::Duration;

use regex::Regex;

use crate::config::{self, Secret};

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let duration = config::parse_duration(text);
    duration.ok_or_else(|| "it must be seconds, or a number with ms, s, m or h".to_owned())
}

/// How long something lasts: at least a second.
pub(super) fn lifetime(text: &str) -> Result<Duration, String> {
    let lasts = |duration: &Duration| *duration >= Duration::from_secs(1);
    duration(text).and_then(|duration| {
        let lasting = Some(duration).filter(lasts);
        lasting.ok_or_else(|| "it must be at least a second".to_owned())
    })
}

pub(super) fn count(text: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "it must be a whole number from 1 on".to_owned())
}

#[expect(clippy::unnecessary_wraps, reason = "clap asks for a result")]
pub(super) fn secret(text: &str) -> Result<Secret<String>, String> {
    Ok(Secret::new(text.to_owned()))
}

pub(super) fn regex(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| error.to_string())
}
