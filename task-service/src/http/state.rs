//! State of the process, which all handlers share through `Data`.

use database::{Conn, Database};
use service_kit::{Clock, server::InFlight};
use shared_models::Timestamp;

use crate::{
    config::ForeignTasks,
    domain::{long_reads::LongReads, quota::Quota, rate_limit::RateLimiter, resource::Resource},
    http::error::Result,
};

pub(crate) struct AppState {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) quota: Quota,
    pub(crate) key_quota: Quota,
    pub(crate) rate_limiter: RateLimiter,
    pub(crate) long_reads: LongReads,
    pub(crate) foreign_tasks: ForeignTasks,
    pub(crate) in_flight: InFlight,
    /// `None` if the public origin of the service is not configured.
    pub(crate) resource: Option<Resource>,
}

impl AppState {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now().into()
    }

    pub(crate) async fn read(&self) -> Result<Conn> {
        Ok(self.database.read().await?)
    }

    /// Returns a connection for slow reads.
    pub(crate) async fn read_at_leisure(&self) -> Result<Conn> {
        Ok(self.database.read_at_leisure().await?)
    }

    pub(crate) async fn write(&self) -> Result<Conn> {
        Ok(self.database.write().await?)
    }
}
