//! Application assembly: binds the listener, orders the middleware and runs until a signal arrives.

mod housekeeping;
mod metrics;

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use actix_web::{
    App as WebApp,
    dev::{Server, ServerHandle},
    middleware::from_fn,
    web::Data,
};
use database::{
    Database, OpenError,
    migrate::{self, MigrateError},
};
use futures_util::future::join;
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
    MIGRATIONS,
    config::{Config, SecretError},
    domain::{
        audit::Audit,
        clients::Clients,
        email_tokens::EmailTokens,
        issuer::Issuer,
        login_throttle::LoginThrottle,
        mail::{self, Mailer, TemplateError},
        origins::TrustedOrigins,
        passwords::{BlocklistError, Passwords},
        security_events::SecurityEvents,
        sessions::Sessions,
        throttle::Attempts,
    },
    http::{
        cookies::Cookies, error::X_RETRY_AFTER, session_cookies::SET_AUTH_TOKEN, state::AppState,
    },
    routes::{self, SET_AUTH_JWT, TOKEN_ENDPOINT},
};

/// Response headers that scripts on other origins may read.
const EXPOSED_HEADERS: [&str; 6] =
    [SET_AUTH_TOKEN, SET_AUTH_JWT, X_RETRY_AFTER, "retry-after", "location", "x-request-id"];

/// The assembled service: its listener is bound, but it does not serve requests yet.
#[expect(missing_debug_implementations, reason = "the server is not Debug")]
pub struct App {
    address: SocketAddr,
    server: Server,
    lifecycle: Lifecycle,
    preparation: Preparation<Workers, StartError>,
    state: Data<AppState>,
    metrics: Metrics,
}

/// Background workers, started once the schema is up to date and the signing keys are loaded.
struct Workers {
    mail: Worker,
    housekeeping: Worker,
    keys: Worker,
}

/// Reason why the service could not start or keep running.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Example(#[from] ExampleSecret),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("cannot use DATABASE_URL")]
    Migrate(#[from] MigrateError),
    #[error("cannot set up the signing key")]
    Issuer(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("cannot read the signing key yet")]
    IssuerAway(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error(
        "JWT_GRACE_PERIOD must exceed JWT_EXPIRES_IN: a key must stay published as long as its tokens are valid"
    )]
    GracePeriod,
    #[error(
        "JWT_PUBLISH_AHEAD must be shorter than JWT_ROTATION_INTERVAL: a key must sign before the next one replaces it"
    )]
    PublishAhead,
    #[error("cannot use COMPROMISED_PASSWORDS_FILE")]
    Blocklist(#[from] BlocklistError),
    #[error(
        "COOKIE_SAME_SITE=none needs an https BETTER_AUTH_URL or SECURE_COOKIES=on, and COOKIE_PARTITIONED needs COOKIE_SAME_SITE=none, or browsers refuse the cookies"
    )]
    CookieSameSite,
    #[error("invalid MAIL_TEMPLATES")]
    Templates(#[from] TemplateError),
    #[error("cannot derive a key from BETTER_AUTH_SECRET")]
    Crypto,
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error(transparent)]
    Run(#[from] io::Error),
}

