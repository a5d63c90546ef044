//! What was typed, and what it means.

use std::time::Duration;

use anyhow::Context;

use crate::broker::Glob;
use crate::cli::{Tail, TailFormat};
use crate::clock::Clock;
use crate::commands::credentials;
use crate::config::{Config, Layers};
use crate::history::Bounds;
use crate::output::MessageFormat;
use crate::remote::{Endpoint, Protocol};
use crate::tail::gateway::Gateway;
use crate::tail::redis::{Past, Redis};
use crate::tail::{Channels, Filter, Intake, Queue, Template};

/// The route of sockets.
const ROUTE: &str = "/ws";

/// Why nothing can be followed, and what to do about it.
const NOWHERE: &str = "no Redis is configured: set redis.url (the variable REDIS_URL or --redis-url), or follow a gateway with --url";

/// Why it is not known what is how old.
const NO_TIMES: &str = "a gateway does not say when a message was recorded: --last goes by number";

/// What to follow, and how to show it.
pub(super) struct Plan {
    pub(super) source: Source,
    pub(super) intake: Intake,
    pub(super) format: MessageFormat,
    /// The most messages to show.
    pub(super) count: Option<u64>,
    /// How long to follow.
    pub(super) duration: Option<Duration>,
}

/// Where messages come from.
pub(super) enum Source {
    /// A gateway, as for any client.
    Gateway(Gateway),
    /// The Redis that is configured.
    Redis(Redis),
}

impl Plan {
    pub(super) fn new(
        args: Tail,
        mut layers: Layers,
        terminal: bool,
    ) -> Result<Self, anyhow::Error> {
        layers.flags.extend(args.redis.values);
        let format = format(args.format, args.template.as_deref(), terminal)?;
        let intake = Intake {
            channels: Channels::new(&args.channels),
            filter: Filter {
                grep: args.grep,
                exclude: args.exclude,
                events: args.event.iter().map(|name| Glob::new(name)).collect(),
            },
            queue: Queue::default(),
            clock: Clock::system(),
        };
        let reconnects = !args.no_reconnect;
        let source = match args.url {
            Some(_) if args.since.is_some() => anyhow::bail!(NO_TIMES),
            Some(url) => Source::Gateway(Gateway {
                endpoint: Endpoint::parse(&url, Protocol::WebSocket)?.with_route(ROUTE),
                token: credentials::token(args.token, args.token_file, &layers),
                topics: args.channels,
                reconnects,
                last: args.last,
            }),
            None => {
                let config = Config::load(&layers)?;
                let (last, since) = (args.last, args.since);
                Source::Redis(Redis {
                    url: config.redis.server.context(NOWHERE)?,
                    reconnects,
                    past: (last.is_some() || since.is_some()).then_some(Past { last, since }),
                    kept: Bounds::from(&config.history),
                    trust_restart: config.history.trust_restart,
                })
            }
        };
        Ok(Self {
            source,
            intake,
            format,
            count: args.count,
            duration: args.duration,
        })
    }
}

fn format(
    format: Option<TailFormat>,
    template: Option<&str>,
    terminal: bool,
) -> Result<MessageFormat, anyhow::Error> {
    let default = match (template, terminal) {
        (Some(_), _) => TailFormat::Template,
        (None, true) => TailFormat::Human,
        (None, false) => TailFormat::Json,
    };
    Ok(match (format.unwrap_or(default), template) {
        (TailFormat::Template, Some(template)) => {
            MessageFormat::Template(Template::parse(template)?)
        }
        (TailFormat::Template, None) => {
            anyhow::bail!("--format template needs --template, such as '{{time}} {{data}}'")
        }
        (TailFormat::Human | TailFormat::Json | TailFormat::Raw, Some(_)) => {
            anyhow::bail!("--template is for --format template alone")
        }
        (TailFormat::Human, None) => MessageFormat::Human,
        (TailFormat::Json, None) => MessageFormat::Json,
        (TailFormat::Raw, None) => MessageFormat::Raw,
    })
}
