//! A secret comes from a file or a variable, so that no list of processes shows it.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use axum::http::HeaderValue;

use super::RemoteError;
use crate::config::Secret;

/// The most bytes of a file with a secret.
const MOST: u64 = 1024 * 1024;

/// Where a secret is.
#[derive(Debug, Clone)]
pub enum SecretSource {
    /// Here.
    Given(Secret<String>),
    /// In a file, which may be written anew.
    File(PathBuf),
}

impl SecretSource {
    /// Reads it, without the space around it.
    pub fn read(&self) -> Result<Secret<String>, RemoteError> {
        match self {
            Self::Given(secret) => Ok(Secret::new(secret.expose().trim().to_owned())),
            Self::File(path) => {
                let read = || {
                    let mut text = String::new();
                    File::open(path)?.take(MOST).read_to_string(&mut text)?;
                    Ok(text)
                };
                let text = read().map_err(|source| RemoteError::Secret {
                    path: path.clone(),
                    source,
                })?;
                Ok(Secret::new(text.trim().to_owned()))
            }
        }
    }
}

/// The value of a header with a secret in it, which nothing prints.
pub fn secret_header(
    what: &'static str,
    before: &str,
    secret: &Secret<String>,
) -> Result<HeaderValue, RemoteError> {
    let mut value = HeaderValue::try_from(format!("{before}{}", secret.expose()))
        .map_err(|_| RemoteError::Malformed(what))?;
    value.set_sensitive(true);
    Ok(value)
}
