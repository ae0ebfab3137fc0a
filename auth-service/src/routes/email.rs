//! Verification of e-mail addresses, and the links that are mailed for it.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Json},
};
use database::{Conn, sql_types::DbTime};
use serde::Deserialize;
use tokio::time;
use utoipa::ToSchema;

use crate::{
    domain::{
        audit::{About, Action},
        email_tokens::{EmailClaims, Request},
        mail::{self, Kind},
        sessions::NewSession,
    },
    http::{
        documents::{StatusResponse, True},
        error::{Error, Rejection, Result, examples::refusals},
        input::{Email, Input, Schema, Sent, Target, Text},
        redirect,
        session::{self, Caller, with_caller},
        session_cookies::{CookieChange, WithCookies},
        state::AppState,
    },
    routes::{
        change_email::{self, VerifyEmailResponse},
        sign_in::check_ban,
    },
    store::{self, Ban, UserChanges},
};

/// Minimum duration of a request for a verification link without a session, as in Better Auth. The
/// duration must not reveal whether an e-mail is sent.
const SEND_VERIFICATION_TAKES: Duration = Duration::from_millis(500);

#[derive(Deserialize, ToSchema)]
pub(crate) struct SendVerificationEmail {
    email: Email,
    #[serde(default, rename = "callbackURL")]
    callback_url: Target,
}

impl Schema for SendVerificationEmail {}

refusals!(
    SendVerificationEmailErrors: EmailVerificationDisabled, EmailMismatch, EmailAlreadyVerified
);

/// Request a verification link
///
/// Without a session, the response is the same for every address and takes at least half a
/// second; only unverified addresses of existing users get a link. With a session, the address
/// must be the user's own.
#[utoipa::path(
    post, path = "/api/auth/send-verification-email", operation_id = "sendVerificationEmail",
    tag = "addresses", security((), ("sessionCookie" = []), ("sessionToken" = [])),
    request_body = SendVerificationEmail,
    responses(
        (status = 200, description = "Link sent if the user exists", body = StatusResponse),
        SendVerificationEmailErrors,
    ),
)]
// Queues a verification link. Without a session, the response is the same for every address,
// because the user is looked up only when the e-mail is sent.
pub(crate) async fn send_verification_email(
    state: Data<AppState>,
    req: HttpRequest,
    Input(input): Input<SendVerificationEmail>,
) -> Result<WithCookies<Result<Json<StatusResponse>>>> {
    if !state.features.email_verification {
        return Err(Rejection::EmailVerificationDisabled.into());
    }
    let sent = with_caller(&state, &req, async |caller| {
        if let Caller::Live(live) = &caller {
            if live.user.email != input.email.0 {
                return Err(Rejection::EmailMismatch.into());
            }
            if live.user.email_verified {
                return Err(Rejection::EmailAlreadyVerified.into());
            }
        }
        let pause = time::sleep(SEND_VERIFICATION_TAKES);
        let callback_url = input.callback_url.as_deref();
        let mail = mail::ask_for(Kind::VerifyEmail, &input.email.0, callback_url, state.now());
        state.mailer.post(&[mail]).await?;
        if !matches!(caller, Caller::Live(_)) {
            pause.await;
        }
        Ok(Json(StatusResponse::OK))
    });
    Ok(sent.await)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct VerifyEmail {
    pub(crate) token: Text,
    #[serde(default, rename = "callbackURL")]
    pub(crate) callback_url: Target,
}

impl Schema for VerifyEmail {
    const NO_OBJECT: &[&str] = &[];

    fn read(sent: &mut Sent<'_>) -> Option<Self> {
        sent.query()
    }
}

// `Unauthorized` if the user was disabled or deleted concurrently.
refusals!(
    VerifyEmailErrors: InvalidEmailToken, EmailTokenExpired, EmailTokenUserGone,
    EmailTokenOfAnotherUser, Unauthorized, BannedUser
);

/// Verify or change an address by a mailed link
///
/// Target of the mailed links. With a `callbackURL` the response is a 302 to it, with
/// `error=<code>` in its query if the link is not valid (such as `error=TOKEN_EXPIRED`).
#[utoipa::path(
    get, path = "/api/auth/verify-email", operation_id = "verifyEmail", tag = "addresses",
    security((), ("sessionCookie" = []), ("sessionToken" = [])),
    params(VerifyEmail),
    responses(
        (
            status = 200,
            description = "Address verified (`user` is null), address changed (`user` is the changed user), or link sent to the new address (no `user`)",
            body = VerifyEmailResponse,
        ),
        (status = 302, description = "Redirect to the `callbackURL`", headers(("Location"))),
        VerifyEmailErrors,
    ),
)]
pub(crate) async fn verify_email(
    state: Data<AppState>,
    req: HttpRequest,
    Input(input): Input<VerifyEmail>,
) -> WithCookies<Result<HttpResponse>> {
    let opened = open(&state, &req, &input).await.unwrap_or_else(|error| Err(error).into());
    opened.map(|body| match (body, input.callback_url.as_deref()) {
        (Err(Error::Rejected(rejection)), Some(target)) if rejection.is_about_a_link() => {
            let code = rejection.code().unwrap_or_default();
            Ok(redirect::found(&redirect::with_parameter(target, "error", code)))
        }
        (Ok(_), Some(target)) => Ok(redirect::found(target)),
        (body, _) => Ok(HttpResponse::Ok().json(body?)),
    })
}

