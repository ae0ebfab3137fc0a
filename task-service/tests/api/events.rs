//! Security events: tokens of ended sessions are rejected, the tasks of deleted users are erased,
//! and a silent feed is reported.

mod feed;

use database::{on_both_engines, testing::TestDatabase};
use jwks_auth::testing::Issuer;
use reqwest::StatusCode;
use serde_json::{Value, json};
use task_service::config::{Config, WhenSilent};

use self::feed::Feed;
use crate::app::{TestApp, claims, now, problem};

on_both_engines!(task_service::MIGRATIONS;
    a_token_of_an_ended_session_is_refused,
    a_service_that_starts_later_knows_of_earlier_events,
    the_tasks_of_a_deleted_user_are_erased,
    replicas_erase_together_and_continue_after_a_restart,
    data_written_after_a_deletion_is_erased_when_tokens_have_expired,
    a_forged_event_has_no_effect,
    a_silent_feed_is_reported_and_tokens_are_accepted,
    a_silent_feed_refuses_tokens_if_so_configured,
);

/// Number of tasks, enough that their erasure takes several batches.
const MANY: usize = 2500;

async fn spawn(db: &TestDatabase, feed: &Feed) -> TestApp {
    spawn_with(db, feed, |_| {}).await
}

async fn spawn_with(db: &TestDatabase, feed: &Feed, change: impl FnOnce(&mut Config)) -> TestApp {
    TestApp::spawn_with(db, |config| {
        config.events.events_url = Some(feed.url());
        config.events.events_secret =
            vec![feed::SECRET.into(), "an older secret of the feed, unused".into()];
        change(config);
    })
    .await
}

/// Returns a token issued for a session.
fn token_of(app: &TestApp, sub: &str, sid: &str) -> String {
    let mut claims = claims(sub);
    claims["sid"] = sid.into();
    claims["jti"] = format!("{sub}-{sid}").into();
    app.keys.issuer().sign(&claims)
}

