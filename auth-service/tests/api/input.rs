//! Validation of requests, and which error is reported if there are several.

use database::{on_both_engines, testing::TestDatabase};
use reqwest::Body;
use serde_json::json;

use crate::app::{Answer, Answering as _, PASSWORD, SIGN_IN, SIGN_OUT, SIGN_UP, TestApp, count};

on_both_engines!(auth_service::MIGRATIONS;
    a_target_of_more_than_two_kilobytes_is_refused_and_not_mailed,
    an_address_that_no_mail_reaches_is_refused,
    rejects_a_body_that_is_not_an_object,
    a_media_type_is_compared_without_case_and_parameters,
    other_media_types_are_refused_by_name,
    broken_json_is_refused,
    ignores_a_byte_order_mark_before_the_json,
    json_that_is_too_deep_is_refused,
    text_that_cannot_be_stored_is_refused,
    bodies_of_ten_megabytes_are_refused,
    a_compressed_body_is_refused_unread,
    unknown_fields_are_ignored,
    the_first_failing_check_determines_the_response,
    null_is_invalid_for_an_optional_field,
);

const GOOD: &str = r#"{"name":"Ada","email":"ada@example.com","password":"correct horse 42"}"#;

async fn send(app: &TestApp, path: &str, media_type: &str, body: impl Into<Body>) -> Answer {
    app.post(path).header("content-type", media_type).body(body).answer().await
}

async fn rejects_a_body_that_is_not_an_object(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let expected = |kind: &str, received: &str| {
        format!("[body] Invalid input: expected {kind}, received {received}")
    };

    for (body, received) in [
        ("", "undefined"),
        ("null", "null"),
        ("[]", "array"),
        ("\"{}\"", "string"),
        ("1", "number"),
        ("true", "boolean"),
    ] {
        let sign_up = send(&app, SIGN_UP, "application/json", body).await;
        let message = format!("{}; {}", expected("object", received), expected("record", received));
        sign_up.is_error(400, "VALIDATION_ERROR", &message);
        let sign_in = send(&app, SIGN_IN, "application/json", body).await;
        sign_in.is_error(400, "VALIDATION_ERROR", &expected("object", received));
        let sign_out = send(&app, SIGN_OUT, "application/json", body).await;
        if body.is_empty() {
            assert_eq!(sign_out.status, 200);
        } else {
            sign_out.is_error(400, "VALIDATION_ERROR", &expected("object", received));
        }
    }
    // A body without a media type is ignored.
    let untyped = app.post(SIGN_IN).body(GOOD).answer().await;
    untyped.is_error(400, "VALIDATION_ERROR", &expected("object", "undefined"));
}

async fn a_media_type_is_compared_without_case_and_parameters(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;

    for media_type in [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "application/json ;x=y",
    ] {
        assert_eq!(send(&app, SIGN_IN, media_type, GOOD).await.status, 200, "{media_type}");
    }
    let form = "email=ada%40example.com&password=correct+horse+42";
    let media_type = "Application/X-WWW-Form-Urlencoded; charset=utf-8";
    assert_eq!(send(&app, SIGN_IN, media_type, form).await.status, 200);
}

async fn other_media_types_are_refused_by_name(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let both = "application/x-www-form-urlencoded, application/json";

    for media_type in [
        "text/plain",
        "text/plain;charset=UTF-8",
        "application/vnd.x+json",
        "application/jsonx",
        "multipart/form-data; boundary=x",
        "x",
        ";application/json",
        "text/plain, application/json",
    ] {
        for (path, allowed) in [(SIGN_UP, both), (SIGN_IN, both), (SIGN_OUT, "application/json")] {
            let answer = send(&app, path, media_type, GOOD).await;
            let message =
                format!("Content-Type \"{media_type}\" is not allowed. Allowed types: {allowed}");
            answer.is_error(415, "UNSUPPORTED_MEDIA_TYPE", &message);
        }
    }
    let form = send(&app, SIGN_OUT, "application/x-www-form-urlencoded", "a=b").await;
    assert_eq!(form.status, 415);
    assert_eq!(count(&db, "users").await, 0);
}

async fn broken_json_is_refused(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let invalid_utf8 = [br#"{"name":""#.as_slice(), b"\xff\xfe", br#""}"#].concat();

    for body in [
        b"{".as_slice(),
        b"{}{}",
        b"{'name':'Ada'}",
        b"{\"name\":\"Ada\",}",
        b"\xef\xbb\xbf",
        b"NaN",
        b"\"\\ud800\"",
        br#"{"name":"\ud83d"}"#,
        br#"{"name":"\udd11\ud83d"}"#,
        br#"{"name":"\x00"}"#,
        b"{\"name\":\"\0\"}",
        b"\0",
        b" ",
        &invalid_utf8,
    ] {
        for path in [SIGN_UP, SIGN_IN, SIGN_OUT] {
            let answer = send(&app, path, "application/json", body.to_owned()).await;
            answer.is_error(400, "BAD_REQUEST", "Invalid JSON in request body");
        }
    }
}

async fn ignores_a_byte_order_mark_before_the_json(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let body = format!("\u{feff}{GOOD}");

    assert_eq!(send(&app, SIGN_UP, "application/json", body).await.status, 200);
}

async fn json_that_is_too_deep_is_refused(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let closed = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        for body in [open.repeat(100_000), closed] {
            let answer = send(&app, SIGN_UP, "application/json", body).await;
            answer.is_error(400, "BAD_REQUEST", "Invalid JSON in request body");
        }
    }
    app.sign_up("ada@example.com").await;
}

