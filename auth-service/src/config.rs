//! Everything that can be set, from the environment or the command line.

#![expect(clippy::doc_markdown, reason = "clap prints these comments as they are")]

mod features;
mod mail;
mod secret;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{ArgAction, Parser, Subcommand, builder::BoolishValueParser};
use secrecy::SecretString;
use service_kit::{
    client_address::TrustedProxy,
    config::{duration, duration_or_zero, non_blank},
    db::DatabaseUrl,
    doctor::DoctorArgs,
    lifecycle::ShutdownArgs,
    metrics::MetricsArgs,
    origins::WebOrigin,
    telemetry::LogArgs,
    transfer::ExportArgs,
};

use crate::{import::ImportArgs, trusted_origin::TrustedOrigin};

pub use self::{
    features::Features,
    mail::{MailArgs, SmtpUrl},
    secret::SecretError,
};

/// Signs users up and in, keeps sessions, issues EdDSA tokens and publishes the keys.
///
/// Every option can also be set by the environment variable of the same name.
#[derive(Clone, Debug, Parser)]
#[command(version)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Config {
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Where data is kept: sqlite://path or postgres://user:password@host/database
    #[arg(long, env, default_value = "sqlite://data/auth.db", hide_env_values = true)]
    pub database_url: DatabaseUrl,

    /// Bring the schema up to date at start
    #[arg(long, env, default_value_t = true, action = ArgAction::Set)]
    pub migrate: bool,

    /// The address to listen on
    #[arg(long, env, default_value = "127.0.0.1")]
    pub host: std::net::IpAddr,

    /// The port to listen on; 0 takes a free one
    #[arg(long, env, default_value_t = 3000)]
    pub port: u16,

    /// The origins of the front end, separated by commas: CORS and trusted origins
    #[arg(long, env, default_value = "http://localhost:3000", value_delimiter = ',')]
    pub frontend_url: Vec<WebOrigin>,

    /// More origins that may act with a cookie and that links may lead to, separated by commas, as
    /// they are or as patterns such as https://*.example.com or *.example.com; unlike those of
    /// FRONTEND_URL they cannot read answers
    #[arg(long, env, value_delimiter = ',')]
    pub better_auth_trusted_origins: Vec<TrustedOrigin>,

    /// The public base URL, an origin without path; https makes the cookies secure
    #[arg(long, env, default_value = "http://localhost:3000")]
    pub better_auth_url: WebOrigin,

    /// Signs cookies and seals private keys; at least 32 characters. With SQLite it is made once
    /// and kept beside the database; with PostgreSQL it is required
    #[arg(long, env, hide_env_values = true, value_parser = secret::secret)]
    pub better_auth_secret: Option<SecretString>,

    /// The `iss` of tokens; default: BETTER_AUTH_URL
    #[arg(long, env, value_parser = non_blank)]
    pub better_auth_issuer: Option<String>,

    /// The `aud` of tokens; default: BETTER_AUTH_URL
    #[arg(long, env, value_parser = non_blank)]
    pub better_auth_audience: Option<String>,

    /// How long a token is good for
    #[arg(long, env, default_value = "24h", value_parser = duration)]
    pub jwt_expires_in: Duration,

    /// How long a session lives without being used
    #[arg(long, env, default_value = "7d", value_parser = duration)]
    pub session_expires_in: Duration,

    /// How old a session gets before its use extends it
    #[arg(long, env, default_value = "1d", value_parser = duration)]
    pub session_update_age: Duration,

    /// How long after its start a session may list all sessions, or delete its user without a
    /// password; 0s sets no limit
    #[arg(long, env, default_value = "1d", value_parser = duration_or_zero)]
    pub session_fresh_age: Duration,

    /// How long a new signing key signs; unset: for ever
    #[arg(long, env, value_parser = duration)]
    pub jwt_rotation_interval: Option<Duration>,

    /// How long a key that signs no more stays published; longer than a token is good for
    #[arg(long, env, default_value = "30d", value_parser = duration)]
    pub jwt_grace_period: Duration,

    /// Mark cookies as secure (`__Secure-`) even though BETTER_AUTH_URL is http
    #[arg(long, env, default_value = "off", value_parser = BoolishValueParser::new(), action = ArgAction::Set)]
    pub secure_cookies: bool,

    /// Accept only signed session tokens as bearers, as `set-auth-token` carries them
    #[arg(long, env, default_value = "off", value_parser = BoolishValueParser::new(), action = ArgAction::Set)]
    pub bearer_require_signature: bool,

    /// Limit how often a client, or anybody for one account, may try; off on trusted networks only
    #[arg(long, env, default_value = "on", value_parser = BoolishValueParser::new(), action = ArgAction::Set)]
    pub rate_limit: bool,

    /// The proxies whose `X-Forwarded-For` is believed: addresses or networks such as 10.0.0.0/8,
    /// separated by commas
    #[arg(long, env, value_delimiter = ',')]
    pub trusted_proxies: Vec<TrustedProxy>,

    #[command(flatten)]
    pub features: Features,

    #[command(flatten)]
    pub mail: MailArgs,

    /// The cost of a password hash: each step doubles the work
    #[arg(long, env, default_value_t = 12, value_parser = clap::value_parser!(u32).range(10..=15))]
    pub bcrypt_cost: u32,

    /// A folder with a built single-page application to serve
    #[arg(long, env, value_parser = folder)]
    pub web_root: Option<PathBuf>,

    /// Where the application in WEB_ROOT finds the tasks: the public origin of task-service
    #[arg(long, env, default_value = "http://localhost:8000")]
    pub tasks_url: WebOrigin,

    #[command(flatten)]
    pub metrics: MetricsArgs,

    #[command(flatten)]
    pub shutdown: ShutdownArgs,

    #[command(flatten)]
    pub log: LogArgs,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Bring the schema up to date and end
    Migrate,
    /// Print the description of the API (OpenAPI) and end
    Openapi,
    /// Write everything that is kept into a file and end: a backup, or the way to another database
    Export(ExportArgs),
    /// Take over an export, or the users of another service, and end; nothing that is here is changed
    Import(ImportArgs),
    /// Ask the service that runs with this configuration whether it can work; fails if it cannot
    Health,
    /// Look for what is set up wrong, change nothing and end; 0 if there is no fault
    Doctor(DoctorArgs),
}

