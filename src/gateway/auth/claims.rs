//! Each claim is judged by itself, and a claim that is not of its type proves nothing.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{AuthError, Principal};
use crate::gateway::policy::{Grants, Scopes};
use crate::ids::UserId;

/// What a token must say.
#[derive(Debug, Clone, Default)]
pub(super) struct Demands {
    /// It is for one of these, where there are any.
    pub(super) audience: Vec<String>,
    /// It is from this one, where there is one.
    pub(super) issuer: Option<String>,
    /// The claim that names the user.
    pub(super) user_claim: Option<String>,
}

/// What a token says, its signature being good.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Claims(Map<String, Value>);

impl Claims {
    /// The user that all claims together prove.
    pub(super) fn judge(&self, demands: &Demands, now: Timestamp) -> Result<Principal, AuthError> {
        let expires = self.expiry(now)?;
        self.beginning(now)?;
        self.audience(demands)?;
        self.issuer(demands)?;
        Ok(Principal {
            user: self.user(demands)?,
            expires,
            grants: Grants::of_claims(self.get("topics"), self.get("rooms")),
            scopes: Scopes::of(self.words("scope").chain(self.words("scopes"))),
        })
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn expiry(&self, now: Timestamp) -> Result<Timestamp, AuthError> {
        let expires = self.moment("exp")?.ok_or(AuthError::NoExpiry)?;
        if expires <= now {
            return Err(AuthError::Expired);
        }
        Ok(expires)
    }

    pub(super) fn beginning(&self, now: Timestamp) -> Result<(), AuthError> {
        match self.moment("nbf")? {
            Some(begin) if begin > now => Err(AuthError::NotYetValid),
            Some(_) | None => Ok(()),
        }
    }

    pub(super) fn audience(&self, demands: &Demands) -> Result<(), AuthError> {
        if demands.audience.is_empty() {
            return Ok(());
        }
        let wanted = |value: &Value| {
            let name = value.as_str();
            name.is_some_and(|name| demands.audience.iter().any(|wanted| wanted == name))
        };
        let found = match self.get("aud") {
            Some(Value::Array(names)) => names.iter().any(wanted),
            Some(name) => wanted(name),
            None => false,
        };
        found.then_some(()).ok_or(AuthError::Audience)
    }

    pub(super) fn issuer(&self, demands: &Demands) -> Result<(), AuthError> {
        let Some(wanted) = &demands.issuer else {
            return Ok(());
        };
        let from = self.get("iss").and_then(Value::as_str);
        (from == Some(wanted))
            .then_some(())
            .ok_or(AuthError::Issuer)
    }

    pub(super) fn user(&self, demands: &Demands) -> Result<UserId, AuthError> {
        let claim = match &demands.user_claim {
            Some(claim) => self.get(claim),
            None => self.get("sub").or_else(|| self.get("user_id")),
        };
        let user = match claim {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) if !number.is_f64() => number.to_string(),
            Some(_) | None => return Err(AuthError::NoUser),
        };
        UserId::parse(&user).map_err(AuthError::User)
    }

    /// A list, or one text with spaces between its words: services write scopes either way.
    fn words(&self, name: &str) -> impl Iterator<Item = &str> {
        let (list, text) = match self.get(name) {
            Some(Value::Array(items)) => (items.as_slice(), ""),
            Some(Value::String(text)) => (&[][..], text.as_str()),
            Some(_) | None => (&[][..], ""),
        };
        let items = list.iter().filter_map(Value::as_str);
        items.chain(text.split_whitespace())
    }

    // RFC 7519 allows fractions of a second. What is outside the calendar is its first or last
    // moment.
    fn moment(&self, name: &'static str) -> Result<Option<Timestamp>, AuthError> {
        let seconds = match self.get(name) {
            None => return Ok(None),
            Some(Value::Number(number)) => number.as_f64().unwrap_or(f64::MAX),
            Some(_) => return Err(AuthError::Claim(name)),
        };
        let bound = if seconds < 0.0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        };
        let moment = jiff::SignedDuration::try_from_secs_f64(seconds)
            .ok()
            .and_then(|since| Timestamp::from_duration(since).ok());
        Ok(Some(moment.unwrap_or(bound)))
    }
}
