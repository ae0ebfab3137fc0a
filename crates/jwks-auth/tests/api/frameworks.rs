//! The extractors for axum and the layer for tower, and permissions with every framework.

use std::{convert::Infallible, future::Ready, task::Poll};

use actix_web::test::{TestRequest, call_service, init_service};
use axum_core::{
    body::Body,
    extract::{FromRef, FromRequestParts},
    response::IntoResponse as _,
};
use http::{Request, Response, StatusCode};
use jwks_auth::{
    Authorized, Bearer, BearerLayer, Error, Permission, Verified, Verifier, testing::Issuer,
};
use serde_json::{Value, json};
use tower_layer::Layer as _;
use tower_service::Service;

use crate::world::{Claims, World, claims, claims_with};

/// The status, the challenge and the body of a response.
type Outcome = (u16, Option<String>, String);

struct Edit;

impl Permission for Edit {
    const SCOPES: &'static [&'static str] = &["tasks:read", "tasks:write"];
    const ROLES: &'static [&'static str] = &["editor", "admin"];
}

/// The state of an axum application.
#[derive(Clone)]
struct State(Verifier);

impl FromRef<State> for Verifier {
    fn from_ref(state: &State) -> Self {
        state.0.clone()
    }
}

fn request(authorization: &[&str]) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    for value in authorization {
        request.headers_mut().append("authorization", value.parse().unwrap());
    }
    request
}

fn outcome(response: Response<Body>) -> Outcome {
    let challenge = response.headers().get("www-authenticate");
    let challenge = challenge.map(|value| value.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    let mut body = response.into_body();
    let mut text = Vec::new();
    let frame = |body: &mut Body| {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match http_body::Body::poll_frame(std::pin::Pin::new(body), &mut context) {
            Poll::Ready(frame) => frame,
            Poll::Pending => panic!("the body is in memory"),
        }
    };
    while let Some(frame) = frame(&mut body) {
        text.extend_from_slice(&frame.unwrap().into_data().unwrap());
    }
    (status, challenge, String::from_utf8(text).unwrap())
}

async fn with_axum<E>(verifier: &Verifier, authorization: &[&str]) -> Outcome
where
    E: FromRequestParts<State, Rejection = Error> + Subject,
{
    let (mut parts, _) = request(authorization).into_parts();
    let response = match E::from_request_parts(&mut parts, &State(verifier.clone())).await {
        Ok(caller) => caller.subject().into_response(),
        Err(error) => error.into_response(),
    };
    outcome(response)
}

trait Subject {
    fn subject(&self) -> String;
}

impl Subject for Bearer<Claims> {
    fn subject(&self) -> String {
        self.0.sub.clone()
    }
}

impl Subject for Authorized<Claims, Edit> {
    fn subject(&self) -> String {
        self.sub.clone()
    }
}

/// A service that returns the subject of the claims that the layer has added.
#[derive(Clone)]
struct Inner;

impl Service<Request<Body>> for Inner {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let verified = request.extensions().get::<Verified<Claims>>().unwrap();
        std::future::ready(Ok(Response::new(Body::from(verified.sub.clone()))))
    }
}

async fn with_tower(layer: BearerLayer<Claims>, authorization: &[&str]) -> Outcome {
    let mut service = layer.layer(Inner);
    std::future::poll_fn(|context| Service::<Request<Body>>::poll_ready(&mut service, context))
        .await
        .unwrap();
    outcome(service.call(request(authorization)).await.unwrap())
}

async fn edit(caller: Authorized<Claims, Edit>) -> String {
    caller.subject()
}

