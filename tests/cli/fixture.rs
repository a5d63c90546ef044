//! The binary with a clean environment.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A file of the project.
pub(crate) fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// `mithril`, in a directory, without any variable that it or a terminal goes by.
pub(crate) fn mithril(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mithril"));
    command
        .current_dir(directory)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap());
    command
}

/// What came of a run.
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs the binary with these arguments.
pub(crate) fn run(directory: &Path, arguments: &[&str]) -> Outcome {
    mithril(directory).args(arguments).output().unwrap().into()
}

/// Sends a signal to a process.
pub(crate) fn signal(process: u32, name: &str) {
    let mut kill = Command::new("kill");
    let status = kill.args([name, &process.to_string()]).status().unwrap();
    assert!(status.success());
}
