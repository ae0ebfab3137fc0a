//! Startup and graceful shutdown. A service accepts requests immediately and becomes ready later;
//! at shutdown, it completes the requests in flight, within a time limit, before it exits.
//!
//! ```text
//! let lifecycle = Lifecycle::new(&listener, config.shutdown)?;
//! let server = server::serve(listener, …)?;
//! lifecycle.run(server, preparation, async |prepared, limit| …).await
//! ```

mod args;
mod preparation;
mod signals;

pub use self::args::ShutdownArgs;
pub(crate) use self::preparation::Preparation;
pub use crate::shutdown::is_stopping;
pub(crate) use crate::shutdown::time_left;

use std::{io, mem, net::TcpListener, process::ExitCode, time::Duration};

use actix_web::{dev::Server, rt::System};
use tokio::{
    select,
    time::{sleep, timeout},
};
use tracing::{info, warn};

use self::signals::{FirstSignal, StopSignal};
use crate::server;

/// Runs the main function of a service to completion.
pub(crate) fn block_on(main: impl Future<Output = ExitCode>) -> ExitCode {
    let system = System::new();
    let status = system.block_on(main);
    // Dropping the runtime would wait for blocking calls, such as the lookup of a host name.
    mem::forget(system);
    status
}

/// The lifecycle of a server, from its start to its graceful shutdown.
#[derive(Debug)]
pub(crate) struct Lifecycle {
    listener: TcpListener,
    args: ShutdownArgs,
}

impl Lifecycle {
    /// Creates the lifecycle of the server that will use `listener`.
    pub(crate) fn new(listener: &TcpListener, args: ShutdownArgs) -> io::Result<Self> {
        Ok(Self { listener: listener.try_clone()?, args })
    }

    /// Runs the server and the preparation concurrently until a signal arrives, and then stops the
    /// server. If the preparation has finished, calls `finish` with its result and a time limit, to
    /// shut down background work. Returns an error if the preparation or the server fails.
    pub(crate) async fn run<T, E: From<io::Error>>(
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
            // The last quarter is reserved for telemetry.
            let limit = time_left().map_or(finish_limit, |left| left.min(finish_limit)) * 3 / 4;
            if timeout(limit, finish(prepared, limit)).await.is_err() {
                warn!("background work aborted: time limit exceeded");
            }
        }
        Ok(())
    }

    /// Waits for `SHUTDOWN_DELAY` and drains connections (both only after SIGTERM), then closes the
    /// listener and completes the requests in flight.
    async fn stop(self, signal: StopSignal, mut server: Server) -> io::Result<()> {
        let Self { listener, args } = self;
        info!(%signal, "shutting down gracefully");
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
                    () = server::drain(listener, limit / 2) => {}
                }
            } else {
                drop(listener);
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
