//! Security events: changes to sessions, users, OAuth clients, tokens and keys that other services
//! must know about, mainly so that they reject revoked tokens before these expire.

use database::{Conn, query, sql_types::DbTime};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};

use super::session::EndedSession;
use crate::store::schema::{event_streams, security_events};

/// Name of the only stream.
const STREAM: &str = "security";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventKind {
    SessionRevoked,
    TokenRevoked,
    AccountDisabled,
    AccountEnabled,
    AccountPurged,
    KeyRevoked,
}

impl EventKind {
    pub(crate) const ALL: [Self; 6] = [
        Self::SessionRevoked,
        Self::TokenRevoked,
        Self::AccountDisabled,
        Self::AccountEnabled,
        Self::AccountPurged,
        Self::KeyRevoked,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::SessionRevoked => "session-revoked",
            Self::TokenRevoked => "token-revoked",
            Self::AccountDisabled => "account-disabled",
            Self::AccountEnabled => "account-enabled",
            Self::AccountPurged => "account-purged",
            Self::KeyRevoked => "key-revoked",
        }
    }
}

/// The event stream: its id, and the place (sequence number) of its last event.
#[derive(HasQuery, Insertable, Serialize, Deserialize)]
#[diesel(table_name = event_streams)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventStream {
    name: String,
    pub(crate) id: String,
    pub(crate) last_place: i64,
}

impl EventStream {
    /// Returns the stream, or `None` before the first event.
    pub(crate) async fn find(conn: &mut Conn) -> QueryResult<Option<Self>> {
        query!(conn, |c| Self::query().filter(event_streams::name.eq(STREAM)).first(c)).optional()
    }

    /// Reserves the next `count` places and returns the last of them. Concurrent writers of events
    /// wait until the transaction ends.
    async fn advance(conn: &mut Conn, new_id: &str, count: i64) -> QueryResult<i64> {
        let first = (
            event_streams::name.eq(STREAM),
            event_streams::id.eq(new_id),
            event_streams::last_place.eq(count),
        );
        query!(conn, |c| diesel::insert_into(event_streams::table)
            .values(first)
            .on_conflict(event_streams::name)
            .do_update()
            .set(event_streams::last_place.eq(event_streams::last_place + count))
            .returning(event_streams::last_place)
            .get_result(c))
    }
}

/// The time of an event, and the other values that all events of a transaction share.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    pub(crate) now: DbTime,
    /// Time by which all tokens issued until `now` have expired.
    pub(crate) tokens_expire_by: DbTime,
    /// Id for the stream, used only if the stream does not exist yet.
    pub(crate) new_stream_id: String,
}

#[derive(HasQuery, Insertable, Serialize, Deserialize)]
#[diesel(table_name = security_events)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecurityEvent {
    pub(crate) place: i64,
    pub(crate) kind: String,
    /// Id of the user or client that the event is about; `None` for an event about a key.
    pub(crate) user_id: Option<String>,
    pub(crate) session_id: Option<String>,
    pub(crate) created_at: DbTime,
    pub(crate) tokens_expire_by: DbTime,
    /// Absent from exports of earlier versions, like the field below.
    #[serde(default)]
    pub(crate) token_id: Option<String>,
    #[serde(default)]
    pub(crate) key_id: Option<String>,
}

/// The kind and the subject of an event.
struct NewEvent<'a> {
    kind: EventKind,
    user_id: Option<&'a str>,
    session_id: Option<&'a str>,
    token_id: Option<&'a str>,
    key_id: Option<&'a str>,
}

impl<'a> NewEvent<'a> {
    fn new(kind: EventKind) -> Self {
        Self { kind, user_id: None, session_id: None, token_id: None, key_id: None }
    }

    fn of_user(kind: EventKind, user_id: &'a str) -> Self {
        Self { user_id: Some(user_id), ..Self::new(kind) }
    }
}

impl EndedSession {
    fn event(&self) -> NewEvent<'_> {
        let session_id = Some(self.id.as_str());
        NewEvent { session_id, ..NewEvent::of_user(EventKind::SessionRevoked, &self.user_id) }
    }
}

/// Filter for the events that a receiver wants.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) kinds: Vec<&'static str>,
    /// Only events about tokens that may be valid after this time are selected.
    pub(crate) tokens_valid_after: DbTime,
}

impl SecurityEvent {
    /// Records that sessions were ended. Must be the last step of its transaction, because
    /// concurrent writers of events wait until the transaction ends.
    pub(crate) async fn record_ended(
        conn: &mut Conn,
        sessions: &[EndedSession],
        moment: &Moment,
    ) -> QueryResult<()> {
        let events: Vec<_> = sessions.iter().map(EndedSession::event).collect();
        Self::record(conn, &events, moment).await
    }

    /// Records that all sessions of a user were ended, and that all tokens issued to the user until
    /// now are revoked. Like [`Self::record_ended`], this must be the last step of a transaction.
    pub(crate) async fn record_revoked_user(
        conn: &mut Conn,
        user_id: &str,
        sessions: &[EndedSession],
        moment: &Moment,
    ) -> QueryResult<()> {
        let event = NewEvent::of_user(EventKind::SessionRevoked, user_id);
        Self::record_with_sessions(conn, event, sessions, moment).await
    }

