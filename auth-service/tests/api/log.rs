//! The log at its default level, and the advice about files that belong to another user.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use database::{
    migrate, on_both_engines,
    testing::{Engine, TestDatabase},
};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::{
    app::{Answering as _, PASSWORD, SECRET, SIGN_IN},
    foreign::Foreign,
    secrets::{Service, process},
};

on_both_engines!(auth_service::MIGRATIONS;
    a_refused_request_is_logged_with_its_cause,
    a_request_during_startup_is_not_logged_as_an_error,
);

const DEFAULT_LEVEL: (&str, &str) = ("RUST_LOG", "info,actix_server=warn");
const STRANGER: &str = "https://stranger.example";

async fn a_refused_request_is_logged_with_its_cause(db: TestDatabase) {
    let service = Service::start(&db, &[DEFAULT_LEVEL]).await;
    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    assert_eq!(service.post(SIGN_IN).json(&body).answer().await.status, 401);
    let foreign = service.post(SIGN_IN).json(&body).header("origin", STRANGER);
    assert_eq!(foreign.answer().await.status, 403);
    let preflight = service
        .request(Method::OPTIONS, SIGN_IN)
        .header("origin", format!("{STRANGER}:8443"))
        .header("access-control-request-method", "POST");
    preflight.answer().await;
    let mut stranger = TcpStream::connect(&service.address).unwrap();
    stranger.write_all(b"\x16\x03\x01 neither TLS nor HTTP\r\n\r\n").unwrap();
    stranger.read_to_end(&mut Vec::new()).unwrap();
    let log = service.log().await;

    let line = |text: &str| {
        let line = log.lines().find(|line| line.contains(text));
        line.unwrap_or_else(|| panic!("no {text:?} in {log}"))
    };
    assert!(line("sign-in/email 401").contains("wrong e-mail address or password"), "{log}");
    assert!(line("sign-in/email 403").contains("untrusted origin"), "{log}");
    assert!(line("origin refused").contains(STRANGER), "{log}");
    assert!(line("preflight").contains("https://stranger.example:8443"), "{log}");
    assert!(!log.contains("ERROR"), "{log}");
}

async fn a_request_during_startup_is_not_logged_as_an_error(db: TestDatabase) {
    migrate::revert(&db.url, auth_service::MIGRATIONS).await.unwrap();
    // With `MIGRATE` off, the service waits for another process to run the migrations.
    let service = Service::launch(&db, &[DEFAULT_LEVEL, ("MIGRATE", "off")]).await;
    let status = service.get("/api/auth/jwks").send().await.unwrap().status();
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let log = service.log().await;
    assert!(log.contains("GET /api/auth/jwks 503") && !log.contains("ERROR"), "{log}");
}

#[actix_web::test]
async fn files_of_another_user_are_reported_with_a_command_that_fixes_it() {
    let db = TestDatabase::create(Engine::Sqlite, auth_service::MIGRATIONS).await.unwrap();
    let place = Foreign::new();
    let secret = ("BETTER_AUTH_SECRET", SECRET);
    let folder = place.path("folder");
    let (database, file) = (format!("sqlite://{folder}/auth.db"), place.path("secret"));
    for (database, variables, path) in [
        (database.as_str(), [secret, ("HOST", "")], &folder),
        ("sqlite://unused", [("BETTER_AUTH_SECRET_FILE", file.as_str()), ("HOST", "")], &file),
    ] {
        let output = place.run(process(database, &variables)).output().await.unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(!output.status.success(), "{text}");
        assert!(text.contains(&Foreign::advice(path)), "{text}");
    }
    let report = process(&db.url(), &[secret, ("MAIL_DIR", &folder)]);
    let output = place.run(report).arg("doctor").output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("MAIL_DIR") && text.contains(&Foreign::advice(&folder)), "{text}");
}
