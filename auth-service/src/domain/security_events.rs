//! Security events (RFC 8417), which tell services that verify tokens themselves that a session was
//! ended, that a token or a signing key was revoked, or that a user or an OAuth client was
//! disabled, enabled or deleted.
//!
//! Events are recorded in the transaction of the change, and signed with the current key when they
//! are read.

use std::time::Duration;

use aws_lc_rs::{constant_time::verify_slices_are_equal, digest};
use chrono::DateTime;
use database::{Database, sql_types::DbTime};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use service_kit::lifecycle;
use tokio::{
    select,
    sync::{Mutex, watch},
    time::{Instant, sleep, sleep_until},
};
use uuid::Uuid;

use crate::{
    config::Config,
    store::{DatabaseError, EventKind, EventStream, Moment, SecurityEvent},
};

/// Interval at which the database is polled for new events while a receiver waits.
const POLL: Duration = Duration::from_millis(200);
/// Maximum duration of a long poll.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// Minimum lifetime that tokens are assumed to have, because `JWT_EXPIRES_IN` may have been lowered
/// recently.
const MIN_TOKEN_LIFETIME: Duration = Duration::from_hours(24);
/// Assumed maximum clock skew between the issuer and receivers.
const CLOCK_SKEW: Duration = Duration::from_mins(5);

/// Event type URIs defined by the CAEP and RISC specifications.
const SESSION_REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
const ACCOUNT_DISABLED: &str =
    "https://schemas.openid.net/secevent/risc/event-type/account-disabled";
const ACCOUNT_ENABLED: &str = "https://schemas.openid.net/secevent/risc/event-type/account-enabled";
const ACCOUNT_PURGED: &str = "https://schemas.openid.net/secevent/risc/event-type/account-purged";
/// No standard event type exists for the revocation of a key.
const KEY_REVOKED: &str = "urn:auth-service:event-type:key-revoked";

impl EventKind {
    pub(crate) fn uri(self) -> &'static str {
        match self {
            Self::SessionRevoked | Self::TokenRevoked => SESSION_REVOKED,
            Self::AccountDisabled => ACCOUNT_DISABLED,
            Self::AccountEnabled => ACCOUNT_ENABLED,
            Self::AccountPurged => ACCOUNT_PURGED,
            Self::KeyRevoked => KEY_REVOKED,
        }
    }
}

/// The receivers' secrets, and the state that receivers share while they wait for events.
pub(crate) struct SecurityEvents {
    secrets: Vec<SecretString>,
    token_lifetime: Duration,
    /// The last event's place in the feed, as last read from the database.
    last_place: watch::Sender<i64>,
    /// Time of the last query for `last_place`.
    asked: Mutex<Option<Instant>>,
}

impl SecurityEvents {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            secrets: config.events.events_secret.clone(),
            token_lifetime: config.jwt_expires_in,
            last_place: watch::Sender::new(0),
            asked: Mutex::default(),
        }
    }

    /// Returns whether the endpoints for receivers are enabled.
    pub(crate) fn are_offered(&self) -> bool {
        !self.secrets.is_empty()
    }

    /// Returns whether a secret belongs to a receiver. The comparison takes constant time for
    /// secrets of the same length.
    pub(crate) fn is_receiver(&self, secret: &str) -> bool {
        let hash = |secret: &str| digest::digest(&digest::SHA256, secret.as_bytes());
        let sent = hash(secret);
        self.secrets.iter().fold(false, |is_known, secret| {
            let known = hash(secret.expose_secret());
            verify_slices_are_equal(sent.as_ref(), known.as_ref()).is_ok() || is_known
        })
    }

    /// Returns the values that all events of a transaction share, with `now` as their time.
    pub(crate) fn moment(&self, now: DbTime) -> Moment {
        let lifetime = self.token_lifetime.max(MIN_TOKEN_LIFETIME) + CLOCK_SKEW;
        Moment {
            now,
            tokens_expire_by: DbTime(now.0 + lifetime),
            new_stream_id: Uuid::now_v7().to_string(),
        }
    }

    /// Returns the number of waiting receivers.
    pub(crate) fn waiting(&self) -> usize {
        self.last_place.receiver_count()
    }

    /// Records the last place that was read from the database, and wakes waiting receivers if it
    /// has changed.
    pub(crate) fn saw(&self, last_place: i64) {
        self.last_place.send_if_modified(|seen| {
            let is_new = *seen != last_place;
            *seen = last_place;
            is_new
        });
    }

    /// Waits while `place` is the last place in the feed. Returns `true` when there are events to
    /// read, and `false` at the deadline or on shutdown.
    pub(crate) async fn wait(
        &self,
        database: &Database,
        place: i64,
        deadline: Instant,
    ) -> Result<bool, DatabaseError> {
        let mut last_place = self.last_place.subscribe();
        while *last_place.borrow_and_update() == place {
            if lifecycle::is_stopping() || deadline <= Instant::now() {
                return Ok(false);
            }
            select! {
                // This never fails, because the sender lives as long as `self`.
                _ = last_place.changed() => {}
                () = sleep(POLL) => self.look(database).await?,
                () = sleep_until(deadline) => {}
            }
        }
        Ok(true)
    }

    /// Queries the place of the last event, unless another waiting receiver is doing so or has just
    /// done so.
    async fn look(&self, database: &Database) -> Result<(), DatabaseError> {
        let Ok(mut asked) = self.asked.try_lock() else { return Ok(()) };
        if asked.is_some_and(|asked| asked.elapsed() < POLL / 2) {
            return Ok(());
        }
        let stream = EventStream::find(&mut database.read().await?).await?;
        *asked = Some(Instant::now());
        self.saw(stream.map_or(0, |stream| stream.last_place));
        Ok(())
    }
}

/// Returns the deadline of a long poll that starts now.
pub(crate) fn patience() -> Instant {
    Instant::now() + LONGEST_WAIT
}

/// Returns the claims of a security event token. They include neither `sub` nor `exp`, so that the
/// token cannot be mistaken for an access token (RFC 8417 §4).
pub(crate) fn claims(
    event: &SecurityEvent,
    kind: EventKind,
    jti: &str,
    (issuer, audience): (&str, &str),
) -> Value {
    let user = json!({ "format": "iss_sub", "iss": issuer, "sub": event.user_id });
    let opaque = |id: &str| json!({ "format": "opaque", "id": id });
    let subject = if let Some(kid) = &event.key_id {
        opaque(kid)
    } else if let Some(token) = &event.token_id {
        json!({ "format": "jwt_id", "iss": issuer, "jti": token })
    } else if let Some(session) = &event.session_id {
        json!({ "format": "complex", "user": user, "session": opaque(session) })
    } else {
        user
    };
    let happened = event.created_at.0.timestamp();
    let event = json!({
        "event_timestamp": happened,
        "tokens_expire_by": round_up(event.tokens_expire_by),
    });
    json!({
        "iss": issuer,
        "aud": audience,
        "jti": jti,
        "iat": happened,
        "toe": happened,
        "sub_id": subject,
        "events": { kind.uri(): event },
    })
}

/// Returns the seconds since the Unix epoch, rounded up.
fn round_up(time: DbTime) -> i64 {
    DateTime::timestamp(&time.0) + i64::from(time.0.timestamp_subsec_nanos() > 0)
}
