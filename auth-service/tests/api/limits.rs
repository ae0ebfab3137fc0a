//! Misbehaving clients and overload: invalid HTTP, too many concurrent requests, slow clients,
//! clients that disconnect in the middle of a request, and an unavailable database.

use database::{
    Database, on_both_engines, query,
    testing::{Engine, TestDatabase},
};
use diesel::{QueryResult, sql_query};
use diesel_async::RunQueryDsl as _;
use serde_json::json;
use tokio::{io::AsyncWriteExt as _, net::TcpStream, task::JoinSet};

use crate::app::{
    Answer, Answering as _, GET_SESSION, JWKS, PASSWORD, SIGN_IN, SIGN_OUT, SIGN_UP, TestApp, count,
};

on_both_engines!(auth_service::MIGRATIONS;
    ambiguous_framing_is_refused,
    a_request_smuggled_in_a_body_is_not_served,
    trace_echoes_nothing,
    an_endless_head_is_refused,
    a_request_id_comes_back_if_it_can_be_logged,
    fifty_simultaneous_sign_ups_make_fifty_users,
    a_hundred_simultaneous_reads_succeed,
    twenty_simultaneous_sign_outs_of_one_session_succeed,
    keys_are_published_while_passwords_are_hashed,
    connections_reset_in_the_middle_of_a_request_leave_nothing_behind,
    half_open_connections_delay_no_request,
    passwords_that_are_too_long_are_refused_in_any_number,
    a_full_hashing_queue_returns_503_with_retry_after,
    an_unavailable_database_returns_503_until_it_recovers,
    database_errors_are_not_described,
);

