//! Parses the claims of verified security event tokens. Uses neither the network nor the clock.

use serde_json::{Map, Value};

/// Kind of an event, from its event type URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// A session ended or a token was revoked: CAEP `session-revoked`. If the subject names neither
    /// a session nor a token, all sessions of the user ended.
    SessionRevoked,
    /// The user can no longer sign in: RISC `account-disabled`.
    AccountDisabled,
    /// The user can sign in again: RISC `account-enabled`.
    AccountEnabled,
    /// The user was permanently deleted: RISC `account-purged`.
    AccountPurged,
    /// A signing key of the issuer was revoked, and all tokens that it signed are invalid. This
    /// event type is specific to auth-service.
    KeyRevoked,
    /// Any other event type.
    Other,
}

const KINDS: [(EventKind, &str); 5] = [
    (
        EventKind::SessionRevoked,
        "https://schemas.openid.net/secevent/caep/event-type/session-revoked",
    ),
    (
        EventKind::AccountDisabled,
        "https://schemas.openid.net/secevent/risc/event-type/account-disabled",
    ),
    (
        EventKind::AccountEnabled,
        "https://schemas.openid.net/secevent/risc/event-type/account-enabled",
    ),
    (
        EventKind::AccountPurged,
        "https://schemas.openid.net/secevent/risc/event-type/account-purged",
    ),
    (EventKind::KeyRevoked, "urn:auth-service:event-type:key-revoked"),
];

impl EventKind {
    /// Returns the event type URI; `None` for [`Self::Other`].
    pub fn uri(self) -> Option<&'static str> {
        KINDS.iter().find(|(kind, _)| *kind == self).map(|(_, uri)| *uri)
    }

    fn of(uri: &str) -> Self {
        KINDS.iter().find(|(_, known)| *known == uri).map_or(Self::Other, |(kind, _)| *kind)
    }
}

/// The subject of an event (RFC 9493). Users and tokens of other issuers are omitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Subject {
    /// The `sub` of the user's tokens.
    pub user: Option<String>,
    /// The `sid` of the session's tokens.
    pub session: Option<String>,
    /// The `jti` of a single token.
    pub token: Option<String>,
    /// The `kid` of a key; only for [`EventKind::KeyRevoked`].
    pub key: Option<String>,
}

/// An event with a verified signature.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecurityEvent {
    /// Id of the token that carried the event.
    pub jti: String,
    /// [`EventKind::Other`] if this library does not know the type of the event.
    pub kind: EventKind,
    /// The user, session, token or key that the event is about.
    pub subject: Subject,
    /// Time of the event, in seconds since the epoch.
    pub happened: i64,
    /// Time by which the affected tokens have expired, in seconds since the epoch, if the issuer
    /// sends it.
    pub tokens_expire_by: Option<i64>,
}

/// Returns the events in the claims of a security event token. Returns `None` if the token is not
/// from `issuer`, if `is_audience` rejects its audience, or if its claims are not those of a
/// security event.
pub(super) fn read(
    claims: &Map<String, Value>,
    issuer: &str,
    is_audience: impl Fn(&Value) -> bool,
) -> Option<Vec<SecurityEvent>> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    // Unlike access tokens, security events should have no expiration time (RFC 8417 §2.2).
    if text("iss") != Some(issuer)
        || !claims.get("aud").is_some_and(is_audience)
        || claims.contains_key("exp")
    {
        return None;
    }
    let jti = text("jti")?;
    let issued_at = claims.get("iat").and_then(seconds)?;
    let happened = claims.get("toe").and_then(seconds).unwrap_or(issued_at);
    let id = claims.get("sub_id");
    let events = claims.get("events")?.as_object().filter(|events| !events.is_empty())?;
    let event = |(uri, payload): (&String, &Value)| {
        let kind = EventKind::of(uri);
        let subject = match kind {
            EventKind::KeyRevoked => id.map(key),
            _ => id.map(|id| subject(id, issuer)),
        };
        SecurityEvent {
            jti: jti.to_owned(),
            kind,
            subject: subject.unwrap_or_default(),
            happened,
            tokens_expire_by: payload.get("tokens_expire_by").and_then(seconds),
        }
    };
    Some(events.iter().map(event).collect())
}

/// Parses a `NumericDate` and drops its fraction.
fn seconds(date: &Value) -> Option<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "fractions are dropped, and large values saturate"
    )]
    #[expect(clippy::as_conversions, reason = "fractions are dropped, and large values saturate")]
    date.as_i64().or_else(|| date.as_f64().map(|date| date as i64))
}

/// Parses an opaque identifier (RFC 9493 §3.2.4) as the `kid` of a key. The result is empty for
/// another format.
fn key(id: &Value) -> Subject {
    let is_opaque = id.get("format").and_then(Value::as_str) == Some("opaque");
    let kid = id.get("id").and_then(Value::as_str).filter(|_| is_opaque);
    Subject { key: kid.map(str::to_owned), ..Subject::default() }
}

/// Parses a subject identifier. Omits a user or token of another issuer. The result is empty for an
/// unknown format.
fn subject(id: &Value, issuer: &str) -> Subject {
    let text = |id: &Value, name: &str| id.get(name).and_then(Value::as_str).map(str::to_owned);
    let is_ours = |id: &Value| text(id, "iss").is_none_or(|iss| iss == issuer);
    match id.get("format").and_then(Value::as_str) {
        Some("iss_sub") if is_ours(id) => Subject { user: text(id, "sub"), ..Subject::default() },
        Some("jwt_id") if is_ours(id) => Subject { token: text(id, "jti"), ..Subject::default() },
        Some("complex") => {
            let user = id.get("user").filter(|user| is_ours(user));
            let session = id.get("session");
            Subject {
                user: user.and_then(|user| text(user, "sub")),
                session: session.and_then(|session| text(session, "id")),
                ..Subject::default()
            }
        }
        _ => Subject::default(),
    }
}