async fn ready(app: &TestApp) -> (StatusCode, Value) {
    let response = app.client.get(app.url("/health/ready")).send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

/// Waits until a token is rejected, and returns the problem document.
async fn refused(app: &TestApp, token: &str) -> Value {
    loop {
        let response = app.get("/api/tasks", token).await;
        if response.status() != StatusCode::OK {
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
            assert_eq!(response.headers()["www-authenticate"], r#"Bearer error="invalid_token""#);
            return problem(response).await;
        }
        tokio::task::yield_now().await;
    }
}

async fn count(db: &TestDatabase, table: &str, user: &str) -> usize {
    let count =
        format!("SELECT CAST(count(*) AS text) AS text FROM {table} WHERE user_id = '{user}'");
    db.texts(&count).await[0].parse().unwrap()
}

/// Waits until all of the user's data is erased.
async fn erased(db: &TestDatabase, user: &str) {
    for table in ["tasks", "idempotency_keys"] {
        while count(db, table, user).await > 0 {
            tokio::task::yield_now().await;
        }
    }
}

async fn a_token_of_an_ended_session_is_refused(db: TestDatabase) {
    let feed = Feed::start();
    let app = spawn(&db, &feed).await;
    let (first, second) = (token_of(&app, "ada", "one"), token_of(&app, "ada", "two"));
    let bob = token_of(&app, "bob", "three");
    // Puts the tokens into the cache.
    for token in [&first, &second, &bob] {
        assert_eq!(app.status_for(token).await, StatusCode::OK);
    }

    feed.end_session("ada", "one");
    let problem = refused(&app, &first).await;
    assert_eq!(
        (&problem["code"], &problem["detail"]),
        (&json!("invalid_token"), &json!("Invalid token"))
    );
    for token in [&second, &bob] {
        assert_eq!(app.status_for(token).await, StatusCode::OK);
    }
    // A token of the same session that was not in the cache is refused as well.
    let mut claims = claims("ada");
    claims["sid"] = "one".into();
    claims["jti"] = "another".into();
    let another = app.keys.issuer().sign(&claims);
    assert_eq!(app.status_for(&another).await, StatusCode::UNAUTHORIZED);

    feed.revoke_token("ada-two");
    refused(&app, &second).await;
    feed.delete_user("bob");
    refused(&app, &bob).await;
}

async fn a_service_that_starts_later_knows_of_earlier_events(db: TestDatabase) {
    let feed = Feed::start();
    for number in 0..1200 {
        feed.end_session("ada", &number.to_string());
    }
    let app = spawn(&db, &feed).await;
    loop {
        let (status, body) = ready(&app).await;
        if status == StatusCode::OK {
            assert_eq!(body["events"], "ok");
            break;
        }
        tokio::task::yield_now().await;
    }
    for sid in ["0", "1199"] {
        assert_eq!(app.status_for(&token_of(&app, "ada", sid)).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(app.status_for(&token_of(&app, "ada", "1200")).await, StatusCode::OK);
}

/// Inserts `count` tasks of the user directly into the database.
async fn add_tasks(db: &TestDatabase, user: &str, count: usize) {
    for start in (0..count).step_by(500) {
        let rows: Vec<_> = (start..count.min(start + 500))
            .map(|number| match db.engine {
                database::testing::Engine::Postgres => {
                    format!("('00000000-0000-7000-8000-{number:012x}', '{user}', 'x', NULL, false, \
                             '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 1, 'x', NULL)")
                }
                database::testing::Engine::Sqlite => {
                    format!("(x'00000000000070008000{number:012x}', '{user}', 'x', NULL, 0, \
                             '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z', 1, 'x', NULL)")
                }
            })
            .collect();
        let columns = "id, user_id, title, description, completed, created_at, updated_at, version, \
                       title_folded, description_folded";
        db.change(&format!("INSERT INTO tasks ({columns}) VALUES {}", rows.join(", "))).await;
    }
}

async fn the_tasks_of_a_deleted_user_are_erased(db: TestDatabase) {
    let feed = Feed::start();
    let app = spawn(&db, &feed).await;
    let (ada, bob) = (app.token("ada"), app.token("bob"));
    for token in [&ada, &bob] {
        let request = app.request(reqwest::Method::POST, "/api/tasks", token);
        let request = request.header("idempotency-key", "a key").json(&json!({ "title": "One" }));
        assert_eq!(request.send().await.unwrap().status(), StatusCode::CREATED);
    }
    add_tasks(&db, "ada", MANY).await;
    assert_eq!(count(&db, "tasks", "ada").await, MANY + 1);

    feed.delete_user("ada");
    erased(&db, "ada").await;
    assert_eq!(app.status_for(&ada).await, StatusCode::UNAUTHORIZED);
    assert_eq!(app.titles("/api/tasks", &bob).await, ["One"]);
    assert_eq!(count(&db, "idempotency_keys", "bob").await, 1);
    // A later user with the same e-mail address has another id.
    assert_eq!(app.titles("/api/tasks", &app.token("ada-again")).await, [""; 0]);
}

async fn replicas_erase_together_and_continue_after_a_restart(db: TestDatabase) {
    let feed = Feed::start();
    let users: Vec<_> = (0..10).map(|number| format!("user-{number}")).collect();
    for user in &users {
        add_tasks(&db, user, 1100).await;
    }
    add_tasks(&db, "ada", 3).await;
    let replicas = [spawn(&db, &feed).await, spawn(&db, &feed).await];
    for user in &users {
        feed.delete_user(user);
    }
    for user in &users {
        erased(&db, user).await;
    }
    drop(replicas);
    // The event is published while no replica is running.
    feed.delete_user("ada");
    let polled = feed.polls().len();
    let _app = spawn(&db, &feed).await;
    erased(&db, "ada").await;
    let known: Vec<_> = feed.polls().split_off(polled);
    let of_erasure = known.iter().filter(|poll| !poll["eventTypes"].is_null());
    let cursors: Vec<_> = of_erasure.map(|poll| poll["cursor"].clone()).collect();
    assert_eq!(cursors.first(), Some(&json!("10")), "it goes on where the others were");
}

async fn data_written_after_a_deletion_is_erased_when_tokens_have_expired(db: TestDatabase) {
    let feed = Feed::start();
    let app = spawn(&db, &feed).await;
    add_tasks(&db, "ada", 1).await;
    feed.delete_user("ada");
    erased(&db, "ada").await;
    while db.texts("SELECT user_id AS text FROM erasures WHERE erase_at < tokens_expire_by").await
        != [""; 0]
    {
        tokio::task::yield_now().await;
    }
    // Simulates a replica that has not received the event yet and stores a task.
    add_tasks(&db, "ada", 1).await;
    assert_eq!(count(&db, "erasures", "ada").await, 1);

    app.advance(2 * feed::TOKEN_LIFETIME);
    // Another event wakes the worker.
    feed.delete_user("bob");
    erased(&db, "ada").await;
    while count(&db, "erasures", "ada").await > 0 {
        tokio::task::yield_now().await;
    }
}

async fn a_forged_event_has_no_effect(db: TestDatabase) {
    let feed = Feed::start();
    let app = spawn(&db, &feed).await;
    let token = token_of(&app, "ada", "one");
    add_tasks(&db, "ada", 1).await;
    feed.sign_with(Issuer::new("first", 9));
    feed.delete_user("ada");
    feed.end_session("ada", "one");
    // Both the token verifier and the worker that erases tasks poll the feed. After six more polls,
    // both have processed the events.
    feed.more_polls(6).await;
    assert_eq!(app.status_for(&token).await, StatusCode::OK);
    assert_eq!(count(&db, "tasks", "ada").await, 1);
}

async fn a_silent_feed_is_reported_and_tokens_are_accepted(db: TestDatabase) {
    let feed = Feed::start();
    feed.fail();
    let app = spawn_with(&db, &feed, |config| {
        config.events.events_max_silence = std::time::Duration::from_secs(1);
        config.server.metrics.metrics_address = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    let token = token_of(&app, "ada", "one");
    assert_eq!(app.status_for(&token).await, StatusCode::OK);
    // At startup, the service waits for the feed for a limited time before it is ready.
    loop {
        let (status, body) = ready(&app).await;
        assert_eq!(body["events"], "unavailable");
        if status == StatusCode::OK {
            break;
        }
        tokio::task::yield_now().await;
    }
    let address = app.metrics_address.unwrap();
    let metrics = app.client.get(format!("http://{address}/metrics")).send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    assert!(metrics.contains("\nsecurity_events_current 0\n"), "{metrics}");

    feed.recover();
    feed.end_session("ada", "one");
    refused(&app, &token).await;
    let (_, body) = ready(&app).await;
    assert_eq!(body["events"], "ok");
}

async fn a_silent_feed_refuses_tokens_if_so_configured(db: TestDatabase) {
    let feed = Feed::start();
    feed.fail();
    let app = spawn_with(&db, &feed, |config| {
        config.events.events_when_silent = WhenSilent::Refuse;
    })
    .await;
    let token = token_of(&app, "ada", "one");
    let response = app.get("/api/tasks", &token).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(problem(response).await["code"], "issuer_unavailable");
    assert_eq!(ready(&app).await.0, StatusCode::SERVICE_UNAVAILABLE);
    let expired = app.keys.issuer().sign(&json!({ "exp": now() - 3600 }));
    assert_eq!(app.status_for(&expired).await, StatusCode::UNAUTHORIZED);

    feed.recover();
    while app.status_for(&token).await != StatusCode::OK {
        tokio::task::yield_now().await;
    }
    assert_eq!(ready(&app).await.0, StatusCode::OK);
}
