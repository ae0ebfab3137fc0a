//! `POST /security-events`: ended sessions and disabled, enabled or deleted users are published to
//! other services.

mod access;

use auth_service::config::Config;
use database::{
    Conn, Database, on_both_engines, query,
    testing::{Engine, TestDatabase},
};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::{
    app::{Answer, Answering as _, BASE_URL, DAY, PASSWORD, SIGN_OUT, TestApp, config, count},
    mailbox::eventually,
    secrets::process,
    token::{jwks, verified},
};

on_both_engines!(auth_service::MIGRATIONS;
    every_way_to_end_a_session_is_published,
    a_disabled_user_is_published,
    a_deleted_user_is_published_and_kept,
    a_receiver_continues_from_its_cursor,
    a_waiting_receiver_is_notified_of_a_sign_out,
    an_event_of_a_transaction_that_commits_late_is_not_skipped,
    a_cursor_of_another_database_starts_over,
    events_are_deleted_once_their_tokens_have_expired,
    nothing_is_recorded_when_nothing_ends,
);

const EVENTS: &str = "/security-events";
const RECEIVER: &str = "the secret of a receiver, in a test";
const SESSION_REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
const ACCOUNT_DISABLED: &str =
    "https://schemas.openid.net/secevent/risc/event-type/account-disabled";
const ACCOUNT_ENABLED: &str = "https://schemas.openid.net/secevent/risc/event-type/account-enabled";
const ACCOUNT_PURGED: &str = "https://schemas.openid.net/secevent/risc/event-type/account-purged";

fn with_receivers(config: &mut Config) {
    config.events.events_secret =
        vec!["the secret of another receiver, longer".into(), RECEIVER.into()];
}

async fn spawn(db: &TestDatabase) -> TestApp {
    TestApp::spawn_with(db, with_receivers).await
}

fn poll(app: &TestApp, body: &Value) -> RequestBuilder {
    app.post(EVENTS).bearer_auth(RECEIVER).json(body)
}

/// Returns the events after a cursor, without waiting for new ones.
async fn after(app: &TestApp, cursor: Option<&str>) -> Page {
    let body = match cursor {
        Some(cursor) => json!({ "returnImmediately": true, "cursor": cursor }),
        None => json!({ "returnImmediately": true }),
    };
    Page::read(app, &poll(app, &body).answer().await).await
}

struct Page {
    /// The type, user and session of each event.
    events: Vec<(String, String, Option<String>)>,
    claims: Vec<Value>,
    tokens: Vec<String>,
    cursor: String,
    more_available: bool,
}

impl Page {
    /// Parses a response, and asserts that every token is signed with a published key and listed
    /// under its `jti`.
    async fn read(app: &TestApp, answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let (body, keys) = (answer.json(), jwks(app).await);
        // The fields of `sets` are in the order of the events, but parsing loses that order. It is
        // restored from the number at the end of each `jti`.
        let mut sets: Vec<_> = body["sets"].as_object().unwrap().iter().collect();
        sets.sort_by_key(|(jti, _)| jti.rsplit('.').next().unwrap().parse::<u64>().unwrap());
        let mut page = Self {
            events: Vec::new(),
            claims: Vec::new(),
            tokens: Vec::new(),
            cursor: body["cursor"].as_str().unwrap().to_owned(),
            more_available: body["moreAvailable"].as_bool().unwrap(),
        };
        let mut places = Vec::new();
        for (jti, token) in sets {
            let token = token.as_str().unwrap();
            let (header, claims) = verified(token, &keys).expect("a signature of ours");
            assert_eq!(header["typ"], "secevent+jwt");
            assert_eq!((&claims["jti"], &claims["iss"]), (&json!(jti), &json!(BASE_URL)));
            assert!(claims.get("sub").is_none() && claims.get("exp").is_none(), "{claims}");
            let (kind, _) = claims["events"].as_object().unwrap().iter().next().unwrap();
            let id = &claims["sub_id"];
            let user = if id["format"] == "complex" { &id["user"] } else { id };
            assert_eq!((&user["format"], &user["iss"]), (&json!("iss_sub"), &json!(BASE_URL)));
            let text = |value: &Value| value.as_str().map(str::to_owned);
            page.events.push((
                kind.clone(),
                text(&user["sub"]).unwrap(),
                text(&id["session"]["id"]),
            ));
            places.push(answer.body.find(token).unwrap());
            page.claims.push(claims);
            page.tokens.push(token.to_owned());
        }
        assert!(places.is_sorted(), "in the order of the events");
        page
    }

