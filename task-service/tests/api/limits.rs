//! Misbehaving clients: oversized or compressed bodies, endless tokens, invalid HTTP, and
//! incomplete requests.

use std::net::SocketAddr;

use database::{on_both_engines, testing::TestDatabase};
use futures_util::{StreamExt as _, future::join_all, stream};
use reqwest::{Body, Method, StatusCode};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::app::{TestApp, problem};

on_both_engines!(task_service::MIGRATIONS;
    ten_megabytes_are_413_sent_whole_or_in_chunks,
    a_compressed_body_is_refused_unopened,
    an_endless_token_is_refused,
    ambiguous_framing_is_refused,
    connections_that_are_reset_leave_nothing_behind,
    half_open_connections_delay_no_request,
);

async fn ten_megabytes_are_413_sent_whole_or_in_chunks(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let chunks = stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 1 << 20])).take(10);
    for body in [Body::from(vec![b' '; 10 << 20]), Body::wrap_stream(chunks)] {
        let request = app.request(Method::POST, "/api/tasks", &token);
        let request = request.header("content-type", "application/json").body(body);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(problem(response).await["code"], "body_too_large");
    }
}

async fn a_compressed_body_is_refused_unopened(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    for encoding in ["gzip", "br", "deflate", "zstd", "identity, gzip"] {
        let response = app
            .request(Method::POST, "/api/tasks", &app.token("ada"))
            .header("content-encoding", encoding)
            .json(&json!({ "title": "x" }))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{encoding}");
        problem(response).await;
    }
}

async fn an_endless_token_is_refused(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    for token in ["a".repeat(20_000), ".".repeat(30_000), "a.b.c".repeat(2_000)] {
        assert_eq!(app.status_for(&token).await, StatusCode::UNAUTHORIZED);
    }
    let megabyte = format!(
        "GET /api/tasks HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}",
        "a".repeat(1 << 20)
    );
    let answer = raw(app.address, megabyte.as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    assert_eq!(app.status_for(&app.token("ada")).await, StatusCode::OK);
}

async fn ambiguous_framing_is_refused(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    for head in [
        "POST /api/tasks HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /api/tasks HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\n{}  ",
        "GET /api/tasks HTTP/1.1\r\nhost: x\r\nfolded:\r\n name: x\r\n\r\n",
        "GET /api/tasks HTTP/1.1\r\nhost : x\r\n\r\n",
        "GET /api/tasks\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
    ] {
        let answer = raw(app.address, head.as_bytes()).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{head:?}: {answer}");
    }
}

async fn connections_that_are_reset_leave_nothing_behind(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let (address, body) = (app.address, r#"{"title":"x"}"#);
    let request = format!(
        "POST /api/tasks HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let resets = (0..200).map(|number| {
        let request = request.clone();
        async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            // Some clients disconnect during the request, others during the response.
            let sent = if number % 2 == 0 { request.len() } else { request.len() - 5 };
            stream.write_all(&request.as_bytes()[..sent]).await.unwrap();
            stream.set_zero_linger().unwrap();
        }
    });
    join_all(resets).await;
    let reads = (0..40).map(|_| app.status_for(&token));
    assert!(join_all(reads).await.iter().all(|status| *status == StatusCode::OK));
    let creates =
        (0..40).map(|_| async { app.post(&token, &json!({ "title": "after" })).await.status() });
    assert!(join_all(creates).await.iter().all(|status| *status == StatusCode::CREATED));
}

async fn half_open_connections_delay_no_request(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let mut dripping = Vec::new();
    for _ in 0..100 {
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        stream.write_all(b"POST /api/tasks HTTP/1.1\r\nhost: x\r\n").await.unwrap();
        dripping.push(stream);
    }
    assert_eq!(app.status_for(&app.token("ada")).await, StatusCode::OK);
    drop(dripping);
}

/// Sends bytes unchanged. Returns the start of the response, or "" if the server disconnects.
async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may close the connection before it has read everything.
    let _ = stream.write_all(bytes).await;
    let mut answer = vec![0; 4096];
    let read = stream.read(&mut answer).await.unwrap_or_default();
    String::from_utf8_lossy(&answer[..read]).into_owned()
}