async fn with_actix(verifier: &Verifier, authorization: &[&str]) -> Outcome {
    let app = actix_web::App::new()
        .app_data(actix_web::web::Data::new(verifier.clone()))
        .route("/", actix_web::web::get().to(edit));
    let app = init_service(app).await;
    let mut request = TestRequest::get();
    for value in authorization {
        request = request.append_header(("authorization", *value));
    }
    let response = call_service(&app, request.to_request()).await;
    let challenge = response.headers().get("www-authenticate");
    let challenge = challenge.map(|value| value.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    let body = actix_web::test::read_body(response).await;
    (status, challenge, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn axum_and_tower_accept_and_reject_the_same_requests() {
    let world = World::new();
    let bearer = |token: &str| format!("Bearer {token}");
    let good = bearer(&world.token("ada"));
    let forged = bearer(&Issuer::new("first", 9).sign(&claims("ada")));
    let expired = bearer(&world.issuer.sign(&claims_with("exp", 1)));
    let invalid = || Some(r#"Bearer error="invalid_token""#.to_owned());
    let detail = |text: &str| format!(r#"{{"detail":"{text}"}}"#);
    for (authorization, expected) in [
        (vec![&*good], (200, None, "ada".to_owned())),
        (vec![], (401, Some("Bearer".to_owned()), detail("Invalid token"))),
        (vec!["Basic YTpi"], (401, Some("Bearer".to_owned()), detail("Invalid token"))),
        (vec![&*forged], (401, invalid(), detail("Invalid token"))),
        (vec![&*good, &*good], (401, invalid(), detail("Invalid token"))),
        (vec![&*expired], (401, invalid(), detail("Token has expired"))),
    ] {
        let layer = BearerLayer::new(world.verifier.clone());
        assert_eq!(with_tower(layer, &authorization).await, expected);
        let actual = with_axum::<Bearer<Claims>>(&world.verifier, &authorization).await;
        assert_eq!(actual, expected);
    }
}

#[tokio::test]
async fn unavailable_keys_return_503_with_retry_after() {
    let world = World::new();
    world.keys.fail();
    let authorization = format!("Bearer {}", world.token("ada"));
    let mut service = BearerLayer::<Claims>::new(world.verifier.clone()).layer(Inner);
    let response = service.call(request(&[&authorization])).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(response.headers()["content-type"], "application/json");
}

#[actix_web::test]
async fn a_token_without_permission_returns_403_insufficient_scope() {
    let world = World::new();
    let scopes = "tasks:read tasks:write";
    let without_scope = Some(format!(r#"Bearer error="insufficient_scope", scope="{scopes}""#));
    let without_role = Some(r#"Bearer error="insufficient_scope""#.to_owned());
    let refused = |challenge: &Option<String>| {
        (403, challenge.clone(), r#"{"detail":"Insufficient scope"}"#.to_owned())
    };
    let accepted = (200, None, "ada".to_owned());
    for (more, expected) in [
        (json!({ "scope": scopes, "roles": ["editor"] }), accepted.clone()),
        (
            json!({ "scope": "tasks:write other  tasks:read", "roles": ["x", "admin"] }),
            accepted.clone(),
        ),
        (json!({ "scp": ["tasks:read", "tasks:write"], "roles": ["admin"] }), accepted.clone()),
        (json!({ "scp": scopes, "roles": ["admin", 1] }), accepted),
        (json!({}), refused(&without_scope)),
        (json!({ "scope": "", "roles": ["admin"] }), refused(&without_scope)),
        (json!({ "scope": "tasks:read", "roles": ["admin"] }), refused(&without_scope)),
        (
            json!({ "scope": "tasks:read tasks:writes", "roles": ["admin"] }),
            refused(&without_scope),
        ),
        (json!({ "scope": "TASKS:READ TASKS:WRITE", "roles": ["admin"] }), refused(&without_scope)),
        (json!({ "scope": [scopes], "roles": ["admin"] }), refused(&without_scope)),
        (json!({ "scope": 1, "scp": scopes, "roles": ["admin"] }), refused(&without_scope)),
        (json!({ "scope": scopes }), refused(&without_role)),
        (json!({ "scope": scopes, "roles": "admin" }), refused(&without_role)),
        (json!({ "scope": scopes, "roles": ["Admin", "editors"] }), refused(&without_role)),
    ] {
        let mut claims = claims("ada");
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let authorization = format!("Bearer {}", world.issuer.sign(&claims));
        let authorization = &[&*authorization];
        let layer = BearerLayer::new(world.verifier.clone())
            .require_scopes(Edit::SCOPES)
            .require_any_role(Edit::ROLES);
        assert_eq!(with_tower(layer, authorization).await, expected, "{more}");
        let actual = with_axum::<Authorized<Claims, Edit>>(&world.verifier, authorization).await;
        assert_eq!(actual, expected, "{more}");
        assert_eq!(with_actix(&world.verifier, authorization).await, expected, "{more}");
    }
}

#[tokio::test]
async fn a_permission_does_not_replace_verification() {
    let world = World::new();
    let forged = Issuer::new("first", 9).sign(&claims_with("scope", "tasks:read tasks:write"));
    let authorization = format!("Bearer {forged}");
    let actual = with_axum::<Authorized<Claims, Edit>>(&world.verifier, &[&authorization]).await;
    assert_eq!(actual.0, 401);
    let verified: Verified<Value> = world.verifier.verify(&world.token("ada")).await.unwrap();
    assert_eq!(
        Authorized::<_, Edit>::check(verified).err(),
        Some(Error::InsufficientScope { scopes: Edit::SCOPES })
    );
}
