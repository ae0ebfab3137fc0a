//! The service under test, and an issuer whose responses a test controls.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use actix_web::{App as WebApp, HttpResponse, HttpServer, dev::ServerHandle, rt, web};
use chrono::TimeDelta;
use clap::Parser as _;
use database::testing::TestDatabase;
use jwks_auth::testing::Issuer;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use service_kit::{App, Clock};
use task_service::{app::TaskService, cli::Cli, config::Config};
use tokio::sync::watch;
use url::{Position, Url};

pub(crate) const ISSUER: &str = "http://issuer.test";
pub(crate) const AUDIENCE: &str = "http://tasks.test";
pub(crate) const FRONTEND: &str = "http://spa.test:5173";

/// A running task-service that trusts a [`KeyServer`].
pub(crate) struct TestApp {
    pub(crate) address: SocketAddr,
    pub(crate) metrics_address: Option<SocketAddr>,
    pub(crate) keys: KeyServer,
    pub(crate) client: Client,
    server: ServerHandle,
    /// Offset of the service's clock in seconds.
    ahead: Arc<AtomicI64>,
}

impl TestApp {
    pub(crate) async fn spawn(db: &TestDatabase) -> Self {
        Self::spawn_with(db, |_| {}).await
    }

    pub(crate) async fn spawn_with(db: &TestDatabase, change: impl FnOnce(&mut Config)) -> Self {
        Self::spawn_trusting(KeyServer::start(), db, change).await
    }

    pub(crate) async fn spawn_trusting(
        keys: KeyServer,
        db: &TestDatabase,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        Self::launch(keys, db, change, async |app| app.prepared().await.unwrap()).await
    }

    /// Starts the service without waiting until it has created the schema.
    pub(crate) async fn spawn_unprepared(
        db: &TestDatabase,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        Self::launch(KeyServer::start(), db, change, async |_app| {}).await
    }

