//! A single HTTP request as a service would send it: without redirects, and with a short time
//! limit.

use std::{error::Error as _, io, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Client, Method, RequestBuilder, header::HeaderMap};
use serde_json::Value;
use service_kit::{Clock, origins::WebOrigin};
use url::Url;

use super::innermost;

/// Maximum size of a response body that is read.
const MAX_BODY_BYTES: usize = 256 * 1024;

/// Name of the rustls error for a server that does not speak TLS.
const NOT_TLS: &str = "InvalidContentType";

/// An HTTP client for checks.
#[derive(Clone, Debug)]
pub struct Caller {
    pub clock: Clock,
    /// Time limit for a complete response.
    pub timeout: Duration,
}

/// A response, with the times by our clock at which the request was sent and the head of the
/// response was received.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
    pub(super) asked_at: DateTime<Utc>,
    pub(super) answered_at: DateTime<Utc>,
    headers: HeaderMap,
    /// The proxy through which the request was sent; `None` without a proxy.
    pub proxy: Option<String>,
}

/// Error for a request without a usable response.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{reason}")]
pub struct NoAnswer {
    reason: String,
    /// Whether the server, rather than a proxy, refused the connection.
    pub(super) is_refused: bool,
}

impl Caller {
    pub async fn get(&self, url: &str) -> Result<Answer, NoAnswer> {
        let url = address(url)?;
        self.send(&url, self.client(&url)?.get(url.clone())).await
    }

    /// Sends the CORS preflight request (WHATWG Fetch) of a page from `origin`. Returns whether the
    /// response allows this origin and its cookies.
    pub async fn allows(&self, origin: &WebOrigin, url: &str) -> Result<bool, NoAnswer> {
        let url = address(url)?;
        let request = self
            .client(&url)?
            .request(Method::OPTIONS, url.clone())
            .header("origin", origin.as_str())
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type");
        let answer = self.send(&url, request).await?;
        let is_named = answer.header("access-control-allow-origin") == Some(origin.as_str());
        let is_trusted = answer.header("access-control-allow-credentials") == Some("true");
        Ok((200..300).contains(&answer.status) && is_named && is_trusted)
    }

    fn client(&self, url: &Url) -> Result<Client, NoAnswer> {
        http_client::builder(url).timeout(self.timeout).build().map_err(|error| NoAnswer {
            reason: format!("cannot set up HTTPS; are CA certificates installed? {error}"),
            is_refused: false,
        })
    }

    async fn send(&self, url: &Url, request: RequestBuilder) -> Result<Answer, NoAnswer> {
        let asked_at = self.clock.now();
        let proxy = http_client::proxy(url);
        let failed = |error: reqwest::Error| {
            let mut failed = self.no_answer(url, &error.without_url());
            if let Some(proxy) = &proxy {
                failed.reason = format!("{} (through the proxy {proxy})", failed.reason);
                failed.is_refused = false;
            }
            failed
        };
        let mut response = request.send().await.map_err(failed)?;
        let answered_at = self.clock.now();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MAX_BODY_BYTES {
                let reason = format!("the response is larger than {MAX_BODY_BYTES} bytes");
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
            proxy,
        })
    }

    fn no_answer(&self, url: &Url, error: &reqwest::Error) -> NoAnswer {
        if error.is_timeout() {
            let timeout = humantime::format_duration(self.timeout);
            return NoAnswer { reason: format!("no response within {timeout}"), is_refused: false };
        }
        let mut cause = error.source();
        let mut is_refused = false;
        while let Some(error) = cause {
            let io = error.downcast_ref::<io::Error>();
            is_refused |= io.is_some_and(|io| io.kind() == io::ErrorKind::ConnectionRefused);
            cause = error.source();
        }
        let reason = innermost(error);
        let reason = if url.scheme() == "https" && reason.contains(NOT_TLS) {
            "the server speaks http, not https: use http://, or the port for https".to_owned()
        } else {
            reason
        };
        NoAnswer { reason, is_refused }
    }
}

fn address(url: &str) -> Result<Url, NoAnswer> {
    url.parse().map_err(|error: url::ParseError| NoAnswer {
        reason: format!("invalid URL: {error}"),
        is_refused: false,
    })
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the body as JSON, or null if it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Returns the server's time from the `Date` header (RFC 9110 §6.6.1), corrected by the `Age`
    /// of a cached response (RFC 9111 §5.1).
    pub(super) fn date(&self) -> Option<DateTime<Utc>> {
        let date = DateTime::parse_from_rfc2822(self.header("date")?).ok()?;
        let age = self.header("age").and_then(|age| age.parse().ok()).unwrap_or_default();
        Some(date.to_utc() + TimeDelta::try_seconds(age)?)
    }
}
