//! Entity tags, which prevent lost updates and repeated transfers.

use database::{on_both_engines, testing::TestDatabase};
use futures_util::future::join_all;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::app::{TestApp, location, problem};

on_both_engines!(task_service::MIGRATIONS;
    every_representation_has_an_entity_tag,
    every_change_changes_the_tag,
    an_empty_update_creates_no_new_version,
    a_known_representation_is_not_sent_again,
    a_page_has_the_same_tag_as_long_as_nothing_changes,
    a_write_with_another_tag_is_refused,
    a_write_with_the_current_tag_succeeds,
    of_two_writers_with_the_same_tag_one_wins,
    strict_clients_are_refused_without_if_match,
    another_users_task_is_forbidden_in_any_state,
);

fn tag(response: &Response) -> String {
    response.headers()["etag"].to_str().unwrap().to_owned()
}

/// Creates a task and returns its path and entity tag.
async fn created(app: &TestApp, token: &str) -> (String, String) {
    let response = app.post(token, &json!({ "title": "t" })).await;
    let path = location(&response);
    (path, tag(&response))
}

async fn write(
    app: &TestApp,
    (method, path): (Method, &str),
    token: &str,
    headers: &[(&str, &str)],
) -> Response {
    let mut request = app.request(method.clone(), path, token);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if method != Method::DELETE {
        request = request.json(&json!({ "completed": true }));
    }
    request.send().await.unwrap()
}

async fn every_representation_has_an_entity_tag(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let (path, tag_of_create) = created(&app, &token).await;
    assert_eq!(tag(&app.get(&path, &token).await), tag_of_create);
    let update = write(&app, (Method::PATCH, &path), &token, &[]).await;
    assert_eq!(tag(&update), tag(&app.get(&path, &token).await));
    let page = tag(&app.get("/api/tasks", &token).await);
    assert!(page.starts_with('"') && page.ends_with('"'), "{page}");
}

async fn every_change_changes_the_tag(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let (path, mut before) = created(&app, &token).await;
    let mut page_before = tag(&app.get("/api/tasks", &token).await);
    // Some of these updates may have the same `updated_at`, because its resolution is limited.
    for _ in 0..5 {
        let after = tag(&write(&app, (Method::PUT, &path), &token, &[]).await);
        let page_after = tag(&app.get("/api/tasks", &token).await);
        assert_ne!(after, before);
        assert_ne!(page_after, page_before);
        (before, page_before) = (after, page_after);
    }
}

async fn an_empty_update_creates_no_new_version(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let (path, current) = created(&app, &token).await;
    let before: Value = app.get(&path, &token).await.json().await.unwrap();
    app.advance(10);
    for method in [Method::PUT, Method::PATCH] {
        for body in [json!({}), json!({ "unknown": 1, "id": "x" })] {
            for (if_match, status) in [
                (None, StatusCode::OK),
                (Some(&*current), StatusCode::OK),
                (Some("\"99\""), StatusCode::PRECONDITION_FAILED),
            ] {
                let mut request = app.request(method.clone(), &path, &token).json(&body);
                if let Some(if_match) = if_match {
                    request = request.header("if-match", if_match);
                }
                let response = request.send().await.unwrap();
                assert_eq!(response.status(), status, "{method} {body}");
                if status == StatusCode::OK {
                    assert_eq!(tag(&response), current);
                    assert_eq!(response.json::<Value>().await.unwrap(), before);
                }
            }
        }
    }
    let of_bob = app.request(Method::PATCH, &path, &app.token("bob")).json(&json!({}));
    assert_eq!(of_bob.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    let unknown = "/api/tasks/0198c0a4-6f0e-7b53-9a75-3f5b3c1f2f10";
    let unknown = app.request(Method::PATCH, unknown, &token).json(&json!({}));
    assert_eq!(unknown.send().await.unwrap().status(), StatusCode::NOT_FOUND);
}

async fn a_known_representation_is_not_sent_again(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let (path, tag_of_task) = created(&app, &token).await;
    let tag_of_page = tag(&app.get("/api/tasks", &token).await);
    for (path, tag) in [(&*path, &tag_of_task), ("/api/tasks", &tag_of_page)] {
        let weak = format!("\"other\", W/{tag}");
        let coded = tag.trim_end_matches('"').to_owned() + "-gzip\"";
        for known in [tag, &weak, &coded, "*"] {
            let request = app.request(Method::GET, path, &token).header("if-none-match", known);
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{known}");
            assert_eq!(&response.headers()["etag"], tag);
            assert_eq!(response.text().await.unwrap(), "");
        }
        for unknown in ["\"other\"", "", "nonsense", &format!("W/W/{tag}")] {
            let request = app.request(Method::GET, path, &token).header("if-none-match", unknown);
            assert_eq!(request.send().await.unwrap().status(), StatusCode::OK, "{unknown}");
        }
    }
}

async fn a_page_has_the_same_tag_as_long_as_nothing_changes(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    for _ in 0..3 {
        created(&app, &token).await;
    }
    let tags = async |path| tag(&app.get(path, &token).await);
    assert_eq!(tags("/api/tasks?limit=2").await, tags("/api/tasks?limit=2").await);
    assert_ne!(tags("/api/tasks?limit=2").await, tags("/api/tasks?limit=1").await);
    let before = tags("/api/tasks").await;
    created(&app, &token).await;
    assert_ne!(tags("/api/tasks").await, before);
}

async fn a_write_with_another_tag_is_refused(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let (path, old) = created(&app, &token).await;
    let now = tag(&write(&app, (Method::PATCH, &path), &token, &[]).await);
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        for stale in
            [&*old, "\"other\"", "nonsense", "", "\"+2\"", "\"02\"", "\"2 \"", "2", "W/W/\"2\""]
        {
            let response =
                write(&app, (method.clone(), &path), &token, &[("if-match", stale)]).await;
            assert_eq!(response.status(), StatusCode::PRECONDITION_FAILED, "{method} {stale}");
            assert_eq!(problem(response).await["code"], "precondition_failed");
        }
    }
    assert_eq!(tag(&app.get(&path, &token).await), now, "nothing was done");
}

