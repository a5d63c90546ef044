//! Keys fit the configured algorithm, or they are refused at start: no token chooses among them.

use jsonwebtoken::jwk::{JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, EncodingKey};

use super::AuthConfig;
use super::api_keys::ApiKeys;
use super::claims::Demands;
use crate::config;

/// The shortest secret of HS algorithms, in bytes: as long as the hash of the shortest of them. Keys of
/// services are as long.
pub(super) const SHORTEST_SECRET: usize = 32;
/// What a PEM file begins with.
const PEM: &str = "-----BEGIN";

/// The keys of one algorithm.
#[derive(Clone)]
pub(super) struct KeySet {
    pub(super) algorithm: Algorithm,
    pub(super) sign: Option<EncodingKey>,
    verify: Vec<NamedKey>,
}

#[derive(Clone)]
struct NamedKey {
    name: Option<String>,
    key: DecodingKey,
}

impl NamedKey {
    fn is_called(&self, name: &str) -> bool {
        self.name.as_deref() == Some(name)
    }
}

/// Why keys can't be used. No variant holds any of a secret.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is a secret, but the algorithm is not HS.
    #[error("auth.algorithm = {0:?} needs auth.public_key or auth.jwks, not auth.secret")]
    SecretNotWanted(Algorithm),
    /// There is a public key, but the algorithm is HS.
    #[error(
        "auth.public_key and auth.jwks hold public keys, and auth.algorithm = {0:?} would take a \
         public key for a secret: set auth.algorithm to that of the keys"
    )]
    PublicKeyNotWanted(Algorithm),
    /// The secret is a key of another algorithm.
    #[error(
        "auth.secret is a PEM file, and auth.algorithm = {0:?} would take a public key for a \
         secret: set auth.public_key and auth.algorithm"
    )]
    PemSecret(Algorithm),
    /// The secret can be guessed.
    #[error(
        "auth.secret has {0} bytes, at least {SHORTEST_SECRET} are needed, unless \
         auth.allow_short_secret = true"
    )]
    ShortSecret(usize),
    /// The key of a service can be guessed.
    #[error(
        "auth.api_keys has a key of {0} bytes, at least {SHORTEST_SECRET} are needed, unless \
         auth.allow_short_secret = true"
    )]
    ShortApiKey(usize),
    /// A public key is set twice.
    #[error("auth.public_key and auth.jwks are both set: set one of them")]
    TwoSources,
    /// The PEM is the key that tokens are signed with.
    #[error("auth.public_key is a private key: the daemon needs the public one alone")]
    PrivateKey,
    /// The PEM is not a public key of the algorithm.
    #[error("auth.public_key is not a public key of auth.algorithm = {algorithm:?}")]
    PublicKey {
        /// The algorithm.
        algorithm: Algorithm,
        /// What is wrong.
        #[source]
        source: jsonwebtoken::errors::Error,
    },
    /// The text is not a JSON Web Key Set.
    #[error("auth.jwks is not a JSON Web Key Set")]
    Jwks(#[source] serde_json::Error),
    /// None of the keys is of the algorithm.
    #[error("auth.jwks has no key of auth.algorithm = {0:?}")]
    NoJwk(Algorithm),
}

impl KeySet {
    pub(super) fn of_secrets(algorithm: Algorithm, secret: &[u8], previous: Option<&[u8]>) -> Self {
        let secrets = [Some(secret), previous];
        let key = |secret| NamedKey {
            name: None,
            key: DecodingKey::from_secret(secret),
        };
        Self {
            algorithm,
            sign: Some(EncodingKey::from_secret(secret)),
            verify: secrets.into_iter().flatten().map(key).collect(),
        }
    }

    /// Whether a token says by name which key it is signed with.
    pub(super) fn are_named(&self) -> bool {
        self.verify.iter().any(|key| key.name.is_some())
    }

