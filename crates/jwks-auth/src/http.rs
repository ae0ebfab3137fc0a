//! Fetches key sets and metadata over HTTP, with a size limit and, unless the application provides
//! the client, without redirects.

mod discovery;

use std::{sync::Arc, time::Duration};

use reqwest::{StatusCode, header::CACHE_CONTROL};
use tracing::info;
use url::Url;

use crate::{
    keys::MAX_DOCUMENT_BYTES,
    source::{FetchError, Fetching, KeySource},
};
pub(crate) use discovery::DiscoveredKeys;
pub use discovery::{MetadataError, jwks_uri, metadata_urls};

/// A callback that returns the names and values of additional request headers.
pub(crate) type Headers = Arc<dyn Fn() -> Vec<(String, String)> + Send + Sync>;

/// Settings of all requests for keys and metadata.
#[derive(Clone)]
pub(crate) struct HttpSettings {
    pub(crate) timeout: Duration,
    /// Age at which metadata is fetched again.
    pub(crate) refresh_after: Duration,
    /// Age up to which old metadata is used if it cannot be fetched.
    pub(crate) max_stale: Duration,
    pub(crate) headers: Option<Headers>,
    /// The client of the application; `None` to build one for each URL.
    pub(crate) client: Option<reqwest::Client>,
}

/// The URL of a document, and the client that fetches it. Cheap to clone.
#[derive(Clone)]
struct Endpoint {
    http: reqwest::Client,
    url: Url,
    headers: Option<Headers>,
    proxy: Option<String>,
}

/// A key set at a fixed URL.
pub(crate) struct HttpKeys(Endpoint);

#[derive(Debug, thiserror::Error)]
enum HttpError {
    #[error("no response from the issuer")]
    NoAnswer(#[source] reqwest::Error),
    #[error("the issuer responded with {0}")]
    Status(StatusCode),
    #[error("the document is larger than {MAX_DOCUMENT_BYTES} bytes")]
    TooLarge,
    #[error(
        "through the proxy {0}; add the issuer's host to NO_PROXY if the proxy cannot reach it"
    )]
    Proxy(String, #[source] Box<Self>),
}

impl From<reqwest::Error> for HttpError {
    fn from(error: reqwest::Error) -> Self {
        // The URL may contain credentials.
        Self::NoAnswer(error.without_url())
    }
}

impl Endpoint {
    fn new(url: Url, settings: &HttpSettings) -> Result<Self, reqwest::Error> {
        let headers = settings.headers.clone();
        if let Some(http) = settings.client.clone() {
            // The proxies of the application's client are unknown.
            return Ok(Self { http, url, headers, proxy: None });
        }
        let http = http_client::builder(&url).timeout(settings.timeout).build()?;
        let proxy = http_client::proxy(&url);
        if let Some(proxy) = &proxy {
            info!(jwks.proxy = proxy, "the issuer's keys are fetched through a proxy");
        }
        Ok(Self { http, url, headers, proxy })
    }

    async fn read(&self) -> Result<Vec<u8>, HttpError> {
        self.read_directly().await.map_err(|error| match &self.proxy {
            Some(proxy) => HttpError::Proxy(proxy.clone(), error.into()),
            None => error,
        })
    }

    async fn read_directly(&self) -> Result<Vec<u8>, HttpError> {
        let headers = self.headers.as_ref().map(|headers| headers()).unwrap_or_default();
        let request =
            headers.into_iter().fold(self.http.get(self.url.clone()), |request, (name, value)| {
                request.header(name, value)
            });
        // An intermediate cache could return a set that lacks a new key or contains a revoked one.
        let request = request.header(CACHE_CONTROL, "no-cache");
        let mut response = request.send().await?;
        if response.status() != StatusCode::OK {
            return Err(HttpError::Status(response.status()));
        }
        let mut document = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if document.len() + chunk.len() > MAX_DOCUMENT_BYTES {
                return Err(HttpError::TooLarge);
            }
            document.extend_from_slice(&chunk);
        }
        Ok(document)
    }
}

impl HttpKeys {
    pub(crate) fn new(url: Url, settings: &HttpSettings) -> Result<Self, reqwest::Error> {
        Endpoint::new(url, settings).map(Self)
    }
}

impl KeySource for HttpKeys {
    fn fetch(&self) -> Fetching<'_> {
        Box::pin(async { self.0.read().await.map_err(FetchError::new) })
    }

    fn proxy(&self) -> Option<String> {
        self.0.proxy.clone()
    }
}
