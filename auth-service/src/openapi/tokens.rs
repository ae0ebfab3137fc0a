//! Operations that issue tokens to clients, and introspect and revoke tokens.

use utoipa::openapi::{Array, ObjectBuilder, OneOfBuilder, RefOr, Schema, Type};

use super::{
    operation::Operation,
    schemas::{Member, boolean, named, one_of, optional, output, required, string},
};
use crate::{
    domain::clients::Refusal,
    http::{client_credentials::ASSERTION_TYPE, error::Error},
    routes::{SERVER_METADATA, TOKEN_ENDPOINT},
};

const ABOUT_TOKEN: &str = "\
Issues an access token (RFC 9068) to a client, a machine that acts on its own behalf (RFC 6749 §4.4). The client sends its id \
and secret with HTTP Basic or as `client_id` and `client_secret`, or an assertion that it has signed (RFC 7523). Without \
`scope`, the token has all scopes of the client.";
const ABOUT_INTROSPECTION: &str = "\
Returns whether an access token (JWT) is active (RFC 7662): issued by this service, not expired, not revoked, and its session has \
not ended; or, for the token of a client, the client is active. For services that do not verify tokens themselves.";
const ABOUT_REVOCATION: &str = "\
Revokes a single access token (RFC 7009). The response is the same for unknown and invalid tokens. A receiver may \
revoke any token. Without credentials, anyone who knows a token may revoke it.";

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::post(TOKEN_ENDPOINT, "issueClientToken", "Issue a token to a client")
            .about(ABOUT_TOKEN)
            .takes_only_form("IssueClientToken", client_members())
            .for_clients()
            .gives("The access token", named("ClientToken"))
            .with(200, &["Cache-Control", "Pragma"])
            .refuses([
                Error::InvalidTokenRequest("The parameter grant_type is missing"),
                Error::InvalidTokenRequest("A parameter is repeated"),
                Error::ClientRefused(Refusal::NoCredentials),
                Error::UnsupportedGrantType,
                Error::InvalidScope,
                Error::InvalidTarget,
            ]),
        Operation::get(SERVER_METADATA, "getServerMetadata", "Get the endpoints for clients")
            .about("Authorization server metadata (RFC 8414).")
            .gives("The metadata", named("ServerMetadata")),
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
        Error::InvalidTokenRequest("A parameter is repeated"),
        Error::InvalidClient,
        Error::IntrospectionNotOffered,
    ]
}

fn client_members() -> [Member; 7] {
    let scope =
        string().description(Some("Scopes, separated by spaces; default: all of the client"));
    let assertion = string().description(Some("A JWT signed with the private key of the client"));
    let resource = string().description(Some(
        "Audience of the token (RFC 8707), may be repeated; default: the first of the client",
    ));
    [
        required("grant_type", one_of(["client_credentials"])),
        optional("client_id", string()),
        optional("client_secret", string()),
        optional("client_assertion_type", one_of([ASSERTION_TYPE])),
        optional("client_assertion", assertion),
        optional("scope", scope),
        optional("resource", resource),
    ]
}

/// Returns the schema of the response that contains a client's access token.
pub(super) fn client_token() -> ObjectBuilder {
    let seconds = ObjectBuilder::new().schema_type(Type::Integer);
    let scope = string().description(Some("Granted scopes, separated by spaces"));
    output([
        required("access_token", string().description(Some("A JWT with the header `typ: at+jwt`"))),
        required("token_type", one_of(["Bearer"])),
        required("expires_in", seconds.description(Some("Lifetime in seconds"))),
        optional("scope", scope),
    ])
}

pub(super) fn server_metadata() -> ObjectBuilder {
    let list = || Array::new(string());
    output([
        required("issuer", string()),
        required("token_endpoint", string()),
        required("jwks_uri", string()),
        required("grant_types_supported", list()),
        required("response_types_supported", list()),
        required("token_endpoint_auth_methods_supported", list()),
        required("token_endpoint_auth_signing_alg_values_supported", list()),
        optional("introspection_endpoint", string()),
        optional("introspection_endpoint_auth_methods_supported", list()),
        optional("revocation_endpoint", string()),
        optional("revocation_endpoint_auth_methods_supported", list()),
    ])
}

fn members() -> [Member; 2] {
    let token = string().min_length(Some(1)).description(Some("The access token"));
    let hint = string().description(Some("Ignored"));
    [required("token", token), optional("token_type_hint", hint)]
}

/// Returns the schema of an introspection response. The response for an inactive token has only the
/// field `active`.
pub(super) fn introspection() -> ObjectBuilder {
    let seconds = || ObjectBuilder::new().schema_type(Type::Integer);
    let address = || string().description(Some("Current e-mail address of the user"));
    output([
        required("active", boolean()),
        optional("token_type", one_of(["Bearer"])),
        optional("client_id", string().description(Some("Client to which the token was issued"))),
        optional("scope", string().description(Some("Scopes of a client's token"))),
        optional("username", address()),
        optional("email", address()),
        optional("sub", string()),
        optional("iss", string()),
        optional("aud", one_or_several()),
        optional("exp", seconds()),
        optional("iat", seconds()),
        optional("jti", string()),
        optional("sid", string().description(Some("Id of the session"))),
    ])
}

/// Returns the schema of an audience (RFC 7519 §4.1.3).
fn one_or_several() -> RefOr<Schema> {
    OneOfBuilder::new().item(string()).item(Array::new(string())).into()
}
