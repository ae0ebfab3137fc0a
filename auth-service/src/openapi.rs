//! The `OpenAPI` 3.1 document of Better Auth's endpoints and our own. Most submodules describe the
//! operations of one topic; error messages and codes come from `http::error`. Tests validate every
//! response that they receive against the document.

mod accounts;
mod emails;
mod events;
mod headers;
mod operation;
mod passwords;
mod providers;
mod responses;
mod schemas;
mod service;
mod sessions;
mod tokens;

use std::collections::BTreeSet;

use utoipa::openapi::{
    Info, License, OpenApi, Paths,
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    tag::TagBuilder,
};

use self::{
    operation::{BEARER, CLIENT, COOKIE, Operation, RECEIVER, RECEIVER_BASIC},
    schemas::{one_of, optional, output, required, string},
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

/// Returns the document in the form in which it is committed.
pub fn json() -> Result<String, serde_json::Error> {
    describe().to_pretty_json().map(|json| json + "\n")
}

fn describe() -> OpenApi {
    let topics: [(&str, &str, Vec<Operation>); 8] = [
        ("accounts", "Sign up, sign in, and manage the user's own account", accounts::operations()),
        ("sessions", "Sessions and access tokens", sessions::operations()),
        ("passwords", "Change, verify and reset passwords", passwords::operations()),
        ("addresses", "Verify and change e-mail addresses", emails::operations()),
        ("providers", "Accounts at other providers", providers::operations()),
        ("events", "Security events for services that verify tokens", events::operations()),
        ("tokens", "Tokens for clients, introspection and revocation", tokens::operations()),
        ("service", "Public keys, health and settings", service::operations()),
    ];
    let mut info = Info::new("auth-service", env!("CARGO_PKG_VERSION"));
    info.description = Some(ABOUT.to_owned());
    let mut license = License::new("MIT OR Apache-2.0");
    license.identifier = Some("MIT OR Apache-2.0".to_owned());
    info.license = Some(license);
    let mut openapi = OpenApi::new(info, Paths::new());
    let mut codes = BTreeSet::new();
    for (name, description, operations) in topics {
        let tag = TagBuilder::new().name(name).description(Some(description)).build();
        openapi.tags.get_or_insert_default().push(tag);
        for operation in operations {
            operation.add_to(&mut openapi, name, &mut codes);
        }
    }
    let components = openapi.components.get_or_insert_default();
    headers::describe(components);
    for (name, schema) in responses::schemas() {
        components.schemas.insert(name.to_owned(), schema.into());
    }
    let error = output([
        required("message", string()),
        optional("code", one_of(codes)),
        optional(
            "error",
            one_of([
                "invalid_client",
                "invalid_request",
                "invalid_scope",
                "invalid_target",
                "unsupported_grant_type",
            ]),
        ),
        optional("error_description", string()),
    ]);
    components.schemas.insert("Error".to_owned(), error.into());
    let about_cookie = "The signed session token, `<token>.<signature>`, percent-encoded. Set by sign-up \
                        and sign-in.";
    let cookie = ApiKeyValue::with_description("better-auth.session_token", about_cookie);
    components.add_security_scheme(COOKIE, SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "A session token, signed (as in the `set-auth-token` header) or unsigned. Not a JWT.",
        ))
        .build();
    components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
    let receiver = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("One of the secrets in `EVENTS_SECRET`."))
        .build();
    components.add_security_scheme(RECEIVER, SecurityScheme::Http(receiver));
    let receiver = HttpBuilder::new()
        .scheme(HttpAuthScheme::Basic)
        .description(Some(
            "Any user name, and one of the secrets in `EVENTS_SECRET` as the password.",
        ))
        .build();
    components.add_security_scheme(RECEIVER_BASIC, SecurityScheme::Http(receiver));
    let client = HttpBuilder::new()
        .scheme(HttpAuthScheme::Basic)
        .description(Some("Id and secret of a client."))
        .build();
    components.add_security_scheme(CLIENT, SecurityScheme::Http(client));
    openapi
}
