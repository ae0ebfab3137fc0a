//! Requests with forms, complete responses, and assertions on the responses.

use reqwest::{RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::openapi;

/// Credentials that a client keeps after a sign-up or sign-in.
pub(crate) struct SignedIn {
    /// The session token in the body, which is not signed.
    pub(crate) token: String,
    /// The token in the `set-auth-token` header: signed, not percent-encoded.
    pub(crate) signed_token: String,
    /// Value for a `Cookie` header.
    pub(crate) cookie: String,
    pub(crate) user: Value,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

pub(crate) trait Form {
    fn form<V: AsRef<str>>(self, fields: &[(&str, V)]) -> Self;
}

impl Form for RequestBuilder {
    /// Adds a form as the body.
    fn form<V: AsRef<str>>(self, fields: &[(&str, V)]) -> Self {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        self.header("content-type", "application/x-www-form-urlencoded").body(form.finish())
    }
}

pub(crate) trait Answering {
    async fn answer(self) -> Answer;
}

impl Answering for RequestBuilder {
    /// Sends the request. Asserts that the OpenAPI document describes the response.
    async fn answer(self) -> Answer {
        let (client, request) = self.build_split();
        let request = request.unwrap();
        let (method, url) = (request.method().clone(), request.url().clone());
        let response = client.execute(request).await.unwrap();
        let answer = Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.text().await.unwrap(),
        };
        openapi::check(&method, &url, &answer);
        answer
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn cookies(&self) -> Vec<&str> {
        self.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// Returns all headers except those that differ in every response.
    pub(crate) fn stable_headers(&self) -> Vec<(&str, &str)> {
        let mut headers: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .filter(|(name, _)| !["date", "x-request-id"].contains(name))
            .collect();
        headers.sort_unstable();
        headers
    }

    /// Asserts a 200 response with exactly this JSON body.
    #[track_caller]
    pub(crate) fn is_ok(&self, body: &Value) {
        assert_eq!((self.status, &self.json()), (200, body));
        assert_eq!(self.header("content-type"), Some("application/json"));
    }

    /// Asserts a 200 response with `{"status":true}`.
    #[track_caller]
    pub(crate) fn is_done(&self) {
        self.is_ok(&json!({ "status": true }));
    }

    /// Asserts a 302 response with this `Location` and an empty body.
    #[track_caller]
    pub(crate) fn leads_to(&self, location: &str) {
        assert_eq!((self.status, self.header("location")), (302, Some(location)), "{self:?}");
        assert_eq!(self.body, "");
        assert_eq!(self.header("content-type"), Some("application/json"));
    }

    /// Asserts a JSON error with this status and message, and without a code.
    #[track_caller]
    pub(crate) fn is_codeless_error(&self, status: u16, message: &str) {
        assert_eq!((self.status, self.json()), (status, json!({ "message": message })));
        assert_eq!(self.header("content-type"), Some("application/json"));
    }

    /// Asserts a JSON error with this status, code and message, and without other fields.
    #[track_caller]
    pub(crate) fn is_error(&self, status: u16, code: &str, message: &str) {
        assert_eq!(self.json(), json!({ "message": message, "code": code }), "{self:?}");
        assert_eq!(self.status, status);
        assert_eq!(self.header("content-type"), Some("application/json"));
    }

    /// Asserts a 4xx response with a `message` in a JSON object.
    #[track_caller]
    pub(crate) fn is_a_clean_refusal(&self) {
        assert!((400..500).contains(&self.status), "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        assert!(self.json()["message"].is_string(), "{self:?}");
    }

    #[track_caller]
    pub(crate) fn signed_in(&self) -> SignedIn {
        assert_eq!(self.status, 200, "{}", self.body);
        let cookies: Vec<_> =
            self.cookies().iter().map(|line| line.split(';').next().unwrap().to_owned()).collect();
        let body = self.json();
        SignedIn {
            token: body["token"].as_str().unwrap().to_owned(),
            signed_token: self.header("set-auth-token").unwrap().to_owned(),
            cookie: cookies.join("; "),
            user: body["user"].clone(),
        }
    }
}

/// Asserts that a response of `get-session` contains no session and sets exactly these cookies.
#[track_caller]
pub(crate) fn is_nobody(answer: &Answer, cookies: &[&str]) {
    assert_eq!((answer.status, answer.body.as_str()), (200, "null"));
    assert_eq!(answer.cookies(), cookies);
    assert_eq!(answer.header("set-auth-jwt"), None);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("pragma"), Some("no-cache"));
}
