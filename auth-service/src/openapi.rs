//! The description of the API (`OpenAPI` 3.1): of Better Auth's surface, as it is, and of our own
//! paths. A file below names the operations of one topic; texts and codes of errors are those of
//! `error`. That it is true is the business of tests, which hold every answer they see against it.

mod accounts;
mod answers;
mod emails;
mod headers;
mod operation;
mod passwords;
mod schemas;
mod service;
mod sessions;

use std::collections::BTreeSet;

use utoipa::openapi::{
    Info, OpenApi, Paths,
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    tag::TagBuilder,
};

use self::{
    operation::{BEARER, COOKIE, Operation},
    schemas::{one_of, optional, output, required, string},
};

/// As it is committed, and served.
pub(crate) const COMMITTED: &str = include_str!("../openapi.json");

const ABOUT: &str = "\
Signs users up and in, keeps sessions, issues EdDSA tokens and publishes the keys. What is below \
`/api/auth` is Better Auth's wire protocol, so its npm client is the easiest way to use it.

- **Errors** are flat: `message` is for people, `code` for programs. A few have no code.
- **Paths** below `/api/auth` that do not exist, wrong methods among them, are a 404 without a body. \
Elsewhere they are a 404 or a 405 with one.
- **Bodies** are JSON. Members that are not named here are ignored, but none of `callbackURL`, \
`redirectTo`, `errorCallbackURL` and `newUserCallbackURL` may lead to a place that is not trusted.
- **Sessions** are a cookie, or a session token as a bearer, which replaces the cookie. A JWT is for \
other services and means nothing here. The cookie is called `__Secure-better-auth.session_token` \
where the service is reached by https.
- **Origin.** What changes something and comes with any cookie must come from a trusted `Origin` \
(or `Referer`). Sign-in and sign-up ask that of browsers even without a cookie.
- **Limits.** Every path below `/api/auth` can be a 429 for a while.";

/// As it is to be committed.
pub fn json() -> Result<String, serde_json::Error> {
    describe().to_pretty_json().map(|json| json + "\n")
}

fn describe() -> OpenApi {
    let topics: [(&str, &str, Vec<Operation>); 5] = [
        ("accounts", "Sign up, sign in, change oneself, leave", accounts::operations()),
        ("sessions", "Who is signed in, where, and the tokens of it", sessions::operations()),
        ("passwords", "Change, confirm and reset them", passwords::operations()),
        ("addresses", "Verify and change e-mail addresses", emails::operations()),
        ("service", "Keys, health, settings", service::operations()),
    ];
    let mut info = Info::new("auth-service", env!("CARGO_PKG_VERSION"));
    info.description = Some(ABOUT.to_owned());
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
    for (name, schema) in answers::schemas() {
        components.schemas.insert(name.to_owned(), schema.into());
    }
    let error = output([required("message", string()), optional("code", one_of(codes))]);
    components.schemas.insert("Error".to_owned(), error.into());
    let about_cookie = "`<token>.<signature>`, percent-encoded; set by sign-up and sign-in";
    let cookie = ApiKeyValue::with_description("better-auth.session_token", about_cookie);
    components.add_security_scheme(COOKIE, SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The session token, bare or signed (`set-auth-token`)"))
        .build();
    components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
    openapi
}
