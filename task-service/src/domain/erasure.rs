//! Erases the data of users who were deleted at the issuer, according to its security events.
//!
//! The transaction that advances the cursor also stores each deletion as a row. No deletion is
//! therefore lost, and any number of processes can run this worker at the same time. The row is
//! kept until the user's last token has expired; then, data written in the meantime is also erased.

use std::time::Duration;

use chrono::DateTime;
use database::{Database, Unavailable, sql_types::DbTime};
use jwks_auth::{EventBatch, EventKind, EventQuery, EventReader, FeedError, SecurityEvent};
use service_kit::{
    Clock,
    worker::{StopSignal, Worker},
};
use telemetry::Chain;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use crate::store::{Erasure, EventCursor, StoreError};

/// Interval at which the database is polled for due erasures. Longer than the issuer's long poll,
/// which the worker would otherwise abort.
const PAUSE: Duration = Duration::from_secs(30);
/// Delay before security events are requested again after an error.
const RETRY_PAUSE: Duration = Duration::from_secs(2);
/// Maximum number of rows that one transaction deletes from a table.
const BATCH: i64 = 1000;
/// Maximum number of due erasures that are loaded at once.
const USERS: i64 = 100;
/// Assumed lifetime of tokens in seconds, for events that do not say when the tokens expire.
const TOKEN_LIFETIME: i64 = 24 * 60 * 60;

#[derive(Debug, thiserror::Error)]
enum ErasureError {
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Feed(#[from] FeedError),
}

type Result<T> = std::result::Result<T, ErasureError>;

/// Worker that erases the data of deleted users.
pub(crate) struct Eraser {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    /// The issuer whose deleted users are processed.
    pub(crate) issuer: String,
    pub(crate) events: EventReader,
}

/// A batch of events whose deletions have not been stored yet, and the cursor that it follows.
struct Unsaved {
    from: Option<String>,
    batch: EventBatch,
}

impl Eraser {
    /// Starts the worker, which erases data until it is stopped.
    pub(crate) fn start(self) -> Worker {
        Worker::start(async move |stop| self.run(stop).await)
    }

    async fn run(&self, mut stop: StopSignal) {
        loop {
            if let Err(failed) = self.erase_due().await {
                warn!(error = %Chain(&failed), "cannot erase the data of deleted users, retrying");
            }
            // Stopping the worker drops a poll that waits for events.
            let Some(read) = stop.or(timeout(PAUSE, self.read())).await else { return };
            match read {
                Ok(Ok(unsaved)) => {
                    if let Err(failed) = self.save(&unsaved).await {
                        warn!(error = %Chain(&failed), "cannot save deletions of users, retrying");
                    }
                }
                // Logged elsewhere: feed errors by the verifier, which also reads the feed, and
                // database outages by the erasure.
                Ok(Err(_)) => {
                    if stop.or(sleep(RETRY_PAUSE)).await.is_none() {
                        return;
                    }
                }
                Err(_elapsed) => {}
            }
        }
    }

    async fn read(&self) -> Result<Unsaved> {
        let from = EventCursor::find(&mut self.database.read().await?, &self.issuer).await?;
        let query = EventQuery {
            cursor: from.clone(),
            event_types: EventKind::AccountPurged.uri().map(|uri| vec![uri.to_owned()]),
            ..EventQuery::default()
        };
        let batch = self.events.poll(&query).await?;
        Ok(Unsaved { from, batch })
    }

    /// Stores the deletions of a batch together with its cursor.
    async fn save(&self, unsaved: &Unsaved) -> Result<()> {
        let Unsaved { from, batch } = unsaved;
        if from.as_deref() == Some(&batch.cursor) {
            return Ok(());
        }
        let now = DbTime(self.clock.now());
        let conn = &mut self.database.write().await?;
        conn.transaction(async |conn| {
            let moved =
                EventCursor::advance(conn, &self.issuer, from.as_deref(), &batch.cursor).await?;
            if moved == 0 {
                return Ok(()); // another process has stored them
            }
            for erasure in batch.events.iter().filter_map(erasure) {
                erasure.insert(conn, now).await?;
            }
            Ok(())
        })
        .await
    }

    async fn erase_due(&self) -> Result<()> {
        loop {
            let now = DbTime(self.clock.now());
            let due = Erasure::list_due(&mut self.database.read().await?, now, USERS).await?;
            if due.is_empty() {
                return Ok(());
            }
            for erasure in &due {
                self.erase(erasure, now).await?;
            }
        }
    }

    /// Deletes all of the user's data, one batch per transaction. Then deletes the erasure itself
    /// or, if some of the user's tokens may still be valid, defers it until they have expired.
    async fn erase(&self, erasure: &Erasure, now: DbTime) -> Result<()> {
        let mut tasks = 0;
        loop {
            let conn = &mut self.database.write().await?;
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
                Ok::<_, ErasureError>((tasks, keys))
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
