//! What every handler may use.

use std::time::Duration;

use service_kit::{
    Clock,
    db::{Database, PooledConn},
    origins::WebOrigin,
};
use shared_models::Timestamp;

use crate::{cookie::Cookies, error::Result, issuer::Issuer, password::Passwords};

/// One per process, in one `Data`.
pub(crate) struct AppState {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) cookies: Cookies,
    pub(crate) passwords: Passwords,
    pub(crate) issuer: Issuer,
    pub(crate) trusted_origins: Vec<WebOrigin>,
    pub(crate) session_expires_in: Duration,
    pub(crate) session_update_age: Duration,
}

impl AppState {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now().into()
    }

    pub(crate) async fn read(&self) -> Result<PooledConn> {
        Ok(self.database.read().await?)
    }

    pub(crate) async fn write(&self) -> Result<PooledConn> {
        Ok(self.database.write().await?)
    }
}
