//! Changes of e-mail addresses, most of them through mailed links.

use actix_web::{HttpRequest, web::Json};
use database::{OnConflict as _, sql_types::DbTime};
use serde::{Deserialize, Serialize};
use shared_models::User;
use utoipa::ToSchema;

use crate::{
    domain::{
        audit::{About, Action},
        email_tokens::{EmailClaims, Request},
        mail::{self, Asker, Kind},
    },
    http::{
        documents::{StatusResponse, True},
        error::{Error, Rejection, Result, examples::refusals},
        input::{Email, Input, Schema, Target},
        session::{Caller, Live, with_caller},
        session_cookies::{CookieChange, WithCookies},
        state::AppState,
    },
    store::{self, EmailChange, UserChanges},
};

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChangeEmail {
    new_email: Email,
    #[serde(default, rename = "callbackURL")]
    callback_url: Target,
}

impl Schema for ChangeEmail {}

refusals!(
    ChangeEmailErrors: Unauthorized, ChangeEmailDisabled, EmailIsTheSame, EmailVerificationNeeded,
    EmailAlreadyVerified
);

/// Request an address change
///
/// Sends a link to the new address, or first to a verified old one if `CONFIRM_CHANGE_EMAIL` is
/// on. The address changes when the link to the new address is opened. With
/// `CHANGE_EMAIL_WITHOUT_VERIFICATION`, an unverified address changes immediately. The response
/// for an address that already has an account is the same as for any other.
#[utoipa::path(
    post, path = "/api/auth/change-email", operation_id = "changeEmail", tag = "addresses",
    security(("sessionCookie" = []), ("sessionToken" = [])), request_body = ChangeEmail,
    responses(
        (status = 200, description = "Request accepted", body = StatusResponse),
        ChangeEmailErrors,
    ),
)]
pub(crate) async fn change_email(
    state: &AppState,
    req: &HttpRequest,
    live: Box<Live>,
    Input(input): Input<ChangeEmail>,
) -> Result<WithCookies<Json<StatusResponse>>> {
    let features = &state.features;
    if !features.change_email {
        return Err(Rejection::ChangeEmailDisabled.into());
    }
    if input.new_email.0 == live.user.email {
        return Err(Rejection::EmailIsTheSame.into());
    }
    let changes_at_once = features.change_email_without_verification && !live.user.email_verified;
    if !changes_at_once && !features.email_verification {
        return Err(Rejection::EmailVerificationNeeded.into());
    }
    let callback_url = input.callback_url.as_deref();
    let mut cookies = CookieChange::None;
    if changes_at_once {
        if change_at_once(state, req, &live, &input).await? {
            cookies = live.resend_cookie(state, req);
        }
    } else {
        let confirms = features.confirm_change_email && live.user.email_verified;
        let new_email = Some(input.new_email.0.as_str());
        // Only the mail worker checks whether the new address is taken, so that the response does
        // not reveal it.
        let ask = |kind, callback_url| {
            mail::ask_for_user(kind, (&*live).into(), new_email, callback_url, state.now())
        };
        if confirms {
            state.mailer.post(&[ask(Kind::ConfirmChangeEmail, callback_url)]).await?;
        } else {
            let notice = ask(Kind::ChangeEmailNotice, None);
            state.mailer.post(&[ask(Kind::ChangeEmail, callback_url), notice]).await?;
        }
    }
    Ok(WithCookies::new(Json(StatusResponse::OK), cookies))
}

/// Changes the address at once, and returns true. If the new address is taken, returns false instead
/// of an error, so that the response does not reveal who has an account.
async fn change_at_once(
    state: &AppState,
    req: &HttpRequest,
    live: &Live,
    input: &ChangeEmail,
) -> Result<bool> {
    let (id, old, new) = (live.user.id.as_str(), live.user.email.as_str(), &input.new_email.0);
    let now = state.now();
    let callback_url = input.callback_url.as_deref();
    let mut mails = vec![mail::tell_old_address(old, new, now)];
    if state.features.email_verification {
        mails.push(mail::ask_for(Kind::VerifyEmail, new, callback_url, now));
    }
    let actor = state.actor(req);
    let conn = &mut state.write().await?;
    let changed = conn.transaction(async |conn| {
        let at = DbTime(now.into());
        let changed = store::User::change_unverified_email(conn, (id, old), new, at).await;
        if changed.on_conflict(Error::from(Rejection::UserAlreadyExists))? == 0 {
            // Verified, changed or deleted concurrently.
            return Err(Rejection::EmailAlreadyVerified.into());
        }
        // Checked after the update: if another user is just giving up this address, the update waits
        // for that transaction, and only then is its reservation visible.
        if EmailChange::is_reserved(conn, new, state.undoable_since(), Some(id)).await? {
            return Err(Rejection::UserAlreadyExists.into());
        }
        mail::void_links(conn, id).await?;
        actor.record(conn, Action::ChangeEmail, About::user(id)).await?;
        for mail in &mails {
            mail.insert(conn).await?;
        }
        Ok(())
    });
    match changed.await {
        Err(Error::Rejected(Rejection::UserAlreadyExists)) => return Ok(false),
        changed => changed?,
    }
    state.mailer.wake();
    Ok(true)
}

