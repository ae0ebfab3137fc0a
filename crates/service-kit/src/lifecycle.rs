//! How a service begins and ends. It answers from the start and works as soon as it can; told to
//! end, it lets everybody go before it goes.
//!
//! ```text
//! let lifecycle = Lifecycle::new(&listener, config.shutdown)?;
//! let server = HttpServer::new(…).on_connect(lifecycle::welcome).disable_signals()…;
//! lifecycle.run(server, preparation, async |prepared| …).await
//! ```

mod door;
mod preparation;

pub use self::{
    door::{let_go, welcome},
    preparation::Preparation,
};

use std::{
    fmt, io,
    net::TcpListener,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use actix_web::dev::Server;
use clap::Args;
use tokio::{
    select,
    signal::unix::{Signal, SignalKind, signal},
    time,
};
use tracing::info;

use crate::config::{duration, duration_or_zero};

/// A signal is for the whole process, and it ends once: the one thing that is known everywhere.
static STOPPING: AtomicBool = AtomicBool::new(false);

/// Whether this process was told to end.
pub fn is_stopping() -> bool {
    STOPPING.load(Ordering::Relaxed)
}

/// How much time a service takes to end.
#[derive(Args, Clone, Copy, Debug)]
pub struct ShutdownArgs {
    /// How long to go on answering after SIGTERM while /health/ready says 503, so that a load
    /// balancer sees it and sends nobody any more
    #[arg(long, env, default_value = "0s", value_parser = duration_or_zero)]
    pub shutdown_delay: Duration,

    /// How long requests that are under way may take after that
    #[arg(long, env, default_value = "30s", value_parser = duration)]
    pub shutdown_timeout: Duration,
}

/// What it takes to end in order.
#[derive(Debug)]
pub struct Lifecycle {
    door: TcpListener,
    args: ShutdownArgs,
}

impl Lifecycle {
    /// For the server that is going to have `listener`.
    pub fn new(listener: &TcpListener, args: ShutdownArgs) -> io::Result<Self> {
        Ok(Self { door: listener.try_clone()?, args })
    }

    /// Runs the server and the preparation side by side until a signal; then lets `finish` put away
    /// what was prepared. A second signal ends it at once, which is an error, as is a preparation
    /// that fails.
    pub async fn run<T, E: From<io::Error>>(
        self,
        mut server: Server,
        mut preparation: Preparation<T, E>,
        finish: impl AsyncFnOnce(T),
    ) -> Result<(), E> {
        let mut signals = Signals::listen()?;
        let word = select! {
            ended = &mut server => {
                ended?;
                None
            }
            failure = preparation.failure() => return Err(failure),
            word = signals.next() => Some(word),
        };
        let end = async {
            if let Some(word) = word {
                self.stop(word, server).await?;
            }
            if let Some(prepared) = preparation.into_result() {
                finish(prepared).await;
            }
            Ok(())
        };
        select! {
            ended = end => ended,
            word = signals.next() => {
                let error = format!("{word}, the second signal, has ended it at once");
                Err(io::Error::new(io::ErrorKind::Interrupted, error).into())
            }
        }
    }

    /// Readiness goes first, then the clients, then the listener, and the requests under way last.
    async fn stop(self, word: Word, mut server: Server) -> io::Result<()> {
        let Self { door, args } = self;
        STOPPING.store(true, Ordering::Relaxed);
        info!("{word}: finishes what is under way, and ends");
        if word == Word::Terminate {
            let close = async {
                time::sleep(args.shutdown_delay).await;
                door::close(door, args.shutdown_timeout).await;
            };
            select! {
                ended = &mut server => return ended,
                () = close => {}
            }
        } else {
            drop(door);
        }
        drop(server.handle().stop(true));
        server.await
    }
}

/// What tells a process to end.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    /// From whoever runs services, and gives them the time they need.
    Terminate,
    /// From somebody at a terminal, who waits.
    Interrupt,
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Terminate => "SIGTERM",
            Self::Interrupt => "SIGINT",
        })
    }
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> Word {
        select! {
            _ = self.terminate.recv() => Word::Terminate,
            _ = self.interrupt.recv() => Word::Interrupt,
        }
    }
}
