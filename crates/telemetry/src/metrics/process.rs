//! Process metrics, under the names that Prometheus client libraries use, where such names exist.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use rustix::{
    param::page_size,
    time::{ClockId, clock_gettime},
};

use super::{Counter, Sheet};

/// Number of log lines that were dropped because the output was blocked.
static DROPPED_LOG_LINES: Counter = Counter::new();

pub(crate) fn count_dropped_log_line() {
    DROPPED_LOG_LINES.count();
}

#[derive(Debug)]
pub(super) struct Process {
    started: SystemTime,
}

impl Process {
    /// Creates the metrics of a process that starts now.
    pub(super) fn now() -> Self {
        Self { started: SystemTime::now() }
    }

    pub(super) fn show(&self, sheet: &mut Sheet) {
        let cpu = Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default();
        sheet.counter("process_cpu_seconds", "User and system CPU time of the process", cpu);
        let started = self.started.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        sheet.gauge(
            "process_start_time_seconds",
            "Start time of the process, in seconds since the epoch",
            started,
        );
        sheet.counter(
            "log_lines_dropped",
            "Log lines dropped because standard output was blocked",
            DROPPED_LOG_LINES.total(),
        );
        // The following values are not available on systems without `/proc`.
        if let Some(bytes) = resident_bytes() {
            sheet.gauge("process_resident_memory_bytes", "Resident memory of the process", bytes);
        }
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            sheet.gauge("process_open_fds", "Number of open file descriptors", open.count());
        }
    }
}

/// Returns the resident memory, which is the second number in `statm`, counted in pages (proc(5)).
fn resident_bytes() -> Option<usize> {
    let pages = fs::read_to_string("/proc/self/statm").ok()?;
    Some(pages.split(' ').nth(1)?.parse::<usize>().ok()? * page_size())
}
