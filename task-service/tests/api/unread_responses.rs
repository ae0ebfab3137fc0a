//! Connections at the byte level: protocol upgrades, invalid framing, and clients that do not read.

use std::{net::SocketAddr, time::Duration};

use database::{on_both_engines, testing::TestDatabase};
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, Interest},
    net::{TcpSocket, TcpStream},
    task::yield_now,
    time::timeout,
};

use crate::app::{TestApp, problem};

on_both_engines!(task_service::MIGRATIONS;
    protocol_upgrades_are_ignored,
    a_chunk_that_begins_like_an_upgrade_is_stored_unchanged,
    a_malformed_chunk_gets_400,
    a_user_who_reads_nothing_is_limited_and_disconnected,
);

/// Time limit that is exceeded only if the service hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// Returns the head of a response, in lower case, and its body. Without a `Content-Length`, the
/// body may be incomplete.
async fn read_response(stream: &mut TcpStream) -> (String, String) {
    let mut bytes = Vec::new();
    let read = async {
        loop {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let head = head.to_ascii_lowercase();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                if length.is_none_or(|length| body.len() >= length.parse::<usize>().unwrap()) {
                    return (head, body.to_owned());
                }
            }
            assert_ne!(
                stream.read_buf(&mut bytes).await.unwrap(),
                0,
                "the connection ends: {text}"
            );
        }
    };
    timeout(PATIENCE, read).await.unwrap()
}

async fn protocol_upgrades_are_ignored(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let body = r#"{"title":"t"}"#;
    let mut created = 0;
    for offer in ["h2c", "websocket", "TLS/1.0", "WebSocket, h2c"] {
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        let offer = format!(
            "host: x\r\nauthorization: Bearer {token}\r\nconnection: Upgrade, HTTP2-Settings\r\n\
             upgrade: {offer}\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n"
        );
        let json = "content-type: application/json\r\n";
        for (request, status) in [
            (format!("GET /api/tasks HTTP/1.1\r\n{offer}\r\n"), "200"),
            (
                format!(
                    "POST /api/tasks HTTP/1.1\r\n{offer}{json}content-length: {}\r\n\r\n{body}",
                    body.len()
                ),
                "201",
            ),
            (
                format!(
                    "POST /api/tasks HTTP/1.1\r\n{offer}{json}transfer-encoding: chunked\r\n\r\n\
                     {:x}\r\n{body}\r\n0\r\n\r\n",
                    body.len()
                ),
                "201",
            ),
            ("GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(), "200"),
        ] {
            stream.write_all(request.as_bytes()).await.unwrap();
            let (head, _) = read_response(&mut stream).await;
            assert!(head.starts_with(&format!("http/1.1 {status} ")), "{request}: {head}");
            assert!(!head.contains("upgrade"), "{request}: {head}");
            assert!(!head.contains("connection: close"), "{request}: {head}");
        }
        created += 2;
        assert_eq!(app.titles("/api/tasks", &token).await.len(), created);
    }
}

async fn a_chunk_that_begins_like_an_upgrade_is_stored_unchanged(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    let request = format!(
        "POST /api/tasks HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n\
         c\r\n{{\"title\":\"an\r\n19\r\nupgrade: to the new one\"}}\r\n0\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let (head, _) = read_response(&mut stream).await;
    assert!(head.starts_with("http/1.1 201 "), "{head}");
    assert_eq!(app.titles("/api/tasks", &token).await, ["anupgrade: to the new one"]);
}

async fn a_malformed_chunk_gets_400(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    for chunks in ["zz\r\n", "-1\r\n{}\r\n", "5\r\n{}\r\n", "2\r\n{}x\r\n0\r\n\r\n", "2\n{}\n"] {
        for is_late in [false, true] {
            let mut stream = TcpStream::connect(app.address).await.unwrap();
            let head = format!(
                "POST /api/tasks HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
                 content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
            );
            let first = if is_late { format!("{head}1\r\n{{\r\n") } else { head };
            stream.write_all(first.as_bytes()).await.unwrap();
            stream.write_all(chunks.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            let read = stream.read_to_end(&mut answer);
            // In this case, the body is incomplete, and the client closes its side of the
            // connection.
            if chunks == "5\r\n{}\r\n" {
                drop(read);
                stream.shutdown().await.unwrap();
                timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
            } else {
                timeout(PATIENCE, read).await.unwrap().unwrap();
            }
            let answer = String::from_utf8(answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 400 "), "{chunks:?} {is_late}: {answer:?}");
            assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{chunks:?}: {answer:?}");
        }
    }
    assert_eq!(app.status_for(&token).await, StatusCode::OK);
}

/// Requests the tasks of a user, and waits for the response without reading it.
async fn request_and_read_nothing(address: SocketAddr, token: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    let request =
        format!("GET /api/tasks HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.readable().await.unwrap();
    stream
}

async fn a_user_who_reads_nothing_is_limited_and_disconnected(db: TestDatabase) {
    const TASKS: usize = 200;
    let app = TestApp::spawn_with(&db, |config| {
        config.server.responses.max_responses_mib = 4;
        config.server.responses.client_write_timeout = Duration::from_secs(5);
    })
    .await;
    let (ada, bob) = (app.token("ada"), app.token("bob"));
    let large = json!({ "title": "t", "description": "\u{1f600}".repeat(10_000) });
    for (token, count) in [(&ada, TASKS), (&bob, 60)] {
        for _ in 0..count / 10 {
            let answers = join_all((0..10).map(|_| app.post(token, &large))).await;
            for answer in answers {
                assert_eq!(answer.status(), StatusCode::CREATED);
            }
        }
    }

    // The limit for one user, a quarter of the total, is enough for three responses.
    let mut unread = Vec::new();
    for _ in 0..3 {
        unread.push(request_and_read_nothing(app.address, &ada).await);
    }
    let refused = app.get("/api/tasks", &ada).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(problem(refused).await["code"], "too_many_responses");
    // Small responses and other users are not limited.
    assert_eq!(app.get("/api/tasks?limit=1", &ada).await.status(), StatusCode::OK);
    assert_eq!(app.request(Method::HEAD, "/api/tasks", &ada).send().await.unwrap().status(), 200);
    let of_bob = app.get("/api/tasks", &bob).await.json::<Vec<serde_json::Value>>().await.unwrap();
    assert_eq!(of_bob.len(), 60);

    for stream in &unread {
        let end = timeout(PATIENCE, stream.ready(Interest::ERROR)).await;
        assert!(end.unwrap().unwrap().is_error(), "the client is disconnected");
    }
    // The reservation is released shortly after the connection is closed.
    while app.status_for(&ada).await != StatusCode::OK {
        yield_now().await;
    }
    let all = app.get("/api/tasks", &ada).await.json::<Vec<serde_json::Value>>().await.unwrap();
    assert_eq!(all.len(), TASKS);
}
