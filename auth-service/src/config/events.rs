//! Secrets of the services that read security events and introspect access tokens.

use clap::Args;
use secrecy::SecretString;
use settings::secret;

/// Settings of the security events feed, and of token introspection.
#[derive(Args, Clone, Debug)]
pub struct EventArgs {
    /// Secrets, separated by commas, of the services that may read security events at
    /// /security-events and introspect access tokens; at least 32 characters each. If unset,
    /// security events and introspection are not offered
    #[arg(long, env, hide_env_values = true, value_delimiter = ',', value_parser = secret)]
    pub events_secret: Vec<SecretString>,
}
