//! `GET /verify-email/confirm`: the landing page of mailed links. E-mail scanners open every link,
//! and a link to `/verify-email` takes effect when it is opened; this page does nothing until its
//! button is pressed.

use actix_web::{
    HttpResponse,
    http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE},
};
use minijinja::{AutoEscape, Environment, context};

use crate::{
    http::{error::Result, input::Input},
    routes::email::VerifyEmail,
};

const PAGE: &str = include_str!("../../templates/pages/confirm.html");
/// Content security policy. It has no `form-action`, because browsers also apply that directive to
/// redirects, and the form may lead to the web app's origin.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

pub(crate) async fn confirm_page(Input(input): Input<VerifyEmail>) -> Result<HttpResponse> {
    let mut environment = Environment::empty();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let callback_url = input.callback_url.unwrap_or_default();
    let page = environment.render_str(PAGE, context! { token => input.token, callback_url })?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/html"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(page))
}
