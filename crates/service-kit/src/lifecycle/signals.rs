//! SIGTERM and SIGINT. The first signal that arrives sets the deadline of the shutdown.
//!
//! A dedicated thread handles them, so that the process exits even if all other threads wait for a
//! frozen database or for a log that nobody reads.

use std::{fmt, io, thread, time::Duration};

use tokio::{
    runtime, select,
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    time::{Instant, sleep_until},
};
use tracing::error;

use super::ShutdownArgs;
use crate::shutdown;

/// Time after the first signal during which further ones are ignored, because npm, `timeout` and
/// process groups can deliver a signal twice.
const REPEAT: Duration = Duration::from_secs(1);
/// Time limit for writing the last log lines before a forced exit.
const LAST_LINES: Duration = Duration::from_millis(200);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StopSignal {
    /// From a supervisor, which waits for a graceful shutdown.
    Terminate,
    /// From a person at a terminal, who should not have to wait: skips `SHUTDOWN_DELAY`.
    Interrupt,
}

impl fmt::Display for StopSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Terminate => "SIGTERM",
            Self::Interrupt => "SIGINT",
        })
    }
}

/// Receiver of the first signal.
pub(super) struct FirstSignal(watch::Receiver<Option<StopSignal>>);

impl FirstSignal {
    /// Starts handling signals. The handling ends if the returned value is dropped before the first
    /// signal arrives.
    pub(super) fn listen(args: ShutdownArgs) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let mut signals = {
            let _context = runtime.enter();
            Signals::listen()?
        };
        let (sender, receiver) = watch::channel(None);
        let handle = async move {
            let first = select! {
                first = signals.next() => first,
                () = sender.closed() => return,
            };
            let start = Instant::now();
            let delay =
                if first == StopSignal::Terminate { args.shutdown_delay } else { Duration::ZERO };
            let deadline = start + delay + args.shutdown_timeout;
            shutdown::begin(deadline);
            sender.send_replace(Some(first));
            select! {
                second = signals.next_after(start + REPEAT) => {
                    error!(signal = %second, "second signal received, exiting immediately");
                }
                () = sleep_until(deadline) => {
                    error!("SHUTDOWN_TIMEOUT exceeded, exiting immediately");
                }
            }
            telemetry::flush(LAST_LINES);
            std::process::exit(1);
        };
        thread::Builder::new().name("signals".into()).spawn(move || runtime.block_on(handle))?;
        Ok(Self(receiver))
    }

    pub(super) async fn wait(&mut self) -> StopSignal {
        match self.0.wait_for(Option::is_some).await.map(|signal| *signal) {
            Ok(Some(signal)) => signal,
            // Unreachable, because the thread keeps the sender until a signal has arrived.
            _ => std::future::pending().await,
        }
    }
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> StopSignal {
        select! {
            _ = self.terminate.recv() => StopSignal::Terminate,
            _ = self.interrupt.recv() => StopSignal::Interrupt,
        }
    }

    /// Returns the next signal that arrives after `time`.
    async fn next_after(&mut self, time: Instant) -> StopSignal {
        loop {
            let signal = self.next().await;
            if Instant::now() >= time {
                return signal;
            }
        }
    }
}
