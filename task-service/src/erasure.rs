//! Erases the data of users who were deleted at the issuer, according to its security events.
//!
//! A deletion is stored as a row in the transaction that advances the cursor, so that none is lost
//! and any number of processes can do this concurrently. The row is kept until the user's last
//! token has expired; data written in the meantime is erased then.

use std::{cell::RefCell, rc::Rc, time::Duration};

use actix_web::web::Data;
use chrono::DateTime;
use jwks_auth::{EventBatch, EventKind, EventQuery, EventReader, FeedError, SecurityEvent};
use service_kit::{sql_types::DbTime, telemetry::Chain, worker::Worker};
use tokio::time::sleep;
use tracing::{info, warn};

use crate::{
    error::{Error, Result},
    models::{Erasure, EventCursor},
    state::AppState,
};

/// Interval at which due erasures are polled. Longer than the issuer's long poll.
const PAUSE: Duration = Duration::from_secs(30);
/// Delay after a failure.
const RETRY_PAUSE: Duration = Duration::from_secs(2);
/// Maximum number of rows of a table deleted in one transaction.
const BATCH: i64 = 1000;
/// Maximum number of users read at once.
const USERS: i64 = 100;
/// Assumed lifetime of tokens in seconds, if an event has none.
const TOKEN_LIFETIME: i64 = 24 * 60 * 60;

#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error("cannot read the cursor")]
    Cursor(#[from] Error),
    #[error(transparent)]
    Feed(#[from] FeedError),
}

/// A batch of events that is not stored yet, and the cursor it follows.
struct Unsaved {
    from: Option<String>,
    batch: EventBatch,
}

/// Starts the worker, which erases data until it is stopped.
pub(crate) fn keep(state: Data<AppState>, events: EventReader, issuer: String) -> Worker {
    let unsaved = Rc::new(RefCell::new(None));
    let (read_into, read_for, issuer) =
        (Rc::clone(&unsaved), state.clone(), Rc::<str>::from(issuer));
    let of = Rc::clone(&issuer);
    let work = async move || {
        let unsaved = unsaved.borrow_mut().take();
        if let Some(unsaved) = unsaved
            && let Err(failed) = save(&state, &issuer, &unsaved).await
        {
            warn!("cannot save deletions of users, retrying: {}", Chain(&failed));
        }
        if let Err(failed) = erase_due(&state).await {
            warn!("cannot erase the data of deleted users, retrying: {}", Chain(&failed));
        }
    };
    // A waiting poll is dropped when the service stops.
    let read = async move || match read(&read_for, &events, &of).await {
        Ok(unsaved) => drop(read_into.replace(Some(unsaved))),
        // If the feed is at fault, the follower of revocations has logged it.
        Err(_) => sleep(RETRY_PAUSE).await,
    };
    Worker::start(PAUSE, work, read)
}

async fn read(state: &AppState, events: &EventReader, issuer: &str) -> Result<Unsaved, ReadError> {
    let from =
        EventCursor::find(&mut state.read().await?.conn(), issuer).await.map_err(Error::from)?;
    let query = EventQuery {
        cursor: from.clone(),
        event_types: EventKind::AccountPurged.uri().map(|uri| vec![uri.to_owned()]),
        ..EventQuery::default()
    };
    let batch = events.poll(&query).await?;
    Ok(Unsaved { from, batch })
}

/// Stores the deletions of a batch together with its cursor.
async fn save(state: &AppState, issuer: &str, unsaved: &Unsaved) -> Result<()> {
    let Unsaved { from, batch } = unsaved;
    if from.as_deref() == Some(&batch.cursor) {
        return Ok(());
    }
    let now = DbTime(state.clock.now());
    let mut pooled = state.write().await?;
    let conn = &mut pooled.conn();
    conn.transaction(async |conn| {
        if EventCursor::advance(conn, issuer, from.as_deref(), &batch.cursor).await? == 0 {
            return Ok(()); // another process has stored them
        }
        for erasure in batch.events.iter().filter_map(erasure) {
            erasure.insert(conn, now).await?;
        }
        Ok(())
    })
    .await
}

fn erasure(event: &SecurityEvent) -> Option<Erasure> {
    if event.kind != EventKind::AccountPurged {
        return None;
    }
    let tokens_expire_by =
        event.tokens_expire_by.unwrap_or(event.happened.saturating_add(TOKEN_LIFETIME));
    Some(Erasure {
        user_id: event.subject.user.clone()?,
        tokens_expire_by: DbTime(DateTime::from_timestamp(tokens_expire_by, 0)?),
    })
}

async fn erase_due(state: &AppState) -> Result<()> {
    loop {
        let now = DbTime(state.clock.now());
        let due = Erasure::list_due(&mut state.read().await?.conn(), now, USERS).await?;
        if due.is_empty() {
            return Ok(());
        }
        for erasure in &due {
            erase(state, erasure, now).await?;
        }
    }
}

/// Deletes all data of a user, one batch per transaction.
async fn erase(state: &AppState, erasure: &Erasure, now: DbTime) -> Result<()> {
    let mut tasks = 0;
    loop {
        let mut pooled = state.write().await?;
        let conn = &mut pooled.conn();
        let deleted = conn.transaction(async |conn| {
            let tasks = erasure.delete_tasks(conn, BATCH).await?;
            let keys = erasure.delete_keys(conn, BATCH).await?;
            if tasks + keys == 0 {
                if erasure.tokens_expire_by.0 <= now.0 {
                    erasure.delete(conn).await?;
                } else {
                    erasure.defer(conn, erasure.tokens_expire_by).await?;
                }
            }
            Ok::<_, Error>((tasks, keys))
        });
        match deleted.await? {
            (0, 0) => break,
            (deleted, _) => tasks += deleted,
        }
    }
    if tasks > 0 {
        info!(tasks, "erased the tasks of a deleted user");
    }
    Ok(())
}
