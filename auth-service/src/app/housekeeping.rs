//! Background work: deletes obsolete rows (such as expired sessions and old entries of the audit
//! log), re-encrypts values encrypted with older secrets, and keeps the signing keys up to date.

use std::{cell::Cell, time::Duration};

use actix_web::web::Data;
use database::sql_types::DbTime;
use service_kit::worker::Worker;
use telemetry::Chain;
use tracing::{info, warn};

use crate::{
    domain::login_throttle::NETWORK_MEMORY,
    http::{error::Result, state::AppState},
    store::{
        Attempt, AuditEntry, EmailChange, SecurityEvent, Session, SignInNetwork, UsedAssertion,
        VerificationToken,
    },
};

/// Pause between two runs of the worker that deletes obsolete rows and re-encrypts values.
const PAUSE: Duration = Duration::from_mins(10);
/// Approximate maximum number of audit log entries that one statement deletes. After
/// `AUDIT_RETENTION` has been shortened, there may be millions of old entries.
const AUDIT_BATCH: u16 = 5000;
/// Pause between two reads of the signing keys. It is short, so that a revoked key soon leaves the
/// published set of every replica.
const KEYS_PAUSE: Duration = Duration::from_secs(1);

/// Starts the worker that deletes obsolete rows and re-encrypts values. Any number of replicas may
/// run it at the same time.
pub(crate) fn keep(state: Data<AppState>) -> Worker {
    let work = async move || {
        for forgotten in [
            forget_sessions(&state).await,
            forget_tokens(&state).await,
            forget_attempts(&state).await,
            forget_networks(&state).await,
            forget_events(&state).await,
            forget_audit_entries(&state).await,
            forget_email_changes(&state).await,
            forget_assertions(&state).await,
            forget_keys(&state).await,
            renew_seals(&state).await,
        ] {
            if let Err(failed) = forgotten {
                warn!(error = %Chain(&failed), "housekeeping failed");
            }
        }
    };
    Worker::every(PAUSE, work)
}

/// Re-encrypts values that are encrypted with older secrets, so that those secrets can be removed.
/// Replicas that still use an older secret may add such values at any time.
async fn renew_seals(state: &AppState) -> Result<usize> {
    if !state.sessions.has_older_secrets() {
        return Ok(0);
    }
    let keys = state.issuer.renew_seals().await?;
    let sessions = state.sessions.renew_seals().await?;
    if keys + sessions > 0 {
        info!(keys, sessions, "re-encrypted with the current secret");
    }
    Ok(keys + sessions)
}

/// Starts the worker that creates the next signing key when it is due, and notices keys that other
/// replicas or commands have created or revoked.
pub(crate) fn watch_keys(state: Data<AppState>) -> Worker {
    let is_failing = Cell::new(false);
    let work = async move || {
        let loaded = state.issuer.load(state.now()).await;
        let was_failing = is_failing.replace(loaded.is_err());
        if let Err(failed) = loaded
            && !was_failing
        {
            warn!(error = %Chain(&failed), "cannot read the signing keys, retrying");
        }
    };
    Worker::every(KEYS_PAUSE, work)
}

async fn forget_keys(state: &AppState) -> Result<usize> {
    Ok(state.issuer.delete_retired(state.now()).await?)
}

async fn forget_sessions(state: &AppState) -> Result<usize> {
    let now = DbTime(state.clock.now());
    Ok(Session::delete_expired(&mut state.write().await?, now).await?)
}

async fn forget_tokens(state: &AppState) -> Result<usize> {
    let now = DbTime(state.clock.now());
    Ok(VerificationToken::delete_expired(&mut state.write().await?, now).await?)
}

async fn forget_attempts(state: &AppState) -> Result<usize> {
    let now = DbTime(state.clock.now());
    Ok(Attempt::delete_forgotten(&mut state.write().await?, now).await?)
}

async fn forget_networks(state: &AppState) -> Result<usize> {
    let since = DbTime(state.clock.now() - NETWORK_MEMORY);
    Ok(SignInNetwork::delete_unseen(&mut state.write().await?, since).await?)
}

async fn forget_events(state: &AppState) -> Result<usize> {
    let now = DbTime(state.clock.now());
    Ok(SecurityEvent::delete_outdated(&mut state.write().await?, now).await?)
}

async fn forget_audit_entries(state: &AppState) -> Result<usize> {
    if state.audit_retention.is_zero() {
        return Ok(0);
    }
    let until = DbTime(state.clock.now() - state.audit_retention);
    let mut total = 0;
    loop {
        let conn = &mut state.write().await?;
        let deleted = AuditEntry::delete_until(conn, until, AUDIT_BATCH.into()).await?;
        total += deleted;
        if deleted < usize::from(AUDIT_BATCH) {
            return Ok(total);
        }
    }
}

async fn forget_email_changes(state: &AppState) -> Result<usize> {
    let until = state.undoable_since();
    Ok(EmailChange::delete_until(&mut state.write().await?, until).await?)
}

async fn forget_assertions(state: &AppState) -> Result<usize> {
    let now = DbTime(state.clock.now());
    Ok(UsedAssertion::delete_expired(&mut state.write().await?, now).await?)
}
