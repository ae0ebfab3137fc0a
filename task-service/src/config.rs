//! Settings, from the environment or the command line.

#![expect(clippy::doc_markdown, reason = "clap prints these comments as they are")]

mod algorithm;
mod events;
mod rate_limit;
mod trusted_issuer;

use std::time::Duration;

use clap::{Args, ValueEnum, value_parser};
use service_kit::{
    ServerArgs,
    origins::{WebOrigin, http_origin},
};
use settings::{duration, http_url, non_blank};
use url::Url;

pub(crate) use self::trusted_issuer::KeyLocation;
pub use self::{
    algorithm::Algorithm,
    events::{EventArgs, WhenSilent},
    rate_limit::RateLimit,
    trusted_issuer::TrustedIssuer,
};

/// Settings of the service.
#[derive(Args, Clone, Debug)]
#[command(mut_args(ServerArgs::defaults("sqlite://data/tasks.db", "8000")))]
pub struct Config {
    #[command(flatten)]
    pub server: ServerArgs,

    /// Origins of the web app, separated by commas; allowed by CORS
    #[arg(long, env, default_value = "http://localhost:3000", value_delimiter = ',')]
    pub frontend_url: Vec<WebOrigin>,

    /// Public origin of this service; if set, the `WWW-Authenticate` header of a 401 or 403 names
    /// the metadata at /.well-known/oauth-protected-resource (RFC 9728)
    #[arg(long, env, value_parser = http_origin)]
    pub tasks_url: Option<WebOrigin>,

    /// Required `iss` claim, compared exactly
    #[arg(long, env, default_value = "http://localhost:3000", value_parser = non_blank)]
    pub better_auth_issuer: String,

    /// Required value of the `aud` claim, compared exactly
    #[arg(long, env, default_value = "http://localhost:3000", value_parser = non_blank)]
    pub better_auth_audience: String,

    /// URL of the issuer's JWKS; never derived from a token
    #[arg(long, env, default_value = "http://localhost:3000/api/auth/jwks", hide_env_values = true, value_parser = http_url)]
    pub better_auth_jwks_url: Url,

    /// Algorithms that tokens of BETTER_AUTH_ISSUER may use, separated by commas: EdDSA, ES256,
    /// ES384, RS256, RS384, RS512, PS256, PS384 or PS512
    #[arg(
        long,
        env,
        value_enum,
        default_value = "EdDSA",
        value_delimiter = ',',
        hide_possible_values = true
    )]
    pub better_auth_algorithms: Vec<Algorithm>,

    /// Maximum age of the key set while the issuer is reachable; a key that the issuer removes is
    /// refused after this time
    #[arg(long, env, default_value = "5m", value_parser = duration)]
    pub jwks_cache_ttl: Duration,

    /// Minimum interval between JWKS fetches for tokens with an unknown key
    #[arg(long, env, default_value = "30s", value_parser = duration)]
    pub jwks_cooldown: Duration,

    /// Timeout of a JWKS fetch
    #[arg(long, env, default_value = "5s", value_parser = duration)]
    pub jwks_fetch_timeout: Duration,

    /// Time for which the last key set is used while the issuer is unreachable
    #[arg(long, env, default_value = "24h", value_parser = duration)]
    pub jwks_max_stale: Duration,

    /// Maximum number of verified tokens to cache; 0 turns the cache off
    #[arg(long, env, default_value_t = 10_000)]
    pub jwks_token_cache: usize,

    /// Further trusted issuers, each as issuer|audience|jwks-url|algorithms, separated by commas.
    /// If jwks-url is the word discover, the URL of the keys is looked up in the issuer's metadata.
    /// Algorithms are separated by spaces, EdDSA by default
    #[arg(long, env, value_delimiter = ',', hide_env_values = true)]
    pub trusted_issuers: Vec<TrustedIssuer>,

    #[command(flatten)]
    pub events: EventArgs,

    /// Maximum number of tasks per user
    #[arg(long, env, default_value_t = 100_000, value_parser = value_parser!(u32).range(1..))]
    pub max_tasks_per_user: u32,

    /// Rate limit per user: on, off, or a limit such as 100/10s
    #[arg(long, env, default_value_t = RateLimit::DEFAULT)]
    pub rate_limit: RateLimit,

    /// Maximum number of listings with `q`, `completed`, `updated_after`, `sort` or `total` that
    /// run at once for one user; up to four times as many requests wait, and further requests get
    /// 429
    #[arg(long, env, default_value_t = 1, value_parser = value_parser!(u16).range(1..))]
    pub max_searches_per_user: u16,

    /// Response for a task of another user: forbidden (403), or not-found (404). With not-found, the
    /// response does not reveal whether the task exists, and the service reads only the user's own
    /// rows, which suits a database that is distributed by owner
    #[arg(long, env, value_enum, default_value_t = ForeignTasks::Forbidden)]
    pub foreign_tasks: ForeignTasks,
}

impl AsRef<ServerArgs> for Config {
    fn as_ref(&self) -> &ServerArgs {
        &self.server
    }
}

impl AsMut<ServerArgs> for Config {
    fn as_mut(&mut self) -> &mut ServerArgs {
        &mut self.server
    }
}

/// Response for a task of another user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ForeignTasks {
    Forbidden,
    NotFound,
}
