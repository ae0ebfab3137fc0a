//! A running service with a settable clock, and an HTTP client.

mod answer;

pub(crate) use self::answer::{Answer, Answering, Form, SignedIn, is_nobody};

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use actix_web::{dev::ServerHandle, rt::System};
use auth_service::{
    app::{AuthService, StartError},
    cli::Cli,
    config::Config,
};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use clap::Parser as _;
use database::{Database, DatabaseUrl, query, testing::TestDatabase};
use diesel::{QueryableByName, sql_query, sql_types::Text};
use reqwest::{RequestBuilder, redirect::Policy};
use serde_json::{Value, json};
use service_kit::{App, Clock, ServerArgs};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::oneshot,
};

pub(crate) const BASE_URL: &str = "http://localhost:3000";
pub(crate) const FRONT_END: &str = "http://localhost:5173";
pub(crate) const SECRET: &str = "example-secret-do-not-use-0000000000";
pub(crate) const PASSWORD: &str = "correct horse 42";

pub(crate) const SIGN_UP: &str = "/api/auth/sign-up/email";
pub(crate) const SIGN_IN: &str = "/api/auth/sign-in/email";
pub(crate) const SIGN_OUT: &str = "/api/auth/sign-out";
pub(crate) const GET_SESSION: &str = "/api/auth/get-session";
pub(crate) const TOKEN: &str = "/api/auth/token";
pub(crate) const JWKS: &str = "/api/auth/jwks";

/// Start time of every test, with microseconds, which responses truncate to milliseconds.
const START: &str = "2026-01-02T03:00:00.123456Z";
pub(crate) const START_SHOWN: &str = "2026-01-02T03:00:00.123Z";
pub(crate) const DAY: i64 = 24 * 60 * 60;

/// The values of the `Set-Cookie` headers that clear a session.
pub(crate) const CLEARED: [&str; 3] = [
    "better-auth.session_token=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
    "better-auth.session_data=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
    "better-auth.dont_remember=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
];

/// Time limit for anything that a test waits for. Even on a slow machine, only a hang exceeds it.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct TestApp {
    pub(crate) address: SocketAddr,
    pub(crate) metrics_address: Option<SocketAddr>,
    pub(crate) client: reqwest::Client,
    now_micros: Arc<AtomicI64>,
    handle: ServerHandle,
    thread: Option<thread::JoinHandle<()>>,
    /// Directory to which the service writes e-mails if it has no mail server.
    pub(crate) mail_dir: TempDir,
}

impl TestApp {
    pub(crate) async fn spawn(db: &TestDatabase) -> Self {
        Self::spawn_with(db, |_| {}).await
    }

    pub(crate) async fn spawn_with(db: &TestDatabase, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = config(&db.url);
        change(&mut config);
        Self::start(config).await.expect("the service starts")
    }

    /// Starts the service and waits until it is ready.
    pub(crate) async fn start(config: Config) -> Result<Self, StartError> {
        Self::launch(config, async |app| app.prepared().await).await
    }

    /// Starts the service without waiting until it is ready.
    pub(crate) async fn start_unprepared(config: Config) -> Result<Self, StartError> {
        Self::launch(config, async |_app| Ok(())).await
    }

    async fn launch(
        mut config: Config,
        wait: impl AsyncFnOnce(&mut App<AuthService>) -> Result<(), StartError> + Send + 'static,
    ) -> Result<Self, StartError> {
        let mail_dir = tempfile::tempdir().unwrap();
        config.mail.mail_dir = mail_dir.path().to_owned();
        let start: DateTime<Utc> = START.parse().unwrap();
        let now_micros = Arc::new(AtomicI64::new(start.timestamp_micros()));
        let clock = Clock::new({
            let now = now_micros.clone();
            move || DateTime::from_timestamp_micros(now.load(Ordering::SeqCst)).unwrap()
        });
        let (tell, outcome) = oneshot::channel();
        let thread = thread::spawn(move || {
            System::new().block_on(async {
                let started = async {
                    let mut app = App::<AuthService>::build(&config, clock)?;
                    wait(&mut app).await?;
                    Ok::<_, StartError>(app)
                };
                match started.await {
                    Ok(app) => {
                        let addresses = (app.address(), app.metrics_address());
                        let _ = tell.send(Ok((addresses, app.handle())));
                        app.run().await.unwrap();
                    }
                    Err(error) => drop(tell.send(Err(error))),
                }
            });
        });
        let ((address, metrics_address), handle) = outcome.await.unwrap()?;
        let client = client();
        let thread = Some(thread);
        Ok(Self { address, metrics_address, client, now_micros, handle, thread, mail_dir })
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.advance_millis(seconds * 1000);
    }

    pub(crate) fn advance_millis(&self, millis: i64) {
        self.now_micros.fetch_add(millis * 1000, Ordering::SeqCst);
    }

    /// Returns the clock's time in seconds since the Unix epoch.
    pub(crate) fn now(&self) -> i64 {
        self.now_micros.load(Ordering::SeqCst) / 1_000_000
    }

