//! Everything that can be set, from the environment or the command line.

#![expect(clippy::doc_markdown, reason = "clap prints these comments as they are")]

use std::time::Duration;

use clap::{ArgAction, Parser, Subcommand, value_parser};
use service_kit::{
    config::{duration, http_url, non_blank},
    db::DatabaseUrl,
    lifecycle::ShutdownArgs,
    metrics::MetricsArgs,
    origins::WebOrigin,
    telemetry::LogArgs,
    transfer::{ExportArgs, ImportArgs},
};
use url::Url;

pub use crate::verifier::TrustedIssuer;
use crate::{RateLimit, doctor::TokenDoctorArgs};

/// CRUD of tasks for whoever a verified token names.
///
/// Every option can also be set by the environment variable of the same name.
#[derive(Clone, Debug, Parser)]
#[command(version)]
pub struct Config {
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Where data is kept: sqlite://path or postgres://user:password@host/database
    #[arg(long, env, default_value = "sqlite://data/tasks.db", hide_env_values = true)]
    pub database_url: DatabaseUrl,

    /// Bring the schema up to date at start
    #[arg(long, env, default_value_t = true, action = ArgAction::Set)]
    pub migrate: bool,

    /// The address to listen on
    #[arg(long, env, default_value = "127.0.0.1")]
    pub host: std::net::IpAddr,

    /// The port to listen on; 0 takes a free one
    #[arg(long, env, default_value_t = 8000)]
    pub port: u16,

    /// The origins of the front end, separated by commas: who may call with CORS
    #[arg(long, env, default_value = "http://localhost:3000", value_delimiter = ',')]
    pub frontend_url: Vec<WebOrigin>,

    /// What `iss` must equal, byte for byte
    #[arg(long, env, default_value = "http://localhost:3000", value_parser = non_blank)]
    pub better_auth_issuer: String,

    /// What `aud` must contain, byte for byte
    #[arg(long, env, default_value = "http://localhost:3000", value_parser = non_blank)]
    pub better_auth_audience: String,

    /// Where the issuer's keys are; never derived from a token
    #[arg(long, env, default_value = "http://localhost:3000/api/auth/jwks", hide_env_values = true, value_parser = http_url)]
    pub better_auth_jwks_url: Url,

    /// How long a withdrawn key may still be accepted
    #[arg(long, env, default_value = "5m", value_parser = duration)]
    pub jwks_cache_ttl: Duration,

    /// The least pause between two fetches for unknown keys
    #[arg(long, env, default_value = "30s", value_parser = duration)]
    pub jwks_cooldown: Duration,

    /// How long one fetch may take
    #[arg(long, env, default_value = "5s", value_parser = duration)]
    pub jwks_fetch_timeout: Duration,

    /// How long the last good keys serve while the issuer is away
    #[arg(long, env, default_value = "24h", value_parser = duration)]
    pub jwks_max_stale: Duration,

    /// How many verified tokens are remembered, so that they need not be verified again; 0: none
    #[arg(long, env, default_value_t = 10_000)]
    pub jwks_token_cache: usize,

    /// Issuers that are trusted, too: issuer|audience|jwks-url, separated by commas
    #[arg(long, env, value_delimiter = ',', hide_env_values = true)]
    pub trusted_issuers: Vec<TrustedIssuer>,

    /// How many tasks one owner may have
    #[arg(long, env, default_value_t = 100_000, value_parser = value_parser!(u32).range(1..))]
    pub max_tasks_per_user: u32,

    /// How often one user may ask: on, off, or a limit such as 100/10s
    #[arg(long, env, default_value_t = RateLimit::DEFAULT)]
    pub rate_limit: RateLimit,

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
    /// Write everything that is kept into a file and end: a backup, or the way to another database
    Export(ExportArgs),
    /// Take over an export, whole, into an empty database, and end
    Import(ImportArgs),
    /// Ask the service that runs with this configuration whether it can work; fails if it cannot
    Health,
    /// Print the description of the API (OpenAPI) and end
    Openapi,
    /// Look for what is set up wrong, change nothing and end; 0 if there is no fault
    Doctor(TokenDoctorArgs),
}
