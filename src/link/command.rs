//! A command as Redis' documentation writes it.

use std::fmt;

/// A command: its name and its arguments.
#[derive(Clone)]
#[must_use = "it is not sent"]
pub struct Command(redis::Cmd);

impl Command {
    /// A command without arguments.
    pub fn new(name: &'static str) -> Self {
        Self(redis::cmd(name))
    }

    /// The command with one more argument.
    pub fn arg(mut self, argument: impl AsRef<[u8]>) -> Self {
        self.0.arg(argument.as_ref());
        self
    }

    /// The command with more arguments.
    pub fn args<A: AsRef<[u8]>>(self, arguments: impl IntoIterator<Item = A>) -> Self {
        arguments.into_iter().fold(self, Self::arg)
    }

    pub(super) fn into_redis(self) -> redis::Cmd {
        self.0
    }
}

/// Arguments are not shown: they may be what users wrote.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.args_iter().len();
        write!(f, "Command({count} arguments)")
    }
}
