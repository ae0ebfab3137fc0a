//! The confirmation page of mailed links: nothing happens until its button is pressed.

use database::{on_both_engines, testing::TestDatabase};
use serde_json::json;

use super::{VERIFY, change, open_bare, user, verification};
use crate::app::{Answering as _, BASE_URL, TestApp};

on_both_engines!(auth_service::MIGRATIONS;
    opening_a_mailed_link_changes_nothing_before_the_button_is_pressed,
    the_page_escapes_its_parameters_and_redirects_to_trusted_origins_only,
    links_may_skip_the_confirmation_page,
    a_new_address_may_count_as_verified_by_its_own_link,
);

async fn opening_a_mailed_link_changes_nothing_before_the_button_is_pressed(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let verify = verification(&app, "ada@example.com").await;
    let change = change(&app, &ada, "new@example.com").await;

    for link in [&verify, &change] {
        for _ in 0..2 {
            let page = app.get(link.strip_prefix(BASE_URL).unwrap()).answer().await;
            assert_eq!(page.status, 200, "{page:?}");
            assert!(page.header("content-type").unwrap().starts_with("text/html"));
            assert_eq!(page.header("cache-control"), Some("no-store"));
            let policy = page.header("content-security-policy").unwrap();
            assert!(policy.starts_with("default-src 'none'"), "{policy}");
            assert!(page.body.contains("<button>Confirm</button>"), "{}", page.body);
        }
    }
    assert_eq!(user(&app, &ada).await, ada.user);

    assert_eq!(open_bare(&app, &verify).await.status, 200);
    assert_eq!(user(&app, &ada).await["emailVerified"], true);
}

async fn the_page_escapes_its_parameters_and_redirects_to_trusted_origins_only(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    let query = "token=%22%3E%3Cscript%3E&callbackURL=%2Fin%3Fa%3D%22%3E%3Cb%3E";
    let page = app.get(&format!("{VERIFY}/confirm?{query}")).answer().await;
    assert!(!page.body.contains("<script") && !page.body.contains("<b>"), "{}", page.body);
    assert!(page.body.contains("&lt;script&gt;"), "{}", page.body);
    let foreign = format!("{VERIFY}/confirm?token=x&callbackURL=https%3A%2F%2Fevil.example");
    let refused = app.get(&foreign).answer().await;
    refused.is_error(403, "INVALID_CALLBACK_URL", "Invalid callbackURL");
    assert_eq!(app.get(&format!("{VERIFY}/confirm")).answer().await.status, 400);
}

async fn links_may_skip_the_confirmation_page(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.features.confirmation_page = false).await;
    app.sign_up("ada@example.com").await;

    let link = verification(&app, "ada@example.com").await;

    assert!(link.starts_with(&format!("{BASE_URL}{VERIFY}?token=")), "{link}");
}

async fn a_new_address_may_count_as_verified_by_its_own_link(db: TestDatabase) {
    for is_verified in [true, false] {
        let app = TestApp::spawn_with(&db, |config| {
            config.features.verify_changed_email = is_verified;
        })
        .await;
        let ada = app.sign_up(&format!("ada-{is_verified}@example.com")).await;
        let new = format!("new-{is_verified}@example.com");

        open_bare(&app, &change(&app, &ada, &new).await).await;

        let user = user(&app, &ada).await;
        assert_eq!((&user["email"], &user["emailVerified"]), (&json!(new), &json!(is_verified)));
    }
}
