//! The extractor of verified claims, which the framework modules implement.

use crate::Verified;

/// The verified claims of the caller's bearer token (RFC 6750 §2.1). A handler that takes this
/// extractor requires a valid token.
///
/// With actix-web, the application needs a `Data<Verifier>`; with axum, a state from which a
/// `Verifier` can be taken (`FromRef`).
#[derive(Clone, Debug)]
pub struct Bearer<C>(pub Verified<C>);