    fn sessions(&self) -> Vec<&str> {
        self.events.iter().filter_map(|(_, _, session)| session.as_deref()).collect()
    }
}

async fn session_id(app: &TestApp, cookie: &str) -> String {
    app.get_session(cookie).await.json()["session"]["id"].as_str().unwrap().to_owned()
}

async fn every_way_to_end_a_session_is_published(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        with_receivers(config);
        config.features.revoke_sessions_on_password_reset = true;
    })
    .await;
    let ada = app.sign_up("ada@example.com").await;
    app.sign_up("bob@example.com").await;
    let start = after(&app, None).await;
    assert_eq!(start.events, []);
    let mut cursor = start.cursor;

    // Signs in, and returns the credentials and the id of the new session.
    let sign_in = async || {
        let who = app.sign_in("ada@example.com").await;
        let id = session_id(&app, &who.cookie).await;
        (who, id)
    };
    let mut expect = async |what: &str, mut ids: Vec<String>| {
        let page = after(&app, Some(&cursor)).await;
        let mut ended = page.sessions();
        ended.sort_unstable();
        ids.sort_unstable();
        assert_eq!(ended, ids, "{what}");
        for (kind, user, _) in &page.events {
            assert_eq!((kind.as_str(), user), (SESSION_REVOKED, &user_id(&ada.user)), "{what}");
        }
        cursor = page.cursor;
    };

    let (who, id) = sign_in().await;
    app.post_as(&who, SIGN_OUT, &json!({})).await;
    expect("sign-out", vec![id]).await;

    let ((who, first), (other, second)) = (sign_in().await, sign_in().await);
    let body = json!({ "token": other.token });
    app.post_as(&who, "/api/auth/revoke-session", &body).await.is_done();
    expect("revoke-session", vec![second]).await;

    let (_, third) = sign_in().await;
    let own = session_id(&app, &ada.cookie).await;
    app.post_as(&who, "/api/auth/revoke-other-sessions", &json!({})).await.is_done();
    expect("revoke-other-sessions", vec![own, third]).await;

    let (_, fourth) = sign_in().await;
    app.post_as(&who, "/api/auth/revoke-sessions", &json!({})).await.is_done();
    expect("revoke-sessions", vec![first, fourth]).await;

    let ((who, fifth), (_, sixth)) = (sign_in().await, sign_in().await);
    let body = json!({
        "currentPassword": PASSWORD, "newPassword": PASSWORD, "revokeOtherSessions": true,
    });
    let changed = app.post_as(&who, "/api/auth/change-password", &body).await.signed_in();
    expect("change-password", vec![fifth, sixth]).await;

    let seventh = session_id(&app, &changed.cookie).await;
    let body = json!({ "email": "ada@example.com" });
    app.post("/api/auth/request-password-reset").json(&body).answer().await;
    let reset = app.mail_to("ada@example.com", "reset-password").await;
    let body = json!({ "newPassword": "another horse 42", "token": reset.token() });
    app.post("/api/auth/reset-password").json(&body).answer().await.is_done();
    expect("reset-password", vec![seventh]).await;
}

fn user_id(user: &Value) -> String {
    user["id"].as_str().unwrap().to_owned()
}

