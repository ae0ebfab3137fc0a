//! Security schemes: the ways in which clients authenticate.

use utoipa::openapi::{
    Components,
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};

/// Name of the scheme for requests with a session cookie.
pub(super) const COOKIE: &str = "sessionCookie";

pub(super) fn describe(components: &mut Components) {
    let about_cookie = "The signed session token, `<token>.<signature>`, percent-encoded. Set by sign-up \
                        and sign-in.";
    let cookie = ApiKeyValue::with_description("better-auth.session_token", about_cookie);
    components.add_security_scheme(COOKIE, SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    for (name, scheme, description) in [
        (
            "sessionToken",
            HttpAuthScheme::Bearer,
            "A session token, signed (as in the `set-auth-token` header) or unsigned. Not a JWT.",
        ),
        ("receiverSecret", HttpAuthScheme::Bearer, "One of the secrets in `EVENTS_SECRET`."),
        (
            "receiverPassword",
            HttpAuthScheme::Basic,
            "Any user name, and one of the secrets in `EVENTS_SECRET` as the password.",
        ),
        ("clientSecret", HttpAuthScheme::Basic, "Id and secret of a client."),
    ] {
        let scheme = HttpBuilder::new().scheme(scheme).description(Some(description)).build();
        components.add_security_scheme(name, SecurityScheme::Http(scheme));
    }
}
