//! Writes log lines to standard output or standard error. The logging thread only copies a line; a
//! dedicated thread writes the collected lines, so that thousands of lines per second cost few
//! system calls, and a blocked output blocks neither requests nor the shutdown.

use std::{
    io::{self, Write},
    mem,
    sync::Arc,
    thread,
    time::Duration,
};

use parking_lot::{Condvar, Mutex, MutexGuard};
use tracing::warn;
use tracing_subscriber::fmt::MakeWriter;

use super::time_left::{TimeLeft, share};
use crate::metrics::count_dropped_log_line;

/// Time during which lines are collected before they are written.
const GATHER: Duration = Duration::from_millis(10);
/// Maximum size of the buffer while the output is blocked. Further lines are dropped, because
/// requests do not wait for the log.
const MAX_BYTES: usize = 8 << 20;
/// Buffer capacity that is kept for later lines.
const KEPT_BYTES: usize = 64 << 10;
/// Time limit for writing the remaining lines on shutdown.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// The line buffer. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Lines(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    written: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    /// Number of dropped lines.
    lost: u64,
    is_writing: bool,
    is_closed: bool,
}

/// Guard of the writer thread. When dropped, waits for a limited time until the remaining lines are
/// written.
#[derive(Debug)]
pub(super) struct Writer {
    lines: Lines,
    time_left: TimeLeft,
}

/// Starts the writer thread.
pub(super) fn start(out: impl Write + Send + 'static, time_left: TimeLeft) -> (Lines, Writer) {
    let shared = Arc::<Shared>::default();
    thread::spawn({
        let shared = Arc::clone(&shared);
        move || shared.write_all_to(out)
    });
    let lines = Lines(shared);
    (lines.clone(), Writer { lines, time_left })
}

impl Lines {
    /// Waits until everything is written, but for at most `limit`.
    pub(super) fn flush_within(&self, limit: Duration) {
        let is_busy = |waiting: &mut Waiting| waiting.is_writing || !waiting.bytes.is_empty();
        self.0.written.wait_while_for(&mut self.0.waiting(), is_busy, limit);
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock()
    }

    /// Writes lines until the log is closed. Ignores write errors, because there is nowhere to
    /// report them.
    fn write_all_to(&self, mut out: impl Write) {
        let mut bytes = Vec::new();
        while self.take(&mut bytes) {
            let _ = out.write_all(&bytes).and_then(|()| out.flush());
            bytes.clear();
            bytes.shrink_to(KEPT_BYTES);
        }
    }

    /// Waits for lines and moves them into `bytes`. Returns false if the log is closed and empty.
    fn take(&self, bytes: &mut Vec<u8>) -> bool {
        let is_idle = |waiting: &mut Waiting| waiting.bytes.is_empty() && !waiting.is_closed;
        let mut waiting = self.waiting();
        waiting.is_writing = false;
        self.written.notify_all();
        self.changed.wait_while(&mut waiting, is_idle);
        let is_open = |waiting: &mut Waiting| !waiting.is_closed;
        self.changed.wait_while_for(&mut waiting, is_open, GATHER);
        mem::swap(bytes, &mut waiting.bytes);
        let lost = mem::take(&mut waiting.lost);
        waiting.is_writing = !bytes.is_empty();
        drop(waiting);
        if lost > 0 {
            warn!(log.dropped = lost, "log lines were dropped: standard output was blocked");
        }
        !bytes.is_empty()
    }
}

impl Write for Lines {
    /// Appends a whole line, or drops it.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.0.waiting();
        let is_first = waiting.bytes.is_empty();
        if waiting.bytes.len() + line.len() > MAX_BYTES {
            waiting.lost += 1;
            count_dropped_log_line();
        } else {
            waiting.bytes.extend_from_slice(line);
        }
        drop(waiting);
        if is_first {
            self.0.changed.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let Self { lines, time_left } = self;
        lines.0.waiting().is_closed = true;
        lines.0.changed.notify_one();
        lines.flush_within(share(*time_left, FLUSH_TIMEOUT));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// An output that blocks until the test unblocks it.
    struct Pipe(Receiver<()>, Sender<String>);

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            self.1.send(String::from_utf8_lossy(bytes).into_owned()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn all_lines_are_written_in_their_order_before_the_log_ends() {
        let (read, reads) = channel();
        let (writes, written) = channel();
        let (mut lines, writer) = start(Pipe(reads, writes), || None);
        let mut expected = String::new();
        for number in 0..1000 {
            let line = format!("line {number}\n");
            lines.write_all(line.as_bytes()).unwrap();
            expected += &line;
        }
        drop(read);
        drop(writer);
        assert_eq!(written.into_iter().collect::<String>(), expected);
    }

    #[test]
    fn drops_lines_while_the_output_is_blocked() {
        let (read, reads) = channel();
        let (writes, written) = channel();
        let (mut lines, writer) = start(Pipe(reads, writes), || None);
        let line = vec![b'x'; 1 << 20];
        for _ in 0..100 {
            lines.write_all(&line).unwrap();
        }
        drop(read);
        drop(writer);
        let written: usize = written.into_iter().map(|part| part.len()).sum();
        assert!(written <= 2 * MAX_BYTES, "{written}");
    }
}
