//! Disabled users: all their sessions end, and their sign-ins are refused as by Better Auth's admin
//! plugin.

use database::{
    Conn, Database, on_both_engines, query,
    testing::{Engine, TestDatabase},
};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{ADA, commands::succeeds, user_of};
use crate::{
    app::{
        Answer, Answering as _, CLEARED, PASSWORD, SIGN_IN, START_SHOWN, TestApp, count, is_nobody,
        shown, values, with_bearer,
    },
    mailbox::eventually,
};

on_both_engines!(auth_service::MIGRATIONS;
    a_disabled_user_is_signed_out_and_cannot_sign_in,
    an_expired_ban_is_lifted_at_sign_in,
    a_sign_in_while_the_user_is_being_disabled_leaves_no_session,
    a_change_of_password_while_the_user_is_being_disabled_leaves_no_session,
    a_verification_link_does_not_sign_a_disabled_user_in,
    a_disabled_user_is_exported_and_imported,
);

const TOKEN: &str = "/api/auth/token";

#[track_caller]
fn is_banned(answer: &Answer) {
    let message = "You have been banned from this application. Please contact support if you \
                   believe this is an error.";
    answer.is_error(403, "BANNED_USER", message);
    assert!(answer.cookies().is_empty(), "{answer:?}");
}

async fn sign_in(app: &TestApp) -> Answer {
    app.sign_in_request(ADA, PASSWORD).answer().await
}

async fn a_disabled_user_is_signed_out_and_cannot_sign_in(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up(ADA).await;
    let phone = app.sign_in(ADA).await;
    let bob = app.sign_up("bob@example.com").await;

    succeeds(&db, &["disable", ADA, "--reason", "spam"]).await;

    for who in [&ada, &phone] {
        is_nobody(&app.get_session(&who.cookie).await, &CLEARED);
        assert_eq!(with_bearer(&app, TOKEN, &who.token).await.status, 401);
    }
    is_banned(&sign_in(&app).await);
    let body = json!({ "email": ADA, "password": PASSWORD, "callbackURL": "/in" });
    is_banned(&app.post(SIGN_IN).json(&body).answer().await);
    let wrong = app.sign_in_request(ADA, "wrong horse 42").answer().await;
    wrong.is_error(401, "INVALID_EMAIL_OR_PASSWORD", "Invalid email or password");
    assert_eq!(app.get_session(&bob.cookie).await.json()["user"], bob.user);
    assert_eq!(count(&db, "sessions").await, 1);

    succeeds(&db, &["enable", ADA]).await;
    let again = app.sign_in(ADA).await;
    assert_eq!(with_bearer(&app, TOKEN, &again.token).await.status, 200);
    assert_eq!(user_of(&app, &again).await["id"], ada.user["id"]);
}

async fn an_expired_ban_is_lifted_at_sign_in(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up(ADA).await;
    app.round_time();
    let end = START_SHOWN.replace("00:00.123", "01:00.123");
    let no = if db.engine == Engine::Postgres { "false" } else { "0" };
    db.change(&format!(
        "UPDATE users SET is_active = {no}, ban_reason = 'spam', ban_expires = '{}'",
        end.replace("123Z", "123000Z")
    ))
    .await;

    app.advance(60);
    is_banned(&sign_in(&app).await);
    app.advance_millis(1);
    let again = app.sign_in(ADA).await;

    let shown = shown(60).replace(".123Z", ".124Z");
    let mut user = ada.user.clone();
    user["updatedAt"] = json!(shown);
    assert_eq!(user_of(&app, &again).await, user);
    let ban = "SELECT id AS value FROM users WHERE ban_reason IS NULL AND ban_expires IS NULL \
               AND is_active";
    assert_eq!(values(&db, ban).await.len(), 1);
    let events = "SELECT kind AS value FROM security_events";
    assert_eq!(values(&db, events).await, ["account-enabled"]);
}