async fn text_that_cannot_be_stored_is_refused(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    for member in ["name", "image"] {
        let mut body = json!({ "name": "A", "email": "ada@example.com", "password": PASSWORD });
        body[member] = json!("a\0b");
        let answer = app.post(SIGN_UP).json(&body).answer().await;
        let message = format!("[body.{member}] Invalid input: NUL is not allowed");
        answer.is_error(400, "VALIDATION_ERROR", &message);
    }
    let form = "name=%00&email=ada%40example.com&password=correct+horse+42";
    let answer = send(&app, SIGN_UP, "application/x-www-form-urlencoded", form).await;
    answer.is_a_clean_refusal();
    for form in [b"\xff=\xff".as_slice(), b"%=%&=&&name", b"email=%ff%00&password=%00"] {
        for path in [SIGN_UP, SIGN_IN] {
            let form = form.to_owned();
            let answer = send(&app, path, "application/x-www-form-urlencoded", form).await;
            answer.is_a_clean_refusal();
        }
    }
    assert_eq!(count(&db, "users").await, 0);
}

async fn bodies_of_ten_megabytes_are_refused(db: TestDatabase) {
    const BYTES: usize = 10_000_000;
    let app = TestApp::spawn(&db).await;
    let one_string = format!(r#"{{"name":"{}"}}"#, "a".repeat(BYTES));
    let blanks = " ".repeat(BYTES) + GOOD;

    for path in [SIGN_UP, SIGN_IN, SIGN_OUT] {
        for body in [&one_string, &blanks] {
            let answer = send(&app, path, "application/json", body.clone()).await;
            answer.is_error(413, "PAYLOAD_TOO_LARGE", "Request body is too large");
            let answer = send(&app, path, "text/plain", body.clone()).await;
            answer.is_a_clean_refusal();
        }
    }

    let chunk = format!("{:x}\r\n{}\r\n", 100_000, " ".repeat(100_000));
    let head = format!(
        "POST {SIGN_UP} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    let answer = app.raw((head + &chunk.repeat(100) + "0\r\n\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains(r#""code":"PAYLOAD_TOO_LARGE""#), "{answer}");
    assert_eq!(count(&db, "users").await, 0);
}

async fn a_compressed_body_is_refused_unread(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    for (encoding, body) in [
        ("gzip", stored_gzip(GOOD.as_bytes())),
        ("gzip", stored_gzip(&vec![b' '; 10_000_000])),
        ("gzip", b"no gzip".to_vec()),
        ("br", vec![0; 1000]),
        ("deflate", vec![0; 1000]),
        ("identity, gzip", GOOD.into()),
    ] {
        for path in [SIGN_UP, SIGN_OUT] {
            let request = app.post(path).header("content-type", "application/json");
            let request = request.header("content-encoding", encoding);
            let answer = request.body(body.clone()).answer().await;
            let message = "Content-Encoding is not allowed";
            answer.is_error(415, "UNSUPPORTED_MEDIA_TYPE", message);
        }
    }
    assert_eq!(count(&db, "users").await, 0);
}

/// Returns a gzip file (RFC 1952) with uncompressed content.
fn stored_gzip(content: &[u8]) -> Vec<u8> {
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let blocks = content.chunks(0xffff).count();
    for (i, block) in content.chunks(0xffff).enumerate() {
        let length = u16::try_from(block.len()).unwrap();
        file.push(u8::from(i + 1 == blocks));
        file.extend(length.to_le_bytes());
        file.extend((!length).to_le_bytes());
        file.extend(block);
    }
    let crc = !content.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 }
        })
    });
    file.extend(crc.to_le_bytes());
    file.extend(u32::try_from(content.len()).unwrap().to_le_bytes());
    file
}

async fn unknown_fields_are_ignored(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    let body = r#"{"":1,"\u0000":2,"name":"first","__proto__":{},"constructor":[[]],
        "name":"last","email":"ada@example.com","password":"correct horse 42"}"#;
    let user = send(&app, SIGN_UP, "application/json", body).await.signed_in().user;

    assert_eq!(user["name"], "last", "of a repeated member the last counts, as in JavaScript");
}

