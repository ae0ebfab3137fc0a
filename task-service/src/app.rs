//! Application assembly: binds the listener, orders the middleware and runs until a signal arrives.

mod housekeeping;
mod metrics;

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use actix_web::{
    App as WebApp, ResponseError as _,
    body::{BodySize, BoxBody, MessageBody},
    dev::{Server, ServerHandle, ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{ALLOW, CACHE_CONTROL},
    },
    middleware::{Next, from_fn},
    web::Data,
};
use database::{Database, OpenError};
use jwks_auth::{BuildError, Verifier};
use service_kit::{
    Clock,
    cors::Cors,
    lifecycle::{Lifecycle, Preparation},
    listen::{ListenError, listen_for_metrics},
    request,
    server::{self, InFlight},
    worker::Worker,
};
use settings::ExampleSecret;
use telemetry::metrics::Metrics;
use tracing::info;

use self::metrics::{BUILD, Shown};
use crate::{
    config::Config,
    domain::{
        erasure::Eraser,
        long_reads::LongReads,
        migration,
        quota::{Limited, Quota},
        rate_limit::RateLimiter,
        resource::Resource,
        verifier,
    },
    http::{error::Error, state::AppState},
    routes,
};

/// Number of idempotency keys that a user may create per day even if fewer tasks are allowed.
const MIN_KEYS_PER_USER: u32 = 1000;

/// Response headers that scripts on other origins may read.
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

/// The assembled service: its listener is bound, but it does not serve requests yet.
#[expect(missing_debug_implementations, reason = "the server is not Debug")]
pub struct App {
    address: SocketAddr,
    server: Server,
    lifecycle: Lifecycle,
    preparation: Preparation<Workers, StartError>,
    metrics: Metrics,
}

/// Background workers, started once the schema is up to date.
struct Workers {
    housekeeping: Worker,
    /// `None` if security events are not followed.
    erasure: Option<Worker>,
}

/// Reason why the service could not start or continue.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Example(#[from] ExampleSecret),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("cannot use DATABASE_URL")]
    Migrate(#[from] migration::Error),
    #[error("cannot use {}", verifier::setting(.0))]
    Verifier(#[from] BuildError),
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error(transparent)]
    Run(#[from] io::Error),
}

impl App {
    /// Binds the listener and builds the state. Needs neither the database nor the issuer:
    /// [`Self::run`] waits for the database, and the verifier fetches the issuer's keys in the
    /// background.
    pub fn build(config: Config, clock: Clock) -> Result<Self, StartError> {
        config.database_url.refuse_example(&config.better_auth_issuer)?;
        config.events.check(&config.better_auth_issuer)?;
        let database = Database::open_with(&config.database_url, &config.database)?;
        let verifier = verifier::build(&config, clock.clone())?;
        let state = Data::new(AppState {
            database,
            clock,
            quota: Quota::new(Limited::Tasks, config.max_tasks_per_user),
            key_quota: Quota::new(
                Limited::IdempotencyKeys,
                config.max_tasks_per_user.max(MIN_KEYS_PER_USER),
            ),
            rate_limiter: RateLimiter::new(config.rate_limit),
            long_reads: LongReads::new(config.max_searches_per_user.into()),
            foreign_tasks: config.foreign_tasks,
            in_flight: InFlight::new(config.server),
            resource: Resource::new(&config),
        });

        let listener = config.host.listen(config.port)?;
        let address = listener.local_addr()?;
        let verifier = Data::new(verifier);
        let shown = Shown { state: state.clone(), verifier: verifier.clone() };
        let metrics_listener = listen_for_metrics(&config.metrics)?;
        let metrics = Metrics::start(metrics_listener, BUILD, shown)?;
        let lifecycle = Lifecycle::new(&listener, config.shutdown)?;
        let preparation = prepare(state.clone(), &verifier, &config);
        let server = serve(listener, state, verifier, config, &metrics)?;
        info!(url.full = %format_args!("http://{address}"), "listening");
        Ok(Self { address, server, lifecycle, preparation, metrics })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the address of the metrics listener, if enabled.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.address()
    }

    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Waits until the schema is up to date, without a timeout. [`Self::run`] also waits, so
    /// calling this is optional.
    pub async fn prepared(&mut self) -> Result<(), StartError> {
        self.preparation.done().await
    }

    /// Runs the service until a signal stops it or it fails.
    pub async fn run(self) -> Result<(), StartError> {
        let Self { server, lifecycle, preparation, metrics, .. } = self;
        let finish = async |workers: Workers, _limit| {
            let erasure = async {
                if let Some(erasure) = workers.erasure {
                    erasure.stop().await;
                }
            };
            tokio::join!(workers.housekeeping.stop(), erasure);
        };
        let ended = lifecycle.run(server, preparation, finish).await;
        metrics.stop().await;
        ended
    }
}

/// Returns the startup work: migrates or checks the schema, opens the database to requests and
/// starts the workers.
fn prepare(
    state: Data<AppState>,
    verifier: &Verifier,
    config: &Config,
) -> Preparation<Workers, StartError> {
    state.database.hold_off();
    let eraser = verifier.event_reader().map(|events| Eraser {
        database: state.database.clone(),
        clock: state.clock.clone(),
        issuer: config.better_auth_issuer.clone(),
        events,
    });
    let (url, may_migrate) = (config.database_url.clone(), config.migrate);
    let attempt = async move || {
        if may_migrate {
            migration::run(&url).await?;
        } else {
            migration::check(&url).await?;
        }
        state.database.admit();
        let erasure = eraser.clone().map(Eraser::start);
        Ok(Workers { housekeeping: housekeeping::keep(state.clone()), erasure })
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
        exposed: &EXPOSED_HEADERS,
    });
    let count_requests = metrics.counting();
    let (limits, shutdown_timeout) = (config.server, config.shutdown.shutdown_timeout);
    server::serve(listener, limits, shutdown_timeout, move || {
        count_requests();
        let cors = Arc::clone(&cors);
        WebApp::new()
            .app_data(state.clone())
            .app_data(verifier.clone())
            .wrap(from_fn(describe_errors))
            .wrap(from_fn(move |req, next| Arc::clone(&cors).handle(req, next)))
            .wrap(from_fn(request::handle))
            .configure(routes::configure)
    })
}

/// Adds a problem document to actix-web's 405 responses, which have `Allow` but no body.
async fn describe_errors(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let response = next.call(req).await?.map_into_boxed_body();
    let is_empty = matches!(response.response().body().size(), BodySize::None | BodySize::Sized(0));
    if response.status() != StatusCode::METHOD_NOT_ALLOWED || !is_empty {
        return Ok(response);
    }
    let mut problem = Error::MethodNotAllowed.error_response();
    for name in [ALLOW, CACHE_CONTROL] {
        if let Some(value) = response.headers().get(&name) {
            problem.headers_mut().insert(name, value.clone());
        }
    }
    Ok(response.into_response(problem))
}
