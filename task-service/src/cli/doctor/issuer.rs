//! Checks of a token issuer: its keys, its clock, its `iss` and `aud`, and its web app.

use jwks_auth::{Algorithm, MetadataError, VerifierBuilder, jwks_uri, metadata_urls, usable_kids};
use operator_tools::doctor::{self, Answer, Caller, Finding, Skew, shown};
use serde_json::Value;
use service_kit::origins::WebOrigin;
use shared_models::{ISSUER_DOCUMENT, IssuerDocument};
use url::Url;

use crate::config::{self, Config, KeyLocation};

/// An issuer, and the settings that it should match.
#[derive(Clone, Copy)]
pub(super) struct Trusted<'a> {
    pub(super) issuer: &'a str,
    pub(super) audience: &'a str,
    /// `None` if the keys are found by discovery.
    jwks_url: Option<&'a Url>,
    algorithms: &'a [config::Algorithm],
    is_primary: bool,
}

/// Result of checking an issuer.
pub(super) struct Issuer<'a> {
    pub(super) trusted: Trusted<'a>,
    /// Ids of the usable keys that the issuer publishes; `None` if none were found.
    pub(super) kids: Option<Vec<String>>,
    /// Skew of the issuer's clock, if known.
    pub(super) skew: Option<Skew>,
}

impl<'a> Trusted<'a> {
    /// Returns all configured issuers, the primary one first.
    pub(super) fn all(config: &'a Config) -> Vec<Self> {
        let primary = Self {
            issuer: &config.better_auth_issuer,
            audience: &config.better_auth_audience,
            jwks_url: Some(&config.better_auth_jwks_url),
            algorithms: &config.better_auth_algorithms,
            is_primary: true,
        };
        let others = config.trusted_issuers.iter().map(|other| Self {
            issuer: &other.issuer,
            audience: &other.audience,
            jwks_url: match &other.keys {
                KeyLocation::Url(url) => Some(url),
                KeyLocation::Metadata => None,
            },
            algorithms: &other.algorithms,
            is_primary: false,
        });
        std::iter::once(primary).chain(others).collect()
    }

    fn setting(self, of_the_primary: &'static str) -> &'static str {
        if self.is_primary { of_the_primary } else { "TRUSTED_ISSUERS" }
    }

    pub(super) fn algorithms(self) -> Vec<Algorithm> {
        self.algorithms.iter().copied().map(Into::into).collect()
    }

    pub(super) fn issuer_setting(self) -> &'static str {
        self.setting("BETTER_AUTH_ISSUER")
    }

    pub(super) fn audience_setting(self) -> &'static str {
        self.setting("BETTER_AUTH_AUDIENCE")
    }

    pub(super) fn jwks_setting(self) -> &'static str {
        self.setting("BETTER_AUTH_JWKS_URL")
    }
}

/// Checks an issuer, and returns the findings. `pages` are the origins of the web app.
pub(super) async fn look_at<'a>(
    caller: &Caller,
    trusted: Trusted<'a>,
    pages: &[WebOrigin],
) -> (Vec<Finding>, Issuer<'a>) {
    let mut issuer = Issuer { trusted, kids: None, skew: None };
    let jwks_url = match trusted.jwks_url {
        Some(url) => url.clone(),
        None => match discover(caller, trusted.issuer).await {
            Ok(url) => url,
            Err(text) => return (vec![Finding::fault(trusted.jwks_setting(), text)], issuer),
        },
    };
    let address = shown(&jwks_url);
    let fault = |text: &str| Finding::fault(trusted.jwks_setting(), format!("{address} {text}"));
    let answer = match caller.get(jwks_url.as_str()).await {
        Ok(answer) => answer,
        Err(reason) => {
            let is_here = WebOrigin::of(&jwks_url).is_some_and(|o| doctor::is_loopback(&o));
            let hint = if is_here { "; in a container, that is the container itself" } else { "" };
            return (vec![fault(&format!("cannot be reached: {reason}{hint}"))], issuer);
        }
    };
    let keys =
        match key_set(&answer, &trusted.algorithms(), unready(caller, &jwks_url, &answer).await) {
            Ok(kids) => {
                let finding = Finding::ok("keys", format!("{} at {address}", kids.len()));
                issuer.kids = Some(kids);
                finding
            }
            Err(text) => fault(&text),
        };
    let name = format!("the issuer at {}", jwks_url.origin().ascii_serialization());
    let (clock, skew) = doctor::clocks(&name, &answer, VerifierBuilder::DEFAULT_LEEWAY);
    issuer.skew = skew;
    let mut findings = vec![keys, clock];
    if let Some(document) = document(caller, &jwks_url).await {
        findings.push(agreement(trusted, &name, &document));
        if trusted.is_primary {
            findings.extend(front_end(caller, &jwks_url, &document, &name, pages).await);
        }
    } else {
        let text = "does not publish its iss and aud: check a token with --token-file";
        findings.push(Finding::skip("issuer", format!("{name} {text}")));
    }
    (findings, issuer)
}

