//! Sends the e-mails of the outbox and retries those that could not be sent.

use std::{
    collections::HashMap,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use database::sql_types::DbTime;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use service_kit::worker::Worker;
use telemetry::Chain;
use tokio::{select, time};
use tracing::{error, warn};

use super::{
    compose::{Composed, compose},
    error::MailError,
    kind::Kind,
    mailer::Mailer,
    transport::TransportError,
};
use crate::store::Mail;

/// Interval at which the outbox is polled for due e-mails.
const POLL: Duration = Duration::from_secs(2);
/// Maximum number of e-mails in flight. [`IN_FLIGHT_PER_DOMAIN`] limits those to one domain, so
/// that a mail server that hangs delays only the e-mails to its own domain.
const IN_FLIGHT: usize = 16;
const IN_FLIGHT_PER_DOMAIN: usize = 4;
/// Maximum number of e-mails that one query reads.
const BATCH: i64 = 256;
/// Timeout for sending one e-mail. It is shorter than the first retry delay, after which another
/// replica may send the e-mail.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);
/// Delay before the first retry; it doubles with each attempt.
const FIRST_PAUSE: Duration = Duration::from_mins(1);
const LONGEST_PAUSE: Duration = Duration::from_hours(1);
/// Age at which an undelivered e-mail is discarded.
const GIVE_UP_AFTER: Duration = Duration::from_hours(72);

#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error(transparent)]
    Compose(#[from] MailError),
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error("delivery timed out")]
    TimedOut(#[from] time::error::Elapsed),
}

impl SendError {
    /// Returns whether retrying is pointless: the address is invalid, or the mail server has no
    /// such mailbox. Other rejections may be caused by a setting, which can be corrected.
    fn is_final(&self) -> bool {
        match self {
            Self::Compose(MailError::Address(_)) => true,
            Self::Transport(TransportError::Smtp(error)) => error.is_unknown_recipient(),
            _ => false,
        }
    }
}

/// Starts the worker, which sends e-mails until it is stopped.
pub(crate) fn send_all(mailer: Arc<Mailer>) -> Worker {
    Worker::start(async move |mut stop| {
        loop {
            if let Err(failed) = send_due(&mailer).await {
                warn!(error = %Chain(&failed), "cannot read the outbox");
            }
            if stop.or(time::timeout(POLL, mailer.outbox.woken())).await.is_none() {
                break;
            }
        }
    })
}

/// Stops the worker, and tries to send the e-mails that are still due. E-mails that could not be
/// sent within the time limit remain due for the next process; the last fifth of the limit is
/// reserved for reverting their claims in the database.
pub(crate) async fn finish(mailer: &Mailer, worker: Worker, limit: Duration) {
    let send = async {
        worker.stop().await;
        if let Err(failed) = send_due(mailer).await {
            warn!(error = %Chain(&failed), "e-mails stay in the outbox until the next start");
        }
    };
    let mut send = pin!(send);
    if time::timeout(limit * 4 / 5, &mut send).await.is_err() {
        mailer.outbox.close();
        send.await;
    }
}

/// Sends all due e-mails, including those that become due in the meantime. Returns early if the
/// outbox is closed or, to avoid a busy loop, if a database operation fails.
async fn send_due(mailer: &Mailer) -> Result<(), MailError> {
    let mut in_flight = InFlight::default();
    let mut waiting = Vec::new();
    let mut outcome = Ok(());
    loop {
        if outcome.is_ok() && !mailer.outbox.is_closed() && !in_flight.is_full() {
            if !in_flight.has_room_for_one_of(&waiting) {
                // E-mails in flight must make progress during the query, because they may hold the
                // connection that the query needs.
                let mut due = pin!(list_due(mailer));
                let due = loop {
                    select! {
                        due = &mut due => break due,
                        Some((domain, sent)) = in_flight.mails.next() => {
                            in_flight.land(&domain);
                            outcome = outcome.and(sent);
                        }
                    }
                };
                match due {
                    Ok(due) => waiting = due,
                    Err(failed) => outcome = outcome.and(Err(failed)),
                }
            }
            if outcome.is_ok() {
                waiting = in_flight.start(mailer, waiting);
            }
        }
        if in_flight.mails.is_empty() {
            return outcome;
        }
        select! {
            Some((domain, sent)) = in_flight.mails.next() => {
                in_flight.land(&domain);
                outcome = outcome.and(sent);
            }
            () = mailer.outbox.woken() => waiting.clear(),
            () = time::sleep(POLL) => waiting.clear(),
        }
    }
}

async fn list_due(mailer: &Mailer) -> Result<Vec<Mail>, MailError> {
    let now = DbTime(mailer.clock.now());
    Ok(Mail::list_due(&mut mailer.read().await?, now, BATCH).await?)
}

type Sent<'a> = Pin<Box<dyn Future<Output = (String, Result<(), MailError>)> + 'a>>;

/// E-mails in flight, and their number per domain.
#[derive(Default)]
struct InFlight<'a> {
    mails: FuturesUnordered<Sent<'a>>,
    by_domain: HashMap<String, usize>,
}

