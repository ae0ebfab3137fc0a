//! Startup and graceful shutdown. A service accepts requests at once and becomes ready later; at
//! shutdown it completes all requests before it exits.
//!
//! ```text
//! let lifecycle = Lifecycle::new(&listener, config.shutdown)?;
//! let server = server::serve(listener, …)?;
//! lifecycle.run(server, preparation, async |prepared, limit| …).await
//! ```

mod door;
mod preparation;
mod signals;

pub use self::preparation::Preparation;
pub(crate) use self::{
    door::{let_go, welcome},
    signals::share_of_time_left,
};

use std::{
    io, mem,
    net::TcpListener,
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use actix_web::{dev::Server, rt::System};
use clap::Args;
use tokio::{
    select,
    time::{sleep, timeout},
};
use tracing::{info, warn};

use self::signals::{FirstSignal, StopSignal, time_left};
use crate::config::{duration, duration_or_zero};

/// Upper limit for the quarter of `SHUTDOWN_TIMEOUT` that is reserved for background work, such as
/// due mails and the last traces.
const LONGEST_FINISH: Duration = Duration::from_secs(5);

/// Global, because a signal applies to the whole process and shutdown happens once.
static STOPPING: AtomicBool = AtomicBool::new(false);

/// Returns whether the process is shutting down.
pub fn is_stopping() -> bool {
    STOPPING.load(Ordering::Relaxed)
}

/// Time limits of a shutdown.
#[derive(Args, Clone, Copy, Debug)]
pub struct ShutdownArgs {
    /// Time to keep serving after SIGTERM while /health/ready returns 503, so that load balancers stop
    /// sending requests
    #[arg(long, env, default_value = "0s", value_parser = duration_or_zero)]
    pub shutdown_delay: Duration,

    /// Time limit after `SHUTDOWN_DELAY` for completing requests in flight and for sending traces and
    /// any queued e-mails; unsent e-mails are sent after the next start
    #[arg(long, env, default_value = "30s", value_parser = duration)]
    pub shutdown_timeout: Duration,
}

impl ShutdownArgs {
    fn finish_limit(self) -> Duration {
        (self.shutdown_timeout / 4).min(LONGEST_FINISH)
    }
}

/// Runs the main function of a service to completion.
pub fn block_on(main: impl Future<Output = ExitCode>) -> ExitCode {
    let system = System::new();
    let status = system.block_on(main);
    // Dropping the runtime would wait for blocking calls, such as the lookup of a host name.
    mem::forget(system);
    status
}

/// Shuts a server down gracefully.
#[derive(Debug)]
pub struct Lifecycle {
    door: TcpListener,
    args: ShutdownArgs,
}

impl Lifecycle {
    /// Creates the lifecycle of the server that will use `listener`.
    pub fn new(listener: &TcpListener, args: ShutdownArgs) -> io::Result<Self> {
        Ok(Self { door: listener.try_clone()?, args })
    }

    /// Runs the server and the preparation concurrently until a signal arrives. Then calls `finish`
    /// with what was prepared and a time limit, to shut down background work. Fails if the
    /// preparation fails.
    pub async fn run<T, E: From<io::Error>>(
        self,
        mut server: Server,
        mut preparation: Preparation<T, E>,
        finish: impl AsyncFnOnce(T, Duration),
    ) -> Result<(), E> {
        let mut first_signal = FirstSignal::listen(self.args)?;
        let finish_limit = self.args.finish_limit();
        let signal = select! {
            ended = &mut server => {
                ended?;
                None
            }
            failure = preparation.failure() => return Err(failure),
            signal = first_signal.wait() => Some(signal),
        };
        if let Some(signal) = signal {
            self.stop(signal, server).await?;
        }
        if let Some(prepared) = preparation.into_result() {
            // A quarter is reserved for telemetry.
            let limit = time_left().map_or(finish_limit, |left| left.min(finish_limit)) * 3 / 4;
            if timeout(limit, finish(prepared, limit)).await.is_err() {
                warn!("background work aborted: time limit exceeded");
            }
        }
        Ok(())
    }

    /// Ends readiness, then drains connections, closes the listener, and completes the requests in
    /// flight.
    async fn stop(self, signal: StopSignal, mut server: Server) -> io::Result<()> {
        let Self { door, args } = self;
        info!("{signal}: shutting down gracefully");
        if signal == StopSignal::Terminate {
            select! {
                ended = &mut server => return ended,
                () = sleep(args.shutdown_delay) => {}
            }
        }
        let limit = args.shutdown_timeout.saturating_sub(args.finish_limit());
        let drain = async {
            if signal == StopSignal::Terminate {
                select! {
                    ended = &mut server => return ended,
                    () = door::close(door, limit / 2) => {}
                }
            } else {
                drop(door);
            }
            drop(server.handle().stop(true));
            server.await
        };
        timeout(limit, drain).await.unwrap_or_else(|_elapsed| {
            warn!("requests in flight aborted: time limit exceeded");
            Ok(())
        })
    }
}
