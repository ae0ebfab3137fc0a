//! Binds the listener, puts the middleware in order, and runs until a signal ends it.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use actix_web::{
    App as WebApp, HttpServer,
    dev::{Server, ServerHandle},
    middleware::from_fn,
    web::Data,
};
use service_kit::{
    Clock, HEAD_TIMEOUT, KEEP_ALIVE,
    config::ExampleSecret,
    cors::Cors,
    db::{Database, OpenError},
    lifecycle::{self, Lifecycle, Preparation},
    metrics::Metrics,
    migrate::{self, MigrateError},
    telemetry,
    worker::Worker,
};
use tracing::info;

use crate::{
    MIGRATIONS,
    attempts::Attempts,
    config::{Config, SecretError},
    cookie::Cookies,
    email_token::EmailTokens,
    error::X_RETRY_AFTER,
    housekeeping,
    issuer::Issuer,
    mail::{self, Links, Outbox, TemplateError, Templates, Transport, TransportError},
    metrics::{BUILD, Shown},
    password::Passwords,
    routes::{self, SET_AUTH_JWT},
    seal::Seal,
    session,
    session_cookies::SET_AUTH_TOKEN,
    state::AppState,
};

/// What a script on another origin may read of an answer.
const EXPOSED_HEADERS: [&str; 6] =
    [SET_AUTH_TOKEN, SET_AUTH_JWT, X_RETRY_AFTER, "retry-after", "location", "x-request-id"];

/// The bound, not yet running service.
#[expect(missing_debug_implementations, reason = "the server has none")]
pub struct App {
    address: SocketAddr,
    server: Server,
    lifecycle: Lifecycle,
    preparation: Preparation<Workers, StartError>,
    state: Data<AppState>,
    metrics: Metrics,
}

/// What goes on beside the requests, once there is a schema.
struct Workers {
    mail: Worker,
    housekeeping: Worker,
}

/// Why the service does not run.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Example(#[from] ExampleSecret),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("DATABASE_URL")]
    Migrate(#[from] MigrateError),
    #[error("the signing key")]
    Issuer(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the signing key cannot be read yet")]
    IssuerAway(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("JWT_GRACE_PERIOD must be longer than JWT_EXPIRES_IN, or tokens outlive their keys")]
    GracePeriod,
    #[error("MAIL_TEMPLATES")]
    Templates(#[from] TemplateError),
    #[error("SMTP_URL")]
    Transport(#[from] TransportError),
    #[error("a key could not be derived")]
    Crypto,
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    #[error("METRICS_ADDRESS")]
    Metrics(#[source] io::Error),
    #[error(transparent)]
    Run(#[from] io::Error),
}

impl App {
    /// Binds and makes the state; `run` does the rest. The database may be away.
    pub fn build(config: Config, clock: Clock) -> Result<Self, StartError> {
        if !config.keys_outlive_tokens() {
            return Err(StartError::GracePeriod);
        }
        config.database_url.refuse_example(config.better_auth_url.as_str())?;
        let secret = config.secret()?;
        let database = Database::open(&config.database_url)?;
        let crypto = |_error| StartError::Crypto;
        let state = Data::new(AppState {
            attempts: Attempts::new(&database),
            issuer: Issuer::new(&config, &secret, &database).map_err(crypto)?,
            database,
            clock,
            features: config.features,
            cookies: Cookies::new(&secret, config.has_secure_cookies()),
            passwords: Passwords::new(config.bcrypt_cost),
            email_tokens: EmailTokens::new(&secret).map_err(crypto)?,
            trusted_origins: config.trusted_origins(),
            trusted_proxies: config.trusted_proxies.clone(),
            is_production: config.is_https(),
            rate_limit: config.rate_limit,
            session_seal: Seal::new(&secret, session::SEAL_PURPOSE).map_err(crypto)?,
            session_expires_in: config.session_expires_in,
            session_update_age: config.session_update_age,
            session_fresh_age: config.session_fresh_age,
            bearer_require_signature: config.bearer_require_signature,
            links: Links { site: config.better_auth_url.as_str().to_owned() },
            mail_from: config.mail.mail_from.clone(),
            outbox: Outbox::default(),
            templates: Templates::load(config.mail.mail_templates.as_deref())?,
            transport: Transport::new(&config.mail)?,
        });
        let address = SocketAddr::new(config.host, config.port);
        let listen = |error| StartError::Listen(address, error);
        let listener = TcpListener::bind(address).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let metrics = Metrics::start(&config.metrics, BUILD, Shown(state.clone()))
            .map_err(StartError::Metrics)?;
        let lifecycle = Lifecycle::new(&listener, config.shutdown).map_err(listen)?;
        let preparation = prepare(state.clone(), &config);
        let server = serve(listener, state.clone(), config, &metrics).map_err(listen)?;
        info!("auth-service listens on http://{address}");
        Ok(Self { address, server, lifecycle, preparation, state, metrics })
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

    /// Waits until the schema and the keys are there, for as long as it takes. `run` does so, too.
    pub async fn prepared(&mut self) -> Result<(), StartError> {
        self.preparation.done().await
    }

    /// Until a signal ends it.
    pub async fn run(self) -> Result<(), StartError> {
        let Self { server, lifecycle, preparation, state, metrics, .. } = self;
        let finish = async |workers: Workers| {
            mail::finish(&state, workers.mail).await;
            workers.housekeeping.stop().await;
        };
        let ended = lifecycle.run(server, preparation, finish).await;
        metrics.stop().await;
        ended
    }
}

/// Waits for the schema, and lets nobody at the database before; then for the keys.
fn prepare(state: Data<AppState>, config: &Config) -> Preparation<Workers, StartError> {
    state.database.hold_off();
    let (url, may_migrate) = (config.database_url.clone(), config.migrate);
    let attempt = async move || {
        if may_migrate {
            migrate::run(&url, MIGRATIONS).await?;
        } else {
            migrate::check(&url, &MIGRATIONS).await?;
        }
        state.database.admit();
        state.issuer.load(state.now()).await.map_err(|error| {
            let is_temporary = error.is_temporary();
            let variant = if is_temporary { StartError::IssuerAway } else { StartError::Issuer };
            variant(error.into())
        })?;
        let (mail, housekeeping) =
            (mail::send_all(state.clone()), housekeeping::keep(state.clone()));
        Ok(Workers { mail, housekeeping })
    };
    let is_temporary = |error: &StartError| match error {
        StartError::Migrate(error) => error.is_temporary(),
        StartError::IssuerAway(_) => true,
        _ => false,
    };
    Preparation::new(attempt, is_temporary)
}

fn serve(
    listener: TcpListener,
    state: Data<AppState>,
    config: Config,
    metrics: &Metrics,
) -> io::Result<Server> {
    let cors = Arc::new(Cors {
        origins: config.frontend_url,
        methods: "GET, POST",
        headers: "authorization, content-type, traceparent, tracestate, x-request-id",
        exposed: &EXPOSED_HEADERS,
    });
    let count_requests = metrics.counting();
    let server = HttpServer::new(move || {
        count_requests();
        WebApp::new()
            .app_data(state.clone())
            .wrap(from_fn({
                let cors = cors.clone();
                move |req, next| cors.clone().handle(req, next)
            }))
            .wrap(from_fn(telemetry::request))
            .configure(routes::configure)
            .configure(|app| {
                routes::configure_web(app, config.web_root.as_deref(), &config.tasks_url);
            })
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