impl<'a> InFlight<'a> {
    fn is_full(&self) -> bool {
        self.mails.len() >= IN_FLIGHT
    }

    fn has_room_for_one_of(&self, mails: &[Mail]) -> bool {
        mails.iter().any(|mail| self.has_room(domain_of(mail)))
    }

    fn has_room(&self, domain: &str) -> bool {
        !self.is_full()
            && self.by_domain.get(domain).is_none_or(|number| *number < IN_FLIGHT_PER_DOMAIN)
    }

    /// Starts sending as many e-mails as the limits allow, and returns the others.
    fn start(&mut self, mailer: &'a Mailer, mails: Vec<Mail>) -> Vec<Mail> {
        let mut others = Vec::new();
        for mail in mails {
            let domain = domain_of(&mail).to_owned();
            if !self.has_room(&domain) {
                others.push(mail);
                continue;
            }
            *self.by_domain.entry(domain.clone()).or_default() += 1;
            self.mails.push(Box::pin(async move { (domain, claim_and_send(mailer, &mail).await) }));
        }
        others
    }

    fn land(&mut self, domain: &str) {
        if let Some(number) = self.by_domain.get_mut(domain) {
            *number -= 1;
        }
        self.by_domain.retain(|_, number| *number > 0);
    }
}

async fn claim_and_send(mailer: &Mailer, mail: &Mail) -> Result<(), MailError> {
    if !claim(mailer, mail).await? {
        return Ok(());
    }
    select! {
        sent = send(mailer, mail) => {
            if let Err(failed) = sent {
                warn!(mail.kind, error = %Chain(&failed), "cannot send an e-mail, retrying later");
            }
        }
        () = mailer.outbox.closed() => unclaim(mailer, mail).await?,
    }
    Ok(())
}

/// Returns the recipient's domain.
fn domain_of(mail: &Mail) -> &str {
    let is_to_new = mail.kind == Kind::ChangeEmail.as_str();
    let address = mail.new_email.as_ref().filter(|_| is_to_new).unwrap_or(&mail.email);
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// Claims an e-mail for this process and returns whether that succeeded. The claim sets the time of
/// the retry, until which other replicas ignore the e-mail.
async fn claim(mailer: &Mailer, mail: &Mail) -> Result<bool, MailError> {
    let retry_at = DbTime(mailer.clock.now() + pause_after(mail.attempts));
    Ok(mail.claim(&mut mailer.write().await?, retry_at).await? == 1)
}

/// Reverts a claim, so that the e-mail is due again.
async fn unclaim(mailer: &Mailer, mail: &Mail) -> Result<(), MailError> {
    mail.unclaim(&mut mailer.write().await?).await?;
    Ok(())
}

async fn send(mailer: &Mailer, mail: &Mail) -> Result<(), SendError> {
    if mailer.clock.now() > mail.created_at.0 + GIVE_UP_AFTER {
        error!(mail.kind, "giving up on an e-mail that could not be sent for days");
        return Ok(delete(mailer, mail).await?);
    }
    let sent = match compose(mailer, mail).await {
        Ok(Composed::TooEarly(wait)) => return Ok(defer(mailer, mail, wait).await?),
        Ok(Composed::Nothing) => Ok(()),
        Ok(Composed::Message(message)) => {
            let name = format!("{}-{}", mail.id, mail.kind);
            let sent = time::timeout(SEND_TIMEOUT, mailer.transport.send(&name, message)).await;
            sent.map_err(SendError::from).and_then(|sent| Ok(sent?))
        }
        Err(failed) => Err(failed.into()),
    };
    match sent {
        Err(failed) if failed.is_final() => {
            warn!(mail.kind, error = %Chain(&failed), "giving up on a rejected e-mail");
        }
        sent => sent?,
    }
    Ok(delete(mailer, mail).await?)
}

/// Defers an e-mail. Of several deferred e-mails of the same kind with the same addresses, only the
/// newest is kept.
async fn defer(mailer: &Mailer, mail: &Mail, wait: Duration) -> Result<(), MailError> {
    let now = mailer.clock.now();
    Ok(mail.defer(&mut mailer.write().await?, DbTime(now), DbTime(now + wait)).await?)
}

async fn delete(mailer: &Mailer, mail: &Mail) -> Result<(), MailError> {
    Mail::delete(&mut mailer.write().await?, &mail.id).await?;
    Ok(())
}

fn pause_after(attempts: i32) -> Duration {
    let doublings = 2_u32.saturating_pow(attempts.unsigned_abs());
    FIRST_PAUSE.saturating_mul(doublings).min(LONGEST_PAUSE)
}