    /// Records that a user or client was disabled and that these sessions were ended. Like
    /// [`Self::record_ended`], this must be the last step of a transaction.
    pub(crate) async fn record_disabled_user(
        conn: &mut Conn,
        user_id: &str,
        sessions: &[EndedSession],
        moment: &Moment,
    ) -> QueryResult<()> {
        let event = NewEvent::of_user(EventKind::AccountDisabled, user_id);
        Self::record_with_sessions(conn, event, sessions, moment).await
    }

    /// Records an event about a user and the end of these sessions. The event about the user also
    /// covers tokens of sessions that have expired and were deleted, which have no events of their
    /// own.
    async fn record_with_sessions(
        conn: &mut Conn,
        event: NewEvent<'_>,
        sessions: &[EndedSession],
        moment: &Moment,
    ) -> QueryResult<()> {
        let events: Vec<_> = sessions.iter().map(EndedSession::event).chain([event]).collect();
        Self::record(conn, &events, moment).await
    }

    /// Records that a user or client was enabled again. Like [`Self::record_ended`], this must be
    /// the last step of a transaction.
    pub(crate) async fn record_enabled_user(
        conn: &mut Conn,
        user_id: &str,
        moment: &Moment,
    ) -> QueryResult<()> {
        Self::record(conn, &[NewEvent::of_user(EventKind::AccountEnabled, user_id)], moment).await
    }

    /// Records that a user or client was deleted. Like [`Self::record_ended`], this must be the
    /// last step of a transaction.
    pub(crate) async fn record_deleted_user(
        conn: &mut Conn,
        user_id: &str,
        moment: &Moment,
    ) -> QueryResult<()> {
        Self::record(conn, &[NewEvent::of_user(EventKind::AccountPurged, user_id)], moment).await
    }

    /// Records that a single token was revoked. Like [`Self::record_ended`], this must be the last
    /// step of a transaction.
    pub(crate) async fn record_revoked_token(
        conn: &mut Conn,
        (subject, token_id): (&str, &str),
        moment: &Moment,
    ) -> QueryResult<()> {
        let event = NewEvent::of_user(EventKind::TokenRevoked, subject);
        let event = NewEvent { token_id: Some(token_id), ..event };
        Self::record(conn, &[event], moment).await
    }

    /// Records that a signing key was revoked. Like [`Self::record_ended`], this must be the last
    /// step of a transaction.
    pub(crate) async fn record_revoked_key(
        conn: &mut Conn,
        kid: &str,
        moment: &Moment,
    ) -> QueryResult<()> {
        let event = NewEvent { key_id: Some(kid), ..NewEvent::new(EventKind::KeyRevoked) };
        Self::record(conn, &[event], moment).await
    }

    async fn record(conn: &mut Conn, events: &[NewEvent<'_>], moment: &Moment) -> QueryResult<()> {
        if events.is_empty() {
            return Ok(());
        }
        let count = i64::try_from(events.len())
            .map_err(|error| diesel::result::Error::SerializationError(error.into()))?;
        let last = EventStream::advance(conn, &moment.new_stream_id, count).await?;
        for (event, place) in events.iter().zip(last - count + 1..) {
            let row = (
                security_events::place.eq(place),
                security_events::kind.eq(event.kind.as_str()),
                security_events::user_id.eq(event.user_id),
                security_events::session_id.eq(event.session_id),
                security_events::token_id.eq(event.token_id),
                security_events::key_id.eq(event.key_id),
                security_events::created_at.eq(moment.now),
                security_events::tokens_expire_by.eq(moment.tokens_expire_by),
            );
            query!(conn, |c| diesel::insert_into(security_events::table).values(row).execute(c))?;
        }
        Ok(())
    }

    /// Returns up to `limit` of the wanted events in order, from the place `after` (exclusive) to
    /// the place `until` (inclusive).
    pub(crate) async fn list(
        conn: &mut Conn,
        (after, until): (i64, i64),
        wanted: &Wanted,
        limit: i64,
    ) -> QueryResult<Vec<Self>> {
        query!(conn, |c| Self::query()
            .filter(security_events::place.gt(after))
            .filter(security_events::place.le(until))
            .filter(security_events::kind.eq_any(&wanted.kinds))
            .filter(security_events::tokens_expire_by.gt(wanted.tokens_valid_after))
            .order(security_events::place)
            .limit(limit)
            .load(c))
    }

    /// Deletes the events about tokens that have all expired. Keeps the events about deleted users
    /// and clients, because a receiver that was offline must still erase their data.
    pub(crate) async fn delete_outdated(conn: &mut Conn, now: DbTime) -> QueryResult<usize> {
        let outdated = security_events::table
            .filter(security_events::tokens_expire_by.le(now))
            .filter(security_events::kind.ne(EventKind::AccountPurged.as_str()));
        query!(conn, |c| diesel::delete(outdated).execute(c))
    }
}
