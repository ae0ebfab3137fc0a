//! Shutdown settings.

use std::time::Duration;

use clap::Args;
use settings::{duration, duration_or_zero};

/// Upper limit of the quarter of `SHUTDOWN_TIMEOUT` that is reserved for finishing background work,
/// such as sending queued e-mails, and for sending the last traces.
const LONGEST_FINISH: Duration = Duration::from_secs(5);

/// Time limits of a shutdown.
#[derive(Args, Clone, Copy, Debug)]
pub struct ShutdownArgs {
    /// Time to keep serving after SIGTERM while /health/ready returns 503, so that load balancers
    /// stop sending requests; 0s for no delay
    #[arg(long, env, default_value = "0s", value_parser = duration_or_zero)]
    pub shutdown_delay: Duration,

    /// Time limit, after `SHUTDOWN_DELAY`, for completing requests in flight, sending traces and,
    /// in auth-service, sending queued e-mails. E-mails that are not sent in this time are sent
    /// after the next start
    #[arg(long, env, default_value = "30s", value_parser = duration)]
    pub shutdown_timeout: Duration,
}

impl ShutdownArgs {
    /// Returns the time limit for shutting down background work and telemetry.
    pub(super) fn finish_limit(self) -> Duration {
        (self.shutdown_timeout / 4).min(LONGEST_FINISH)
    }
}