async fn the_first_failing_check_determines_the_response(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let foreign = |media_type: &str, cookie: bool| {
        let request = app.post(SIGN_IN).header("content-type", media_type);
        let request = request.header("origin", "https://evil.example");
        if cookie { request.header("cookie", "a=b") } else { request }
    };
    let redirecting = r#"{"callbackURL":"https://evil.example"}"#;

    // The requests below follow the order of the checks: path, media type, JSON, origin, redirect
    // targets, schema, stricter origin rule for sign-in, sign-in.
    let unknown = app.post("/api/auth/sign-in/e-mail").header("content-type", "text/plain");
    let answer = unknown.header("cookie", "a=b").body("{").answer().await;
    assert_eq!((answer.status, answer.body.as_str()), (404, ""));
    assert_eq!(answer.header("content-type"), None);

    let answer = foreign("text/plain", true).body("{").answer().await;
    assert_eq!(answer.json()["code"], "UNSUPPORTED_MEDIA_TYPE");
    let answer = foreign("application/json", true).body("{").answer().await;
    assert_eq!(answer.json()["code"], "BAD_REQUEST");
    let answer = foreign("application/json", true).body(redirecting).answer().await;
    assert_eq!(answer.json()["code"], "INVALID_ORIGIN");
    let answer = foreign("application/json", false).body(redirecting).answer().await;
    assert_eq!(answer.json()["code"], "INVALID_CALLBACK_URL");
    let answer = foreign("application/json", false).body("{}").answer().await;
    assert_eq!(answer.json()["code"], "VALIDATION_ERROR");
    let unknown_user = r#"{"email":"ada","password":""}"#;
    let answer = foreign("application/json", false).body(unknown_user).answer().await;
    assert_eq!(answer.json()["code"], "INVALID_ORIGIN");
    let answer = send(&app, SIGN_IN, "application/json", unknown_user).await;
    assert_eq!(answer.json()["code"], "INVALID_EMAIL");
}

async fn null_is_invalid_for_an_optional_field(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let login =
        json!({ "name": "Ada", "email": "ada@example.com", "password": "correct horse 42" });
    let passwords = json!({ "newPassword": "battery 43", "currentPassword": "correct horse 42" });

    for (path, body, member, expected) in [
        (SIGN_UP, &login, "image", "string"),
        (SIGN_UP, &login, "callbackURL", "string"),
        (SIGN_UP, &login, "rememberMe", "boolean"),
        (SIGN_IN, &login, "callbackURL", "string"),
        (SIGN_IN, &login, "rememberMe", "boolean"),
        (SIGN_OUT, &json!({}), "callbackURL", "string"),
        ("/api/auth/change-password", &passwords, "revokeOtherSessions", "boolean"),
        ("/api/auth/delete-user", &json!({}), "password", "string"),
        ("/api/auth/delete-user", &json!({}), "token", "string"),
        ("/api/auth/reset-password", &passwords, "token", "string"),
    ] {
        let mut body = body.clone();
        body[member] = json!(null);
        let message = format!("[body.{member}] Invalid input: expected {expected}, received null");
        let answer = app.post(path).json(&body).answer().await;
        answer.is_error(400, "VALIDATION_ERROR", &message);
    }
}

async fn a_target_of_more_than_two_kilobytes_is_refused_and_not_mailed(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let target = |bytes: usize| format!("/{}", "a".repeat(bytes - 1));
    let umlauts = format!("/{}", "ä".repeat(1024));

    for (path, member, mut body) in [
        (
            "sign-up/email",
            "callbackURL",
            json!({ "name": "", "email": "new@example.com", "password": PASSWORD }),
        ),
        (
            "sign-in/email",
            "callbackURL",
            json!({ "email": "ada@example.com", "password": PASSWORD }),
        ),
        ("request-password-reset", "redirectTo", json!({ "email": "ada@example.com" })),
        ("send-verification-email", "callbackURL", json!({ "email": "ada@example.com" })),
        ("change-email", "callbackURL", json!({ "newEmail": "newer@example.com" })),
        ("delete-user", "callbackURL", json!({ "password": "wrong horse 42" })),
    ] {
        let path = format!("/api/auth/{path}");
        for long in [target(2049), umlauts.clone(), target(450_000)] {
            body[member] = json!(long);
            let answer = app.post_as(&ada, &path, &body).await;
            let problem = "Too big: expected string to have <=2048 bytes";
            answer.is_error(400, "VALIDATION_ERROR", &format!("[body.{member}] {problem}"));
        }
        body[member] = json!(target(2048));
        let answer = app.post_as(&ada, &path, &body).await;
        assert_ne!(answer.json()["code"], "VALIDATION_ERROR", "{path}");
    }
    let path = format!("/api/auth/verify-email?token=x&callbackURL={}", target(2049));
    let problem = "[query.callbackURL] Too big: expected string to have <=2048 bytes";
    app.get(&path).answer().await.is_error(400, "VALIDATION_ERROR", problem);
    let mails = app.other_mails(&db).await;
    assert!(!mails.is_empty());
}

async fn an_address_that_no_mail_reaches_is_refused(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    for email in [
        format!("{}@example.com", "a".repeat(65)),
        format!("ada@{}.com", "a".repeat(64)),
        "ada@example-.com".to_owned(),
    ] {
        let answer = app.sign_up_request(&email).answer().await;
        answer.is_error(400, "VALIDATION_ERROR", "[body.email] Invalid email address");
    }
    app.sign_up(&format!("{}@example.com", "a".repeat(64))).await;
}
