//! What every handler may use.

use service_kit::{
    Clock,
    db::{Database, PooledConn},
};
use shared_models::Timestamp;

use crate::{error::Result, quota::Quota, rate_limit::RateLimiter};

/// One per process, in one `Data`.
pub(crate) struct AppState {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) quota: Quota,
    pub(crate) rate_limiter: RateLimiter,
}

impl AppState {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now().into()
    }

    pub(crate) async fn read(&self) -> Result<PooledConn> {
        Ok(self.database.read().await?)
    }

    /// For a statement that may take its time.
    pub(crate) async fn read_at_leisure(&self) -> Result<PooledConn> {
        Ok(self.database.read_at_leisure().await?)
    }

    pub(crate) async fn write(&self) -> Result<PooledConn> {
        Ok(self.database.write().await?)
    }
}
