//! Log lines on their way to standard output. Whoever logs only copies a line; a thread of its own
//! writes what has come together, so that thousands of lines a second cost a few system calls.

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use tracing::warn;
use tracing_subscriber::fmt::MakeWriter;

/// How long lines wait for others.
const GATHER: Duration = Duration::from_millis(10);
/// What may wait while standard output is stuck. More is lost: a request does not wait for the log.
const MAX_BYTES: usize = 8 << 20;
/// What is kept for the next lines.
const KEPT_BYTES: usize = 64 << 10;

/// Where lines go. Cloning is cheap and shares it.
#[derive(Clone, Debug)]
pub(super) struct Lines(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    /// Lines that found no room.
    lost: u64,
    is_closed: bool,
}

/// Writes what is left when it is dropped.
#[derive(Debug)]
pub(super) struct Writer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// Starts the thread that writes.
pub(super) fn start(out: impl Write + Send + 'static) -> (Lines, Writer) {
    let shared = Arc::<Shared>::default();
    let thread = thread::spawn({
        let shared = Arc::clone(&shared);
        move || shared.write_all_to(out)
    });
    (Lines(Arc::clone(&shared)), Writer { shared, thread: Some(thread) })
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until the log is closed. What cannot be written has no other place to be reported.
    fn write_all_to(&self, mut out: impl Write) {
        let mut bytes = Vec::new();
        while self.take(&mut bytes) {
            let _ = out.write_all(&bytes).and_then(|()| out.flush());
            bytes.clear();
            bytes.shrink_to(KEPT_BYTES);
        }
    }

    /// Waits for lines and takes them. Returns false when there will be no more.
    fn take(&self, bytes: &mut Vec<u8>) -> bool {
        let is_idle = |waiting: &mut Waiting| waiting.bytes.is_empty() && !waiting.is_closed;
        let waiting = self.changed.wait_while(self.waiting(), is_idle);
        let waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        let is_open = |waiting: &mut Waiting| !waiting.is_closed;
        let waited = self.changed.wait_timeout_while(waiting, GATHER, is_open);
        let (mut waiting, _) = waited.unwrap_or_else(PoisonError::into_inner);
        mem::swap(bytes, &mut waiting.bytes);
        let lost = mem::take(&mut waiting.lost);
        drop(waiting);
        if lost > 0 {
            warn!("{lost} log lines are lost: standard output does not take them");
        }
        !bytes.is_empty()
    }
}

impl Write for Lines {
    /// Takes a whole line, or loses it.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.0.waiting();
        let is_first = waiting.bytes.is_empty();
        if waiting.bytes.len() + line.len() > MAX_BYTES {
            waiting.lost += 1;
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
        self.shared.waiting().is_closed = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Standard output that is stuck until somebody reads it.
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
        let (mut lines, writer) = start(Pipe(reads, writes));
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
    fn a_log_that_nobody_reads_is_cut() {
        let (read, reads) = channel();
        let (writes, written) = channel();
        let (mut lines, writer) = start(Pipe(reads, writes));
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
