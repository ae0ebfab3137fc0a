//! Invalid input results in a 4xx response in the documented format.

use database::{on_both_engines, testing::TestDatabase};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{TestApp, problem};

on_both_engines!(task_service::MIGRATIONS;
    a_body_that_is_not_json_is_400,
    a_body_of_another_media_type_is_415,
    a_body_that_is_no_object_is_422,
    every_error_has_the_format_of_fastapi,
    lengths_are_counted_in_characters,
    the_longest_description_is_accepted_escaped,
    refused_requests_store_nothing,
);

async fn send(
    app: &TestApp,
    media_type: &str,
    body: impl Into<reqwest::Body>,
) -> reqwest::Response {
    let request = app.request(Method::POST, "/api/tasks", &app.token("ada"));
    request.header("content-type", media_type).body(body).send().await.unwrap()
}

async fn a_body_that_is_not_json_is_400(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let deep_object = r#"{"title":"#.repeat(20_000);
    for body in [
        b"".as_slice(),
        b"{",
        b"title=x",
        b"{\"title\":\"x\"} trailing",
        b"{\"title\":\"\xff\xfe\"}",
        b"{\"title\":\"\\ud800\"}",
        b"{\"title\":\"\\udc00\\ud800\"}",
        b"{\"title\":\"a\nb\"}",
        b"{'title':'x'}",
        b"\xef\xbb\xbf{}",
        deep.as_bytes(),
        deep_object.as_bytes(),
    ] {
        let response = send(&app, "application/json", body.to_vec()).await;
        let start = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{start}");
        assert_eq!(problem(response).await["code"], "invalid_json");
    }
}

async fn a_body_of_another_media_type_is_415(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
    {
        let response = send(&app, media_type, r#"{"title":"x"}"#).await;
        assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{media_type}");
        assert_eq!(problem(response).await["code"], "unsupported_media_type");
    }
    for media_type in ["application/json", "Application/JSON; charset=utf-8", "application/x+json"]
    {
        let response = send(&app, media_type, r#"{"title":"x"}"#).await;
        assert_eq!(response.status(), StatusCode::CREATED, "{media_type}");
    }
}

async fn a_body_that_is_no_object_is_422(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    for body in ["[]", r#"["x"]"#, r#"[{"title":"x"}]"#, "null", "1", "true", r#""title""#] {
        let response = send(&app, "application/json", body).await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(problem(response).await["errors"][0]["loc"], json!(["body"]));
    }
}

async fn every_error_has_the_format_of_fastapi(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    for (body, member, kind) in [
        (json!({}), "title", "missing"),
        (json!({ "title": null }), "title", "string_type"),
        (json!({ "title": 1 }), "title", "string_type"),
        (json!({ "title": ["x"] }), "title", "string_type"),
        (json!({ "title": {} }), "title", "string_type"),
        (json!({ "title": "" }), "title", "string_too_short"),
        (json!({ "title": " \t\u{3000}" }), "title", "value_error"),
        (json!({ "title": "\u{200b}" }), "title", "value_error"),
        (json!({ "title": "\u{feff}\u{2060}\u{ad}" }), "title", "value_error"),
        (json!({ "title": "\u{3164}" }), "title", "value_error"),
        (json!({ "title": "\u{2800} \u{2800}" }), "title", "value_error"),
        (json!({ "title": "\u{202e}" }), "title", "value_error"),
        (json!({ "title": "\u{1}\u{7f}\u{85}" }), "title", "value_error"),
        (json!({ "title": "\u{e0041}\u{fe0f}" }), "title", "value_error"),
        (json!({ "title": "a\0b" }), "title", "value_error"),
        (json!({ "title": "x", "description": 1 }), "description", "string_type"),
        (json!({ "title": "x", "description": "a\0b" }), "description", "value_error"),
        (json!({ "title": "x", "completed": "true" }), "completed", "bool_type"),
        (json!({ "title": "x", "completed": 1 }), "completed", "bool_type"),
        (json!({ "title": "x", "completed": null }), "completed", "bool_type"),
    ] {
        let response = app.post(&token, &body).await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        let problem = problem(response).await;
        assert_eq!(problem["errors"][0]["loc"], json!(["body", member]), "{body}");
        assert_eq!(problem["errors"][0]["type"], kind, "{body}");
        assert!(problem["errors"][0]["msg"].is_string());
    }
    let response = app.post(&token, &json!({ "description": 1, "completed": 1 })).await;
    assert_eq!(problem(response).await["errors"].as_array().unwrap().len(), 3);
}

async fn lengths_are_counted_in_characters(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    for character in ["x", "é", "🔑"] {
        for (member, max) in [("title", 255), ("description", 10_000)] {
            for (length, status) in
                [(max, StatusCode::CREATED), (max + 1, StatusCode::UNPROCESSABLE_ENTITY)]
            {
                let mut body = json!({ "title": "t" });
                body[member] = character.repeat(length).into();
                let response = app.post(&token, &body).await;
                assert_eq!(response.status(), status, "{length} times {character} as {member}");
            }
        }
    }
}

async fn the_longest_description_is_accepted_escaped(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let body = format!(r#"{{"title":"t","description":"{}"}}"#, r"\ud83d\ude00".repeat(10_000));
    assert!(body.len() > 120_000);
    let response = send(&app, "application/json", body).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    let task: Value = response.json().await.unwrap();
    assert_eq!(task["description"].as_str().unwrap().chars().count(), 10_000);
}

async fn refused_requests_store_nothing(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let task = app.create(&token, &json!({ "title": "t" })).await;
    let id = task["id"].as_str().unwrap();
    let half_good = json!({ "title": "changed", "completed": "yes" });
    assert_eq!(app.patch(id, &token, &half_good).await.status(), 422);
    assert_eq!(app.post(&token, &half_good).await.status(), 422);
    assert_eq!(app.titles("/api/tasks", &token).await, ["t"]);
}
