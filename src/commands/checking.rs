//! What `validate` and `lint` share: what the user named, and work that Ctrl-C ends with what is known.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use anyhow::Context;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::Checked;
use crate::config::Config;
use crate::lint::{Progress, Settings, Target};
use crate::output::Printer;

/// What the user named.
pub(super) struct Named {
    pub(super) paths: Vec<PathBuf>,
    /// The same, to be judged; standard input has been read.
    pub(super) targets: Vec<Target>,
}

impl Named {
    /// The paths that were typed, or the content directory.
    pub(super) fn new(
        args: Checked,
        config: &Config,
        settings: &Settings,
    ) -> Result<Self, anyhow::Error> {
        let paths = if args.paths.is_empty() {
            vec![config.content.dir.clone()]
        } else {
            args.paths
        };
        if args.stdin_filename.is_some() && !paths.iter().any(|path| path == Path::new("-")) {
            anyhow::bail!("--stdin-filename names standard input: add `-` to the paths");
        }
        if args.format.iter().filter(|to| to.file.is_none()).count() > 1 {
            anyhow::bail!(
                "only one format can go to standard output: write the others into files, such as \
                 --format sarif=FILE"
            );
        }
        let targets = targets(&paths, args.stdin_filename, settings.max_file_size)?;
        Ok(Self { paths, targets })
    }

    /// Says that there is nothing to check, but perhaps other YAML files.
    pub(super) fn nothing(&self, other_yaml: usize) -> anyhow::Error {
        let shown: Vec<String> = self
            .paths
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        let other = match other_yaml {
            0 => String::new(),
            1 => "; name the other YAML file there to check it".into(),
            n => format!("; name the {n} other YAML files there to check them"),
        };
        let shown = shown.join(", ");
        anyhow::anyhow!("nothing to check: no pool.yaml and no exercise.yaml in {shown}{other}")
    }
}

fn targets(
    paths: &[PathBuf],
    stdin_filename: Option<PathBuf>,
    limit: usize,
) -> Result<Vec<Target>, anyhow::Error> {
    if paths.iter().filter(|path| *path == Path::new("-")).count() > 1 {
        anyhow::bail!("standard input can be read once: name `-` once");
    }
    let mut stdin_filename = stdin_filename;
    let mut targets = Vec::with_capacity(paths.len());
    for path in paths {
        if path != Path::new("-") {
            targets.push(Target::Path(path.clone()));
            continue;
        }
        let mut bytes = Vec::new();
        // One byte more than the limit is enough to see that it is too much.
        std::io::stdin()
            .lock()
            .take(limit as u64 + 1)
            .read_to_end(&mut bytes)
            .context("failed to read standard input")?;
        targets.push(Target::Text {
            bytes,
            path: stdin_filename.take(),
        });
    }
    Ok(targets)
}

/// How long an interrupted check may take to conclude with what it knows.
pub(super) const GRACE: Duration = Duration::from_secs(1);

/// What ends the wait for work.
enum Ended<T> {
    Done(T),
    Interrupted,
}

/// Ctrl-C from now on: a runtime that waits for it.
fn interrupts() -> std::io::Result<(Runtime, Signal)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let guard = runtime.enter();
    let signal = signal(SignalKind::interrupt())?;
    drop(guard);
    Ok((runtime, signal))
}

/// Works until Ctrl-C, and then concludes with what is known; `None` where that does not come soon,
/// because a file that was named can't be read to its end.
pub(super) fn run<T: Send + 'static>(
    printer: &Printer,
    work: impl FnOnce(&Progress) -> T + Send + 'static,
) -> Result<Option<(T, Arc<Progress>)>, anyhow::Error> {
    let progress = Arc::new(Progress::default());
    let (runtime, mut signal) = interrupts().context("failed to listen for signals")?;
    let bar = printer.bar(Arc::<Progress>::clone(&progress));
    let (send, ended) = sync_channel(2);
    let interrupted = send.clone();
    let wait = move || {
        runtime.block_on(signal.recv());
        // The work may have ended just now, and nobody waits any more.
        let _ = interrupted.send(Ended::Interrupted);
    };
    std::thread::Builder::new()
        .name("interrupt".into())
        .spawn(wait)?;
    let shared = Arc::clone(&progress);
    let work = move || {
        let _ = send.send(Ended::Done(work(&shared)));
    };
    std::thread::Builder::new()
        .name("check".into())
        .spawn(work)?;
    let ended = match ended.recv().context("the check ended without an outcome")? {
        Ended::Done(done) => Some(done),
        Ended::Interrupted => {
            progress.cancel();
            match ended.recv_timeout(GRACE) {
                Ok(Ended::Done(done)) => Some(done),
                Ok(Ended::Interrupted) | Err(_) => None,
            }
        }
    };
    drop(bar);
    Ok(ended.map(|done| (done, progress)))
}
