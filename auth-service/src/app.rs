//! The service: its state, its background workers and its metrics.

mod housekeeping;
mod metrics;

use std::{sync::Arc, time::Duration};

use actix_web::{App, HttpResponse, ResponseError as _, web::Data};
use database::{Database, OpenError, migrate::Migrations};
use futures_util::future::join;
use service_kit::{Application, Clock, Service, cors::Cors, server::InFlight, worker::Worker};
use settings::ExampleSecret;
use telemetry::metrics::Build;

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
        cookies::Cookies,
        error::{Error, Internal, X_RETRY_AFTER},
        session_cookies::SET_AUTH_TOKEN,
        state::AppState,
    },
    openapi,
    routes::{self, SET_AUTH_JWT, TOKEN_ENDPOINT},
};

/// Response headers that scripts on other origins may read.
const EXPOSED_HEADERS: [&str; 6] =
    [SET_AUTH_TOKEN, SET_AUTH_JWT, X_RETRY_AFTER, "retry-after", "location", "x-request-id"];

/// The service, with the state that all requests share.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "the state contains secrets")]
pub struct AuthService {
    state: Data<AppState>,
    config: Arc<Config>,
}

/// Background workers, started once the schema is up to date and the signing keys are loaded.
#[derive(Debug)]
pub struct Workers {
    mail: Worker,
    housekeeping: Worker,
    keys: Worker,
}

pub type StartError = service_kit::StartError<SetupError>;

/// Reason why the service cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error(transparent)]
    Example(#[from] ExampleSecret),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error(transparent)]
    Open(#[from] OpenError),
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
}

impl Service for AuthService {
    const BUILD: Build =
        Build { service: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") };
    const ABOUT: &'static str = env!("CARGO_PKG_DESCRIPTION");
    const MIGRATIONS: Migrations = MIGRATIONS;

    type Config = Config;
    type Error = SetupError;
    type Workers = Workers;

    fn build(config: &Config, clock: Clock) -> Result<Self, SetupError> {
        if !config.keys_outlive_tokens() {
            return Err(SetupError::GracePeriod);
        }
        if !config.keys_sign_before_rotation() {
            return Err(SetupError::PublishAhead);
        }
        if !config.cookies.fits(config.has_secure_cookies()) {
            return Err(SetupError::CookieSameSite);
        }
        config.server.database_url.refuse_example(config.better_auth_url.as_str())?;
        config.check_events()?;
        let secrets = config.secrets()?;
        let database = Database::open_with(&config.server.database_url, &config.server.database)?;
        let audit = Audit::default();
        let crypto = |_error| SetupError::Crypto;
        let attempts = Arc::new(Attempts::new(&database, clock.clone()));
        let email_tokens = Arc::new(EmailTokens::new(&secrets).map_err(crypto)?);
        let state = Data::new(AppState {
            issuer: Issuer::new(config, &secrets, &database, &audit).map_err(crypto)?,
            clients: Clients::new(
                config.issuer(),
                format!("{}{TOKEN_ENDPOINT}", config.better_auth_url.as_str()),
                &database,
            ),
            in_flight: InFlight::new(config.server.responses),
            features: config.features(),
            cookies: Cookies::new(&secrets, &config.cookies, config.has_secure_cookies()),
            passwords: Passwords::configured(config)?,
            trusted_origins: TrustedOrigins(config.trusted_origins()),
            trusted_proxies: config.trusted_proxies.clone(),
            site: config.better_auth_url.as_str().to_owned(),
            is_production: config.is_https(),
            rate_limit: config.rate_limit,
            login_throttle: LoginThrottle::new(config.rate_limit, &attempts, &database, &clock),
            security_events: SecurityEvents::new(config),
            audit,
            audit_retention: config.audit_retention,
            sessions: Sessions::new(config, &secrets, &database, &clock).map_err(crypto)?,
            bearer_require_signature: config.bearer_require_signature,
            mailer: Arc::new(Mailer::new(config, &database, &clock, &attempts, &email_tokens)?),
            attempts,
            email_tokens,
            database,
            clock,
        });
        Ok(Self { state, config: Arc::new(config.clone()) })
    }

    fn database(&self) -> &Database {
        &self.state.database
    }

    fn cors(config: &Config) -> Cors {
        Cors {
            origins: config.frontend_url.clone(),
            methods: "GET, POST",
            exposed: &EXPOSED_HEADERS,
        }
    }

    fn app(self) -> App<impl Application> {
        App::new()
            .app_data(self.state)
            .configure(routes::configure)
            .configure(|app| routes::configure_web(app, &self.config))
    }

    fn panicked() -> HttpResponse {
        Error::from(Internal::Panicked).error_response()
    }

    fn openapi() -> serde_json::Result<String> {
        openapi::json()
    }

    async fn start(&self) -> Result<Workers, SetupError> {
        let Self { state, .. } = self;
        state.issuer.load(state.now()).await.map_err(|error| {
            let is_temporary = error.is_temporary();
            let variant = if is_temporary { SetupError::IssuerAway } else { SetupError::Issuer };
            variant(error.into())
        })?;
        Ok(Workers {
            mail: mail::send_all(state.mailer.clone()),
            housekeeping: housekeeping::keep(state.clone()),
            keys: housekeeping::watch_keys(state.clone()),
        })
    }

    fn is_temporary(error: &SetupError) -> bool {
        matches!(error, SetupError::IssuerAway(_))
    }

    async fn stop(&self, workers: Workers, limit: Duration) {
        let others = join(workers.housekeeping.stop(), workers.keys.stop());
        join(mail::finish(&self.state.mailer, workers.mail, limit), others).await;
    }
}
