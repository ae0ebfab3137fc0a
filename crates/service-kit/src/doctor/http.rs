//! One question over HTTP, as a service would ask it: no redirects, and never for long.

use std::{error::Error as _, io, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Client, Method, RequestBuilder, header::HeaderMap, redirect::Policy};
use serde_json::Value;
use url::Url;

use super::innermost;
use crate::{Clock, origins::WebOrigin};

/// The longest answer that is read.
const MAX_BODY_BYTES: usize = 256 * 1024;

/// Asks others.
#[derive(Clone, Debug)]
pub struct Caller {
    pub clock: Clock,
    /// For the whole of an answer.
    pub timeout: Duration,
}

/// What came back, and when, by our clock.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
    pub(super) asked_at: DateTime<Utc>,
    pub(super) answered_at: DateTime<Utc>,
    headers: HeaderMap,
}

/// Nothing came back.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{reason}")]
pub struct NoAnswer {
    reason: String,
    /// Whether that is because nobody listens there.
    pub(super) is_refused: bool,
}

impl Caller {
    pub async fn get(&self, url: &str) -> Result<Answer, NoAnswer> {
        let url = address(url)?;
        self.send(self.client(&url)?.get(url)).await
    }

    /// Asks as a browser does for a page of `origin` (WHATWG Fetch, CORS preflight): whether it
    /// may call with a body, a token and its cookies.
    pub async fn allows(&self, origin: &WebOrigin, url: &str) -> Result<bool, NoAnswer> {
        let url = address(url)?;
        let request = self
            .client(&url)?
            .request(Method::OPTIONS, url)
            .header("origin", origin.as_str())
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type");
        let answer = self.send(request).await?;
        let is_named = answer.header("access-control-allow-origin") == Some(origin.as_str());
        let is_trusted = answer.header("access-control-allow-credentials") == Some("true");
        Ok((200..300).contains(&answer.status) && is_named && is_trusted)
    }

    fn client(&self, url: &Url) -> Result<Client, NoAnswer> {
        let mut client = Client::builder().timeout(self.timeout).redirect(Policy::none());
        if url.scheme() == "http" {
            // A small image may have no certificates, and needs none.
            client = client.tls_certs_only([]);
        }
        client.build().map_err(|error| NoAnswer {
            reason: format!("HTTPS cannot be set up, are CA certificates installed? {error}"),
            is_refused: false,
        })
    }

    async fn send(&self, request: RequestBuilder) -> Result<Answer, NoAnswer> {
        let asked_at = self.clock.now();
        let failed = |error: reqwest::Error| self.no_answer(&error.without_url());
        let mut response = request.send().await.map_err(failed)?;
        let answered_at = self.clock.now();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MAX_BODY_BYTES {
                let reason = format!("the answer is larger than {MAX_BODY_BYTES} bytes");
                return Err(NoAnswer { reason, is_refused: false });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status: response.status().as_u16(),
            body,
            asked_at,
            answered_at,
            headers: response.headers().clone(),
        })
    }

    fn no_answer(&self, error: &reqwest::Error) -> NoAnswer {
        if error.is_timeout() {
            let timeout = humantime::format_duration(self.timeout);
            return NoAnswer { reason: format!("no answer within {timeout}"), is_refused: false };
        }
        let mut cause = error.source();
        let mut is_refused = false;
        while let Some(error) = cause {
            let io = error.downcast_ref::<io::Error>();
            is_refused |= io.is_some_and(|io| io.kind() == io::ErrorKind::ConnectionRefused);
            cause = error.source();
        }
        NoAnswer { reason: innermost(error), is_refused }
    }
}

fn address(url: &str) -> Result<Url, NoAnswer> {
    url.parse().map_err(|error: url::ParseError| NoAnswer {
        reason: format!("that is no address: {error}"),
        is_refused: false,
    })
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Null if the body is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// What time it is over there (RFC 9110 §6.6.1), also if a cache has kept the answer for a
    /// while (RFC 9111 §5.1).
    pub(super) fn date(&self) -> Option<DateTime<Utc>> {
        let date = DateTime::parse_from_rfc2822(self.header("date")?).ok()?;
        let age = self.header("age").and_then(|age| age.parse().ok()).unwrap_or_default();
        Some(date.to_utc() + TimeDelta::try_seconds(age)?)
    }
}