/// Sends a request while another process is disabling all users: that process has changed the rows
/// but has not committed yet.
async fn while_being_disabled(db: &TestDatabase, request: impl Future<Output = Answer>) -> Answer {
    let (disabled, is_disabled) = oneshot::channel();
    let (commit, may_commit) = oneshot::channel::<()>();
    let holding = async {
        let database = Database::open(&db.url).unwrap();
        let conn = &mut database.write().await.unwrap();
        let held = conn.transaction(async |conn: &mut Conn| {
            let no = if db.engine == Engine::Postgres { "false" } else { "0" };
            for statement in
                [format!("UPDATE users SET is_active = {no}"), "DELETE FROM sessions".to_owned()]
            {
                let statement = diesel::sql_query(statement);
                query!(&mut *conn, |c| diesel_async::RunQueryDsl::execute(statement, c))?;
            }
            disabled.send(()).unwrap();
            may_commit.await.unwrap();
            Ok::<_, diesel::result::Error>(())
        });
        held.await.unwrap();
    };
    let meanwhile = async {
        is_disabled.await.unwrap();
        let waiting = async {
            if db.engine == Engine::Postgres {
                eventually("a request that waits for the user", async || {
                    let waiting = "SELECT CAST(count(*) AS text) AS text FROM pg_stat_activity \
                                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
                    (db.texts(waiting).await == ["1"]).then_some(())
                })
                .await;
            }
            commit.send(()).unwrap();
        };
        tokio::join!(request, waiting).0
    };
    tokio::join!(holding, meanwhile).1
}

async fn a_sign_in_while_the_user_is_being_disabled_leaves_no_session(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up(ADA).await;
    is_banned(&while_being_disabled(&db, sign_in(&app)).await);
    assert_eq!(count(&db, "sessions").await, 0);
}

async fn a_change_of_password_while_the_user_is_being_disabled_leaves_no_session(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up(ADA).await;
    let body = json!({
        "currentPassword": PASSWORD, "newPassword": "another horse 42", "revokeOtherSessions": true,
    });
    let change = app.post_as(&ada, "/api/auth/change-password", &body);
    let answer = while_being_disabled(&db, change).await;
    answer.is_error(401, "UNAUTHORIZED", "Unauthorized");
    assert_eq!(count(&db, "sessions").await, 0);
    succeeds(&db, &["enable", ADA]).await;
    app.sign_in(ADA).await;
}

async fn a_verification_link_does_not_sign_a_disabled_user_in(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        config.features.auto_sign_in_after_verification = true;
    })
    .await;
    app.sign_up(ADA).await;
    let body = json!({ "email": ADA, "callbackURL": "/in" });
    app.post("/api/auth/send-verification-email").json(&body).answer().await.is_done();
    let mail = app.mail_to(ADA, "verify-email").await;
    succeeds(&db, &["disable", ADA]).await;

    is_banned(&app.open(mail.link()).answer().await);

    let shown: Value =
        serde_json::from_str(&succeeds(&db, &["show", ADA, "--json"]).await).unwrap();
    assert_eq!((&shown["emailVerified"], &shown["sessions"]), (&json!(true), &json!(0)));
}

async fn a_disabled_user_is_exported_and_imported(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up(ADA).await;
    app.sign_up("bob@example.com").await;
    drop(app);
    succeeds(&db, &["disable", ADA, "--reason", "spam", "--for", "30d"]).await;
    let list = succeeds(&db, &["list", "--json"]).await;
    let there = db.elsewhere(auth_service::MIGRATIONS).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("export.jsonl");
    let file = file.to_str().unwrap();
    for (db, command) in [(&db, "export"), (&there, "import")] {
        let secret = [("BETTER_AUTH_SECRET", crate::app::SECRET)];
        let mut process = crate::secrets::process(&db.url(), &secret);
        let output = process.args([command, file]).output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    assert_eq!(succeeds(&there, &["list", "--json"]).await, list);
    let app = TestApp::spawn(&there).await;
    is_banned(&sign_in(&app).await);
    app.sign_in("bob@example.com").await;
}
