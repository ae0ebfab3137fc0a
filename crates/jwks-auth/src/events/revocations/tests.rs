use super::*;
use crate::events::Subject;

const NOW: i64 = 1_800_000_000;

fn event(kind: EventKind, subject: Subject, happened: i64) -> SecurityEvent {
    SecurityEvent {
        jti: "event".to_owned(),
        kind,
        subject,
        happened,
        tokens_expire_by: Some(happened + 100),
    }
}

fn session(sid: &str) -> Subject {
    Subject { user: Some("ada".to_owned()), session: Some(sid.to_owned()), ..Subject::default() }
}

fn token(sub: &str, sid: &str, jti: &str, iat: Option<i64>) -> RegisteredClaims {
    RegisteredClaims {
        iss: "issuer".to_owned(),
        sub: sub.to_owned(),
        exp: 0.0,
        nbf: None,
        #[expect(clippy::cast_precision_loss, reason = "times in tests are small")]
        #[expect(clippy::as_conversions, reason = "times in tests are small")]
        iat: iat.map(|iat| iat as f64),
        jti: Some(jti.to_owned()),
        sid: Some(sid.to_owned()),
        scopes: Vec::new(),
        roles: Vec::new(),
    }
}

fn now() -> u64 {
    NOW.unsigned_abs()
}

#[test]
fn an_ended_session_ends_its_tokens_and_no_others() {
    let revocations = Revocations::default();
    let ada = |sid| token("ada", sid, "1", Some(NOW + 50));
    let before = revocations.generation();
    assert!(!revocations.has(&ada("one")));
    revocations.add(&[event(EventKind::SessionRevoked, session("one"), NOW)], now());
    assert!(revocations.has(&ada("one")) && !revocations.has(&ada("two")));
    assert!(!revocations.has(&token("one", "two", "one", Some(NOW))), "names do not mix");
    assert_ne!(revocations.generation(), before);
}

#[test]
fn a_single_token_can_be_revoked() {
    let revocations = Revocations::default();
    let subject = Subject { token: Some("1".to_owned()), ..Subject::default() };
    revocations.add(&[event(EventKind::SessionRevoked, subject, NOW)], now());
    assert!(revocations.has(&token("ada", "one", "1", Some(NOW))));
    assert!(!revocations.has(&token("ada", "one", "2", Some(NOW))));
}

#[test]
fn a_user_loses_the_tokens_from_before() {
    let revocations = Revocations::default();
    let subject = Subject { user: Some("ada".to_owned()), ..Subject::default() };
    revocations.add(&[event(EventKind::SessionRevoked, subject, NOW)], now());
    assert!(revocations.has(&token("ada", "one", "1", Some(NOW))));
    assert!(revocations.has(&token("ada", "one", "1", None)));
    assert!(!revocations.has(&token("ada", "one", "1", Some(NOW + 1))));
    assert!(!revocations.has(&token("bob", "two", "2", Some(NOW))));
}

#[test]
fn a_disabled_or_deleted_user_loses_all_tokens() {
    for kind in [EventKind::AccountDisabled, EventKind::AccountPurged] {
        let revocations = Revocations::default();
        let subject = Subject { user: Some("ada".to_owned()), ..Subject::default() };
        revocations.add(&[event(kind, subject, NOW)], now());
        for issued_at in [Some(NOW), Some(NOW + 20), None] {
            assert!(revocations.has(&token("ada", "one", "1", issued_at)));
            assert!(!revocations.has(&token("bob", "two", "2", issued_at)));
        }
    }
}

#[test]
fn a_user_who_is_enabled_again_can_use_new_tokens_at_once() {
    let revocations = Revocations::default();
    let subject = Subject { user: Some("ada".to_owned()), ..Subject::default() };
    let change = |kind, happened| {
        revocations.add(&[event(kind, subject.clone(), happened)], now());
    };
    let is_revoked = |iat| revocations.has(&token("ada", "one", "1", Some(iat)));
    change(EventKind::AccountDisabled, NOW);
    change(EventKind::AccountEnabled, NOW);
    assert_eq!([is_revoked(NOW - 1), is_revoked(NOW)], [true, false]);
    change(EventKind::AccountDisabled, NOW);
    assert!(is_revoked(NOW));
    change(EventKind::AccountEnabled, NOW + 5);
    // Since clocks differ, the `iat` of an old token may be later than the `AccountDisabled` event.
    // Enabling the user therefore makes only tokens valid that are not older than the enabling.
    let revoked = [NOW, NOW + 4, NOW + 5].map(is_revoked);
    assert_eq!(revoked, [true, true, false]);
}

#[test]
fn other_events_change_nothing() {
    let revocations = Revocations::default();
    let before = revocations.generation();
    let subject = Subject { user: Some("ada".to_owned()), ..Subject::default() };
    for kind in [EventKind::AccountEnabled, EventKind::Other] {
        revocations.add(&[event(kind, subject.clone(), NOW)], now());
    }
    let nobody = Subject::default();
    revocations.add(&[event(EventKind::SessionRevoked, nobody, NOW)], now());
    revocations.add(&[event(EventKind::SessionRevoked, session("old"), NOW - 100)], now());
    assert_eq!((revocations.len(), revocations.generation()), (0, before));
}

#[test]
fn expired_entries_are_forgotten() {
    let revocations = Revocations::default();
    revocations.add(&[event(EventKind::SessionRevoked, session("one"), NOW)], now());
    revocations.prune(now() + 99);
    assert_eq!(revocations.len(), 1);
    revocations.prune(now() + 100);
    assert_eq!(revocations.len(), 0);
}

#[test]
fn a_full_memory_refuses_the_older_tokens_of_all_users() {
    let revocations = Revocations::with_room_for(10);
    for (number, happened) in (NOW - 20..NOW).enumerate() {
        let ended = event(EventKind::SessionRevoked, session(&number.to_string()), happened);
        revocations.add(&[ended], now());
        assert!(revocations.len() <= 10);
    }
    for (number, happened) in (NOW - 20..NOW).enumerate() {
        let ended = token("ada", &number.to_string(), "1", Some(happened));
        assert!(revocations.has(&ended), "session {number}");
    }
    assert!(revocations.has(&token("bob", "another", "2", Some(NOW - 20))));
    assert!(!revocations.has(&token("bob", "another", "2", Some(NOW))));
}