    /// The keys that a token which gives this name may be signed with: the key of that name, else
    /// those without one. Without a name it may be any.
    pub(super) fn candidates<'a>(
        &'a self,
        name: Option<&'a str>,
    ) -> impl Iterator<Item = &'a DecodingKey> {
        let known = name.filter(|name| self.verify.iter().any(|key| key.is_called(name)));
        let fits = move |key: &&NamedKey| match (known, name) {
            (Some(known), _) => key.is_called(known),
            (None, Some(_)) => key.name.is_none(),
            (None, None) => true,
        };
        self.verify.iter().filter(fits).map(|key| &key.key)
    }

    fn public(algorithm: Algorithm, verify: Vec<NamedKey>) -> Self {
        Self {
            algorithm,
            sign: None,
            verify,
        }
    }

    fn of_pem(algorithm: Algorithm, pem: &str) -> Result<Self, KeyError> {
        if pem.contains("PRIVATE KEY-----") {
            return Err(KeyError::PrivateKey);
        }
        let key = match algorithm.family() {
            AlgorithmFamily::Rsa => DecodingKey::from_rsa_pem(pem.as_bytes()),
            AlgorithmFamily::Ec => DecodingKey::from_ec_pem(pem.as_bytes()),
            AlgorithmFamily::Ed => DecodingKey::from_ed_pem(pem.as_bytes()),
            AlgorithmFamily::Hmac => return Err(KeyError::PublicKeyNotWanted(algorithm)),
        };
        let key = key.map_err(|source| KeyError::PublicKey { algorithm, source })?;
        Ok(Self::public(algorithm, vec![NamedKey { name: None, key }]))
    }

    /// Keys of other algorithms, or for encryption, may stand in the set: they are not ours.
    fn of_jwks(algorithm: Algorithm, text: &str) -> Result<Self, KeyError> {
        let set: JwkSet = serde_json::from_str(text).map_err(KeyError::Jwks)?;
        let name = format!("{algorithm:?}");
        let keys = set.keys.iter().filter(|jwk| {
            let used_so = jwk.common.public_key_use.as_ref();
            let of_it = jwk
                .common
                .key_algorithm
                .map(|algorithm| algorithm.to_string());
            used_so.is_none_or(|used| *used == PublicKeyUse::Signature)
                && of_it.is_none_or(|algorithm| algorithm == name)
        });
        let verify: Vec<_> = keys
            .filter_map(|jwk| {
                let key = DecodingKey::from_jwk(jwk).ok()?;
                let name = jwk.common.key_id.clone();
                (key.family() == algorithm.family()).then_some(NamedKey { name, key })
            })
            .collect();
        if verify.is_empty() {
            return Err(KeyError::NoJwk(algorithm));
        }
        Ok(Self::public(algorithm, verify))
    }
}

impl AuthConfig {
    /// What the configuration says; nothing where users have to prove who they are and no key is
    /// set.
    pub fn of(auth: &config::Auth) -> Result<Option<Self>, KeyError> {
        let api_keys = ApiKeys::of(&auth.api_keys, auth.allow_short_secret)?;
        if !auth.enabled {
            let anonymous = Self::anonymous();
            return Ok(Some(Self {
                api_keys,
                ..anonymous
            }));
        }
        let Some(keys) = keys(auth)? else {
            return Ok(None);
        };
        let demands = Demands {
            audience: auth.audience.clone(),
            issuer: auth.issuer.clone(),
            user_claim: auth.user_claim.clone(),
        };
        let mut config = Self::with(Some(keys), demands);
        config.api_keys = api_keys;
        config.query_token = auth.query_token;
        Ok(Some(config))
    }
}

fn keys(auth: &config::Auth) -> Result<Option<KeySet>, KeyError> {
    let algorithm = auth.algorithm;
    let is_hmac = algorithm.family() == AlgorithmFamily::Hmac;
    match (&auth.public_key, &auth.jwks) {
        (Some(_), _) | (_, Some(_)) if is_hmac => {
            return Err(KeyError::PublicKeyNotWanted(algorithm));
        }
        (Some(_), Some(_)) => return Err(KeyError::TwoSources),
        (Some(pem), None) => return KeySet::of_pem(algorithm, pem).map(Some),
        (None, Some(jwks)) => return KeySet::of_jwks(algorithm, jwks).map(Some),
        (None, None) => {}
    }
    let Some(secret) = &auth.secret else {
        return Ok(None);
    };
    if !is_hmac {
        return Err(KeyError::SecretNotWanted(algorithm));
    }
    let previous = auth.previous_secret.as_ref();
    for secret in std::iter::once(secret).chain(previous) {
        let secret = secret.expose();
        if secret.trim_start().starts_with(PEM) {
            return Err(KeyError::PemSecret(algorithm));
        }
        if secret.len() < SHORTEST_SECRET && !auth.allow_short_secret {
            return Err(KeyError::ShortSecret(secret.len()));
        }
    }
    let previous = previous.map(|secret| secret.expose().as_bytes());
    let secret = secret.expose().as_bytes();
    Ok(Some(KeySet::of_secrets(algorithm, secret, previous)))
}
