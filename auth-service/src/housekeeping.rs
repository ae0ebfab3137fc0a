//! Forgets what is of no use any more: expired sessions, tokens, counts and keys.

use std::{future, time::Duration};

use actix_web::web::Data;
use service_kit::{sql_types::DbTime, telemetry::Chain, worker::Worker};
use tracing::warn;

use crate::{
    error::Result,
    models::{Attempt, Session, VerificationToken},
    state::AppState,
};

const PAUSE: Duration = Duration::from_mins(10);

/// Any number of processes may do this at once.
pub(crate) fn keep(state: Data<AppState>) -> Worker {
    let work = async move || {
        for forgotten in [
            forget_sessions(&state).await,
            forget_tokens(&state).await,
            forget_attempts(&state).await,
            state.issuer.delete_retired(state.now()).await,
        ] {
            if let Err(failed) = forgotten {
                warn!("what has expired is not deleted yet: {}", Chain(&failed));
            }
        }
    };
    Worker::start(PAUSE, work, async || future::pending().await)
}

async fn forget_sessions(state: &AppState) -> Result<usize> {
    let now = DbTime(state.clock.now());
    Ok(Session::delete_expired(&mut state.write().await?.conn(), now).await?)
}

async fn forget_tokens(state: &AppState) -> Result<usize> {
    let now = DbTime(state.clock.now());
    Ok(VerificationToken::delete_expired(&mut state.write().await?.conn(), now).await?)
}

async fn forget_attempts(state: &AppState) -> Result<usize> {
    let now = DbTime(state.clock.now());
    Ok(Attempt::delete_forgotten(&mut state.write().await?.conn(), now).await?)
}
