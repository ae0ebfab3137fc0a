//! Faults whose cause is not where the symptom appears.

use database::testing::{Engine, TestDatabase};
use operator_tools::testing::{Stub, answer};
use task_service::MIGRATIONS;

use super::{Published, doctor};
use crate::app::TestApp;

#[actix_web::test]
async fn https_on_an_http_port_is_reported() {
    let db = TestDatabase::create(Engine::Sqlite, MIGRATIONS).await.unwrap();
    let app = TestApp::spawn(&db).await;
    let url = format!("https://{}/jwks", app.address);
    let report = doctor(&[("BETTER_AUTH_JWKS_URL", &url)]).await;
    report.finds("fault", "BETTER_AUTH_JWKS_URL", "the server speaks http, not https");
}

#[actix_web::test]
async fn an_outage_of_the_issuer_is_not_blamed_on_the_address_of_its_keys() {
    let stub = Stub::start(|request| match request.split(' ').nth(1).unwrap() {
        "/health/ready" => {
            answer(503, "", r#"{"status":"unavailable","database":"unavailable","keys":"ok"}"#)
        }
        _ => answer(503, "", ""),
    });
    let url = format!("{}/api/auth/jwks", stub.url());
    let report = doctor(&[("BETTER_AUTH_JWKS_URL", &url)]).await;
    let text = "returns 503: the issuer is not ready (database unavailable)";
    report.finds("fault", "BETTER_AUTH_JWKS_URL", text);
}

#[actix_web::test]
async fn a_proxy_is_reported_but_not_used_for_this_machine() {
    let proxy = Stub::start(|_request| answer(403, "", ""));
    let url = proxy.url().replace("http://", "http://ada:hidden@");
    let proxies = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].map(|name| (name, url.as_str()));

    let keys = ("BETTER_AUTH_JWKS_URL", "http://issuer.example/api/auth/jwks");
    let report = doctor(&[&proxies[..], &[keys]].concat()).await;
    let text = format!("returns 403 through the proxy {}: add the host to NO_PROXY", proxy.url());
    report.finds("fault", "BETTER_AUTH_JWKS_URL", &text);
    assert!(!report.text.contains("hidden"), "{}", report.text);

    let url = Published::default().serve();
    let report = doctor(&[&proxies[..], &[("BETTER_AUTH_JWKS_URL", &url)]].concat()).await;
    report.finds("ok", "keys", "1 at http://127.0.0.1:");
}
