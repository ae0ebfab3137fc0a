//! Operations for token introspection and revocation.

use utoipa::openapi::{ObjectBuilder, Type};

use super::{
    operation::Operation,
    schemas::{Member, boolean, named, one_of, optional, output, required, string},
};
use crate::http::error::Error;

const ABOUT_INTROSPECTION: &str = "\
Returns whether an access token (JWT) is active (RFC 7662): issued by this service, not expired, not revoked, and its session has \
not ended. For services that do not verify tokens themselves.";
const ABOUT_REVOCATION: &str = "\
Revokes a single access token (RFC 7009). The response is the same for unknown and invalid tokens. A receiver may \
revoke any token. Without credentials, anyone who knows a token may revoke it.";

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::post("/api/auth/oauth2/introspect", "introspectToken", "Introspect a token")
            .about(ABOUT_INTROSPECTION)
            .takes_only_form("IntrospectToken", members())
            .for_receivers()
            .gives("State and claims of the token", named("TokenIntrospection"))
            .with(200, &["Cache-Control"])
            .refuses(refusals()),
        Operation::post("/api/auth/oauth2/revoke", "revokeToken", "Revoke a token")
            .about(ABOUT_REVOCATION)
            .takes_only_form("RevokeToken", members())
            .for_receivers_and_bearers()
            .gives("The token is no longer valid", named("NoResponse"))
            .with(200, &["Cache-Control"])
            .refuses(refusals()),
    ]
}

fn refusals() -> [Error; 4] {
    [
        Error::InvalidTokenRequest("The parameter token is missing"),
        Error::InvalidTokenRequest("The parameter token is repeated"),
        Error::InvalidClient,
        Error::IntrospectionNotOffered,
    ]
}

fn members() -> [Member; 2] {
    let token = string().min_length(Some(1)).description(Some("The access token"));
    let hint = string().description(Some("Ignored"));
    [required("token", token), optional("token_type_hint", hint)]
}

/// Returns the schema of the response. The response for an inactive token has only the field
/// `active`.
pub(super) fn introspection() -> ObjectBuilder {
    let seconds = || ObjectBuilder::new().schema_type(Type::Integer);
    let address = || string().description(Some("Current e-mail address of the user"));
    output([
        required("active", boolean()),
        optional("token_type", one_of(["Bearer"])),
        optional("username", address()),
        optional("email", address()),
        optional("sub", string()),
        optional("iss", string()),
        optional("aud", string()),
        optional("exp", seconds()),
        optional("iat", seconds()),
        optional("jti", string()),
        optional("sid", string().description(Some("Id of the session"))),
    ])
}