async fn a_disabled_user_is_published(db: TestDatabase) {
    let app = spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let id = session_id(&app, &ada.cookie).await;
    for command in ["disable", "enable"] {
        let mut process = process(&db.url(), &[]);
        let output = process.args(["users", command, "ada@example.com"]).output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    let user = user_id(&ada.user);
    let event = |kind: &str, session: Option<String>| (kind.to_owned(), user.clone(), session);
    let disabled = event(ACCOUNT_DISABLED, None);
    let all = [event(SESSION_REVOKED, Some(id)), disabled.clone(), event(ACCOUNT_ENABLED, None)];
    assert_eq!(after(&app, None).await.events, all);
    let body = json!({ "eventTypes": [ACCOUNT_DISABLED], "returnImmediately": true });
    let page = Page::read(&app, &poll(&app, &body).answer().await).await;
    assert_eq!(page.events, [disabled]);
}

async fn a_deleted_user_is_published_and_kept(db: TestDatabase) {
    let app = spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let body = json!({ "password": PASSWORD });
    assert_eq!(app.post_as(&ada, "/api/auth/delete-user", &body).await.status, 200);

    let page = after(&app, None).await;
    assert_eq!(page.events, [(ACCOUNT_PURGED.to_owned(), user_id(&ada.user), None)]);
    let (issued_at, event) = (&page.claims[0]["iat"], &page.claims[0]["events"][ACCOUNT_PURGED]);
    assert_eq!((&page.claims[0]["toe"], &event["event_timestamp"]), (issued_at, issued_at));
    let until = event["tokens_expire_by"].as_i64().unwrap() - issued_at.as_i64().unwrap();
    assert!((DAY..2 * DAY).contains(&until), "{until}");

    app.advance(30 * DAY);
    drop(app);
    let app = spawn(&db).await;
    app.advance(60 * DAY);
    assert_eq!(after(&app, None).await.events, page.events);
    let body = json!({ "returnImmediately": true, "validTokensOnly": true });
    let valid = Page::read(&app, &poll(&app, &body).answer().await).await;
    assert_eq!((valid.events.len(), valid.cursor), (0, page.cursor), "its tokens have expired");
    // The same address now belongs to a new user.
    let again = app.sign_up("ada@example.com").await;
    assert_ne!(again.user["id"], ada.user["id"]);
}

async fn a_receiver_continues_from_its_cursor(db: TestDatabase) {
    let app = spawn(&db).await;
    app.sign_up("ada@example.com").await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        let who = app.sign_in("ada@example.com").await;
        ids.push(session_id(&app, &who.cookie).await);
        app.post_as(&who, SIGN_OUT, &json!({})).await;
    }

    let (mut cursor, mut seen, mut pages) = (None, Vec::new(), 0);
    loop {
        let body = json!({ "maxEvents": 2, "returnImmediately": true, "cursor": cursor });
        let page = Page::read(&app, &poll(&app, &body).answer().await).await;
        seen.extend(page.sessions().into_iter().map(str::to_owned));
        cursor = Some(page.cursor);
        pages += 1;
        if !page.more_available {
            break;
        }
    }
    assert_eq!((&seen, pages), (&ids, 3));
    assert_eq!(after(&app, cursor.as_deref()).await.events, []);

    // This request only acknowledges events (RFC 8936), which has no effect here.
    let body = json!({ "maxEvents": 0, "ack": ["a"], "setErrs": { "b": { "err": "jwtIss" } } });
    let page = Page::read(&app, &poll(&app, &body).answer().await).await;
    assert!(page.events.is_empty() && page.more_available);
    // No event has the requested types; the cursor still moves past all events.
    let body = json!({ "eventTypes": [ACCOUNT_PURGED, "urn:unknown"], "returnImmediately": true });
    let page = Page::read(&app, &poll(&app, &body).answer().await).await;
    assert_eq!((page.events.len(), Some(page.cursor)), (0, cursor));
}

async fn a_waiting_receiver_is_notified_of_a_sign_out(db: TestDatabase) {
    let app = spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let id = session_id(&app, &ada.cookie).await;
    let replica = TestApp::start(Config { events: app_events(), ..config(&db.url) }).await.unwrap();

    let nothing = json!({});
    let wait = async |app: &TestApp| Page::read(app, &poll(app, &json!({})).answer().await).await;
    let (here, there, signed_out) =
        tokio::join!(wait(&app), wait(&replica), app.post_as(&ada, SIGN_OUT, &nothing));
    assert_eq!(signed_out.status, 200);
    for page in [here, there] {
        assert_eq!(page.sessions(), [&id]);
    }
}

fn app_events() -> auth_service::config::EventArgs {
    auth_service::config::EventArgs { events_secret: vec![RECEIVER.into()] }
}

