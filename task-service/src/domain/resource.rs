//! Protected resource metadata (RFC 9728), from which clients learn the issuers of accepted tokens.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{config::Config, domain::principal::Scope};

/// Path of the document (RFC 9728 §3).
pub(crate) const PATH: &str = "/.well-known/oauth-protected-resource";

/// The metadata document and its URL.
pub(crate) struct Resource {
    pub(crate) url: String,
    pub(crate) metadata: ResourceMetadata,
}

#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct ResourceMetadata {
    /// Public origin of this service.
    resource: String,
    /// The `iss` of accepted tokens.
    authorization_servers: Vec<String>,
    scopes_supported: Vec<&'static str>,
    bearer_methods_supported: Vec<&'static str>,
}

impl Resource {
    /// Returns the document, or `None` if the public origin of the service is not configured.
    pub(crate) fn new(config: &Config) -> Option<Self> {
        let origin = config.tasks_url.as_ref()?.as_str();
        let others = config.trusted_issuers.iter().map(|trusted| trusted.issuer.clone());
        let metadata = ResourceMetadata {
            resource: origin.to_owned(),
            authorization_servers: [config.better_auth_issuer.clone()]
                .into_iter()
                .chain(others)
                .collect(),
            scopes_supported: Scope::ALL.map(Scope::as_str).to_vec(),
            bearer_methods_supported: vec!["header"],
        };
        Some(Self { url: format!("{origin}{PATH}"), metadata })
    }
}
