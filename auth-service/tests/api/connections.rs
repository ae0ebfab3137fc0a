//! PostgreSQL connections that the server closes, because it scales to zero or fails over, or
//! because an administrator terminates them.

use database::{
    Database, query,
    testing::{Engine, TestDatabase},
};
use diesel::sql_query;
use diesel_async::RunQueryDsl as _;
use serde_json::json;

use crate::app::{Answering as _, TestApp};

const ROUNDS: usize = 3;

#[actix_web::test]
async fn no_request_fails_when_the_server_closes_idle_connections() {
    let db = TestDatabase::create(Engine::Postgres, auth_service::MIGRATIONS).await;
    let Some(db) = db else { return };
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;

    for round in 0..ROUNDS {
        close_connections(&db).await;
        assert_eq!(app.get_session(&ada.cookie).await.json()["user"]["id"], ada.user["id"]);
        close_connections(&db).await;
        app.sign_in("ada@example.com").await;
        close_connections(&db).await;
        app.sign_up(&format!("user-{round}@example.com")).await;
        close_connections(&db).await;
        app.token(&ada).await;
        let name = json!({ "name": format!("Ada {round}") });
        close_connections(&db).await;
        assert_eq!(app.post_as(&ada, "/api/auth/update-user", &name).await.status, 200);
        assert_eq!(app.get("/health/ready").answer().await.status, 200);
    }
}

/// Terminates the server processes of all other connections to the database, and waits until they
/// have exited.
async fn close_connections(db: &TestDatabase) {
    let database = Database::open(&db.url).unwrap();
    let mut conn = database.read_at_leisure().await.unwrap();
    let close = sql_query(
        "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    query!(&mut conn, |c| close.execute(c)).unwrap();
}
