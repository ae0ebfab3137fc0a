//! The service: its state, the order of its middleware, its background workers and its metrics.

mod housekeeping;
mod metrics;

use std::time::Duration;

use actix_web::{
    App, HttpResponse, ResponseError as _,
    body::{BodySize, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{ALLOW, CACHE_CONTROL},
    },
    middleware::{Next, from_fn},
    web::Data,
};
use database::{Database, DatabaseUrl, OpenError, migrate::Migrations};
use jwks_auth::{BuildError, Verifier};
use service_kit::{Application, Clock, Service, cors::Cors, server::InFlight, worker::Worker};
use settings::ExampleSecret;
use telemetry::metrics::Build;

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
    openapi::ApiDoc,
    routes,
    store::MIGRATIONS,
};

/// Minimum quota of idempotency keys per user and day, for when `max_tasks_per_user` is smaller.
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

/// The service, with the state that all requests share.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "the state contains secrets")]
pub struct TaskService {
    state: Data<AppState>,
    verifier: Data<Verifier>,
    issuer: String,
}

/// Background workers, started once the schema is up to date.
#[derive(Debug)]
pub struct Workers {
    housekeeping: Worker,
    /// `None` if security events are not followed.
    erasure: Option<Worker>,
}

/// Reason why the service cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error(transparent)]
    Example(#[from] ExampleSecret),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("cannot use {}", verifier::setting(.0))]
    Verifier(#[from] BuildError),
    #[error("cannot use DATABASE_URL")]
    Migrate(#[from] migration::Error),
}

impl Service for TaskService {
    const BUILD: Build =
        Build { service: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") };
    const ABOUT: &'static str = env!("CARGO_PKG_DESCRIPTION");
    const MIGRATIONS: Migrations = MIGRATIONS;

    type Config = Config;
    type Error = SetupError;
    type Workers = Workers;

    fn build(config: &Config, clock: Clock) -> Result<Self, SetupError> {
        config.server.database_url.refuse_example(&config.better_auth_issuer)?;
        config.events.check(&config.better_auth_issuer)?;
        let database = Database::open_with(&config.server.database_url, &config.server.database)?;
        let verifier = verifier::build(config, clock.clone())?;
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
            in_flight: InFlight::new(config.server.responses),
            resource: Resource::new(config),
        });
        let issuer = config.better_auth_issuer.clone();
        Ok(Self { state, verifier: Data::new(verifier), issuer })
    }

    fn database(&self) -> &Database {
        &self.state.database
    }

    fn cors(config: &Config) -> Cors {
        Cors {
            origins: config.frontend_url.clone(),
            methods: "GET, POST, PUT, PATCH, DELETE",
            exposed: &EXPOSED_HEADERS,
        }
    }

    fn app(self) -> App<impl Application> {
        App::new()
            .app_data(self.state)
            .app_data(self.verifier)
            .wrap(from_fn(describe_errors))
            .configure(routes::configure)
    }

    fn panicked() -> HttpResponse {
        Error::Panicked.error_response()
    }

    fn openapi() -> serde_json::Result<String> {
        ApiDoc::json()
    }

    async fn migrate_rows(url: &DatabaseUrl) -> Result<(), SetupError> {
        Ok(migration::migrate_rows(url).await?)
    }

    async fn start(&self) -> Result<Workers, SetupError> {
        let Self { state, verifier, issuer } = self;
        let eraser = verifier.event_reader().map(|events| Eraser {
            database: state.database.clone(),
            clock: state.clock.clone(),
            issuer: issuer.clone(),
            events,
        });
        let erasure = eraser.map(Eraser::start);
        Ok(Workers { housekeeping: housekeeping::keep(state.clone()), erasure })
    }

    fn is_temporary(error: &SetupError) -> bool {
        matches!(error, SetupError::Migrate(error) if error.is_temporary())
    }

    async fn stop(&self, workers: Workers, _limit: Duration) {
        let erasure = async {
            if let Some(erasure) = workers.erasure {
                erasure.stop().await;
            }
        };
        tokio::join!(workers.housekeeping.stop(), erasure);
    }
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
