//! `POST /security-events`: delivers events to services that verify tokens themselves. They poll
//! (RFC 8936) with a cursor.

use std::{future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, dev::Payload, http::header::CACHE_CONTROL, web::Data,
};
use chrono::DateTime;
use database::sql_types::DbTime;
use serde::{Deserialize, Serialize, Serializer, de::IgnoredAny};
use serde_json::Value;
use service_kit::body;
use tracing::warn;
use utoipa::ToSchema;

use crate::{
    domain::security_events,
    http::{
        error::{Error, Internal, Rejection, Result, examples::refusals},
        input,
        receiver::Client,
        state::AppState,
    },
    store::{EventKind, EventStream, SecurityEvent, Wanted},
};

pub(crate) const PATH: &str = "/security-events";
/// Maximum size of the body in bytes.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// Default number of events in a response.
const DEFAULT_EVENTS: u32 = 100;
/// Maximum number of events in a response.
const MAX_EVENTS: u32 = 500;

/// A poll (RFC 8936 §2.4) with extensions
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PollSecurityEvents)]
pub(crate) struct Poll {
    /// Maximum number of events; at most 500 are returned. Default: 100
    #[schema(minimum = 0, maximum = 4_294_967_295_u32)]
    max_events: Option<u32>,
    /// Do not wait for events
    #[serde(default)]
    return_immediately: bool,
    /// Errors to log, by `jti`
    #[serde(default)]
    #[schema(value_type = Object)]
    set_errs: serde_json::Map<String, Value>,
    /// The `cursor` of the last response
    cursor: Option<String>,
    /// Event types to return; default: all types
    event_types: Option<Vec<String>>,
    /// Leave out events that only concern tokens that have expired by now
    #[serde(default)]
    valid_tokens_only: bool,
    /// Ignored
    #[serde(default, rename = "ack")]
    #[schema(value_type = Vec<String>)]
    _ack: IgnoredAny,
}

/// A poll by an authenticated receiver. The secret is checked before the body is parsed.
pub(crate) struct Received(Poll);

impl FromRequest for Received {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, mut payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let state = req.app_data::<Data<AppState>>().ok_or(Internal::NoState)?;
            if !state.security_events.are_offered() {
                return Err(Rejection::EventsNotOffered.into());
            }
            if Client::of(req.headers(), &state.security_events) != Client::Receiver {
                return Err(Rejection::NoReceiver.into());
            }
            let bytes = body::read(&req, &mut payload, MAX_BODY_BYTES).await?;
            match input::parse(&req, &bytes, false)? {
                None => Ok(Self(Poll::default())),
                Some(object @ Value::Object(_)) => serde_json::from_value(object)
                    .map(Self)
                    .map_err(|error| Rejection::Validation.with_message(format!("[body] {error}"))),
                Some(_) => Err(Rejection::Validation.with_message("[body] expected object")),
            }
        })
    }
}

/// Events for a receiver (RFC 8936 §2.3)
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SecurityEvents {
    /// JWTs with the header `typ: secevent+jwt`, by `jti`, in the order of the events
    #[serde(serialize_with = "as_object")]
    #[schema(value_type = BTreeMap<String, String>)]
    sets: Vec<(String, String)>,
    /// Whether more events are available immediately
    more_available: bool,
    /// Cursor for the next request
    cursor: String,
}

fn as_object<S: Serializer>(sets: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(sets.iter().map(|(jti, set)| (jti, set)))
}

refusals!(
    PollErrors: Validation("[body] expected object"), NoReceiver, EventsNotOffered
);

/// Receive security events
///
/// Returns security event tokens (RFC 8417) after a cursor, oldest first. If there are none,
/// the request waits up to 20 seconds for one. Follows RFC 8936, except that the receiver
/// stores its position: `ack` is ignored, and without `cursor` the oldest stored events are
/// returned. Events may be received more than once.
#[utoipa::path(
    post, path = PATH, operation_id = "pollSecurityEvents", tag = "events",
    security(("receiverSecret" = []), ("receiverPassword" = [])), request_body = Option<Poll>,
    responses(
        (
            status = 200,
            description = "Events after the cursor",
            body = SecurityEvents,
            headers(("Cache-Control")),
        ),
        PollErrors,
    ),
)]
pub(crate) async fn poll_events(
    state: Data<AppState>,
    Received(poll): Received,
) -> Result<HttpResponse> {
    for (jti, error) in &poll.set_errs {
        warn!(event.id = jti, %error, "a receiver could not process a security event");
    }
    let deadline = security_events::patience();
    let mut place = Place::parse(poll.cursor.as_deref())?;
    let events = loop {
        let events = read(&state, &poll, &place).await?;
        let is_due = poll.return_immediately || poll.max_events == Some(0);
        if is_due || !events.rows.is_empty() {
            break events;
        }
        // No event up to this place matches, so the next read starts here.
        place = events.place;
        if !state.security_events.wait(&state.database, place.number, deadline).await? {
            break Read { rows: Vec::new(), place, more_available: false };
        }
    };
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(events.signed(&state).await?))
}