#[derive(Serialize, ToSchema)]
pub(crate) struct VerifyEmailResponse {
    pub(crate) status: True,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<User>)]
    pub(crate) user: Option<Option<User>>,
}

/// Performs one step of an address change: queues the link to the new address, or changes the
/// address. Returns the body of the response.
pub(super) async fn open_link(
    state: &AppState,
    req: &HttpRequest,
    claims: &EmailClaims,
    new_email: &str,
    callback_url: Option<&str>,
) -> Result<WithCookies<Result<VerifyEmailResponse>>> {
    let user = store::User::find(&mut state.read().await?, &claims.user_id).await?;
    let user = user.ok_or(Rejection::EmailTokenUserGone)?;
    if user.email != claims.email {
        // This or another change has been completed already.
        return Err(Rejection::InvalidEmailToken.into());
    }
    let opened = with_caller(state, req, async |caller| {
        if let Caller::Live(live) = &caller
            && live.user.id.as_str() != user.id
        {
            return Err(Rejection::EmailTokenOfAnotherUser.into());
        }
        if claims.request_type == Request::ChangeEmailConfirmation {
            confirm(state, claims, new_email, callback_url).await?;
            return Ok(WithCookies::from(VerifyEmailResponse { status: True, user: None }));
        }
        let changed = change(state, req, claims, new_email).await?;
        let cookies = match caller {
            Caller::Live(live) => live.resend_cookie(state, req),
            Caller::Gone | Caller::Nobody => CookieChange::None,
        };
        let body = VerifyEmailResponse { status: True, user: Some(Some(changed)) };
        Ok(WithCookies::new(body, cookies))
    });
    Ok(opened.await)
}

/// Queues the link to the new address, after the owner of the old address has confirmed the change.
async fn confirm(
    state: &AppState,
    claims: &EmailClaims,
    new_email: &str,
    callback_url: Option<&str>,
) -> Result<()> {
    let now = state.now();
    let session_id = claims.session_id.as_deref();
    let asker = Asker { user_id: &claims.user_id, email: &claims.email, session_id };
    let mail = mail::ask_for_user(Kind::ChangeEmail, asker, Some(new_email), callback_url, now);
    let conn = &mut state.write().await?;
    conn.transaction(async |conn| {
        if !claims.hold(conn, DbTime(now.into())).await? {
            return Err(Rejection::InvalidEmailToken.into());
        }
        Ok::<_, Error>(mail.insert(conn).await?)
    })
    .await?;
    state.mailer.wake();
    Ok(())
}

/// Changes the address. Opening the link has proved access to the new address's mailbox.
async fn change(
    state: &AppState,
    req: &HttpRequest,
    claims: &EmailClaims,
    new_email: &str,
) -> Result<User> {
    let (user_id, old_email) = (claims.user_id.as_str(), claims.email.as_str());
    let email_verified = state.features.verify_changed_email.then_some(true);
    let changes = UserChanges { email: Some(new_email), email_verified, ..UserChanges::default() };
    let (now, since) = (state.now(), state.undoable_since());
    let notice = mail::tell_old_address(old_email, new_email, now);
    let actor = state.actor(req);
    let conn = &mut state.write().await?;
    let changed = conn.transaction(async |conn| {
        let now = DbTime(now.into());
        if !claims.hold(conn, now).await? {
            return Err(Rejection::InvalidEmailToken.into());
        }
        let held = store::User::find(conn, user_id).await?;
        let is_verified = held.is_some_and(|user| user.email_verified);
        let of = (user_id, old_email);
        let changed = store::User::update_of_email(conn, of, &changes, now).await;
        // The address was taken in the meantime, or the link was opened twice concurrently.
        let changed = changed.on_conflict(Error::from(Rejection::InvalidEmailToken))?;
        let changed = changed.ok_or(Rejection::InvalidEmailToken)?;
        // Checked after the update: if another user is just giving up this address, the update waits
        // for that transaction, and only then is its reservation visible.
        if EmailChange::is_reserved(conn, new_email, since, Some(user_id)).await? {
            return Err(Rejection::InvalidEmailToken.into()); // another user may restore the address
        }
        mail::void_links(conn, user_id).await?;
        notice.insert(conn).await?;
        // A return to an earlier address has undone the changes since then, so their records are
        // deleted. No record is added for the return itself: the address that it replaces may be
        // an attacker's, who must not be able to undo it.
        if let Some(change) =
            EmailChange::find_first_from(conn, (user_id, new_email), since).await?
        {
            change.delete_with_later(conn).await?;
        } else if is_verified {
            // A verified address belongs to the user. An unverified one may belong to somebody
            // else, who could take over the account with a link to undo the change.
            let (user_id, old_email) = (user_id.to_owned(), old_email.to_owned());
            let change = EmailChange { id: notice.id.clone(), user_id, old_email, created_at: now };
            change.record(conn).await?;
        }
        actor.record(conn, Action::ChangeEmail, About::user(user_id)).await?;
        Ok::<_, Error>(changed)
    });
    let changed = changed.await?.try_into()?;
    state.mailer.wake();
    Ok(changed)
}
