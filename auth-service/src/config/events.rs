//! Settings of the security events feed.

use clap::Args;
use secrecy::SecretString;
use service_kit::config::{ExampleSecret, refuse_example, secret};

use super::Config;

/// Settings of the security events feed, and of token introspection.
#[derive(Args, Clone, Debug)]
pub struct EventArgs {
    /// Secrets of the services that may read security events at /security-events and introspect access
    /// tokens, separated by commas; at least 32 characters each. If unset, neither is offered
    #[arg(long, env, hide_env_values = true, value_delimiter = ',', value_parser = secret)]
    pub events_secret: Vec<SecretString>,
}

impl Config {
    /// Rejects well-known example secrets, unless the service is only reachable from this machine.
    pub(crate) fn check_events(&self) -> Result<(), ExampleSecret> {
        self.events.events_secret.iter().try_for_each(|secret| {
            refuse_example("EVENTS_SECRET", secret, self.better_auth_url.as_str())
        })
    }
}