/// Position in a stream, encoded as a cursor that is opaque to clients.
#[derive(Debug)]
struct Place {
    /// Id of the stream. Empty if the request has no cursor, or if no event has been recorded yet.
    stream: String,
    number: i64,
}

impl Place {
    fn parse(cursor: Option<&str>) -> Result<Self> {
        let Some(cursor) = cursor.filter(|cursor| !cursor.is_empty()) else {
            return Ok(Self { stream: String::new(), number: 0 });
        };
        let invalid =
            || Rejection::Validation.with_message("[body.cursor] Invalid input: unknown cursor");
        let (stream, number) = cursor.rsplit_once('.').ok_or_else(invalid)?;
        let number = number.parse().ok().filter(|number| *number >= 0).ok_or_else(invalid)?;
        Ok(Self { stream: stream.to_owned(), number })
    }

    fn cursor(&self) -> String {
        if self.stream.is_empty() {
            String::new()
        } else {
            format!("{}.{}", self.stream, self.number)
        }
    }
}

/// Stored events, and the place from which the next read starts.
struct Read {
    rows: Vec<SecurityEvent>,
    place: Place,
    more_available: bool,
}

async fn read(state: &AppState, poll: &Poll, place: &Place) -> Result<Read> {
    let conn = &mut state.read().await?;
    let stream = EventStream::find(conn).await?;
    state.security_events.saw(stream.as_ref().map_or(0, |stream| stream.last_place));
    let Some(stream) = stream else {
        let place = Place { stream: String::new(), number: 0 };
        return Ok(Read { rows: Vec::new(), place, more_available: false });
    };
    // An unknown cursor is from another database, or from a state that was lost when a backup was
    // restored. Starting over is safe, because processing an event twice has no further effect.
    let is_known = place.stream == stream.id && place.number <= stream.last_place;
    let after = if is_known { place.number } else { 0 };
    let limit = poll.max_events.unwrap_or(DEFAULT_EVENTS).min(MAX_EVENTS);
    if limit == 0 {
        let more_available = after < stream.last_place;
        let place = Place { stream: stream.id, number: after };
        return Ok(Read { rows: Vec::new(), place, more_available });
    }
    // All events up to the last place are committed, because writers of events wait for one
    // another.
    let within = (after, stream.last_place);
    let wanted = poll.wanted(state);
    let mut rows = SecurityEvent::list(conn, within, &wanted, i64::from(limit) + 1).await?;
    let more_available = rows.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    if more_available {
        rows.pop();
    }
    let number = match rows.last() {
        Some(last) if more_available => last.place,
        _ => stream.last_place,
    };
    Ok(Read { rows, place: Place { stream: stream.id, number }, more_available })
}

impl Poll {
    fn wanted(&self, state: &AppState) -> Wanted {
        let is_wanted = |kind: &EventKind| match &self.event_types {
            Some(types) => types.iter().any(|uri| uri == kind.uri()),
            None => true,
        };
        let kinds = EventKind::ALL.into_iter().filter(is_wanted).map(EventKind::as_str).collect();
        let beginning = DbTime(DateTime::UNIX_EPOCH);
        let now = DbTime(state.clock.now());
        Wanted { kinds, tokens_valid_after: if self.valid_tokens_only { now } else { beginning } }
    }
}

impl Read {
    async fn signed(self, state: &AppState) -> Result<SecurityEvents> {
        // An event with a key id reports that the key was revoked. This replica may not have
        // noticed yet, and must not sign with that key.
        if self.rows.iter().any(|row| row.key_id.is_some()) {
            state.issuer.load(state.now()).await?;
        }
        let mut sets = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            // The query selects only known kinds, so no event is skipped here.
            let kind = EventKind::ALL.into_iter().find(|kind| kind.as_str() == row.kind);
            let Some(kind) = kind else { continue };
            let jti = format!("{}.{}", self.place.stream, row.place);
            let claims = security_events::claims(row, kind, &jti, state.issuer.names());
            sets.push((jti, state.issuer.event_token(&claims, state.now()).await?));
        }
        let (cursor, more_available) = (self.place.cursor(), self.more_available);
        Ok(SecurityEvents { sets, more_available, cursor })
    }
}
