//! `GET /error`: the page that invalid links lead to.

use database::{on_both_engines, testing::TestDatabase};

use crate::app::{Answering as _, TestApp};

on_both_engines!(auth_service::MIGRATIONS;
    the_page_names_the_code,
    a_description_is_shown_as_text,
    nothing_else_is_echoed,
    redirects_to_the_web_app_in_production,
);

const ERROR: &str = "/api/auth/error";

async fn the_page_names_the_code(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    for code in ["INVALID_TOKEN", "it's", "a-b_C9"] {
        let answer = app.get(&format!("{ERROR}?error={code}")).answer().await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/html")));
        assert!(answer.body.contains(&format!("<code>{code}</code>")), "{}", answer.body);
    }
}

async fn a_description_is_shown_as_text(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    let query = "error=X&error_description=It%20%26%20%3Cscript%3Ealert(1)%3C/script%3E%22";
    let answer = app.get(&format!("{ERROR}?{query}")).answer().await;
    assert!(answer.body.contains("It &amp; &lt;script&gt;alert(1)"), "{}", answer.body);
    assert!(!answer.body.contains("<script"), "{}", answer.body);
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    let long = format!("{ERROR}?error=X&error_description={}", "a".repeat(5000));
    assert!(app.get(&long).answer().await.body.len() < 1500);
}

async fn nothing_else_is_echoed(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    for query in ["", "?error=", "?error=a%20b", "?error=%3Cscript%3E", "?error=%C3%A4", "?other=X"]
    {
        let answer = app.get(&format!("{ERROR}{query}")).answer().await;
        assert_eq!(answer.status, 200, "{query}");
        assert!(answer.body.contains("<code>UNKNOWN</code>"), "{}", answer.body);
        assert!(!answer.body.contains("script"), "{}", answer.body);
    }
}

async fn redirects_to_the_web_app_in_production(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        config.better_auth_url = "https://auth.example.com".parse().unwrap();
    })
    .await;

    for (query, location) in [
        ("?error=INVALID_TOKEN", "/?error=INVALID_TOKEN"),
        ("?error=%3Cscript%3E", "/?error=UNKNOWN"),
        ("", "/?error=UNKNOWN"),
        ("?error=X&error_description=so%20it%20is", "/?error=X&error_description=so+it+is"),
    ] {
        app.get(&format!("{ERROR}{query}")).answer().await.leads_to(location);
    }
}