fn sign_up_bytes(email: &str) -> String {
    let body = json!({ "name": "Ada", "email": email, "password": PASSWORD }).to_string();
    let length = body.len();
    format!(
        "POST {SIGN_UP} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}

async fn ambiguous_framing_is_refused(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let good = sign_up_bytes("ada@example.com");
    let length_and_chunked = good.replace("host: x", "host: x\r\ntransfer-encoding: chunked");
    let two_lengths = good.replace("host: x", "host: x\r\ncontent-length: 5");
    let odd_length = |length: &str| {
        let (head, body) = good.split_once("\r\n\r\n").unwrap();
        let head = head.rsplit_once("content-length").unwrap().0;
        format!("{head}content-length: {length}\r\n\r\n{body}")
    };

    for request in [
        length_and_chunked,
        two_lengths,
        odd_length("+70"),
        odd_length("-1"),
        odd_length("7 0"),
        odd_length("70, 71"),
        odd_length("0x46"),
        odd_length("18446744073709551616"),
        good.replace("host: x", "host: x\r\n folded: yes"),
        good.replace("host: x", "host : x"),
        good.replace("host: x", "ho st: x"),
        good.replace("content-type:", "content-type\0:"),
        good.replace("HTTP/1.1", "HTTP/9.9"),
        good.replace("HTTP/1.1\r\n", "\r\n"),
        good.replace(&format!("POST {SIGN_UP}"), "POST"),
    ] {
        let answer = app.raw(request.as_bytes()).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{request}\n->\n{answer}");
    }
    assert_eq!(count(&db, "users").await, 0);
    app.sign_up("ada@example.com").await;
}

async fn a_request_smuggled_in_a_body_is_not_served(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    for framing in [
        "content-length: 6\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 6",
        "transfer-encoding: xchunked\r\ncontent-length: 6",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity",
        "transfer-encoding:\x0bchunked\r\ncontent-length: 6",
    ] {
        let request = format!(
            "POST {SIGN_OUT} HTTP/1.1\r\nhost: x\r\n{framing}\r\n\r\n0\r\n\r\n{}",
            sign_up_bytes("eve@example.com")
        );
        let answer = app.raw(request.as_bytes()).await;
        assert!(!answer.contains("200 OK"), "{framing}\n->\n{answer}");
    }
    assert_eq!(count(&db, "users").await, 0);
}

async fn trace_echoes_nothing(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    for path in [SIGN_IN, GET_SESSION, JWKS, "/jwks", "/", "/health/live"] {
        let request = format!(
            "TRACE {path} HTTP/1.1\r\nhost: x\r\ncookie: echo=echo\r\nauthorization: Bearer echo\r\n\
             x-echo: echo\r\nconnection: close\r\n\r\n"
        );
        let answer = app.raw(request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
        assert!(!answer.contains("echo"), "{answer}");
    }
}

async fn an_endless_head_is_refused(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let megabyte = "a".repeat(1_000_000);

    for request in [
        format!("GET /{megabyte} HTTP/1.1\r\nhost: x\r\n\r\n"),
        format!("GET {GET_SESSION} HTTP/1.1\r\nhost: x\r\ncookie: {megabyte}\r\n\r\n"),
        format!("GET {GET_SESSION} HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(100_000)),
    ] {
        let answer = app.raw(request.as_bytes()).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    assert_eq!(app.get("/health/ready").answer().await.status, 200);
}

async fn a_request_id_comes_back_if_it_can_be_logged(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let longest = "x".repeat(128);
    let too_long = "x".repeat(129);
    let sent = |path: &str, id: &[u8]| app.get(path).header("x-request-id", id).answer();

    for path in [JWKS, "/api/auth/unknown", "/unknown"] {
        for id in ["abc-123", "{\"a\":1}", &longest] {
            let answer = sent(path, id.as_bytes()).await;
            assert_eq!(answer.header("x-request-id"), Some(id), "{path}");
        }
        for id in ["", "a b", &too_long, "ü"] {
            let answer = sent(path, id.as_bytes()).await;
            let made = answer.header("x-request-id").unwrap();
            assert!(made.len() == 32 && made != id, "{path} {id}: {made}");
        }
    }
    let (one, other) = tokio::join!(app.get(JWKS).answer(), app.get(JWKS).answer());
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
}

async fn fifty_simultaneous_sign_ups_make_fifty_users(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let mut crowd = JoinSet::new();
    for i in 0..50 {
        crowd.spawn_local(app.sign_up_request(&format!("ada{i}@example.com")).answer());
    }

    for answer in crowd.join_all().await {
        answer.signed_in();
    }
    assert_eq!(count(&db, "users").await, 50);
    assert_eq!(count(&db, "sessions").await, 50);
}

async fn a_hundred_simultaneous_reads_succeed(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let mut crowd = JoinSet::new();
    for _ in 0..100 {
        crowd.spawn_local(app.get(GET_SESSION).header("cookie", &ada.cookie).answer());
    }

    for answer in crowd.join_all().await {
        assert_eq!(answer.json()["user"], ada.user);
    }
}

async fn twenty_simultaneous_sign_outs_of_one_session_succeed(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let mut crowd = JoinSet::new();
    for _ in 0..20 {
        crowd.spawn_local(app.post(SIGN_OUT).bearer_auth(&ada.token).answer());
    }

    for answer in crowd.join_all().await {
        assert_eq!((answer.status, answer.json()), (200, json!({ "success": true })));
    }
    assert_eq!(count(&db, "sessions").await, 0);
}

async fn keys_are_published_while_passwords_are_hashed(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.bcrypt_cost = 12).await;
    let mut hashing = JoinSet::new();
    for i in 0..12 {
        hashing.spawn_local(app.sign_up_request(&format!("ada{i}@example.com")).answer());
    }
    // When the first request has finished, the others are in flight.
    hashing.join_next().await.unwrap().unwrap().signed_in();

    let all_hashed = async { while hashing.join_next().await.is_some() {} };
    let keys = tokio::select! {
        biased;
        () = all_hashed => panic!("the keys waited for the passwords"),
        answer = app.get(JWKS).answer() => answer,
    };

    assert!(keys.json()["keys"].is_array());
}

async fn connections_reset_in_the_middle_of_a_request_leave_nothing_behind(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let read = format!("GET {GET_SESSION} HTTP/1.1\r\nhost: x\r\ncookie: {}\r\n\r\n", ada.cookie);
    let wrong = json!({ "email": "ada@example.com", "password": "wrong horse 42" }).to_string();
    let sign_in = format!(
        "POST {SIGN_IN} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{wrong}",
        wrong.len()
    );

    for i in 0..200 {
        let request = match i % 4 {
            0 => &read[..read.len() - 2],
            1 => &sign_in[..sign_in.len() - 5],
            // These requests are complete, but their responses are never read.
            2 => read.as_str(),
            _ => sign_in.as_str(),
        };
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.set_zero_linger().unwrap();
    }

    // Sends more requests than there are database connections.
    let mut crowd = JoinSet::new();
    for i in 0..40 {
        crowd.spawn_local(app.get(GET_SESSION).header("cookie", &ada.cookie).answer());
        crowd.spawn_local(app.sign_up_request(&format!("ada{i}@example.com")).answer());
    }
    for answer in crowd.join_all().await {
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

async fn half_open_connections_delay_no_request(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let request = sign_up_bytes("eve@example.com");
    let mut half_open = Vec::new();
    for i in 0..150 {
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        // Sends nothing, a part of the head, or all but the end of the body.
        let sent = [0, 20, request.len() - 5][i % 3];
        stream.write_all(&request.as_bytes()[..sent]).await.unwrap();
        half_open.push(stream);
    }

    let ada = app.sign_up("ada@example.com").await;
    assert_eq!(app.get_session(&ada.cookie).await.json()["user"], ada.user);
    drop(half_open);
    assert_eq!(count(&db, "users").await, 1);
}

async fn passwords_that_are_too_long_are_refused_in_any_number(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let long = "x".repeat(900_000);
    let mut crowd = JoinSet::new();
    // Sends more requests than the hashing queue holds. If they were queued, some would receive a
    // 503.
    for _ in 0..300 {
        crowd.spawn_local(app.sign_in_request("ada@example.com", &long).answer());
    }

    for answer in crowd.join_all().await {
        answer.is_error(400, "PASSWORD_TOO_LONG", "Password too long");
    }
}

async fn a_full_hashing_queue_returns_503_with_retry_after(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.bcrypt_cost = 14).await;
    let mut crowd = JoinSet::new();
    for _ in 0..400 {
        crowd.spawn_local(app.sign_in_request("ada@example.com", PASSWORD).answer());
    }

    let refused = loop {
        let answer = crowd.join_next().await.unwrap().unwrap();
        if answer.status != 401 {
            break answer;
        }
    };

    refused.is_error(503, "SERVICE_UNAVAILABLE", "Service temporarily unavailable");
    assert_eq!(refused.header("retry-after"), Some("1"));
}

async fn an_unavailable_database_returns_503_until_it_recovers(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let is_unavailable = |answer: &Answer| {
        answer.is_error(503, "SERVICE_UNAVAILABLE", "Service temporarily unavailable");
        assert_eq!(answer.header("retry-after"), Some("1"));
    };

    match db.engine {
        Engine::Postgres => {
            let mut server: url::Url = db.url().parse().unwrap();
            let name = server.path()[1..].to_owned();
            server.set_path("postgres");
            let server = Database::open(&server.as_str().parse().unwrap()).unwrap();
            let run = async |statement: String| {
                let mut conn = server.write().await.unwrap();
                query!(&mut conn, |c| sql_query(&statement).execute(c)).unwrap();
            };
            run(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await;
            run(format!(
                "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity \
                 WHERE datname = '{name}'"
            ))
            .await;
            is_unavailable(&app.get_session(&ada.cookie).await);
            is_unavailable(&app.sign_up_request("eve@example.com").answer().await);
            let ready = app.get("/health/ready").answer().await;
            assert_eq!((ready.status, ready.header("retry-after")), (503, Some("1")));
            let unavailable = json!({
                "status": "unavailable",
                "database": "unavailable",
                "schema": "ok",
                "keys": "ok",
            });
            assert_eq!(ready.json(), unavailable);
            assert_eq!(app.get("/health/live").answer().await.status, 200);
            run(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).await;
        }
        Engine::Sqlite => {
            let database = Database::open(&db.url).unwrap();
            let mut conn = database.write().await.unwrap();
            let hold_the_lock = conn.transaction(async |conn| {
                query!(conn, |c| sql_query("SELECT 1").execute(c))?;
                is_unavailable(&app.sign_up_request("eve@example.com").answer().await);
                QueryResult::Ok(())
            });
            hold_the_lock.await.unwrap();
        }
    }

    assert_eq!(app.get_session(&ada.cookie).await.json()["user"], ada.user);
    app.sign_up("eve@example.com").await;
}

async fn database_errors_are_not_described(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;

    db.change("DROP TABLE sessions").await;

    for request in [
        app.get(GET_SESSION).bearer_auth(&ada.token),
        app.post(SIGN_OUT).bearer_auth(&ada.token),
        app.sign_in_request("ada@example.com", PASSWORD),
        app.sign_up_request("eve@example.com"),
    ] {
        let answer = request.answer().await;
        assert!(answer.status >= 500, "{answer:?}");
        assert!(answer.json()["message"].is_string(), "{answer:?}");
        for detail in ["sessions", "table", "relation", "diesel", "SQL"] {
            assert!(!answer.body.contains(detail), "{answer:?}");
        }
    }
    assert_eq!(count(&db, "users").await, 1, "a sign-up is all or nothing");
}
