//! A token is taken apart claim by claim, so that whoever is refused learns by what.
//!
//! What is shown is what the token says of itself, never a key, and never the token.

use std::error::Error;

use serde_json::Value;

use super::claims::Claims;
use super::{AuthConfig, AuthError};
use crate::clock::Clock;
use crate::gateway::policy::Grants;
use crate::protocol::TopicPattern;

/// What a text in a claim grants, if it grants anything.
type Granting = fn(&str) -> Option<TopicPattern>;

/// What there is to say about a token.
#[derive(Debug)]
pub struct Inspection {
    /// One part of it each.
    pub checks: Vec<Check>,
}

/// One part of a token, and what is wrong with it.
#[derive(Debug)]
pub struct Check {
    /// `signature`, or the name of a claim.
    pub name: String,
    /// What the token says there.
    pub value: Option<Value>,
    /// Why it is refused, if it is.
    pub problem: Option<String>,
    /// What of it means nothing here. It is no reason to refuse the token.
    pub note: Option<String>,
}

impl Inspection {
    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.checks.iter().all(|check| check.problem.is_none())
    }
}

impl AuthConfig {
    /// Takes a token apart. Its claims are shown also where its signature is bad.
    pub fn inspect(&self, token: &str, clock: &Clock) -> Inspection {
        let now = clock.now();
        let demands = &self.demands;
        let header = jsonwebtoken::decode_header(token);
        let algorithm = header.ok().map(|header| format!("{:?}", header.alg).into());
        let mut checks = vec![check("signature", algorithm, self.open(token).map(drop))];
        let Ok(claims) = jsonwebtoken::dangerous::insecure_decode::<Claims>(token) else {
            return Inspection { checks };
        };
        let claims = claims.claims;
        let value = |name: &str| claims.get(name).cloned();
        let user = demands.user_claim.as_deref();
        let user = user.unwrap_or(if value("sub").is_some() {
            "sub"
        } else {
            "user_id"
        });
        checks.extend([
            check(user, value(user), claims.user(demands).map(drop)),
            check("exp", value("exp"), claims.expiry(now).map(drop)),
            check("nbf", value("nbf"), claims.beginning(now)),
            check("aud", value("aud"), claims.audience(demands)),
            check("iss", value("iss"), claims.issuer(demands)),
        ]);
        checks.extend([
            granting("rooms", claims.get("rooms"), Grants::room),
            granting("topics", claims.get("topics"), Grants::topic),
        ]);
        for name in ["scope", "scopes"] {
            checks.push(check(name, value(name), Ok(())));
        }
        checks.retain(|check| check.value.is_some() || check.problem.is_some());
        Inspection { checks }
    }
}

fn check(name: &str, value: Option<Value>, outcome: Result<(), AuthError>) -> Check {
    Check {
        name: name.to_owned(),
        value,
        problem: outcome.err().map(|error| match error.source() {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        }),
        note: None,
    }
}

/// A claim that lists what it grants. Whoever wrote what grants nothing believes that it does.
fn granting(name: &str, claim: Option<&Value>, grants: Granting) -> Check {
    let idle = |item: &&Value| item.as_str().and_then(grants).is_none();
    let note = claim.and_then(|claim| match claim {
        Value::Array(items) => {
            let idle: Vec<String> = items.iter().filter(idle).map(Value::to_string).collect();
            (!idle.is_empty()).then(|| format!("grants nothing: {}", idle.join(", ")))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            Some("grants nothing: it must be a list of texts".to_owned())
        }
    });
    Check {
        note,
        ..check(name, claim.cloned(), Ok(()))
    }
}
