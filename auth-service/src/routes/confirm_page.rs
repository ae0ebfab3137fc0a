//! Landing pages of mailed links. E-mail scanners may open every link, and some links take effect
//! when they are opened; these pages do nothing until their button is pressed.

use actix_web::{
    HttpResponse,
    http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE},
};
use minijinja::{AutoEscape, Environment, Value, context};

use crate::{
    http::{error::Result, input::Input},
    routes::email::VerifyEmail,
};

const LAYOUT: &str = include_str!("../../templates/pages/layout.html");
const PAGE: &str = include_str!("../../templates/pages/confirm.html");
/// Content security policy. It has no `form-action`, because browsers also apply that directive to
/// redirects, and the form may lead to the web app's origin.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

/// Show a confirmation page for a mailed link
///
/// The button leads to `/api/auth/verify-email` with the same parameters.
#[utoipa::path(
    get, path = "/api/auth/verify-email/confirm", operation_id = "confirmEmail", tag = "addresses",
    params(VerifyEmail),
    responses(
        (
            status = 200,
            description = "A page with a button",
            body = String,
            content_type = "text/html",
        ),
    ),
)]
pub(crate) async fn confirm_page(Input(input): Input<VerifyEmail>) -> Result<HttpResponse> {
    let callback_url = input.callback_url.0.unwrap_or_default();
    page(PAGE, context! { token => input.token.0, callback_url })
}

/// Returns a page that cannot be framed and that loads nothing.
pub(super) fn page(template: &str, context: Value) -> Result<HttpResponse> {
    let mut environment = Environment::empty();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("layout.html", LAYOUT)?;
    let page = environment.render_str(template, context)?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/html"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(page))
}