    /// Rounds the clock down to whole milliseconds, the precision of `shared_models::Timestamp`, to
    /// test exact boundaries.
    pub(crate) fn round_time(&self) {
        let round = |now: i64| Some(now - now % 1000);
        self.now_micros.fetch_update(Ordering::SeqCst, Ordering::SeqCst, round).unwrap();
    }

    /// Sets the clock to the system time, for programs that check tokens against their own clock.
    pub(crate) fn use_real_time(&self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        self.now_micros.store(i64::try_from(now.as_micros()).unwrap(), Ordering::SeqCst);
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.url(path))
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(self.url(path))
    }

    pub(crate) fn sign_up_request(&self, email: &str) -> RequestBuilder {
        self.post(SIGN_UP).json(&json!({ "name": "Ada", "email": email, "password": PASSWORD }))
    }

    pub(crate) fn sign_in_request(&self, email: &str, password: &str) -> RequestBuilder {
        self.post(SIGN_IN).json(&json!({ "email": email, "password": password }))
    }

    pub(crate) async fn sign_up(&self, email: &str) -> SignedIn {
        self.sign_up_request(email).answer().await.signed_in()
    }

    pub(crate) async fn sign_in(&self, email: &str) -> SignedIn {
        self.sign_in_request(email, PASSWORD).answer().await.signed_in()
    }

    pub(crate) async fn get_session(&self, cookie: &str) -> Answer {
        self.get(GET_SESSION).header("cookie", cookie).answer().await
    }

    pub(crate) async fn token(&self, signed_in: &SignedIn) -> String {
        let answer = self.get(TOKEN).header("cookie", &signed_in.cookie).answer().await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    /// Sends a POST request with the user's session token as the bearer token.
    pub(crate) async fn post_as(&self, who: &SignedIn, path: &str, body: &Value) -> Answer {
        self.post(path).bearer_auth(&who.token).json(body).answer().await
    }

    /// Sends a POST request with a session cookie from a trusted origin.
    pub(crate) async fn post_from_page(&self, cookie: &str, path: &str, body: &Value) -> Answer {
        let request = self.post(path).header("cookie", cookie).header("origin", BASE_URL);
        request.json(body).answer().await
    }

    /// Returns the request that opens a mailed link.
    pub(crate) fn open(&self, link: &str) -> RequestBuilder {
        let path = link.strip_prefix(BASE_URL).expect("the link leads to us");
        // The link leads to a confirmation page. The button of that page requests this path.
        self.get(&path.replace("/verify-email/confirm?", "/verify-email?"))
    }

    /// Sends bytes unchanged, and returns all that the server sends until it closes the connection.
    pub(crate) async fn raw(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // A server that rejects a request early may close the connection before it has read
        // everything.
        let _ = stream.write_all(request).await;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer))
            .await
            .expect("the server answers and hangs up");
        String::from_utf8_lossy(&answer).into_owned()
    }
}

/// Returns a client that does not follow redirects.
pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().redirect(Policy::none()).timeout(PATIENCE).build().unwrap()
}

impl Drop for TestApp {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let is_clean = thread.join().is_ok();
            assert!(is_clean || thread::panicking(), "the server panicked");
        }
    }
}

/// Returns the default settings, except for those that tests have to change.
pub(crate) fn config(database: &DatabaseUrl) -> Config {
    let config = Cli::parse_from(["auth-service"]).config;
    Config {
        server: ServerArgs {
            database_url: database.clone(),
            host: [127, 0, 0, 1].into(),
            port: 0,
            ..config.server
        },
        frontend_url: vec![FRONT_END.parse().unwrap()],
        better_auth_url: BASE_URL.parse().unwrap(),
        better_auth_secret: Some(SECRET.into()),
        better_auth_issuer: None,
        better_auth_audience: None,
        // bcrypt's minimum; the command line does not accept it.
        bcrypt_cost: 4,
        rate_limit: false,
        web_root: None,
        ..config
    }
}

/// Returns the time `seconds` after the start, formatted as in responses.
pub(crate) fn shown(seconds: i64) -> String {
    let start: DateTime<Utc> = START_SHOWN.parse().unwrap();
    (start + TimeDelta::seconds(seconds)).to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Returns the field names of an object, sorted.
#[track_caller]
pub(crate) fn members(value: &Value) -> Vec<&str> {
    let mut names: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    value: String,
}

/// Queries the database directly. The statement must name its only column `value`.
pub(crate) async fn values(db: &TestDatabase, statement: &str) -> Vec<String> {
    let database = Database::open(&db.url).unwrap();
    let mut conn = database.read().await.unwrap();
    let rows: Vec<Row> =
        query!(&mut conn, |c| diesel_async::RunQueryDsl::load(sql_query(statement), c)).unwrap();
    rows.into_iter().map(|row| row.value).collect()
}

pub(crate) async fn count(db: &TestDatabase, table: &str) -> usize {
    let statement = format!("SELECT CAST(count(*) AS text) AS value FROM {table}");
    values(db, &statement).await[0].parse().unwrap()
}

pub(crate) async fn with_cookie(app: &TestApp, path: &str, cookie: &str) -> Answer {
    app.get(path).header("cookie", cookie).answer().await
}

pub(crate) async fn with_bearer(app: &TestApp, path: &str, token: &str) -> Answer {
    app.get(path).bearer_auth(token).answer().await
}
