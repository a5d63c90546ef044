//! `mithril token`: mint a token with the configured key, or say what is wrong with one.
//!
//! A token is printed where it was asked for and nowhere else; a key never is.

use std::io::Read;

use anyhow::Context;
use serde_json::{Value, json};

use crate::cli::{Token, TokenInspect, TokenMint};
use crate::clock::Clock;
use crate::config::{Config, Layers};
use crate::gateway::{AuthConfig, Check, Grant, Grants, Scope};
use crate::ids::UserId;
use crate::output::{ExitStatus, Printer, Rows};

/// The most bytes that are read of a token.
const MOST: u64 = 1024 * 1024;

pub(super) fn run(
    what: Token,
    layers: &Layers,
    printer: &Printer,
) -> Result<ExitStatus, anyhow::Error> {
    let config = Config::load(layers)?;
    let auth = AuthConfig::of(&config.auth)?;
    let auth = auth.context(
        "no key is configured: set auth.secret (the variable JWT_SECRET_KEY), auth.public_key or \
         auth.jwks",
    )?;
    if auth.is_anonymous() {
        anyhow::bail!("auth.enabled = false: no token is asked for");
    }
    match what {
        Token::Mint(args) => mint(&args, &auth, printer),
        Token::Inspect(args) => inspect(args, &auth, printer),
    }
}

fn mint(
    args: &TokenMint,
    auth: &AuthConfig,
    printer: &Printer,
) -> Result<ExitStatus, anyhow::Error> {
    let user =
        UserId::parse(&args.user).with_context(|| format!("{:?} is no user id", args.user))?;
    for room in &args.room {
        Grants::room(room).with_context(|| {
            format!(
                "{room:?} is no room: it must be a name, room:NAME or project:NAME, or * for NAME"
            )
        })?;
    }
    for topic in &args.topic {
        Grants::topic(topic).with_context(|| {
            format!(
                "{topic:?} is no pattern that a token grants: it must be exercise.USER.progress, \
                 exercise.USER.status, grading.USER.EXERCISE.result, project:NAME or room:NAME, \
                 each part perhaps *"
            )
        })?;
    }
    for scope in &args.scope {
        Scope::parse(scope).with_context(|| {
            format!(
                "{scope:?} is no scope: it must be publish, publish:PATTERN such as publish:ws:* or \
                 publish:room:*, or admin"
            )
        })?;
    }
    let grant = Grant {
        sub: &user,
        topics: &args.topic,
        rooms: &args.room,
        scope: &args.scope.join(" "),
    };
    let token = auth.mint_with(&grant, &Clock::system(), args.ttl)?;
    printer.text(&format!("{token}\n"))?;
    Ok(ExitStatus::Success)
}

fn inspect(
    args: TokenInspect,
    auth: &AuthConfig,
    printer: &Printer,
) -> Result<ExitStatus, anyhow::Error> {
    let mut token = args.token;
    if token == "-" {
        token.clear();
        let read = std::io::stdin()
            .lock()
            .take(MOST)
            .read_to_string(&mut token);
        read.context("failed to read a token from standard input")?;
    }
    let inspection = auth.inspect(token.trim(), &Clock::system());
    let row = |check: &Check| {
        let value = check.value.as_ref().map_or(String::new(), shown);
        let verdict = check.problem.as_ref().or(check.note.as_ref());
        let verdict = verdict.cloned().unwrap_or_else(|| "ok".to_owned());
        vec![check.name.clone(), value, verdict]
    };
    let object = |check: &Check| {
        let Check {
            name,
            value,
            problem,
            note,
        } = check;
        json!({"name": name, "value": value, "problem": problem, "note": note})
    };
    let checks = &inspection.checks;
    let json = json!({
        "valid": inspection.is_good(),
        "checks": checks.iter().map(object).collect::<Vec<_>>(),
    });
    let rows = Rows {
        columns: vec!["part", "value", "verdict"],
        rows: checks.iter().map(row).collect(),
        json: json.to_string(),
    };
    printer.rows(&rows, args.format)?;
    Ok(if inspection.is_good() {
        ExitStatus::Success
    } else {
        ExitStatus::Findings
    })
}

/// A claim for people: text is shown as it is.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