impl App {
    /// Binds the listener, builds the state and starts the metrics listener. Does not connect to
    /// the database: [`Self::prepared`] and [`Self::run`] do.
    pub fn build(config: Config, clock: Clock) -> Result<Self, StartError> {
        if !config.keys_outlive_tokens() {
            return Err(StartError::GracePeriod);
        }
        if !config.keys_sign_before_rotation() {
            return Err(StartError::PublishAhead);
        }
        if !config.cookies.fits(config.has_secure_cookies()) {
            return Err(StartError::CookieSameSite);
        }
        config.database_url.refuse_example(config.better_auth_url.as_str())?;
        config.check_events()?;
        let secrets = config.secrets()?;
        let database = Database::open_with(&config.database_url, &config.database)?;
        let audit = Audit::default();
        let crypto = |_error| StartError::Crypto;
        let attempts = Arc::new(Attempts::new(&database, clock.clone()));
        let email_tokens = Arc::new(EmailTokens::new(&secrets).map_err(crypto)?);
        let state = Data::new(AppState {
            issuer: Issuer::new(&config, &secrets, &database, &audit).map_err(crypto)?,
            clients: Clients::new(
                config.issuer(),
                format!("{}{TOKEN_ENDPOINT}", config.better_auth_url.as_str()),
                &database,
            ),
            in_flight: InFlight::new(config.server),
            features: config.features(),
            cookies: Cookies::new(&secrets, &config.cookies, config.has_secure_cookies()),
            passwords: Passwords::configured(&config)?,
            trusted_origins: TrustedOrigins(config.trusted_origins()),
            trusted_proxies: config.trusted_proxies.clone(),
            site: config.better_auth_url.as_str().to_owned(),
            is_production: config.is_https(),
            rate_limit: config.rate_limit,
            login_throttle: LoginThrottle::new(config.rate_limit, &attempts, &database, &clock),
            security_events: SecurityEvents::new(&config),
            audit,
            audit_retention: config.audit_retention,
            sessions: Sessions::new(&config, &secrets, &database, &clock).map_err(crypto)?,
            bearer_require_signature: config.bearer_require_signature,
            mailer: Arc::new(Mailer::new(&config, &database, &clock, &attempts, &email_tokens)?),
            attempts,
            email_tokens,
            database,
            clock,
        });
        let listener = config.host.listen(config.port)?;
        let address = listener.local_addr()?;
        let metrics_listener = listen_for_metrics(&config.metrics)?;
        let metrics = Metrics::start(metrics_listener, BUILD, Shown(state.clone()))?;
        let lifecycle = Lifecycle::new(&listener, config.shutdown)?;
        let preparation = prepare(state.clone(), &config);
        let server = serve(listener, state.clone(), config, &metrics)?;
        info!(url.full = %format_args!("http://{address}"), "listening");
        Ok(Self { address, server, lifecycle, preparation, state, metrics })
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

    /// Prepares the schema, the signing keys and the workers. Retries temporary failures without a
    /// time limit. Optional: without this call, [`Self::run`] does the same while it serves
    /// requests.
    pub async fn prepared(&mut self) -> Result<(), StartError> {
        self.preparation.done().await
    }

    /// Runs the service until a signal stops it. Returns an error if the preparation or the server
    /// fails.
    pub async fn run(self) -> Result<(), StartError> {
        let Self { server, lifecycle, preparation, state, metrics, .. } = self;
        let finish = async |workers: Workers, limit| {
            let others = join(workers.housekeeping.stop(), workers.keys.stop());
            join(mail::finish(&state.mailer, workers.mail, limit), others).await;
        };
        let ended = lifecycle.run(server, preparation, finish).await;
        metrics.stop().await;
        ended
    }
}

/// Closes the database to requests. Returns the preparation, which migrates or checks the schema,
/// opens the database to requests, loads the signing keys and starts the workers. It retries
/// temporary failures.
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
        Ok(Workers {
            mail: mail::send_all(state.mailer.clone()),
            housekeeping: housekeeping::keep(state.clone()),
            keys: housekeeping::watch_keys(state.clone()),
        })
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
        origins: config.frontend_url.clone(),
        methods: "GET, POST",
        exposed: &EXPOSED_HEADERS,
    });
    let count_requests = metrics.counting();
    let (limits, shutdown_timeout) = (config.server, config.shutdown.shutdown_timeout);
    server::serve(listener, limits, shutdown_timeout, move || {
        count_requests();
        WebApp::new()
            .app_data(state.clone())
            .wrap(from_fn({
                let cors = cors.clone();
                move |req, next| cors.clone().handle(req, next)
            }))
            .wrap(from_fn(request::handle))
            .configure(routes::configure)
            .configure(|app| routes::configure_web(app, &config))
    })
}
