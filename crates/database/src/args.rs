//! Settings of the connections to a database.

use std::time::Duration;

use clap::{Args, builder::RangedU64ValueParser};
use settings::duration;

use super::Pooler;

const TIMEOUT: Duration = Duration::from_secs(10);
const MAX_CONNECTIONS: u16 = 40;
/// Minimum number of connections: one each for readiness checks, reads and writes, and two
/// exclusive ones for transactions and slow reads.
const MIN_CONNECTIONS: u64 = 5;

/// Database settings.
#[derive(Args, Clone, Copy, Debug)]
pub struct DatabaseArgs {
    /// PostgreSQL only: time limit for a statement or transaction of a request, including the wait for a
    /// connection; a request that exceeds it gets 503
    #[arg(long, env, default_value = "10s", value_parser = duration)]
    pub database_timeout: Duration,

    /// Maximum number of connections of this process to PostgreSQL, 5 or more
    #[arg(
        long,
        env,
        default_value_t = MAX_CONNECTIONS,
        value_parser = RangedU64ValueParser::<u16>::new().range(MIN_CONNECTIONS..)
    )]
    pub database_max_connections: u16,

    /// Connection pooler in front of PostgreSQL: `auto` detects a pooler in transaction mode and whether
    /// it supports prepared statements; `none` assumes a direct connection or a pooler in session mode;
    /// `transaction` assumes a pooler in transaction mode that does not support prepared statements
    #[arg(long, env, default_value = "auto")]
    pub database_pooler: Pooler,
}

impl Default for DatabaseArgs {
    fn default() -> Self {
        Self {
            database_timeout: TIMEOUT,
            database_max_connections: MAX_CONNECTIONS,
            database_pooler: Pooler::default(),
        }
    }
}
