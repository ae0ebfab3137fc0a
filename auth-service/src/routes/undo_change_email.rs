//! `/undo-change-email`: the target of the link that is mailed to the old address after a change.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use minijinja::context;
use serde::Deserialize;
use utoipa::ToSchema;

use super::confirm_page::page;
use crate::{
    domain::{email_tokens::Request, user_lifecycle},
    http::{
        error::{Error, Rejection, Result},
        input::{Input, Schema, Sent, Text},
        redirect,
        session_cookies::{CookieChange, WithCookies},
        state::AppState,
    },
    store::EmailChange,
};

const ASK: &str = include_str!("../../templates/pages/undo.html");
const DONE: &str = include_str!("../../templates/pages/undone.html");
const ERROR_PAGE: &str = "/api/auth/error";

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OpenUndoLink {
    token: Text,
}

impl Schema for OpenUndoLink {
    const NO_OBJECT: &[&str] = &[];

    fn read(sent: &mut Sent<'_>) -> Option<Self> {
        sent.query()
    }
}

/// Show a page to undo an address change
///
/// Target of the link that is mailed to the old address. The button sends the token by POST.
#[utoipa::path(
    get, path = "/api/auth/undo-change-email", operation_id = "openUndoChangeEmail",
    tag = "addresses",
    params(OpenUndoLink),
    responses(
        (
            status = 200,
            description = "A page with a button",
            body = String,
            content_type = "text/html",
        ),
    ),
)]
pub(crate) async fn open_undo_link(Input(input): Input<OpenUndoLink>) -> Result<HttpResponse> {
    page(ASK, context! { token => input.token.0 })
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct UndoChangeEmail {
    token: String,
}

impl Schema for UndoChangeEmail {
    const TAKES_FORMS: bool = true;
}

/// Undo an address change
///
/// Restores the old address and marks it as verified, up to seven days after the change. Only a
/// change of a verified address can be undone. Ends all sessions, invalidates all mailed links
/// and, if passwords can be reset by e-mail, the password.
#[utoipa::path(
    post, path = "/api/auth/undo-change-email", operation_id = "undoChangeEmail", tag = "addresses",
    request_body(
        content(
            (UndoChangeEmail = "application/json"),
            (UndoChangeEmail = "application/x-www-form-urlencoded"),
        ),
    ),
    responses(
        (
            status = 200,
            description = "A page that says that the old address was restored",
            body = String,
            content_type = "text/html",
            headers(("Set-Cookie")),
        ),
        (
            status = 302,
            description = "Redirect to `/api/auth/error` with `error=<code>`: the link is not valid, or another user has the address",
            headers(("Location")),
        ),
    ),
)]
// Restores the old address. The token is the only credential: the owner of the old address may no
// longer have a session.
pub(crate) async fn undo_change_email(
    state: Data<AppState>,
    req: HttpRequest,
    Input(input): Input<UndoChangeEmail>,
) -> Result<WithCookies<HttpResponse>> {
    let needs_password = state.features.password_reset;
    match undo(&state, &req, &input.token).await {
        Ok(change) => {
            let site = &state.site;
            let page = page(DONE, context! { email => change.old_email, needs_password, site })?;
            Ok(WithCookies::new(page, CookieChange::Clear))
        }
        Err(Error::Rejected(rejection))
            if rejection.is_about_a_link() || rejection == Rejection::UserAlreadyExists =>
        {
            let code = rejection.code().unwrap_or_default();
            Ok(redirect::found(&redirect::with_parameter(ERROR_PAGE, "error", code)).into())
        }
        Err(error) => Err(error),
    }
}

async fn undo(state: &AppState, req: &HttpRequest, token: &str) -> Result<EmailChange> {
    let claims = state.email_tokens.read(token, state.now())?;
    let id = claims.change_id.filter(|_| claims.request_type == Request::UndoChangeEmail);
    let id = id.ok_or(Rejection::InvalidEmailToken)?;
    let change = EmailChange::find(&mut state.read().await?, &id).await?;
    let change = change.ok_or(Rejection::InvalidEmailToken)?; // undone, or the user was deleted
    let moment = state.moment();
    let clears_password = state.features.password_reset;
    let conn = &mut state.write().await?;
    let actor = &state.actor(req);
    user_lifecycle::undo_change_email(conn, &change, clears_password, actor, &moment).await?;
    state.mailer.wake();
    Ok(change)
}
