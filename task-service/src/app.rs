//! Binds the listener, puts the middleware in order, and runs until a signal ends it.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use actix_web::{
    App as WebApp, HttpMessage as _, HttpServer, ResponseError as _,
    body::{BodySize, BoxBody, MessageBody},
    dev::{Server, ServerHandle, ServiceRequest, ServiceResponse},
    http::{StatusCode, header::ALLOW},
    middleware::{Next, from_fn},
    web::Data,
};
use jwks_auth::{BuildError, Verifier};
use service_kit::{
    Clock, HEAD_TIMEOUT, KEEP_ALIVE,
    config::ExampleSecret,
    cors::Cors,
    db::{Database, OpenError},
    lifecycle::{self, Lifecycle, Preparation},
    metrics::Metrics,
    telemetry,
    worker::Worker,
};
use tracing::info;

use crate::{
    config::Config,
    error::Error,
    housekeeping,
    metrics::{BUILD, Shown},
    migrate,
    quota::Quota,
    rate_limit::{RateLimiter, Standing},
    routes,
    state::AppState,
    verifier,
};

/// What a script on another origin may read of an answer.
const EXPOSED_HEADERS: [&str; 11] = [
    "etag",
    "idempotency-replayed",
    "link",
    "location",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "retry-after",
    "www-authenticate",
    "x-request-id",
    "x-total-count",
];

/// The bound, not yet running service.
#[expect(missing_debug_implementations, reason = "the server has none")]
pub struct App {
    address: SocketAddr,
    server: Server,
    lifecycle: Lifecycle,
    preparation: Preparation<Worker, StartError>,
    metrics: Metrics,
}

/// Why the service does not run.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Example(#[from] ExampleSecret),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("DATABASE_URL")]
    Migrate(#[from] migrate::Error),
    #[error("{}", verifier::setting(.0))]
    Verifier(#[from] BuildError),
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    #[error("METRICS_ADDRESS")]
    Metrics(#[source] io::Error),
    #[error(transparent)]
    Run(#[from] io::Error),
}

impl App {
    /// Binds and makes the state; `run` does the rest. The database and the issuer may be away.
    pub fn build(config: Config, clock: Clock) -> Result<Self, StartError> {
        config.database_url.refuse_example(&config.better_auth_issuer)?;
        let database = Database::open(&config.database_url)?;
        let verifier = verifier::build(&config, clock.clone())?;
        let state = Data::new(AppState {
            database,
            clock,
            quota: Quota::new(config.max_tasks_per_user),
            rate_limiter: RateLimiter::new(config.rate_limit),
        });

        let address = SocketAddr::new(config.host, config.port);
        let listen = |error| StartError::Listen(address, error);
        let listener = TcpListener::bind(address).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let verifier = Data::new(verifier);
        let shown = Shown { state: state.clone(), verifier: verifier.clone() };
        let metrics = Metrics::start(&config.metrics, BUILD, shown).map_err(StartError::Metrics)?;
        let lifecycle = Lifecycle::new(&listener, config.shutdown).map_err(listen)?;
        let preparation = prepare(state.clone(), &config);
        let server = serve(listener, state, verifier, config, &metrics).map_err(listen)?;
        info!("task-service listens on http://{address}");
        Ok(Self { address, server, lifecycle, preparation, metrics })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where Prometheus asks, if it may.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.address()
    }

    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Waits until the schema is there, for as long as it takes. `run` does so, too.
    pub async fn prepared(&mut self) -> Result<(), StartError> {
        self.preparation.done().await
    }

    /// Until a signal ends it.
    pub async fn run(self) -> Result<(), StartError> {
        let Self { server, lifecycle, preparation, metrics, .. } = self;
        let ended = lifecycle.run(server, preparation, Worker::stop).await;
        metrics.stop().await;
        ended
    }
}

/// Waits for the schema, and lets nobody at the database before.
fn prepare(state: Data<AppState>, config: &Config) -> Preparation<Worker, StartError> {
    state.database.hold_off();
    let (url, may_migrate) = (config.database_url.clone(), config.migrate);
    let attempt = async move || {
        if may_migrate {
            migrate::run(&url).await?;
        } else {
            migrate::check(&url).await?;
        }
        state.database.admit();
        Ok(housekeeping::keep(state.clone()))
    };
    let is_temporary = |error: &StartError| match error {
        StartError::Migrate(error) => error.is_temporary(),
        _ => false,
    };
    Preparation::new(attempt, is_temporary)
}

fn serve(
    listener: TcpListener,
    state: Data<AppState>,
    verifier: Data<Verifier>,
    config: Config,
    metrics: &Metrics,
) -> io::Result<Server> {
    let cors = Arc::new(Cors {
        origins: config.frontend_url,
        methods: "GET, POST, PUT, PATCH, DELETE",
        headers: "authorization, content-type, idempotency-key, if-match, if-none-match, prefer, \
                  traceparent, tracestate, x-request-id",
        exposed: &EXPOSED_HEADERS,
    });
    let count_requests = metrics.counting();
    let server = HttpServer::new(move || {
        count_requests();
        let cors = Arc::clone(&cors);
        WebApp::new()
            .app_data(state.clone())
            .app_data(verifier.clone())
            .wrap(from_fn(finish))
            .wrap(from_fn(move |req, next| Arc::clone(&cors).handle(req, next)))
            .wrap(from_fn(telemetry::request))
            .configure(routes::configure)
    });
    Ok(server
        .client_request_timeout(HEAD_TIMEOUT)
        .keep_alive(KEEP_ALIVE)
        .on_connect(lifecycle::welcome)
        .disable_signals()
        .shutdown_timeout(config.shutdown.shutdown_timeout.as_secs())
        .listen(listener)?
        .run())
}

/// Says where the caller stands, and gives a body to the errors that no handler made: a wrong
/// method has `Allow` and nothing else.
async fn finish(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let mut response = next.call(req).await?.map_into_boxed_body();
    let standing = response.request().extensions().get::<Standing>().copied();
    if let Some(standing) = standing {
        standing.write(response.headers_mut());
    }
    let is_empty = matches!(response.response().body().size(), BodySize::None | BodySize::Sized(0));
    if response.status() != StatusCode::METHOD_NOT_ALLOWED || !is_empty {
        return Ok(response);
    }
    let mut problem = Error::MethodNotAllowed.error_response();
    if let Some(allow) = response.headers().get(ALLOW) {
        problem.headers_mut().insert(ALLOW, allow.clone());
    }
    Ok(response.into_response(problem))
}
