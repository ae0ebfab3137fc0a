//! Fetches key sets over HTTP, without redirects and with a size limit.

use std::{sync::Arc, time::Duration};

use reqwest::{StatusCode, header::CACHE_CONTROL};
use tracing::info;
use url::Url;

use crate::{
    keys::MAX_DOCUMENT_BYTES,
    source::{FetchError, Fetching, KeySource},
};

/// A callback that returns the names and values of additional request headers.
pub(crate) type Headers = Arc<dyn Fn() -> Vec<(String, String)> + Send + Sync>;

pub(crate) struct HttpKeys {
    http: reqwest::Client,
    url: Url,
    headers: Option<Headers>,
    proxy: Option<String>,
}

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

impl HttpKeys {
    pub(crate) fn new(
        url: Url,
        timeout: Duration,
        headers: Option<Headers>,
    ) -> Result<Self, reqwest::Error> {
        let (http, proxy) = (http_client::builder(&url).timeout(timeout), http_client::proxy(&url));
        if let Some(proxy) = &proxy {
            info!(jwks.proxy = proxy, "the issuer's keys are fetched through a proxy");
        }
        Ok(Self { http: http.build()?, url, headers, proxy })
    }

    async fn read(&self) -> Result<Vec<u8>, HttpError> {
        let headers = self.headers.as_ref().map(|headers| headers()).unwrap_or_default();
        let request =
            headers.into_iter().fold(self.http.get(self.url.clone()), |request, (name, value)| {
                request.header(name, value)
            });
        // No intermediate cache may return a set that lacks a new key or contains a revoked one.
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

impl KeySource for HttpKeys {
    fn fetch(&self) -> Fetching<'_> {
        Box::pin(async {
            self.read().await.map_err(|error| {
                FetchError::new(match &self.proxy {
                    Some(proxy) => HttpError::Proxy(proxy.clone(), error.into()),
                    None => error,
                })
            })
        })
    }

    fn proxy(&self) -> Option<&str> {
        self.proxy.as_deref()
    }
}
