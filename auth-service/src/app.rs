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
/// How long requests in flight may take when the process ends, in seconds.
const SHUTDOWN_TIMEOUT: u64 = 30;

/// The bound, not yet running service.
#[expect(missing_debug_implementations, reason = "the server has none")]
pub struct App {
    address: SocketAddr,
    server: Server,
    workers: [Worker; 2],
    metrics: Metrics,
}

/// Why the service did not start.
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
}

impl App {
    /// Migrates, binds and makes the state; `run` does the rest.
    pub async fn build(config: Config, clock: Clock) -> Result<Self, StartError> {
        if !config.keys_outlive_tokens() {
            return Err(StartError::GracePeriod);
        }
        config.database_url.refuse_example(config.better_auth_url.as_str())?;
        let secret = config.secret()?;
        let database = Database::open(&config.database_url)?;
        if config.migrate {
            migrate::run(&config.database_url, MIGRATIONS).await?;
        }
        let issuer = Issuer::start(&config, &secret, &database, clock.now().into())
            .await
            .map_err(|error| StartError::Issuer(error.into()))?;
        let crypto = |_error| StartError::Crypto;
        let state = Data::new(AppState {
            attempts: Attempts::new(&database),
            database,
            clock,
            features: config.features,
            cookies: Cookies::new(&secret, config.has_secure_cookies()),
            passwords: Passwords::new(config.bcrypt_cost),
            issuer,
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
        let workers = [mail::send_all(state.clone()), housekeeping::keep(state.clone())];
        let server = serve(listener, state, config, &metrics).map_err(listen)?;
        info!("auth-service listens on http://{address}");
        Ok(Self { address, server, workers, metrics })
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

    pub async fn run(self) -> io::Result<()> {
        let ended = self.server.await;
        for worker in self.workers {
            worker.stop().await;
        }
        self.metrics.stop().await;
        ended
    }
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
        headers: "authorization, content-type, x-request-id",
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
        .shutdown_timeout(SHUTDOWN_TIMEOUT)
        .listen(listener)?
        .run())
}
