//! The assembly of a service: binds the listener, orders the middleware and runs until a signal
//! arrives.

use std::{
    error::Error as StdError,
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use actix_web::{
    dev::{Server, ServerHandle},
    middleware::from_fn,
};
use database::migrate::{self, MigrateError};
use telemetry::metrics::Metrics;
use tracing::info;

use crate::{
    Clock,
    args::ServerArgs,
    lifecycle::{Lifecycle, Preparation},
    listen::{ListenError, listen_for_metrics},
    request, server,
    service::Service,
};

/// An assembled service: its listener is bound, but it does not serve requests yet.
#[expect(missing_debug_implementations, reason = "the server is not Debug")]
pub struct App<S: Service> {
    address: SocketAddr,
    server: Server,
    lifecycle: Lifecycle,
    preparation: Preparation<S::Workers, StartError<S::Error>>,
    service: S,
    metrics: Metrics,
}

/// Reason why a service could not start or keep running.
#[derive(Debug, thiserror::Error)]
pub enum StartError<E: StdError + 'static> {
    #[error(transparent)]
    Service(E),
    #[error("cannot use DATABASE_URL")]
    Migrate(#[from] MigrateError),
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error(transparent)]
    Run(#[from] io::Error),
}

impl<S: Service> App<S> {
    /// Builds the state, binds the listener and starts the metrics listener. Does not connect to
    /// the database: [`Self::prepared`] and [`Self::run`] do.
    pub fn build(config: &S::Config, clock: Clock) -> Result<Self, StartError<S::Error>> {
        let service = S::build(config, clock).map_err(StartError::Service)?;
        let args: &ServerArgs = config.as_ref();
        let listener = args.host.listen(args.port)?;
        let address = listener.local_addr()?;
        let metrics_listener = listen_for_metrics(&args.metrics)?;
        let metrics = Metrics::start(metrics_listener, S::BUILD, service.clone())?;
        let lifecycle = Lifecycle::new(&listener, args.shutdown)?;
        let preparation = prepare(service.clone(), args);
        let server = serve(listener, service.clone(), config, &metrics)?;
        info!(url.full = %format_args!("http://{address}"), "listening");
        Ok(Self { address, server, lifecycle, preparation, service, metrics })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the address of the metrics listener, or `None` if it is disabled.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.address()
    }

    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Prepares the schema, the state and the workers, and retries without a time limit while
    /// failures are temporary. Optional, because [`Self::run`] otherwise does this while it serves
    /// requests.
    pub async fn prepared(&mut self) -> Result<(), StartError<S::Error>> {
        self.preparation.done().await
    }

    /// Runs the service until a signal stops it, or until the preparation or the server fails.
    pub async fn run(self) -> Result<(), StartError<S::Error>> {
        let Self { server, lifecycle, preparation, service, metrics, .. } = self;
        let finish = async |workers, limit| service.stop(workers, limit).await;
        let ended = lifecycle.run(server, preparation, finish).await;
        metrics.stop().await;
        ended
    }
}

/// Closes the database to requests. Returns the preparation, which migrates or checks the schema,
/// opens the database to requests, and starts the service. Temporary failures are retried.
fn prepare<S: Service>(
    service: S,
    args: &ServerArgs,
) -> Preparation<S::Workers, StartError<S::Error>> {
    service.database().hold_off();
    let (url, may_migrate) = (args.database_url.clone(), args.migrate);
    let attempt = async move || {
        if may_migrate {
            migrate::run(&url, S::MIGRATIONS).await?;
            S::migrate_rows(&url).await.map_err(StartError::Service)?;
        } else {
            migrate::check(&url, &S::MIGRATIONS).await?;
        }
        service.database().admit();
        service.start().await.map_err(StartError::Service)
    };
    let is_temporary = |error: &StartError<S::Error>| match error {
        StartError::Migrate(error) => error.is_temporary(),
        StartError::Service(error) => S::is_temporary(error),
        StartError::Listen(_) | StartError::Run(_) => false,
    };
    Preparation::new(attempt, is_temporary)
}

fn serve<S: Service>(
    listener: TcpListener,
    service: S,
    config: &S::Config,
    metrics: &Metrics,
) -> io::Result<Server> {
    let args: &ServerArgs = config.as_ref();
    let cors = Arc::new(S::cors(config));
    let count_requests = metrics.counting();
    server::serve(listener, args.responses, args.shutdown.shutdown_timeout, move || {
        count_requests();
        let cors = Arc::clone(&cors);
        let app = service.clone().app();
        app.wrap(from_fn(move |req, next| Arc::clone(&cors).handle(req, next)))
            .wrap(from_fn(|req, next| request::handle(req, next, S::panicked)))
    })
}
