//! Discovery of an issuer's key set by its metadata (RFC 8414, OpenID Connect Discovery 1.0).

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use serde_json::Value;
use tokio::time::Instant;
use tracing::{info, warn};
use url::Url;

use super::{Endpoint, HttpError, HttpSettings};
use crate::{
    error::BuildError,
    keys::with_causes,
    source::{FetchError, Fetching, KeySource},
    unique_members::UniqueMembers,
};

const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

/// A key set at the URL that the issuer's metadata names.
pub(crate) struct DiscoveredKeys {
    issuer: String,
    metadata: [Endpoint; 2],
    settings: HttpSettings,
    known: ArcSwapOption<Known>,
}

/// The location of the keys, as last found in the metadata.
struct Known {
    keys: Endpoint,
    fetched_at: Instant,
    /// Whether fetching the keys has failed. If so, the metadata is fetched again, because the keys
    /// may have moved.
    is_doubtful: bool,
}

/// Reason why a document is not the metadata of an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// The document is not a JSON object without duplicate fields.
    #[error("the metadata is not a JSON object without duplicate fields (RFC 8414 §3.2)")]
    NotMetadata,
    /// The metadata must name exactly the issuer whose metadata was requested.
    #[error("the metadata is that of another issuer (RFC 8414 §3.3)")]
    OtherIssuer,
    /// There is no `jwks_uri`, or it is not an `https` URL. `http` is accepted if the issuer is an
    /// `http` URL as well, and both are on local hosts.
    #[error("the metadata has no jwks_uri with https (RFC 8414 §2)")]
    NoKeys,
}

#[derive(Debug, thiserror::Error)]
enum DiscoveryError {
    #[error("cannot fetch the issuer's metadata")]
    Fetch(#[source] HttpError),
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    #[error("cannot set up HTTPS")]
    Https(#[from] reqwest::Error),
    #[error("cannot fetch the keys from the jwks_uri")]
    Keys(#[source] HttpError),
}

/// Returns the two URLs at which an issuer may publish its metadata: that of RFC 8414 §3.1, and
/// that of OpenID Connect Discovery 1.0 §4.1. Returns `None` unless the issuer is an `https` URL
/// without query, fragment and credentials; `http` is accepted for local hosts.
pub fn metadata_urls(issuer: &str) -> Option<[Url; 2]> {
    let url = secure_url(issuer)?;
    if url.query().is_some() {
        return None;
    }
    let path = url.path().trim_end_matches('/');
    let at = |path: String| {
        let mut url = url.clone();
        url.set_path(&path);
        url
    };
    Some([at(format!("{OAUTH}{path}")), at(format!("{path}{OPENID}"))])
}

/// Returns the URL of the key set from an issuer's metadata, which must name `issuer`.
pub fn jwks_uri(metadata: &[u8], issuer: &str) -> Result<Url, MetadataError> {
    let UniqueMembers(metadata) = serde_json::from_slice(metadata)
        .map_err(|_error: serde_json::Error| MetadataError::NotMetadata)?;
    let text = |name| metadata.get(name).and_then(Value::as_str);
    // Otherwise the metadata of one issuer could decide which keys are trusted for another (RFC 8414
    // §3.3).
    if text("issuer") != Some(issuer) {
        return Err(MetadataError::OtherIssuer);
    }
    let is_as_secure = |url: &Url| url.scheme() == "https" || issuer.starts_with("http:");
    text("jwks_uri").and_then(secure_url).filter(is_as_secure).ok_or(MetadataError::NoKeys)
}

fn secure_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_secure =
        url.scheme() == "https" || url.scheme() == "http" && http_client::is_local(&url);
    let is_plain =
        url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (is_secure && is_plain).then_some(url)
}

impl DiscoveredKeys {
    pub(crate) fn new(issuer: String, settings: HttpSettings) -> Result<Self, BuildError> {
        let Some([oauth, openid]) = metadata_urls(&issuer) else {
            return Err(BuildError::NotDiscoverable(issuer));
        };
        let metadata = [Endpoint::new(oauth, &settings)?, Endpoint::new(openid, &settings)?];
        let known = ArcSwapOption::empty();
        Ok(Self { issuer, metadata, settings, known })
    }

    async fn read(&self) -> Result<Vec<u8>, DiscoveryError> {
        let document = self.keys().await?.read().await;
        if document.is_err()
            && let Some(Known { keys, fetched_at, .. }) = self.known.load().as_deref()
        {
            let known = Known { keys: keys.clone(), fetched_at: *fetched_at, is_doubtful: true };
            self.known.store(Some(Arc::new(known)));
        }
        document.map_err(DiscoveryError::Keys)
    }

    /// Returns the location of the keys. Metadata that cannot be renewed is used until it is too old.
    async fn keys(&self) -> Result<Endpoint, DiscoveryError> {
        let known = self.known.load_full();
        let younger_than =
            |limit| known.as_deref().filter(|known| known.fetched_at.elapsed() <= limit);
        if let Some(known) = younger_than(self.settings.refresh_after)
            && !known.is_doubtful
        {
            return Ok(known.keys.clone());
        }
        match self.discover().await {
            Ok(url) => Ok(self.remember(url, known.as_deref())?),
            Err(error) => {
                let Some(known) = younger_than(self.settings.max_stale) else { return Err(error) };
                warn!(
                    jwks.issuer = self.issuer,
                    error = %with_causes(&error),
                    "the issuer's metadata could not be fetched"
                );
                Ok(known.keys.clone())
            }
        }
    }

    fn remember(&self, url: Url, before: Option<&Known>) -> Result<Endpoint, reqwest::Error> {
        let keys = if let Some(before) = before.filter(|before| before.keys.url == url) {
            before.keys.clone()
        } else {
            info!(jwks.issuer = self.issuer, jwks.url = %url, "location of the keys discovered");
            Endpoint::new(url, &self.settings)?
        };
        let known = Known { keys: keys.clone(), fetched_at: Instant::now(), is_doubtful: false };
        self.known.store(Some(Arc::new(known)));
        Ok(keys)
    }

    /// Fetches the metadata and returns the URL of the keys in it. The second location is tried
    /// only if the first one cannot be fetched or is not metadata.
    async fn discover(&self) -> Result<Url, DiscoveryError> {
        let [oauth, openid] = &self.metadata;
        if let Ok(document) = oauth.read().await {
            match jwks_uri(&document, &self.issuer) {
                // A web app at the first location responds to every path with HTML.
                Err(MetadataError::NotMetadata) => {}
                outcome => return Ok(outcome?),
            }
        }
        let document = openid.read().await.map_err(DiscoveryError::Fetch)?;
        Ok(jwks_uri(&document, &self.issuer)?)
    }
}

impl KeySource for DiscoveredKeys {
    fn fetch(&self) -> Fetching<'_> {
        Box::pin(async { self.read().await.map_err(FetchError::new) })
    }

    fn proxy(&self) -> Option<String> {
        match &*self.known.load() {
            Some(known) => known.keys.proxy.clone(),
            None => self.metadata.iter().find_map(|endpoint| endpoint.proxy.clone()),
        }
    }
}