fn folder(path: &str) -> Result<PathBuf, String> {
    if Path::new(path).join("index.html").is_file() {
        Ok(path.into())
    } else {
        Err(format!("{path} has no index.html"))
    }
}

impl Config {
    pub(crate) fn issuer(&self) -> &str {
        self.better_auth_issuer.as_deref().unwrap_or(self.better_auth_url.as_str())
    }

    pub(crate) fn audience(&self) -> &str {
        self.better_auth_audience.as_deref().unwrap_or(self.better_auth_url.as_str())
    }

    pub(crate) fn has_secure_cookies(&self) -> bool {
        self.secure_cookies || self.is_https()
    }

    /// Whether browsers come by https, as they do in production.
    pub(crate) fn is_https(&self) -> bool {
        self.better_auth_url.as_str().starts_with("https://")
    }

    /// Whether a token can be verified until it expires, whenever the keys change.
    pub(crate) fn keys_outlive_tokens(&self) -> bool {
        self.jwt_rotation_interval.is_none() || self.jwt_grace_period > self.jwt_expires_in
    }

    /// The origins that may act with a cookie: the service's own, the front end's, and more.
    pub(crate) fn trusted_origins(&self) -> Vec<TrustedOrigin> {
        let exactly = [&self.better_auth_url].into_iter().chain(&self.frontend_url).cloned();
        let mut origins: Vec<_> = exactly.map(TrustedOrigin::Exactly).collect();
        origins.extend(self.better_auth_trusted_origins.iter().cloned());
        origins
    }
}
