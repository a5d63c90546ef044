//! What the system says of a process, and figures for people.

use std::time::Duration;

/// A process that is watched.
pub(crate) struct Process {
    pub(crate) id: u32,
}

impl Process {
    /// The processor time that the process has been charged so far (proc(5), `stat`: utime, stime).
    pub(crate) fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id)).unwrap();
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap()
            .split_whitespace()
            .collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        // The clock tick of every Linux that Rust runs on.
        Duration::from_millis(ticks * 10)
    }

    /// The microseconds of processor time since then.
    pub(crate) fn micros_since(&self, before: Duration) -> f64 {
        self.cpu().saturating_sub(before).as_secs_f64() * 1e6
    }

    /// The bytes of memory that the process has resident.
    pub(crate) fn memory(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id)).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<usize>()
            .unwrap()
            * 1024
    }
}

/// The value below which that part of the values lies.
pub(crate) fn quantile(values: &mut [Duration], part: f64) -> Duration {
    values.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index within the values"
    )]
    let index = (float(values.len() as u64 - 1) * part) as usize;
    values[index]
}

/// The value that as many are below as above.
pub(crate) fn middle(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A count as a figure.
#[expect(clippy::cast_precision_loss, reason = "figures for people")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}