/// Performs the action of a mailed link, and returns the body of the response, which is used if
/// there is no redirect.
async fn open(
    state: &AppState,
    req: &HttpRequest,
    input: &VerifyEmail,
) -> Result<WithCookies<Result<VerifyEmailResponse>>> {
    let claims = state.email_tokens.read(&input.token.0, state.now())?;
    match (claims.request_type, &claims.update_to) {
        (Request::VerifyEmail, None) => verify(state, req, &claims).await,
        (Request::ChangeEmailConfirmation | Request::ChangeEmailVerification, Some(new_email)) => {
            let callback_url = input.callback_url.as_deref();
            change_email::open_link(state, req, &claims, new_email, callback_url).await
        }
        _ => Err(Rejection::InvalidEmailToken.into()),
    }
}

/// Verifies the user's current address and, with `auto_sign_in_after_verification`, starts a
/// session unless the request already has one of this user.
async fn verify(
    state: &AppState,
    req: &HttpRequest,
    claims: &EmailClaims,
) -> Result<WithCookies<Result<VerifyEmailResponse>>> {
    let user = store::User::find_by_email(&mut state.read().await?, &claims.email).await?;
    let user = user.ok_or(Rejection::EmailTokenUserGone)?;
    if user.id != claims.user_id {
        return Err(Rejection::InvalidEmailToken.into());
    }
    let body = VerifyEmailResponse { status: True, user: Some(None) };
    if user.email_verified {
        return Ok(Ok(body).into());
    }
    let changes = UserChanges { email_verified: Some(true), ..UserChanges::default() };
    let now = DbTime(state.now().into());
    let of = (user.id.as_str(), claims.email.as_str());
    let mut conn = state.write().await?;
    let verify = async |conn: &mut Conn| {
        if !claims.hold(conn, now).await? {
            return Err(Rejection::InvalidEmailToken.into());
        }
        let updated = store::User::update_of_email(conn, of, &changes, now).await?;
        Ok::<_, Error>(updated.ok_or(Rejection::InvalidEmailToken)?)
    };
    conn.transaction(verify).await?;
    drop(conn);
    if !state.features.auto_sign_in_after_verification {
        return Ok(Ok(body).into());
    }
    let signed_in = with_caller(state, req, async |caller| {
        let change = match caller {
            Caller::Live(live) if live.user.email == claims.email => live.resend_cookie(state, req),
            _ => CookieChange::from(&sign_in(state, req, &user.id).await?),
        };
        Ok(WithCookies::new(body, change))
    });
    Ok(signed_in.await)
}

/// Starts a session for a user who has just verified their address.
async fn sign_in(state: &AppState, req: &HttpRequest, user_id: &str) -> Result<NewSession> {
    let ban = Ban::find(&mut state.read().await?, user_id).await?;
    check_ban(state, user_id, &ban.ok_or(Rejection::Unauthorized)?).await?;
    let is_remembered = !state.cookies.has_marker(req.headers());
    let fresh = session::prepare(state, req, is_remembered)?;
    let conn = &mut state.write().await?;
    conn.transaction(async |conn| {
        let active = store::User::hold_active(conn, user_id).await?;
        let active = active.ok_or(Rejection::Unauthorized)?; // disabled or deleted concurrently
        fresh.row(user_id).insert(conn, &active).await?;
        let about = About::user(user_id).session(&fresh.id);
        state.actor(req).record(conn, Action::SignIn, about).await?;
        Ok::<_, Error>(())
    })
    .await?;
    Ok(fresh)
}
