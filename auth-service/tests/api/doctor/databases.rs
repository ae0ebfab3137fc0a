//! Databases that cannot be used.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    thread,
};

use auth_service::MIGRATIONS;
use service_kit::{
    migrate,
    testing::{Engine, TestDatabase, free_port},
};
use url::Url;

use super::{SECRETS, doctor};

#[actix_web::test]
async fn a_sqlite_file_that_cannot_be_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "neither a folder nor a database ".repeat(64)).unwrap();
    for (path, text) in [
        (file.join("auth.db"), "is no folder"),
        (file.clone(), "file is not a database"),
        (folder.path().to_owned(), "is no file that this user may write"),
    ] {
        let report = doctor(&format!("sqlite://{}", path.display()), &[SECRETS]).await;
        report.finds("fault", "DATABASE_URL", text);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was made");
}

/// What PostgreSQL says to a wrong password: an error with its severity, code and text.
fn wrong_password() -> String {
    let fields = "SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user \"ada\"\0\0";
    let length = u32::try_from(fields.len() + 4).unwrap().to_be_bytes();
    format!("E{}{fields}", str::from_utf8(&length).unwrap())
}

#[actix_web::test]
async fn a_postgres_that_does_not_let_us_in_is_found() {
    let closed = format!("127.0.0.1:{}", free_port());
    let url = format!("postgres://ada:hidden-password@{closed}/auth");
    let report = doctor(&url, &[SECRETS]).await;
    report.finds("fault", "DATABASE_URL", &format!("PostgreSQL at {closed} cannot be used"));
    assert!(!report.text.contains("hidden"), "{}", report.text);

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://ada@{}/auth", silent.local_addr().unwrap());
    let report = doctor(&url, &[SECRETS]).await;
    report.finds("fault", "DATABASE_URL", "does not answer within 5 s");

    let refusing = refusing_postgres();
    let url = format!("postgres://ada:hidden-password@{refusing}/auth");
    let report = doctor(&url, &[SECRETS]).await;
    report.finds("fault", "DATABASE_URL", "refuses the role \"ada\" or its password");
    assert!(!report.text.contains("hidden"), "{}", report.text);

    let Some(db) = TestDatabase::create(Engine::Postgres, MIGRATIONS).await else { return };
    let url = format!("{}_gone", db.url());
    let report = doctor(&url, &[SECRETS]).await;
    report.finds("fault", "DATABASE_URL", "create it, or name another");
}

#[actix_web::test]
async fn a_role_that_may_not_migrate_is_found() {
    let Some(db) = TestDatabase::create(Engine::Postgres, MIGRATIONS).await else { return };
    migrate::revert(&db.url, MIGRATIONS).await.unwrap();
    let mut url: Url = db.url().parse().unwrap();
    let role = url.path().replace("/test_", "role_");
    db.change("REVOKE CREATE ON SCHEMA public FROM PUBLIC").await;
    db.change(&format!("CREATE ROLE {role} LOGIN PASSWORD 'example'")).await;
    db.change(&format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")).await;
    url.set_username(&role).unwrap();
    url.set_password(Some("example")).unwrap();

    let report = doctor(url.as_str(), &[SECRETS]).await;

    db.change(&format!("DROP OWNED BY {role}")).await;
    db.change(&format!("DROP ROLE {role}")).await;
    report.finds("fault", "DATABASE_URL", "its role may not make tables");
}

/// A server that takes a call of PostgreSQL's protocol and refuses the password.
fn refusing_postgres() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut call = [0; 1024];
            let _ = stream.read(&mut call);
            let _ = stream.write_all(wrong_password().as_bytes());
        }
    });
    address
}
