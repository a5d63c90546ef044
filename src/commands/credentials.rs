//! What proves to a gateway who asks: typed, in a file, or in a variable.

use std::path::PathBuf;

use crate::config::{Layers, Secret};
use crate::remote::SecretSource;

/// The variable with a token.
const TOKEN: &str = "MITHRIL_TOKEN";
/// The variable with an API key.
const API_KEY: &str = "MITHRIL_API_KEY";

/// The token: what was typed beats the variable.
pub(super) fn token(
    typed: Option<Secret<String>>,
    file: Option<PathBuf>,
    layers: &Layers,
) -> Option<SecretSource> {
    let typed = typed.map(SecretSource::Given);
    typed.or_else(|| source(file, TOKEN, layers))
}

/// The API key.
pub(super) fn api_key(file: Option<PathBuf>, layers: &Layers) -> Option<SecretSource> {
    source(file, API_KEY, layers)
}

/// A file beats the variable; an empty variable is unset.
fn source(file: Option<PathBuf>, variable: &str, layers: &Layers) -> Option<SecretSource> {
    let variable = || {
        let value = layers.environment.get(variable)?;
        let secret = || SecretSource::Given(Secret::new(value.clone()));
        (!value.is_empty()).then(secret)
    };
    file.map(SecretSource::File).or_else(variable)
}
