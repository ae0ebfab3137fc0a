//! An HTTP client that distinguishes error responses from missing responses.

use std::time::Duration;

use serde_json::{Value, json};
use ureq::{Agent, http::Request};

const TIMEOUT: Duration = Duration::from_secs(30);

/// A client of one service.
#[derive(Clone, Debug)]
pub struct Client {
    agent: Agent,
    base: String,
}

/// The parts of a response that tests check.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<String>,
    /// The JSON body, or null if the body is not JSON.
    pub body: Value,
}

/// The error of a request that got no complete response, for example because the service exited.
#[derive(Debug)]
pub struct Lost(pub ureq::Error);

impl Client {
    pub fn new(base: &str) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            .build()
            .new_agent();
        Self { agent, base: base.to_owned() }
    }

    pub fn get(&self, path: &str, bearer: &str) -> Result<Answer, Lost> {
        self.call("GET", path, Some(bearer), None, None)
    }

    /// Revokes an access token at auth-service. Possession of the token is sufficient.
    pub fn revoke_token(&self, token: &str) -> Result<Answer, Lost> {
        let url = format!("{}/api/auth/oauth2/revoke", self.base);
        let form = "application/x-www-form-urlencoded";
        let request = Request::post(url).header("content-type", form);
        self.run(request.body(format!("token={token}")).expect("the request is well formed"))
    }

    pub fn post(&self, path: &str, bearer: Option<&str>, body: &Value) -> Result<Answer, Lost> {
        self.call("POST", path, bearer, Some(body), None)
    }

    fn call(
        &self,
        method: &str,
        path: &str,
        bearer: Option<&str>,
        body: Option<&Value>,
        idempotency_key: Option<&str>,
    ) -> Result<Answer, Lost> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        if let Some(key) = idempotency_key {
            request = request.header("idempotency-key", key);
        }
        if let Some(bearer) = bearer {
            request = request.header("authorization", format!("Bearer {bearer}"));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let content = body.map(Value::to_string).unwrap_or_default();
        self.run(request.body(content).expect("the request is well formed"))
    }

    fn run(&self, request: Request<String>) -> Result<Answer, Lost> {
        let mut response = self.agent.run(request).map_err(Lost)?;
        let text = response.body_mut().read_to_string().map_err(Lost)?;
        let retry_after = response.headers().get("retry-after");
        Ok(Answer {
            status: response.status().as_u16(),
            retry_after: retry_after.and_then(|value| value.to_str().ok()).map(str::to_owned),
            body: serde_json::from_str(&text).unwrap_or_default(),
        })
    }

    pub fn sign_up(&self, email: &str) -> Result<Answer, Lost> {
        let body = json!({ "name": "Ada", "email": email, "password": PASSWORD });
        self.post("/api/auth/sign-up/email", None, &body)
    }

    pub fn sign_in(&self, email: &str) -> Result<Answer, Lost> {
        let body = json!({ "email": email, "password": PASSWORD });
        self.post("/api/auth/sign-in/email", None, &body)
    }

    /// Exchanges a session token for an access token at auth-service.
    pub fn token(&self, session: &str) -> Result<Answer, Lost> {
        self.get("/api/auth/token", session)
    }

    pub fn create_task(&self, token: &str, title: &str) -> Result<Answer, Lost> {
        self.post("/api/tasks", Some(token), &json!({ "title": title }))
    }

    /// Creates a task at task-service with an idempotency key.
    pub fn create_task_once(&self, token: &str, title: &str, key: &str) -> Result<Answer, Lost> {
        let body = json!({ "title": title });
        self.call("POST", "/api/tasks", Some(token), Some(&body), Some(key))
    }

    pub fn task(&self, token: &str, id: &str) -> Result<Answer, Lost> {
        self.get(&format!("/api/tasks/{id}"), token)
    }
}

pub(crate) const PASSWORD: &str = "correct horse battery staple";

impl Answer {
    /// Returns the value of a string field in the body. Panics if the field is missing or is not a
    /// string.
    pub fn text(&self, field: &str) -> String {
        let Some(text) = self.body.get(field).and_then(Value::as_str) else {
            panic!("no text {field:?} in {self:?}");
        };
        text.to_owned()
    }

    /// Returns whether this is the response to a database outage: 503 with `Retry-After` and a JSON
    /// object.
    pub fn is_outage(&self) -> bool {
        self.status == 503 && self.retry_after.is_some() && self.body.is_object()
    }
}
