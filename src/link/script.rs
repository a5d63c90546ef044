//! A script is sent by its name, and in full to a server that does not know it.

use std::fmt::Write;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use super::Command;

/// A Lua script. A clone is the same script.
#[derive(Debug, Clone)]
pub struct Script {
    text: &'static str,
    /// What Redis calls it: the SHA-1 of the text, in hexadecimal.
    name: Arc<str>,
}

/// A script with what it is run on.
#[derive(Debug)]
#[must_use = "it is not run"]
pub struct Run<'a> {
    script: &'a Script,
    keys: Vec<String>,
    arguments: Vec<Vec<u8>>,
}

impl Script {
    /// The script with this text.
    pub fn new(text: &'static str) -> Self {
        let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
        let mut name = String::with_capacity(2 * digest.as_ref().len());
        for byte in digest.as_ref() {
            // Writing to a string does not fail.
            write!(name, "{byte:02x}").ok();
        }
        let name = name.into();
        Self { text, name }
    }

    /// The script on all keys that it touches. On a cluster they must be on one server.
    pub fn on<K: Into<String>>(&self, keys: impl IntoIterator<Item = K>) -> Run<'_> {
        Run {
            script: self,
            keys: keys.into_iter().map(Into::into).collect(),
            arguments: Vec::new(),
        }
    }
}

impl Run<'_> {
    /// With one more argument.
    pub fn arg(mut self, argument: impl Into<Vec<u8>>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    pub(super) fn by_name(&self) -> Command {
        self.command(Command::new("EVALSHA").arg(&*self.script.name))
    }

    pub(super) fn in_full(&self) -> Command {
        self.command(Command::new("EVAL").arg(self.script.text))
    }

    fn command(&self, command: Command) -> Command {
        let command = command.arg(self.keys.len().to_string());
        command.args(&self.keys).args(&self.arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_name_is_what_redis_computes() {
        // From `redis-cli SCRIPT LOAD 'return 1'`.
        let name = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db";
        assert_eq!(&*Script::new("return 1").name, name);
    }
}
