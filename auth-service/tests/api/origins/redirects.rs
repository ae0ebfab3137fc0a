//! Redirect targets that a request may name.

use database::{on_both_engines, testing::TestDatabase};
use serde_json::json;

use super::{good_sign_in, trusting};
use crate::app::{Answering as _, PASSWORD, SIGN_IN, SIGN_OUT, SIGN_UP, TestApp};

on_both_engines!(auth_service::MIGRATIONS;
    redirects_lead_to_trusted_targets_only,
    every_field_with_a_redirect_target_is_checked,
    the_callback_url_of_a_query_is_checked,
    a_custom_scheme_is_a_trusted_redirect_target,
);

async fn a_custom_scheme_is_a_trusted_redirect_target(db: TestDatabase) {
    let app = trusting(&db, &["myapp://", "chrome-extension://abcdef", "exp://10.*:*/*"]).await;
    app.sign_up("ada@example.com").await;
    let sign_in = async |target: &str| {
        let body = json!({
            "email": "ada@example.com", "password": PASSWORD, "callbackURL": target,
        });
        app.post(SIGN_IN).json(&body).answer().await
    };

    for target in ["myapp://signed-in?x=1", "chrome-extension://abcdef/x", "exp://10.0.0.7:81/--/"]
    {
        let answer = sign_in(target).await;
        assert_eq!((answer.status, answer.header("location")), (200, Some(target)));
    }
    for target in ["otherapp://", "chrome-extension://abc", "exp://10.evil.example:81/", "myapp"] {
        sign_in(target).await.is_error(403, "INVALID_CALLBACK_URL", "Invalid callbackURL");
    }
    for (origin, status) in
        [("myapp://", 200), ("chrome-extension://abcdef", 200), ("other://", 403)]
    {
        let answer = good_sign_in(&app).header("origin", origin).answer().await;
        assert_eq!(answer.status, status, "{origin}");
    }
}

async fn redirects_lead_to_trusted_targets_only(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;
    let sign_in = async |target: &str| {
        let body = json!({
            "email": "ada@example.com", "password": PASSWORD, "callbackURL": target,
        });
        app.post(SIGN_IN).json(&body).answer().await
    };

    for target in [
        "",
        "/",
        "/dashboard?next=%2Fhome#%5c",
        "http://localhost:3000",
        "http://localhost:3000/a",
        "http://localhost:5173/a?b=c",
    ] {
        assert_eq!(sign_in(target).await.status, 200, "{target}");
    }
    for target in [
        "dashboard",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%2fevil.example",
        "/a/%5C",
        "/\nevil",
        "/\revil",
        "/\0",
        " /",
        "https://evil.example",
        "https://localhost:3000",
        "http://localhost:3001",
        "http://localhost:3000@evil.example",
        "http://localhost:3000.evil.example",
        "http://localhost:3000\\@evil.example",
        "http://localhost:3000%5C@evil.example",
        "http://evil.example@localhost:3000",
        "javascript:alert(1)",
        "data:text/html,x",
        "localhost:3000",
    ] {
        let answer = sign_in(target).await;
        answer.is_error(403, "INVALID_CALLBACK_URL", "Invalid callbackURL");
        assert_eq!(answer.header("location"), None);
    }
}

async fn every_field_with_a_redirect_target_is_checked(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    for path in [SIGN_UP, SIGN_IN, SIGN_OUT] {
        for (member, code, message) in [
            ("callbackURL", "INVALID_CALLBACK_URL", "Invalid callbackURL"),
            ("redirectTo", "INVALID_REDIRECT_URL", "Invalid redirectURL"),
            ("errorCallbackURL", "INVALID_ERROR_CALLBACK_URL", "Invalid errorCallbackURL"),
            ("newUserCallbackURL", "INVALID_NEW_USER_CALLBACK_URL", "Invalid newUserCallbackURL"),
        ] {
            let foreign = json!({ member: "https://evil.example" });
            app.post(path).json(&foreign).answer().await.is_error(403, code, message);
            for value in [json!(1), json!(true), json!(["/"]), json!({})] {
                let answer = app.post(path).json(&json!({ member: value })).answer().await;
                assert_eq!(answer.status, 400);
                let message = format!("{message}: expected a string");
                assert_eq!(answer.json(), json!({ "message": message }));
                assert_eq!(answer.header("content-type"), Some("application/json"));
            }
        }
    }
}

async fn the_callback_url_of_a_query_is_checked(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let send = async |query: &str| app.post(&format!("{SIGN_OUT}?{query}")).answer().await;

    for query in ["callbackURL=", "callbackURL=%2Fhome", "other=https%3A%2F%2Fevil.example"] {
        assert_eq!(send(query).await.status, 200, "{query}");
    }
    for query in [
        "callbackURL=https%3A%2F%2Fevil.example",
        "callbackURL=//evil.example",
        "callbackURL=%2F%5Cevil.example",
        "callbackURL=http%3A%2F%2Flocalhost%3A3000%5C%40evil.example",
    ] {
        let answer = send(query).await;
        answer.is_error(403, "INVALID_CALLBACK_URL", "Invalid callbackURL");
    }
    let repeated = send("callbackURL=/home&callbackURL=//evil.example").await;
    repeated.is_codeless_error(400, "Invalid callbackURL: expected a string");
}
