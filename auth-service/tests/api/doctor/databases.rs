//! The doctor's findings about unusable databases.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    thread,
};

use auth_service::MIGRATIONS;
use database::{
    migrate,
    testing::{Engine, TestDatabase},
};
use operator_tools::testing::free_port;

use super::{SECRETS, doctor};

#[actix_web::test]
async fn an_unusable_sqlite_file_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "neither a folder nor a database ".repeat(64)).unwrap();
    for (path, text) in [
        (file.join("auth.db"), "is not a folder"),
        (file.clone(), "file is not a database"),
        (folder.path().to_owned(), "is not a regular file"),
    ] {
        let report = doctor(&format!("sqlite://{}", path.display()), &[SECRETS]).await;
        report.finds("fault", "DATABASE_URL", text);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was made");
}

/// Returns PostgreSQL's response to a wrong password: an error with severity, code and message.
fn wrong_password() -> String {
    let fields = "SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user \"ada\"\0\0";
    let length = u32::try_from(fields.len() + 4).unwrap().to_be_bytes();
    format!("E{}{fields}", str::from_utf8(&length).unwrap())
}

#[actix_web::test]
async fn a_rejected_postgres_login_is_reported() {
    let closed = format!("127.0.0.1:{}", free_port());
    let url = format!("postgres://ada:hidden-password@{closed}/auth");
    let report = doctor(&url, &[SECRETS]).await;
    report.finds("fault", "DATABASE_URL", &format!("cannot connect to PostgreSQL at {closed}: "));
    assert!(!report.text.contains("hidden"), "{}", report.text);

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://ada@{}/auth", silent.local_addr().unwrap());
    let report = doctor(&url, &[SECRETS]).await;
    report.finds("fault", "DATABASE_URL", "no response within 5 s");

    let refusing = refusing_postgres();
    let url = format!("postgres://ada:hidden-password@{refusing}/auth");
    let report = doctor(&url, &[SECRETS]).await;
    report.finds("fault", "DATABASE_URL", "refuses the role \"ada\" or its password");
    assert!(!report.text.contains("hidden"), "{}", report.text);

    let Some(db) = TestDatabase::create(Engine::Postgres, MIGRATIONS).await else { return };
    let url = format!("{}_gone", db.url());
    let report = doctor(&url, &[SECRETS]).await;
    report.finds("fault", "DATABASE_URL", "create it, or change the URL");
}

#[actix_web::test]
async fn a_role_that_may_not_migrate_is_reported() {
    let Some(db) = TestDatabase::create(Engine::Postgres, MIGRATIONS).await else { return };
    migrate::revert(&db.url, MIGRATIONS).await.unwrap();
    let role = db.create_role().await;
    db.change("REVOKE CREATE ON SCHEMA public FROM PUBLIC").await;
    let tables = "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public";
    db.change(&format!("GRANT {tables} TO {}", role.name)).await;

    let report = doctor(&role.url, &[SECRETS]).await;

    db.drop_role(&role).await;
    let name = role.name;
    let text = format!(
        "its role {name} may not create tables in the schema public, as the migrations require: GRANT \
         CREATE ON SCHEMA public TO {name}"
    );
    report.finds("fault", "DATABASE_URL", &text);
}

#[actix_web::test]
async fn missing_rights_are_named_with_role_and_schema() {
    let Some(db) = TestDatabase::create(Engine::Postgres, MIGRATIONS).await else { return };
    let role = db.create_role().await;
    let name = &role.name;
    db.change("REVOKE ALL ON SCHEMA public FROM PUBLIC").await;

    let without_schema = doctor(&role.url, &[SECRETS]).await;
    db.change(&format!("GRANT USAGE ON SCHEMA public TO {name}")).await;
    let without_tables = doctor(&role.url, &[SECRETS]).await;
    let tables = db
        .texts(
            "SELECT tablename::text AS text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
        )
        .await;
    db.change(&format!("GRANT ALL ON ALL TABLES IN SCHEMA public TO {name}")).await;
    db.change(&format!("REVOKE UPDATE ON sessions FROM {name}")).await;
    let without_one = doctor(&role.url, &[SECRETS]).await;
    db.change(&format!("GRANT UPDATE ON sessions TO {name}")).await;
    let with_all = doctor(&role.url, &[SECRETS]).await;

    db.drop_role(&role).await;
    let text = format!(
        "its role {name} may not use the schema public: GRANT USAGE, CREATE ON SCHEMA public TO {name}"
    );
    without_schema.finds("fault", "DATABASE_URL", &text);
    let grant = "may not read and write all tables of the schema public: GRANT SELECT, INSERT, UPDATE, \
                 DELETE ON";
    let all: Vec<_> = tables.iter().map(|table| format!("public.{table}")).collect();
    let text = format!("its role {name} {grant} {} TO {name}", all.join(", "));
    without_tables.finds("fault", "DATABASE_URL", &text);
    let text = format!("its role {name} {grant} public.sessions TO {name}");
    without_one.finds("fault", "DATABASE_URL", &text);
    with_all.finds("ok", "schema", "is up to date");
}

/// Starts a server that speaks PostgreSQL's protocol and rejects every password.
fn refusing_postgres() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut call = [0; 1024];
            // The first message requests TLS, which this server does not support.
            for reply in ["N", &wrong_password()] {
                let _ = stream.read(&mut call);
                let _ = stream.write_all(reply.as_bytes());
            }
        }
    });
    address
}