/// Returns the URL of the keys from the issuer's metadata, or the reason why it was not found. Like
/// the verifier, tries the second location of the metadata only if the first one has none.
async fn discover(caller: &Caller, issuer: &str) -> Result<Url, String> {
    let urls = metadata_urls(issuer);
    let urls = urls.ok_or_else(|| format!("{issuer:?} is not an https URL without query"))?;
    let mut reason = String::new();
    for url in urls {
        let address = shown(&url);
        reason = match caller.get(url.as_str()).await {
            Ok(answer) if answer.status == 200 => match jwks_uri(&answer.body, issuer) {
                Err(error @ MetadataError::NotMetadata) => format!("{address}: {error}"),
                found => return found.map_err(|error| format!("{address}: {error}")),
            },
            Ok(answer) => format!("{address} returns {}", answer.status),
            Err(error) => format!("{address} cannot be reached: {error}"),
        };
    }
    Err(reason)
}

/// Returns the names of the components that auth-service reports as unavailable. Returns `None` if
/// it reports none, or if `answer` is not a server error or came through a proxy.
async fn unready(caller: &Caller, jwks_url: &Url, answer: &Answer) -> Option<String> {
    if answer.status < 500 || answer.proxy.is_some() {
        return None;
    }
    let health = caller.get(jwks_url.join("/health/ready").ok()?.as_str()).await.ok()?.json();
    let lacks = |(name, state): (&String, &Value)| {
        (name != "status" && state == "unavailable").then(|| name.clone())
    };
    let lacking: Vec<_> = health.as_object()?.iter().filter_map(lacks).collect();
    (!lacking.is_empty()).then(|| lacking.join(", "))
}

/// Returns the ids of the usable keys in a response, or the reason why it is not a usable key set.
/// `unready` lists the components that the issuer reports as unavailable.
fn key_set(
    answer: &Answer,
    algorithms: &[Algorithm],
    unready: Option<String>,
) -> Result<Vec<String>, String> {
    let status = answer.status;
    if status != 200
        && let Some(proxy) = &answer.proxy
    {
        let advice = "add the host to NO_PROXY if the proxy cannot reach it";
        return Err(format!("returns {status} through the proxy {proxy}: {advice}"));
    }
    match status {
        200 => {}
        status @ 300..400 => {
            let text = "and redirects are not followed: set the URL that it redirects to";
            return Err(format!("returns {status}, {text}"));
        }
        500.. => {
            let text = match unready {
                Some(lacking) => format!("the issuer is not ready ({lacking} unavailable)"),
                None => "the issuer has failed, see its log".to_owned(),
            };
            return Err(format!("returns {status}: {text}"));
        }
        status => {
            let text = "instead of a key set; auth-service publishes it at /api/auth/jwks";
            return Err(format!("returns {status} {text}"));
        }
    }
    match usable_kids(&answer.body, algorithms) {
        Some(kids) if !kids.is_empty() => Ok(kids),
        Some(_) => Err(format!("publishes no key with a kid for {}", names(algorithms))),
        None => {
            let kind = answer.header("content-type").unwrap_or("no content-type");
            Err(format!(
                "returns {kind} instead of a key set; auth-service publishes it at /api/auth/jwks"
            ))
        }
    }
}

/// Returns the names of algorithms, separated by commas.
pub(super) fn names(algorithms: &[Algorithm]) -> String {
    algorithms.iter().map(|algorithm| algorithm.name()).collect::<Vec<_>>().join(", ")
}

/// Fetches auth-service's metadata document. Returns `None` if the issuer does not publish one.
async fn document(caller: &Caller, jwks_url: &Url) -> Option<IssuerDocument> {
    let answer = caller.get(jwks_url.join(ISSUER_DOCUMENT).ok()?.as_str()).await.ok()?;
    serde_json::from_slice(&answer.body).ok().filter(|_| answer.status == 200)
}

fn agreement(trusted: Trusted<'_>, name: &str, document: &IssuerDocument) -> Finding {
    let differs = |setting, ours: &str, theirs: &str, claim: &str| {
        let text = format!("is {ours:?}, but tokens of {name} have {claim} {theirs:?}");
        Finding::fault(setting, format!("{text}: both must be identical"))
    };
    if document.issuer != trusted.issuer {
        differs(trusted.issuer_setting(), trusted.issuer, &document.issuer, "iss")
    } else if document.audience != trusted.audience {
        differs(trusted.audience_setting(), trusted.audience, &document.audience, "aud")
    } else {
        let IssuerDocument { issuer, audience, .. } = document;
        Finding::ok("issuer", format!("tokens of {name} have iss {issuer:?} and aud {audience:?}"))
    }
}

/// Checks that the web apps with access to this service may sign in at the issuer, and that the web
/// app that the issuer serves may call this service.
async fn front_end(
    caller: &Caller,
    jwks_url: &Url,
    document: &IssuerDocument,
    name: &str,
    pages: &[WebOrigin],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let origin = jwks_url.origin().ascii_serialization();
    let is_home = |page: &&WebOrigin| page.as_str() == document.url;
    let others: Vec<_> = pages.iter().filter(|page| !is_home(page)).cloned().collect();
    if !others.is_empty() {
        let url = format!("{origin}/api/auth/token");
        findings.push(doctor::cors(caller, name, &url, &others, "FRONTEND_URL").await);
    }
    let settings = caller.get(&format!("{origin}/config.json")).await;
    let has_page = settings.is_ok_and(|answer| answer.json().get("tasksUrl").is_some());
    if has_page && !pages.iter().any(|page| is_home(&page)) {
        let text = format!("lacks {}, where auth-service serves the web app", document.url);
        findings.push(Finding::fault("FRONTEND_URL", text));
    }
    findings
}
