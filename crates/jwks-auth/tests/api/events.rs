//! Security event tokens: verification, and separation from access tokens.

use jwks_auth::{EventFeed, EventKind, EventReader, FeedError, Refusal, testing::Issuer};
use serde_json::{Value, json};

use crate::world::{AUDIENCE, ISSUER, KID, NOW, World, claims, header_with};

const SESSION_REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
const ACCOUNT_PURGED: &str = "https://schemas.openid.net/secevent/risc/event-type/account-purged";

/// Returns a world and a reader of its feed. The feed does not exist, because verifying events does
/// not need it.
fn world() -> (World, EventReader) {
    let feed = EventFeed::new("http://127.0.0.1:1/events".parse().unwrap(), "a secret").unwrap();
    let world = World::with(|builder| builder.follow(feed));
    let reader = world.verifier.event_reader().unwrap();
    (world, reader)
}

fn header() -> Value {
    header_with(&json!({ "typ": "secevent+jwt" }))
}

fn event(kind: &str, subject: &Value) -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "jti": "1", "iat": NOW, "toe": NOW - 1, "sub_id": subject,
        "events": { kind: { "event_timestamp": NOW - 1, "tokens_expire_by": NOW + 100 } },
    })
}

fn user() -> Value {
    json!({ "format": "iss_sub", "iss": ISSUER, "sub": "ada" })
}

#[tokio::test]
async fn an_event_has_a_kind_a_subject_and_a_time() {
    let (world, reader) = world();
    let session = json!({
        "format": "complex", "user": user(), "session": { "format": "opaque", "id": "one" },
    });
    let foreign = json!({ "format": "iss_sub", "iss": "https://other.example.com", "sub": "ada" });
    for (kind, subject, expected) in [
        (SESSION_REVOKED, session, (EventKind::SessionRevoked, Some("ada"), Some("one"), None)),
        (ACCOUNT_PURGED, user(), (EventKind::AccountPurged, Some("ada"), None, None)),
        (
            SESSION_REVOKED,
            json!({ "format": "jwt_id", "iss": ISSUER, "jti": "token" }),
            (EventKind::SessionRevoked, None, None, Some("token")),
        ),
        (ACCOUNT_PURGED, foreign, (EventKind::AccountPurged, None, None, None)),
        (ACCOUNT_PURGED, json!("ada"), (EventKind::AccountPurged, None, None, None)),
        ("urn:another", user(), (EventKind::Other, Some("ada"), None, None)),
    ] {
        let token = world.issuer.sign_with_header(&header(), &event(kind, &subject));
        let events = reader.verify(&token).await.unwrap();
        let [event] = &events[..] else { panic!("one event") };
        let subject = &event.subject;
        let found = (
            event.kind,
            subject.user.as_deref(),
            subject.session.as_deref(),
            subject.token.as_deref(),
        );
        assert_eq!(found, expected, "{subject:?}");
        let seconds = |time: u64| time.cast_signed();
        assert_eq!(event.happened, seconds(NOW - 1));
        assert_eq!(event.tokens_expire_by, Some(seconds(NOW + 100)));
        assert_eq!(event.jti, "1");
    }
}

#[tokio::test]
async fn an_event_is_no_access_token_and_an_access_token_no_event() {
    let (world, reader) = world();
    let event = event(SESSION_REVOKED, &user());
    // This event includes all claims of an access token.
    let mut both = claims("ada");
    both.as_object_mut().unwrap().extend(event.as_object().unwrap().clone());
    for claims in [&event, &both] {
        for typ in ["secevent+jwt", "application/secevent+jwt", "SecEvent+JWT"] {
            let header = header_with(&json!({ "typ": typ }));
            let token = world.issuer.sign_with_header(&header, claims);
            assert_eq!(world.refusal(&token).await, Refusal::UnsupportedHeader, "{typ}");
        }
        for more in [json!({}), json!({ "typ": "JWT" }), json!({ "typ": "at+jwt" })] {
            let token = world.issuer.sign_with_header(&header_with(&more), claims);
            let refused = reader.verify(&token).await;
            assert!(matches!(refused, Err(FeedError::Invalid)), "{more} {refused:?}");
        }
    }
    let token = world.issuer.sign_with_header(&header(), &both);
    let refused = reader.verify(&token).await;
    assert!(matches!(refused, Err(FeedError::Invalid)), "an event has no expiry: {refused:?}");
}

#[tokio::test]
async fn an_event_of_another_issuer_is_refused() {
    let (world, reader) = world();
    let good = event(SESSION_REVOKED, &user());
    let changed = |name: &str, value: Value| {
        let mut event = good.clone();
        event[name] = value;
        world.issuer.sign_with_header(&header(), &event)
    };
    for token in [
        changed("iss", json!("https://other.example.com")),
        changed("aud", json!("https://other.example.com")),
        changed("aud", json!(null)),
        changed("jti", json!(1)),
        changed("iat", json!("now")),
        changed("events", json!({})),
        changed("events", json!([SESSION_REVOKED])),
        Issuer::new(KID, 9).sign_with_header(&header(), &good),
        Issuer::new("unknown", 1).sign_with_header(
            &json!({ "alg": "EdDSA", "kid": "unknown", "typ": "secevent+jwt" }),
            &good,
        ),
        "nonsense".to_owned(),
    ] {
        let refused = reader.verify(&token).await;
        assert!(matches!(refused, Err(FeedError::Invalid)), "{token} {refused:?}");
    }
    assert!(reader.verify(&changed("aud", json!([AUDIENCE, "https://other"]))).await.is_ok());
}

#[tokio::test]
async fn a_secret_is_not_shown() {
    let url = "http://127.0.0.1:1/events".parse().unwrap();
    let feed = EventFeed::new(url, "a-very-secret-secret").unwrap();
    assert!(!format!("{feed:?}").contains("secret-secret"));
    let url = "http://127.0.0.1:1/events".parse().unwrap();
    assert!(EventFeed::new(url, "line\nbreak").is_err());
}
