//! A single poll of the issuer's feed (RFC 8936, with a cursor), and the verification of its
//! events.

use std::{fmt, sync::Arc, time::Duration};

use reqwest::{
    StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use serde::{Deserialize, Serialize, de};
use url::Url;

use super::{SecurityEvent, set};
use crate::{
    claims::Rules,
    error::Error,
    keys::{FetchTrigger, Keys},
    token::{Kind, Token},
};

/// Timeout of a poll, longer than the 20 seconds after which the issuer ends a long poll.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Maximum size of a response in bytes.
const MAX_RESPONSE_BYTES: usize = 4 * 1024 * 1024;

/// Reader of the primary issuer's security events. Cheap to clone.
///
/// Obtained from [`Verifier::event_reader`](crate::Verifier::event_reader), for applications that
/// act on events, for instance to erase the data of deleted users. The application stores the
/// cursor, preferably in the transaction in which it processes the events.
#[derive(Clone)]
pub struct EventReader(Arc<Inner>);

struct Inner {
    http: reqwest::Client,
    url: Url,
    /// Omitted from `Debug` output.
    authorization: HeaderValue,
    rules: Rules,
    keys: Arc<Keys>,
}

impl fmt::Debug for EventReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventReader").field("issuer", &self.0.rules.issuer).finish_non_exhaustive()
    }
}

/// Parameters of a poll.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventQuery {
    /// Cursor of the previous batch; `None` to start with the oldest event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Maximum number of events; `None` uses the issuer's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_events: Option<u32>,
    /// Event type URIs; `None` for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_types: Option<Vec<String>>,
    /// Whether to omit events that only concern expired tokens.
    pub valid_tokens_only: bool,
    /// Whether to return at once if there are no events.
    pub return_immediately: bool,
}

/// A batch of events in chronological order.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EventBatch {
    /// Events with verified signatures.
    pub events: Vec<SecurityEvent>,
    /// Cursor for the next query.
    pub cursor: String,
    /// Whether more events are available immediately.
    pub more_available: bool,
}

/// Reason why events cannot be read. The messages contain no secrets.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeedError {
    /// The request failed, for instance because the issuer is unreachable.
    #[error("no response from the feed of security events")]
    NoResponse(#[source] reqwest::Error),
    /// 401: the issuer does not know the secret.
    #[error("the feed of security events does not accept the secret")]
    Unauthorized,
    /// Any status other than 200 and 401.
    #[error("the feed of security events responded with {0}")]
    Status(StatusCode),
    /// The body is not a valid response, or is larger than 4 MiB.
    #[error("the feed of security events sent no events")]
    NotEvents,
    /// A token is not a security event, or is not signed by the issuer for this audience.
    #[error("a security event is invalid")]
    Invalid,
    /// The issuer's keys are unavailable.
    #[error("security events cannot be verified")]
    Keys(#[source] Error),
}

impl From<reqwest::Error> for FeedError {
    fn from(error: reqwest::Error) -> Self {
        Self::NoResponse(error.without_url())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    sets: InOrder,
    #[serde(default)]
    more_available: bool,
    cursor: String,
}

/// The tokens of a response, in document order, which is the order of the events.
struct InOrder(Vec<String>);

impl<'de> Deserialize<'de> for InOrder {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = InOrder;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of security event tokens")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<InOrder, A::Error> {
                let mut tokens = Vec::new();
                while let Some((_, token)) = map.next_entry::<de::IgnoredAny, String>()? {
                    tokens.push(token);
                }
                Ok(InOrder(tokens))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

impl EventReader {
    pub(super) fn new(
        url: Url,
        authorization: HeaderValue,
        rules: Rules,
        keys: Arc<Keys>,
        client: Option<reqwest::Client>,
    ) -> Result<Self, reqwest::Error> {
        let http = match client {
            Some(client) => client,
            None => http_client::builder(&url).build()?,
        };
        Ok(Self(Arc::new(Inner { http, url, authorization, rules, keys })))
    }

    /// Returns the next events. If there are none, waits for them, usually for at most 20 seconds,
    /// unless the query has `return_immediately`. The batch is empty if there are still none.
    pub async fn poll(&self, query: &EventQuery) -> Result<EventBatch, FeedError> {
        let inner = &*self.0;
        let body =
            serde_json::to_vec(query).map_err(|_error: serde_json::Error| FeedError::NotEvents)?;
        let request = inner
            .http
            .post(inner.url.clone())
            .header(AUTHORIZATION, inner.authorization.clone())
            .header(CONTENT_TYPE, "application/json")
            .timeout(TIMEOUT)
            .body(body);
        let mut response = request.send().await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED => return Err(FeedError::Unauthorized),
            status => return Err(FeedError::Status(status)),
        }
        let mut document = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if document.len() + chunk.len() > MAX_RESPONSE_BYTES {
                return Err(FeedError::NotEvents);
            }
            document.extend_from_slice(&chunk);
        }
        let page: Page = serde_json::from_slice(&document)
            .map_err(|_error: serde_json::Error| FeedError::NotEvents)?;
        let mut events = Vec::new();
        for token in &page.sets.0 {
            events.extend(self.verify_with(token, FetchTrigger::Event).await?);
        }
        Ok(EventBatch { events, cursor: page.cursor, more_available: page.more_available })
    }

    /// Verifies a security event token. Access tokens are rejected, just as verifiers of access
    /// tokens reject security events (RFC 8725 §3.11).
    pub async fn verify(&self, token: &str) -> Result<Vec<SecurityEvent>, FeedError> {
        self.verify_with(token, FetchTrigger::UnknownKey).await
    }

    async fn verify_with(
        &self,
        token: &str,
        trigger: FetchTrigger,
    ) -> Result<Vec<SecurityEvent>, FeedError> {
        let Inner { rules, keys, .. } = &*self.0;
        let invalid = |error: Error| match error {
            Error::Unavailable { .. } => FeedError::Keys(error),
            _ => FeedError::Invalid,
        };
        let token =
            Token::parse(token, Kind::SecurityEvent).map_err(|error| invalid(error.into()))?;
        let key =
            keys.find(token.kid.as_deref(), token.algorithm, trigger).await.map_err(invalid)?;
        let claims = token.signed_by(&key).map_err(|error| invalid(error.into()))?;
        set::read(&claims, &rules.issuer, |aud| rules.is_audience(aud)).ok_or(FeedError::Invalid)
    }
}
