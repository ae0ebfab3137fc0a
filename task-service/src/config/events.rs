//! Settings of the issuer's security events feed.

use std::time::Duration;

use clap::{Args, ValueEnum};
use secrecy::{ExposeSecret as _, SecretString};
use settings::{ExampleSecret, duration, http_url, refuse_example, secret};
use url::Url;

/// Default path of the feed, at the origin of the key set.
const PATH: &str = "/security-events";

#[derive(Args, Clone, Debug)]
pub struct EventArgs {
    /// Secret for reading the issuer's security events; if there are several, separated by commas, the
    /// first is used. If set, tokens of ended sessions are refused and the tasks of deleted users are
    /// erased
    #[arg(long, env, hide_env_values = true, value_delimiter = ',', value_parser = secret)]
    pub events_secret: Vec<SecretString>,

    /// URL of the issuer's security events; default: /security-events at the origin of
    /// BETTER_AUTH_JWKS_URL
    #[arg(long, env, hide_env_values = true, value_parser = http_url)]
    pub events_url: Option<Url>,

    /// Time without a response from EVENTS_URL after which EVENTS_WHEN_SILENT applies; should be more
    /// than 30s, because one request may take that long
    #[arg(long, env, default_value = "1m", value_parser = duration)]
    pub events_max_silence: Duration,

    /// Whether to accept or to refuse (503) tokens after EVENTS_MAX_SILENCE
    #[arg(long, env, value_enum, default_value_t = WhenSilent::Accept)]
    pub events_when_silent: WhenSilent,
}

/// Policy for tokens while the feed is silent and recently ended sessions may therefore be unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WhenSilent {
    Accept,
    Refuse,
}

impl EventArgs {
    /// Returns the URL and the secret of the feed, or `None` if events are not followed.
    pub(crate) fn feed(&self, jwks_url: &Url) -> Option<(Url, &str)> {
        let secret = self.events_secret.first()?.expose_secret();
        let url = self.events_url.clone().unwrap_or_else(|| {
            let mut url = jwks_url.clone();
            url.set_path(PATH);
            url.set_query(None);
            url
        });
        Some((url, secret))
    }

    /// Rejects a well-known example secret, unless the issuer runs on this machine.
    pub(crate) fn check(&self, issuer: &str) -> Result<(), ExampleSecret> {
        let mut secrets = self.events_secret.iter();
        secrets.try_for_each(|secret| refuse_example("EVENTS_SECRET", secret, issuer))
    }
}
