//! The flags of `serve` that set keys of the configuration, made from the table of keys.

use clap::Args;

use crate::config::KEYS;

/// One flag for each key of the configuration, made from the table of keys.
#[derive(Debug, Default)]
pub struct KeyFlags {
    /// What was typed, by key.
    pub values: std::collections::BTreeMap<&'static str, String>,
}

impl clap::FromArgMatches for KeyFlags {
    fn from_arg_matches(matches: &clap::ArgMatches) -> Result<Self, clap::Error> {
        let typed = KEYS.iter().filter_map(|key| {
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
        Ok(Self {
            values: typed.collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &clap::ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for KeyFlags {
    fn augment_args(command: clap::Command) -> clap::Command {
        KEYS.iter().fold(command, |command, key| {
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

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}
