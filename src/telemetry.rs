//! Logs are one event a line on standard error, and never hold a token.
//!
//! Other crates are capped at `info` whatever level is asked for: the WebSocket and HTTP crates
//! print frames and headers below it, and those carry tokens. The level can be changed while the
//! process runs, nothing else.

use std::io;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::reload;

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For humans.
    Text,
    /// One JSON object a line.
    Json,
}

/// What is logged, and how.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// The least severe level that is shown.
    pub level: LevelFilter,
    /// How a line is written.
    pub format: LogFormat,
    /// Whether lines have colour; never under the journal.
    pub colour: bool,
    /// Whether the journal reads the lines: it stamps them itself.
    pub journal: bool,
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("failed to set up logging")]
pub struct TelemetryError(#[from] tracing::subscriber::SetGlobalDefaultError);

/// The level that is logged, which can be changed.
#[derive(Debug, Clone)]
pub struct LogLevel(reload::Handle<Targets, Registry>);

impl LogLevel {
    /// Shows what is this severe or more, from now on.
    pub fn set(&self, level: LevelFilter) {
        // It fails where nobody logs any more.
        let _ = self.0.reload(shown(level));
    }
}

/// Sends all events to standard error from now on. A process does it once.
pub fn install(settings: &LogSettings) -> Result<LogLevel, TelemetryError> {
    let (subscriber, level) = subscriber(settings, io::stderr);
    tracing::subscriber::set_global_default(subscriber)?;
    Ok(level)
}

/// Whether standard error is the journal: systemd sets `JOURNAL_STREAM` to its device and inode.
/// A shell started from a service inherits the variable but not the stream, so both are compared.
pub fn is_journal(journal_stream: Option<&str>, stderr: Option<(u64, u64)>) -> bool {
    let named = journal_stream.and_then(|stream| {
        let (device, inode) = stream.split_once(':')?;
        Some((device.parse().ok()?, inode.parse().ok()?))
    });
    named.is_some() && named == stderr
}

/// The device and inode of standard error, where the system tells.
pub fn stderr_identity() -> Option<(u64, u64)> {
    #[cfg(target_os = "linux")]
    {
        use std::os::linux::fs::MetadataExt;
        let metadata = std::fs::metadata("/proc/self/fd/2").ok()?;
        Some((metadata.st_dev(), metadata.st_ino()))
    }
    #[cfg(not(target_os = "linux"))]
    None
}

fn subscriber<W>(
    settings: &LogSettings,
    writer: W,
) -> (impl Subscriber + Send + Sync + use<W>, LogLevel)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(settings.colour && !settings.journal);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match (settings.format, settings.journal) {
        (LogFormat::Text, false) => lines.boxed(),
        (LogFormat::Text, true) => lines.without_time().boxed(),
        (LogFormat::Json, false) => lines.json().flatten_event(true).boxed(),
        (LogFormat::Json, true) => lines.json().flatten_event(true).without_time().boxed(),
    };
    let (filter, handle) = reload::Layer::new(shown(settings.level));
    let subscriber = Registry::default().with(lines.with_filter(filter));
    (subscriber, LogLevel(handle))
}

fn shown(level: LevelFilter) -> Targets {
    Targets::new()
        .with_default(level.min(LevelFilter::INFO))
        .with_target("mithril", level)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(settings: &LogSettings) -> String {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let (subscriber, _level) = subscriber(settings, move || writer.clone());
        tracing::subscriber::with_default(subscriber, || {
            tracing::trace!(target: "mithril::gateway", user = "42", "ours");
            tracing::debug!(target: "tungstenite", frame = "a secret", "theirs");
        });
        let bytes = buffer.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    fn settings(format: LogFormat, journal: bool) -> LogSettings {
        LogSettings {
            level: LevelFilter::TRACE,
            format,
            colour: true,
            journal,
        }
    }

    #[test]
    fn other_crates_never_show_frames() {
        let text = logged(&settings(LogFormat::Text, false));
        assert!(text.contains("ours"), "{text}");
        assert!(!text.contains("theirs"), "{text}");
    }

    #[test]
    fn the_level_changes_while_others_stay_capped() {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let mut settings = settings(LogFormat::Text, true);
        settings.level = LevelFilter::WARN;
        let (subscriber, level) = subscriber(&settings, move || writer.clone());
        tracing::subscriber::with_default(subscriber, || {
            let both = || {
                tracing::debug!(target: "mithril::gateway", "ours");
                tracing::debug!(target: "tungstenite", "theirs");
            };
            both();
            level.set(LevelFilter::TRACE);
            both();
            level.set(LevelFilter::ERROR);
            both();
        });
        let bytes = buffer.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text.trim(), "DEBUG mithril::gateway: ours");
    }

    #[test]
    fn the_journal_gets_neither_time_nor_colour() {
        let text = logged(&settings(LogFormat::Text, true));
        assert_eq!(text.trim(), "TRACE mithril::gateway: ours user=\"42\"");
    }

    #[test]
    fn json_is_one_object_a_line() {
        let text = logged(&settings(LogFormat::Json, false));
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["message"], "ours");
        assert_eq!(value["user"], "42");
        assert!(value["timestamp"].is_string());
    }

    #[test]
    fn an_inherited_journal_variable_is_not_believed() {
        assert!(is_journal(Some("8:42"), Some((8, 42))));
        assert!(!is_journal(Some("8:42"), Some((8, 43))));
        assert!(!is_journal(Some("8:42"), None));
        assert!(!is_journal(Some("x"), None));
        assert!(!is_journal(None, None));
    }
}
