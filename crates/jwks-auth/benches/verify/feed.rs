//! A minimal HTTP server for a feed of security events.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use jwks_auth::testing::Issuer;
use serde_json::{Map, Value, json};

/// Number of events in the feed.
const EVENTS: u64 = 500;
const KIND: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";

/// Starts a feed of revoked sessions and returns its URL. A request with `returnImmediately` gets
/// all events in one response; other requests get no response.
pub(super) fn start(issuer: &Issuer, kid: &str, [iss, aud]: [&str; 2]) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let header = json!({ "alg": "EdDSA", "kid": kid, "typ": "secevent+jwt" });
    let set = |number: u64| {
        let id = number.to_string();
        let session = json!({ "format": "opaque", "id": id });
        let claims = json!({
            "iss": iss, "aud": aud, "jti": id, "iat": now,
            "sub_id": { "format": "complex", "session": session }, "events": { KIND: {} },
        });
        (id, Value::String(issuer.sign_with_header(&header, &claims)))
    };
    let sets: Map<_, _> = (0..EVENTS).map(set).collect();
    let page = json!({ "sets": sets, "moreAvailable": false, "cursor": "1" }).to_string();

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let page = page.clone();
            thread::spawn(move || serve(BufReader::new(connection.unwrap()), &page));
        }
    });
    format!("http://{address}/security-events")
}

fn serve(mut connection: BufReader<TcpStream>, page: &str) {
    while let Some(body) = read_request(&mut connection) {
        if body.contains(r#""returnImmediately":true"#) {
            let length = page.len();
            let response = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{page}");
            connection.get_mut().write_all(response.as_bytes()).unwrap();
        }
    }
}

/// Returns the body of a request, or `None` if the connection has ended or the request is
/// malformed.
fn read_request(connection: &mut BufReader<TcpStream>) -> Option<String> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        connection.read_line(&mut line).ok()?;
        match line.trim_end().to_ascii_lowercase().split_once(": ") {
            Some(("content-length", value)) => length = value.parse().ok()?,
            Some(_) => {}
            None if line.starts_with("POST ") => {}
            None if line.is_empty() => return None,
            None => break,
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).ok()?;
    String::from_utf8(body).ok()
}