async fn a_write_with_the_current_tag_succeeds(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let (path, mut current) = created(&app, &token).await;
    for method in [Method::PUT, Method::PATCH] {
        let opaque = |tag: &str| tag.trim_matches('"').to_owned();
        for (before, coding) in [
            ("", ""),
            ("\"99\", ", ""),
            ("W/\"0\" , \"x\",", ""),
            ("W/", ""),
            ("", "-gzip"),
            ("W/", ";gzip"),
            ("", "--gzip"),
            ("", "-br"),
        ] {
            let list = format!("{before}\"{}{coding}\"", opaque(&current));
            let response =
                write(&app, (method.clone(), &path), &token, &[("if-match", &list)]).await;
            assert_eq!(response.status(), StatusCode::OK, "{list}");
            current = tag(&response);
        }
    }
    let response = write(&app, (Method::PATCH, &path), &token, &[("if-match", "*")]).await;
    assert_eq!(response.status(), StatusCode::OK);
    let current = tag(&response);
    let response = write(&app, (Method::DELETE, &path), &token, &[("if-match", &current)]).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    let response = write(&app, (Method::PATCH, &path), &token, &[("if-match", &current)]).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

async fn of_two_writers_with_the_same_tag_one_wins(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let (path, mut current) = created(&app, &token).await;
    for _ in 0..20 {
        let headers = [("if-match", &*current)];
        let writers = [(); 2].map(|()| write(&app, (Method::PATCH, &path), &token, &headers));
        let answers = join_all(writers).await;
        let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status().as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
        current = tag(answers.iter().find(|answer| answer.status() == StatusCode::OK).unwrap());
    }
}

async fn strict_clients_are_refused_without_if_match(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let token = app.token("ada");
    let (path, current) = created(&app, &token).await;
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        for prefer in ["handling=strict", "respond-async, Handling=Strict", "handling=strict; x=1"]
        {
            let headers = [("prefer", prefer)];
            let response = write(&app, (method.clone(), &path), &token, &headers).await;
            assert_eq!(response.status(), StatusCode::PRECONDITION_REQUIRED, "{method} {prefer}");
            assert_eq!(problem(response).await["code"], "precondition_required");
        }
    }
    assert_eq!(tag(&app.get(&path, &token).await), current, "nothing was done");
    for headers in [
        &[("prefer", "handling=strict"), ("if-match", &*current)][..],
        &[("prefer", "handling=lenient")],
    ] {
        let response = write(&app, (Method::PATCH, &path), &token, headers).await;
        assert_eq!(response.status(), StatusCode::OK);
    }
}

async fn another_users_task_is_forbidden_in_any_state(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let (path, current) = created(&app, &app.token("ada")).await;
    let bob = app.token("bob");
    for headers in [&[("if-match", &*current)][..], &[("if-match", "\"99\"")], &[]] {
        for method in [Method::PATCH, Method::DELETE] {
            let response = write(&app, (method, &path), &bob, headers).await;
            assert_eq!(response.status(), StatusCode::FORBIDDEN);
            let problem: Value = problem(response).await;
            assert_eq!(problem["code"], "forbidden");
        }
    }
}
