//! Keys over HTTP: no redirects, and no more than a key set needs.

use std::{sync::Arc, time::Duration};

use reqwest::{StatusCode, redirect};
use url::Url;

use crate::{
    keys::MAX_DOCUMENT_BYTES,
    source::{FetchError, Fetching, KeySource},
};

/// Names and values of further headers.
pub(crate) type Headers = Arc<dyn Fn() -> Vec<(String, String)> + Send + Sync>;

pub(crate) struct HttpKeys {
    http: reqwest::Client,
    url: Url,
    headers: Option<Headers>,
}

#[derive(Debug, thiserror::Error)]
enum HttpError {
    #[error("the issuer did not answer")]
    NoAnswer(#[source] reqwest::Error),
    #[error("the answer was {0}")]
    Status(StatusCode),
    #[error("the document is larger than {MAX_DOCUMENT_BYTES} bytes")]
    TooLarge,
}

impl From<reqwest::Error> for HttpError {
    fn from(error: reqwest::Error) -> Self {
        // The address may hold credentials.
        Self::NoAnswer(error.without_url())
    }
}

impl HttpKeys {
    pub(crate) fn new(
        url: Url,
        timeout: Duration,
        headers: Option<Headers>,
    ) -> Result<Self, reqwest::Error> {
        let mut http =
            reqwest::Client::builder().timeout(timeout).redirect(redirect::Policy::none());
        if url.scheme() == "http" {
            // A small image may have no certificates, and needs none.
            http = http.tls_certs_only([]);
        }
        Ok(Self { http: http.build()?, url, headers })
    }

    async fn read(&self) -> Result<Vec<u8>, HttpError> {
        let headers = self.headers.as_ref().map(|headers| headers()).unwrap_or_default();
        let request =
            headers.into_iter().fold(self.http.get(self.url.clone()), |request, (name, value)| {
                request.header(name, value)
            });
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
        Box::pin(async { self.read().await.map_err(FetchError::new) })
    }
}
