//! Deletes expired idempotency keys.

use std::time::Duration;

use actix_web::web::Data;
use database::sql_types::DbTime;
use service_kit::worker::Worker;
use telemetry::Chain;
use tracing::warn;

use crate::{
    http::{error::Result, idempotency::REMEMBERED, state::AppState},
    store::IdempotencyKey,
};

const PAUSE: Duration = Duration::from_mins(10);

/// Starts the worker. Several processes may run it at the same time.
pub(crate) fn keep(state: Data<AppState>) -> Worker {
    let work = async move || {
        if let Err(failed) = forget_keys(&state).await {
            warn!(error = %Chain(&failed), "cannot delete expired idempotency keys");
        }
    };
    Worker::every(PAUSE, work)
}

async fn forget_keys(state: &AppState) -> Result<usize> {
    let time = DbTime(state.clock.now() - REMEMBERED);
    Ok(IdempotencyKey::delete_before(&mut state.write().await?, time).await?)
}
