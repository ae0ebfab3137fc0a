//! Sends what is due, and tries again what could not be sent.

use std::{pin::pin, time::Duration};

use actix_web::web::Data;
use futures_util::{TryStreamExt as _, stream};
use service_kit::{sql_types::DbTime, telemetry::Chain, worker::Worker};
use tokio::{select, time};
use tracing::{error, warn};

use super::{compose::compose, transport::TransportError};
use crate::{error::Error, models::Mail, state::AppState};

/// How often it looks by itself, for mails whose time has come.
const POLL: Duration = Duration::from_secs(2);
/// How many mails are under way at once, and how many are read at once.
const AT_ONCE: usize = 4;
const BATCH: i64 = 32;
/// How long sending one may take in all. Less than the first pause.
const SEND_TIMEOUT: Duration = Duration::from_secs(45);
/// How long what is due may take to be sent when the process ends. Less than a worker gets to stop.
const FINISH_TIMEOUT: Duration = Duration::from_secs(4);
/// The pause after a first failure; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_mins(1);
const LONGEST_PAUSE: Duration = Duration::from_hours(1);
/// A mail that could not be sent for so long is given up.
const GIVE_UP_AFTER: Duration = Duration::from_hours(72);

#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error(transparent)]
    Compose(#[from] Error),
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error("it took too long")]
    TimedOut(#[from] time::error::Elapsed),
}

impl SendError {
    /// Whether it would fail again for ever: nobody can have such an address, or the mail server
    /// does not take mail for it (RFC 5321 §4.2.1: 55x; other refusals may be a wrong setting).
    fn is_final(&self) -> bool {
        match self {
            Self::Compose(Error::Address(_)) => true,
            Self::Transport(TransportError::Smtp(error)) => {
                error.status().is_some_and(|code| code.to_string().starts_with("55"))
            }
            _ => false,
        }
    }
}

/// Sends mails until it is told to stop.
pub(crate) fn send_all(state: Data<AppState>) -> Worker {
    let outbox = state.clone();
    let work = async move || {
        if let Err(failed) = send_due(&state).await {
            warn!("the outbox cannot be read: {}", Chain(&failed));
        }
    };
    Worker::start(POLL, work, async move || outbox.outbox.woken().await)
}

/// Stops the worker, once everything that is due was tried. What that takes too long for stays due,
/// for the next process.
pub(crate) async fn finish(state: &AppState, worker: Worker) {
    let send = async {
        worker.stop().await;
        if let Err(failed) = send_due(state).await {
            warn!("mails wait for the next start: {}", Chain(&failed));
        }
    };
    let mut send = pin!(send);
    if time::timeout(FINISH_TIMEOUT, &mut send).await.is_err() {
        state.outbox.close();
        send.await;
    }
}

/// Everything that is due. Ends early when the database is away, so as not to go round in circles.
async fn send_due(state: &AppState) -> Result<(), Error> {
    while !state.outbox.is_closed() {
        let now = DbTime(state.clock.now());
        let due = Mail::list_due(&mut state.read().await?.conn(), now, BATCH).await?;
        if due.is_empty() {
            return Ok(());
        }
        stream::iter(due.into_iter().map(Ok))
            .try_for_each_concurrent(AT_ONCE, async |mail: Mail| {
                if !claim(state, &mail).await? {
                    return Ok(());
                }
                select! {
                    sent = send(state, &mail) => {
                        if let Err(failed) = sent {
                            warn!(mail.kind, "a mail waits for its next try: {}", Chain(&failed));
                        }
                    }
                    () = state.outbox.closed() => unclaim(state, &mail).await?,
                }
                Ok::<_, Error>(())
            })
            .await?;
    }
    Ok(())
}

/// Whether the mail is this process's to send. If it fails, it stays where it is until its pause
/// is over, which is also what keeps other replicas away meanwhile.
async fn claim(state: &AppState, mail: &Mail) -> Result<bool, Error> {
    let retry_at = DbTime(state.clock.now() + pause_after(mail.attempts));
    Ok(mail.claim(&mut state.write().await?.conn(), retry_at).await? == 1)
}

/// Makes the mail due as it was.
async fn unclaim(state: &AppState, mail: &Mail) -> Result<(), Error> {
    mail.unclaim(&mut state.write().await?.conn()).await?;
    Ok(())
}

async fn send(state: &AppState, mail: &Mail) -> Result<(), SendError> {
    if state.clock.now() > mail.created_at.0 + GIVE_UP_AFTER {
        error!(mail.kind, "a mail could not be sent for days and is given up");
        return Ok(delete(state, mail).await?);
    }
    match deliver(state, mail).await {
        Err(failed) if failed.is_final() => {
            warn!(mail.kind, "a mail cannot be sent and is given up: {}", Chain(&failed));
        }
        delivered => delivered?,
    }
    Ok(delete(state, mail).await?)
}

async fn deliver(state: &AppState, mail: &Mail) -> Result<(), SendError> {
    if let Some(message) = compose(state, mail).await? {
        let name = format!("{}-{}", mail.id, mail.kind);
        time::timeout(SEND_TIMEOUT, state.transport.send(&name, message)).await??;
    }
    Ok(())
}

async fn delete(state: &AppState, mail: &Mail) -> Result<(), Error> {
    Mail::delete(&mut state.write().await?.conn(), &mail.id).await?;
    Ok(())
}

fn pause_after(attempts: i32) -> Duration {
    let doublings = 2_u32.saturating_pow(attempts.unsigned_abs());
    FIRST_PAUSE.saturating_mul(doublings).min(LONGEST_PAUSE)
}