/// Tests the case in which another replica has recorded an event but not committed it yet.
async fn an_event_of_a_transaction_that_commits_late_is_not_skipped(db: TestDatabase) {
    let app = spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let first = app.sign_in("ada@example.com").await;
    app.post_as(&first, SIGN_OUT, &json!({})).await;
    let start = after(&app, None).await;
    let late = session_id(&app, &ada.cookie).await;

    let (recorded, is_recorded) = oneshot::channel();
    let (commit, may_commit) = oneshot::channel::<()>();
    let holding = async {
        let database = Database::open(&db.url).unwrap();
        let conn = &mut database.write().await.unwrap();
        let held = conn.transaction(async |conn: &mut Conn| {
            for statement in [
                "UPDATE event_streams SET last_place = last_place + 1",
                "INSERT INTO security_events \
                 (place, kind, user_id, session_id, created_at, tokens_expire_by) \
                 SELECT last_place, 'session-revoked', 'bob', 'late', created_at, tokens_expire_by \
                 FROM event_streams, security_events",
            ] {
                let statement = diesel::sql_query(statement);
                query!(&mut *conn, |c| diesel_async::RunQueryDsl::execute(statement, c))?;
            }
            recorded.send(()).unwrap();
            may_commit.await.unwrap();
            Ok::<_, diesel::result::Error>(())
        });
        held.await.unwrap();
    };
    let meanwhile = async {
        is_recorded.await.unwrap();
        let nothing = json!({});
        let sign_out = app.post_as(&ada, SIGN_OUT, &nothing);
        let look = async {
            if db.engine == Engine::Postgres {
                eventually("a sign-out that waits for its place", async || {
                    let waiting = "SELECT CAST(count(*) AS text) AS text FROM pg_stat_activity \
                                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
                    (db.texts(waiting).await == ["1"]).then_some(())
                })
                .await;
            }
            let page = after(&app, Some(&start.cursor)).await;
            assert_eq!((page.events.len(), &page.cursor), (0, &start.cursor));
            commit.send(()).unwrap();
        };
        let (signed_out, ()) = tokio::join!(sign_out, look);
        assert_eq!(signed_out.status, 200);
    };
    tokio::join!(holding, meanwhile);

    let page = after(&app, Some(&start.cursor)).await;
    assert_eq!(page.sessions(), ["late", &late]);
}

async fn a_cursor_of_another_database_starts_over(db: TestDatabase) {
    let app = spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    app.post_as(&ada, SIGN_OUT, &json!({})).await;
    let page = after(&app, None).await;
    let (stream, place) = page.cursor.rsplit_once('.').unwrap();
    let ahead = format!("{stream}.{}", place.parse::<u64>().unwrap() + 1);
    for cursor in ["another-stream.1", &ahead, ""] {
        assert_eq!(after(&app, Some(cursor)).await.events, page.events, "{cursor:?}");
    }
}

async fn events_are_deleted_once_their_tokens_have_expired(db: TestDatabase) {
    let app = spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    app.post_as(&ada, SIGN_OUT, &json!({})).await;
    let bob = app.sign_up("bob@example.com").await;
    app.post_as(&bob, "/api/auth/delete-user", &json!({ "password": PASSWORD })).await;
    let before = after(&app, None).await;
    assert_eq!(before.events.len(), 2);
    drop(app);
    let long_ago = "UPDATE security_events SET tokens_expire_by = '2025-01-01T00:00:00.000000Z'";
    db.change(long_ago).await;

    // Housekeeping runs at startup.
    let app = spawn(&db).await;
    eventually("the end of an event", async || {
        (count(&db, "security_events").await == 1).then_some(())
    })
    .await;
    let page = after(&app, None).await;
    assert_eq!(page.events, before.events[1..]);
    assert_eq!(page.cursor, before.cursor, "no place is used twice");
    assert_eq!(after(&app, Some(&before.cursor)).await.events, []);
}

async fn nothing_is_recorded_when_nothing_ends(db: TestDatabase) {
    let app = spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let bob = app.sign_up("bob@example.com").await;
    app.post(SIGN_OUT).bearer_auth("a token of nobody").json(&json!({})).answer().await;
    let body = json!({ "token": bob.token });
    app.post_as(&ada, "/api/auth/revoke-session", &body).await.is_done();
    app.post_as(&ada, "/api/auth/revoke-other-sessions", &json!({})).await.is_done();
    let body = json!({ "currentPassword": PASSWORD, "newPassword": "another horse 42" });
    assert_eq!(app.post_as(&ada, "/api/auth/change-password", &body).await.status, 200);
    let wrong = json!({ "password": "wrong horse 42" });
    assert_eq!(app.post_as(&ada, "/api/auth/delete-user", &wrong).await.status, 400);

    assert_eq!(after(&app, None).await.events, []);
    assert_eq!(count(&db, "security_events").await, 0);
}