    async fn launch(
        keys: KeyServer,
        db: &TestDatabase,
        change: impl FnOnce(&mut Config),
        wait: impl AsyncFnOnce(&mut App<TaskService>),
    ) -> Self {
        let mut config = Cli::parse_from(["task-service"]).config;
        config.server.database_url = db.url.clone();
        config.server.port = 0;
        config.frontend_url = vec![FRONTEND.parse().unwrap()];
        config.better_auth_issuer = ISSUER.into();
        config.better_auth_audience = AUDIENCE.into();
        config.better_auth_jwks_url = keys.url();
        change(&mut config);
        let ahead = Arc::new(AtomicI64::new(0));
        let clock = Clock::new({
            let (clock, ahead) = (Clock::default(), Arc::clone(&ahead));
            move || clock.now() + TimeDelta::seconds(ahead.load(Ordering::Relaxed))
        });
        let mut app = App::<TaskService>::build(&config, clock).unwrap();
        wait(&mut app).await;
        let (address, server) = (app.address(), app.handle());
        let metrics_address = app.metrics_address();
        rt::spawn(app.run());
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { address, metrics_address, keys, client, server, ahead }
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.ahead.fetch_add(seconds, Ordering::Relaxed);
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Returns a token for `sub` that is valid for an hour.
    pub(crate) fn token(&self, sub: &str) -> String {
        let mut claims = claims(sub);
        claims["exp"] = (now().cast_signed() + self.ahead.load(Ordering::Relaxed) + 3600).into();
        self.keys.issuer().sign(&claims)
    }

    pub(crate) fn request(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        self.client.request(method, self.url(path)).bearer_auth(token)
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Response {
        self.request(Method::GET, path, token).send().await.unwrap()
    }

    pub(crate) async fn post(&self, token: &str, body: &Value) -> Response {
        self.request(Method::POST, "/api/tasks", token).json(body).send().await.unwrap()
    }

    pub(crate) async fn patch(&self, id: &str, token: &str, body: &Value) -> Response {
        let path = format!("/api/tasks/{id}");
        self.request(Method::PATCH, &path, token).json(body).send().await.unwrap()
    }

    pub(crate) async fn delete(&self, id: &str, token: &str) -> Response {
        let path = format!("/api/tasks/{id}");
        self.request(Method::DELETE, &path, token).send().await.unwrap()
    }

    /// Creates a task and returns its representation.
    pub(crate) async fn create(&self, token: &str, body: &Value) -> Value {
        let response = self.post(token, body).await;
        assert_eq!(response.status(), StatusCode::CREATED);
        response.json().await.unwrap()
    }

    /// Returns the path and query of the next page, if there is one.
    pub(crate) fn next(response: &Response) -> Option<String> {
        let link = response.headers().get("link")?.to_str().unwrap();
        let (reference, relation) = link.strip_prefix('<').unwrap().split_once('>').unwrap();
        assert_eq!(relation, r#"; rel="next""#);
        Some(path(&response.url().join(reference).unwrap()))
    }

    /// Returns the tasks of a page and all following pages.
    pub(crate) async fn pages(&self, path: &str, token: &str) -> Vec<Value> {
        let (mut next, mut tasks) = (Some(path.to_owned()), Vec::new());
        while let Some(path) = next {
            let response = self.get(&path, token).await;
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            next = Self::next(&response);
            tasks.extend(response.json::<Vec<Value>>().await.unwrap());
        }
        tasks
    }

    /// Returns the titles of the tasks on a page.
    pub(crate) async fn titles(&self, path: &str, token: &str) -> Vec<String> {
        let tasks: Vec<Value> = self.get(path, token).await.json().await.unwrap();
        tasks.iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect()
    }

    /// Returns the status of `GET /api/tasks` with a token.
    pub(crate) async fn status_for(&self, token: &str) -> StatusCode {
        self.get("/api/tasks", token).await.status()
    }
}

/// Returns the path of the created task from the `Location` of a response.
pub(crate) fn location(response: &Response) -> String {
    let reference = response.headers()["location"].to_str().unwrap();
    path(&response.url().join(reference).unwrap())
}

fn path(url: &Url) -> String {
    url[Position::BeforePath..].to_owned()
}

impl Drop for TestApp {
    fn drop(&mut self) {
        rt::spawn(self.server.stop(false));
    }
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Returns the claims of a valid token.
pub(crate) fn claims(sub: &str) -> Value {
    let now = now();
    json!({ "sub": sub, "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 3600 })
}

pub(crate) async fn problem(response: Response) -> Value {
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let status = response.status();
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["status"], status.as_u16());
    assert_eq!(problem["title"], status.canonical_reason().unwrap());
    assert!(problem["detail"].is_string() && problem["code"].is_string(), "{problem}");
    problem
}

/// The issuer's response to fetches of its keys.
#[derive(Clone)]
pub(crate) enum Answer {
    Document(Value),
    Text(u16, String),
    /// No response until another one is set.
    Hang,
}

/// An issuer on a free port, which counts the fetches of its keys.
pub(crate) struct KeyServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: ServerHandle,
}

struct Shared {
    issuer: Mutex<Issuer>,
    answer: watch::Sender<Answer>,
    fetches: watch::Sender<usize>,
}

impl KeyServer {
    pub(crate) fn start() -> Self {
        let issuer = Issuer::new("first", 1);
        Self::start_with(Answer::Document(issuer.jwks()))
    }

    pub(crate) fn start_with(answer: Answer) -> Self {
        let shared = Arc::new(Shared {
            issuer: Mutex::new(Issuer::new("first", 1)),
            answer: watch::Sender::new(answer),
            fetches: watch::Sender::new(0),
        });
        let data = web::Data::from(Arc::clone(&shared));
        let server = HttpServer::new(move || {
            WebApp::new().app_data(data.clone()).default_service(web::to(serve_keys))
        })
        .workers(1)
        .bind("127.0.0.1:0")
        .unwrap();
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        rt::spawn(server);
        Self { address, shared, server: handle }
    }

    pub(crate) fn url(&self) -> Url {
        format!("http://{}/jwks", self.address).parse().unwrap()
    }

    pub(crate) fn issuer(&self) -> Issuer {
        self.shared.issuer.lock().unwrap().clone()
    }

    /// Makes [`TestApp::token`] use the key of `issuer` from now on.
    pub(crate) fn sign_with(&self, issuer: Issuer) {
        *self.shared.issuer.lock().unwrap() = issuer;
    }

    pub(crate) fn answer(&self, answer: Answer) {
        self.shared.answer.send_replace(answer);
    }

    pub(crate) fn publish(&self, keys: &[Value]) {
        self.answer(Answer::Document(json!({ "keys": keys })));
    }

    pub(crate) fn fetches(&self) -> usize {
        *self.shared.fetches.borrow()
    }

    /// Waits until the keys have been fetched `count` more times.
    pub(crate) async fn more_fetches(&self, count: usize) {
        let wanted = self.fetches() + count;
        let mut fetches = self.shared.fetches.subscribe();
        let waiting = fetches.wait_for(|fetches| *fetches >= wanted);
        tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap().unwrap();
    }
}

impl Drop for KeyServer {
    fn drop(&mut self) {
        // A pending response would prevent the server from stopping.
        self.answer(Answer::Text(503, String::new()));
        rt::spawn(self.server.stop(false));
    }
}

async fn serve_keys(shared: web::Data<Shared>) -> HttpResponse {
    shared.fetches.send_modify(|fetches| *fetches += 1);
    let mut answer = shared.answer.subscribe();
    let answer = answer.wait_for(|answer| !matches!(answer, Answer::Hang)).await.unwrap().clone();
    match answer {
        Answer::Document(document) => HttpResponse::Ok().json(document),
        Answer::Text(status, text) => {
            HttpResponse::build(status.try_into().unwrap()).content_type("text/html").body(text)
        }
        Answer::Hang => HttpResponse::ServiceUnavailable().finish(),
    }
}
