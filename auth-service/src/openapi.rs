//! The `OpenAPI` 3.1 document of Better Auth's endpoints and our own. Operations are described beside
//! their handlers; the parts that many operations share are added here. Tests validate every
//! response that they receive against the document.

mod complete;
mod headers;
mod schemas;
mod security;

use utoipa::{
    OpenApi as _,
    openapi::{ObjectBuilder, OpenApi, Paths, Type, schema::AdditionalProperties},
};

use self::complete::complete;
use crate::{
    http::error,
    routes::{
        self,
        token::{JWKS_PATH, OTHER_JWKS_PATHS},
    },
};

const ABOUT: &str = "\
Manages accounts and sessions, issues EdDSA access tokens (JWT) and publishes their keys. The \
endpoints below `/api/auth`, except `/undo-change-email` and `/verify-email/confirm`, speak the wire \
protocol of Better Auth, so its npm client is the easiest way to use them.

- **Errors** are flat objects: `message` is meant for people, `code` for programs. A few have no code. \
Below `/api/auth/oauth2`, `INVALID_CLIENT`, `INVALID_REQUEST`, `INVALID_SCOPE`, `INVALID_TARGET` and \
`UNSUPPORTED_GRANT_TYPE` also have the fields of OAuth (RFC 6749 §5.2).
- **Unknown paths** below `/api/auth`, and wrong methods there, return 404 without a body. Elsewhere, \
the 404 or 405 response has a body.
- **Bodies** are JSON. Unknown fields are ignored, but `callbackURL`, `redirectTo`, `errorCallbackURL` \
and `newUserCallbackURL` must point to a trusted origin in every body.
- **Sessions** are identified by a cookie, or by a session token sent as a bearer token, which takes \
precedence. A JWT does not identify a session here. With https, the cookie is called \
`__Secure-better-auth.session_token`.
- **Origin.** A request that changes something and carries any cookie needs a trusted `Origin` (or \
`Referer`) header. Browsers need one for sign-in and sign-up even without a cookie.
- **Rate limits.** Every path below `/api/auth` can return 429.";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "auth-service",
        description = ABOUT,
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    tags(
        (name = "accounts", description = "Sign up, sign in, and manage the user's own account"),
        (name = "sessions", description = "Sessions and access tokens"),
        (name = "passwords", description = "Change, verify and reset passwords"),
        (name = "addresses", description = "Verify and change e-mail addresses"),
        (name = "providers", description = "Accounts at other providers"),
        (name = "events", description = "Security events for services that verify tokens"),
        (name = "tokens", description = "Tokens for clients, introspection and revocation"),
        (name = "service", description = "Public keys, health and settings"),
    ),
    paths(
        routes::sign_up::sign_up,
        routes::sign_in::sign_in,
        routes::sign_in::sign_in_social,
        routes::sign_out::sign_out,
        routes::user::update_user,
        routes::user::list_accounts,
        routes::user::delete_user,
        routes::user::open_delete_link,
        routes::sessions::get_session,
        routes::sessions::refuse_post,
        routes::sessions::list_sessions,
        routes::sessions::revoke_session,
        routes::sessions::revoke_sessions,
        routes::sessions::revoke_other_sessions,
        routes::token::issue_token,
        routes::passwords::change_password,
        routes::passwords::verify_password,
        routes::password_reset::request_password_reset,
        routes::password_reset::open_reset_link,
        routes::password_reset::reset_password,
        routes::email::send_verification_email,
        routes::confirm_page::confirm_page,
        routes::email::verify_email,
        routes::change_email::change_email,
        routes::undo_change_email::open_undo_link,
        routes::undo_change_email::undo_change_email,
        routes::providers::update_session,
        routes::providers::unlink_account,
        routes::providers::link_social,
        routes::providers::get_access_token,
        routes::providers::refresh_token,
        routes::providers::account_info,
        routes::callback::callback,
        routes::callback::callback_by_post,
        routes::security_events::poll_events,
        routes::client_token::issue_client_token,
        routes::server_metadata::server_metadata,
        routes::oauth2::introspect,
        routes::oauth2::revoke,
        routes::token::jwks,
        routes::token::issuer,
        routes::status::ok,
        routes::error_page::error_page,
        routes::status::live,
        routes::status::ready,
        routes::web::settings,
    ),
)]
struct Operations;

/// Returns the document as pretty-printed JSON, as it is committed in `openapi.json`.
pub fn json() -> Result<String, serde_json::Error> {
    describe().to_pretty_json().map(|json| json + "\n")
}

fn describe() -> OpenApi {
    let mut openapi = Operations::openapi();
    describe_other_jwks_paths(&mut openapi.paths);
    let fields = schemas::simplify(&mut openapi);
    complete(&mut openapi, &fields);
    let components = openapi.components.get_or_insert_default();
    schemas::require_any(components, "UpdateUser");
    components.schemas.insert("Error".to_owned(), error_schema().into());
    headers::describe(components);
    security::describe(components);
    openapi
}

fn describe_other_jwks_paths(paths: &mut Paths) {
    let described = paths.paths.get(JWKS_PATH).cloned();
    for (path, operation_id) in OTHER_JWKS_PATHS {
        let mut item = described.clone().unwrap_or_default();
        if let Some(operation) = &mut item.get {
            operation.operation_id = Some(operation_id.to_owned());
        }
        paths.paths.insert(path.to_owned(), item);
    }
}

/// Returns the schema of error bodies, with the possible values of `code`.
fn error_schema() -> ObjectBuilder {
    let string = || ObjectBuilder::new().schema_type(Type::String);
    ObjectBuilder::new()
        .property("message", string())
        .required("message")
        .property("code", string().enum_values(Some(error::codes())))
        .property("error", string().enum_values(Some(error::oauth_codes())))
        .property("error_description", string())
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
}

#[cfg(test)]
mod tests;
