//! The flags that set keys of the configuration, made from the table of keys.

use std::collections::BTreeMap;

use clap::Args;

use crate::config::{KEYS, Key};

/// One flag for each key of the configuration, made from the table of keys.
#[derive(Debug, Default)]
pub struct KeyFlags {
    /// What was typed, by key.
    pub values: BTreeMap<&'static str, String>,
}

/// The flags of the keys that say where Redis is.
#[derive(Debug, Default)]
pub struct RedisFlags {
    /// What was typed, by key.
    pub values: BTreeMap<&'static str, String>,
}

fn of_redis() -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(|key| key.path.starts_with("redis."))
}

/// What was typed of these keys.
fn typed(
    keys: impl Iterator<Item = &'static Key>,
    matches: &clap::ArgMatches,
) -> BTreeMap<&'static str, String> {
    let typed = keys.filter_map(|key| {
        let typed = matches.get_one::<String>(key.path)?;
        // A secret on the command line would be shown by `ps`: its flag takes a file.
        let path = typed.strip_prefix("file:").unwrap_or(typed);
        let value = if key.secret {
            format!("file:{path}")
        } else {
            typed.clone()
        };
        Some((key.path, value))
    });
    typed.collect()
}

/// The command with a flag for each of these keys.
fn with_flags(command: clap::Command, keys: impl Iterator<Item = &'static Key>) -> clap::Command {
    keys.fold(command, |command, key| {
        let variables = std::iter::once(key.variable())
            .chain(key.variables.iter().map(|name| (*name).to_owned()))
            .collect::<Vec<_>>()
            .join(", ");
        let default = match key.default {
            "" => String::new(),
            default => format!(" [default: {default}]"),
        };
        // The value is layered elsewhere: clap must know neither default nor variable.
        let help = format!("{}{default} [env: {variables}]", key.help);
        let mut flag = clap::Arg::new(key.path)
            .long(key.flag())
            .value_name(key.value)
            .help(help)
            .help_heading("Configuration");
        if let Some(short) = key.short {
            flag = flag.visible_alias(short);
        }
        command.arg(flag)
    })
}

macro_rules! flags {
    ($flags:ident, $keys:expr) => {
        impl clap::FromArgMatches for $flags {
            fn from_arg_matches(matches: &clap::ArgMatches) -> Result<Self, clap::Error> {
                let values = typed($keys, matches);
                Ok(Self { values })
            }

            fn update_from_arg_matches(
                &mut self,
                matches: &clap::ArgMatches,
            ) -> Result<(), clap::Error> {
                *self = Self::from_arg_matches(matches)?;
                Ok(())
            }
        }

        impl Args for $flags {
            fn augment_args(command: clap::Command) -> clap::Command {
                with_flags(command, $keys)
            }

            fn augment_args_for_update(command: clap::Command) -> clap::Command {
                Self::augment_args(command)
            }
        }
    };
}

flags!(KeyFlags, KEYS.iter());
flags!(RedisFlags, of_redis());
