//! The `Bearer` extractor in an actix-web application.

use actix_web::{
    App, HttpResponse,
    body::to_bytes,
    dev::ServiceResponse,
    http::{StatusCode, header::HeaderMap},
    test::{TestRequest, call_service, init_service},
    web::{Data, get},
};
use jwks_auth::{Bearer, testing::Issuer};

use crate::world::{Claims, World, claims, claims_with};

async fn me(Bearer(claims): Bearer<Claims>) -> String {
    claims.sub.clone()
}

async fn ask(world: Option<&World>, request: TestRequest) -> (StatusCode, HeaderMap, String) {
    let mut app = App::new().route("/me", get().to(me));
    if let Some(world) = world {
        app = app.app_data(Data::new(world.verifier.clone()));
    }
    let app = init_service(app).await;
    let response: ServiceResponse = call_service(&app, request.uri("/me").to_request()).await;
    let (status, headers) = (response.status(), response.headers().clone());
    let response: HttpResponse = response.into();
    let body = to_bytes(response.into_body()).await.unwrap();
    (status, headers, String::from_utf8(body.to_vec()).unwrap())
}

fn bearer(token: &str) -> TestRequest {
    TestRequest::get().insert_header(("authorization", format!("Bearer {token}")))
}

#[actix_web::test]
async fn a_valid_token_lets_the_handler_run() {
    let world = World::new();
    let (status, _, body) = ask(Some(&world), bearer(&world.token("ada"))).await;
    assert_eq!((status, &*body), (StatusCode::OK, "ada"));
}

#[actix_web::test]
async fn a_missing_token_returns_a_bare_challenge() {
    let world = World::new();
    let (status, headers, body) = ask(Some(&world), TestRequest::get()).await;
    assert_eq!((status, &*body), (StatusCode::UNAUTHORIZED, r#"{"detail":"Invalid token"}"#));
    assert_eq!(headers.get("www-authenticate").unwrap(), "Bearer");
}

#[actix_web::test]
async fn only_an_expired_token_has_an_error_of_its_own() {
    let world = World::new();
    for (token, text) in [
        (Issuer::new("first", 9).sign(&claims("ada")), "Invalid token"),
        ("nonsense".to_owned(), "Invalid token"),
        (world.issuer.sign(&claims_with("exp", 1)), "Token has expired"),
    ] {
        let (status, headers, body) = ask(Some(&world), bearer(&token)).await;
        assert_eq!((status, body), (StatusCode::UNAUTHORIZED, format!(r#"{{"detail":"{text}"}}"#)));
        assert_eq!(headers.get("www-authenticate").unwrap(), r#"Bearer error="invalid_token""#);
    }
}

#[actix_web::test]
async fn unavailable_keys_return_503_with_retry_after() {
    let world = World::new();
    world.keys.fail();
    let (status, headers, _) = ask(Some(&world), bearer(&world.token("ada"))).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(headers.get("retry-after").unwrap(), "1");
    assert!(!headers.contains_key("www-authenticate"));
}

#[actix_web::test]
async fn an_application_without_a_verifier_rejects_every_request() {
    let (status, ..) = ask(None, bearer(&World::new().token("ada"))).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
}
