//! E-mail addresses: verification and change through mailed links.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde_json::{Value, json};
use service_kit::{
    db::{Conn, OnConflict as _},
    sql_types::DbTime,
};
use shared_models::User;
use tokio::time;

use crate::{
    domain::{
        audit::{About, Action},
        email_tokens::{EmailClaims, Request},
        mail::{self, Asker, Kind},
    },
    http::{
        error::{Error, Result},
        input::{Fields, Input, Schema},
        redirect,
        session::{self, Authenticated, Caller, Live},
        session_cookies,
        state::AppState,
    },
    routes::sign_in::check_ban,
    store::{self, Account, Ban, EmailChange, Session, UserChanges},
};

/// Minimum duration of a request for a verification link without a session, as in Better Auth. The
/// duration must not reveal whether an e-mail is sent.
const SEND_VERIFICATION_TAKES: Duration = Duration::from_millis(500);

pub(crate) struct ChangeEmail {
    new_email: String,
    callback_url: Option<String>,
}

impl Schema for ChangeEmail {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self { new_email: fields.email("newEmail"), callback_url: fields.redirect("callbackURL") }
    }
}

pub(crate) async fn change_email(
    state: Data<AppState>,
    req: HttpRequest,
    Authenticated(live, input): Authenticated<ChangeEmail>,
) -> Result<HttpResponse> {
    let features = &state.features;
    if !features.change_email {
        return Err(Error::ChangeEmailDisabled);
    }
    if input.new_email == live.user.email {
        return Err(Error::EmailIsTheSame);
    }
    let changes_at_once = features.change_email_without_verification && !live.user.email_verified;
    if !changes_at_once && !features.email_verification {
        return Err(Error::EmailVerificationNeeded);
    }
    let callback_url = input.callback_url.as_deref();
    if changes_at_once {
        change_at_once(&state, &req, &live, &input).await?;
    } else {
        let confirms = features.confirm_change_email && live.user.email_verified;
        let new_email = Some(input.new_email.as_str());
        // Only the mail worker checks whether the new address is taken, when it sends the e-mail.
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
    Ok(HttpResponse::Ok().json(json!({ "status": true })))
}

/// Changes the address at once. Succeeds without a change if the new address is taken, so that the
/// response does not reveal other users.
async fn change_at_once(
    state: &AppState,
    req: &HttpRequest,
    live: &Live,
    input: &ChangeEmail,
) -> Result<()> {
    let (id, old, new) = (live.user.id.as_str(), live.user.email.as_str(), &input.new_email);
    let now = state.now();
    let callback_url = input.callback_url.as_deref();
    let mut mails = vec![mail::tell_old_address(old, new, now)];
    if state.features.email_verification {
        mails.push(mail::ask_for(Kind::VerifyEmail, new, callback_url, now));
    }
    let actor = state.actor(req);
    let mut pooled = state.write().await?;
    let conn = &mut pooled.conn();
    let changed = conn.transaction(async |conn| {
        let at = DbTime(now.into());
        let changed = store::User::change_unverified_email(conn, (id, old), new, at).await;
        if changed.on_conflict(Error::UserAlreadyExists)? == 0 {
            return Err(Error::EmailAlreadyVerified); // verified, changed or deleted concurrently
        }
        // Checked after the update, which waits for a concurrent change that frees the address.
        if EmailChange::is_reserved(conn, new, state.undoable_since(), Some(id)).await? {
            return Err(Error::UserAlreadyExists);
        }
        mail::void_links(conn, id).await?;
        actor.record(conn, Action::ChangeEmail, About::user(id)).await?;
        for mail in &mails {
            mail.insert(conn).await?;
        }
        Ok(())
    });
    match changed.await {
        Err(Error::UserAlreadyExists) => return Ok(()),
        changed => changed?,
    }
    state.mailer.wake();
    live.resend_cookie(state, req);
    Ok(())
}

pub(crate) struct SendVerificationEmail {
    email: String,
    callback_url: Option<String>,
}

impl Schema for SendVerificationEmail {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self { email: fields.email("email"), callback_url: fields.redirect("callbackURL") }
    }
}

/// Queues a verification link. Without a session, the response is the same for every address,
/// because the user is looked up only when the e-mail is sent.
pub(crate) async fn send_verification_email(
    state: Data<AppState>,
    req: HttpRequest,
    Input(input): Input<SendVerificationEmail>,
) -> Result<HttpResponse> {
    if !state.features.email_verification {
        return Err(Error::EmailVerificationDisabled);
    }
    let caller = session::caller(&state, &req).await?;
    if let Caller::Live(live) = &caller {
        if live.user.email != input.email {
            return Err(Error::EmailMismatch);
        }
        if live.user.email_verified {
            return Err(Error::EmailAlreadyVerified);
        }
    }
    let pause = time::sleep(SEND_VERIFICATION_TAKES);
    let callback_url = input.callback_url.as_deref();
    let mail = mail::ask_for(Kind::VerifyEmail, &input.email, callback_url, state.now());
    state.mailer.post(&[mail]).await?;
    if !matches!(caller, Caller::Live(_)) {
        pause.await;
    }
    Ok(HttpResponse::Ok().json(json!({ "status": true })))
}

pub(crate) struct VerifyEmail {
    pub(crate) token: String,
    pub(crate) callback_url: Option<String>,
}

impl Schema for VerifyEmail {
    const NO_OBJECT: &[&str] = &[];

    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            token: fields.query("token"),
            callback_url: fields.optional_query_redirect("callbackURL"),
        }
    }
}

pub(crate) async fn verify_email(
    state: Data<AppState>,
    req: HttpRequest,
    Input(input): Input<VerifyEmail>,
) -> Result<HttpResponse> {
    match (open(&state, &req, &input).await, &input.callback_url) {
        (Err(error), Some(target)) if error.is_about_a_link() => {
            let code = error.code().unwrap_or_default();
            Ok(redirect::found(&redirect::with_parameter(target, "error", code)))
        }
        (Ok(_), Some(target)) => Ok(redirect::found(target)),
        (body, _) => Ok(HttpResponse::Ok().json(body?)),
    }
}

/// Performs the action of a mailed link, and returns the body of the response, which is used if
/// there is no redirect.
async fn open(state: &AppState, req: &HttpRequest, input: &VerifyEmail) -> Result<Value> {
    let claims = state.email_tokens.read(&input.token, state.now())?;
    match (claims.request_type, &claims.update_to) {
        (Request::VerifyEmail, None) => verify(state, req, &claims).await,
        (Request::ChangeEmailConfirmation | Request::ChangeEmailVerification, Some(new_email)) => {
            change(state, req, &claims, new_email, input.callback_url.as_deref()).await
        }
        _ => Err(Error::InvalidEmailToken),
    }
}

/// Verifies the user's current address and, with `auto_sign_in_after_verification`, starts a
/// session.
async fn verify(state: &AppState, req: &HttpRequest, claims: &EmailClaims) -> Result<Value> {
    let user = store::User::find_by_email(&mut state.read().await?.conn(), &claims.email).await?;
    let user = user.ok_or(Error::EmailTokenUserGone)?;
    if user.id != claims.user_id {
        return Err(Error::InvalidEmailToken);
    }
    let body = json!({ "status": true, "user": null });
    if user.email_verified {
        return Ok(body);
    }
    let changes = UserChanges { email_verified: Some(true), ..UserChanges::default() };
    let now = DbTime(state.now().into());
    let of = (user.id.as_str(), claims.email.as_str());
    let mut pooled = state.write().await?;
    let verify = async |conn: &mut Conn<'_>| {
        hold(conn, claims, now).await?;
        let updated = store::User::update_of_email(conn, of, &changes, now).await?;
        updated.ok_or(Error::InvalidEmailToken)
    };
    pooled.conn().transaction(verify).await?;
    drop(pooled);
    if state.features.auto_sign_in_after_verification {
        match session::caller(state, req).await? {
            Caller::Live(live) if live.user.email == claims.email => live.resend_cookie(state, req),
            _ => {
                sign_in(state, req, &user.id).await?;
            }
        }
    }
    Ok(body)
}

/// Starts a session for a user who has just verified their address.
async fn sign_in(state: &AppState, req: &HttpRequest, user_id: &str) -> Result<()> {
    let ban = Ban::find(&mut state.read().await?.conn(), user_id).await?;
    check_ban(state, user_id, &ban.ok_or(Error::Unauthorized)?).await?;
    let is_remembered = !state.cookies.has_marker(req.headers());
    let fresh = session::prepare(state, req, is_remembered)?;
    let mut pooled = state.write().await?;
    let conn = &mut pooled.conn();
    conn.transaction(async |conn| {
        let active = store::User::hold_active(conn, user_id).await?;
        let active = active.ok_or(Error::Unauthorized)?; // disabled or deleted concurrently
        fresh.row(user_id).insert(conn, &active).await?;
        let about = About::user(user_id).session(&fresh.id);
        state.actor(req).record(conn, Action::SignIn, about).await?;
        Ok::<_, Error>(())
    })
    .await?;
    session_cookies::hand_out(req, &fresh);
    Ok(())
}

/// Performs one step of a change of address: queues the link to the new address, or changes the
/// address.
async fn change(
    state: &AppState,
    req: &HttpRequest,
    claims: &EmailClaims,
    new_email: &str,
    callback_url: Option<&str>,
) -> Result<Value> {
    let user = store::User::find(&mut state.read().await?.conn(), &claims.user_id).await?;
    let user = user.ok_or(Error::EmailTokenUserGone)?;
    if user.email != claims.email {
        return Err(Error::InvalidEmailToken); // this or another change has been completed already
    }
    let caller = session::caller(state, req).await?;
    if let Caller::Live(live) = &caller
        && live.user.id.as_str() != user.id
    {
        return Err(Error::EmailTokenOfAnotherUser);
    }
    let now = state.now();
    let mut pooled = state.write().await?;
    let conn = &mut pooled.conn();
    if claims.request_type == Request::ChangeEmailConfirmation {
        let asker = Asker {
            user_id: &user.id,
            email: &user.email,
            session_id: claims.session_id.as_deref(),
        };
        let (kind, to) = (Kind::ChangeEmail, Some(new_email));
        let mail = mail::ask_for_user(kind, asker, to, callback_url, now);
        conn.transaction(async |conn| {
            hold(conn, claims, DbTime(now.into())).await?;
            Ok::<_, Error>(mail.insert(conn).await?)
        })
        .await?;
        state.mailer.wake();
        return Ok(json!({ "status": true }));
    }
    // Opening the link proves access to the mailbox of the new address.
    let email_verified = state.features.verify_changed_email.then_some(true);
    let changes = UserChanges { email: Some(new_email), email_verified, ..UserChanges::default() };
    let of = (user.id.as_str(), claims.email.as_str());
    let notice = mail::tell_old_address(&user.email, new_email, now);
    let actor = state.actor(req);
    let changed = conn.transaction(async |conn| {
        let now = DbTime(now.into());
        hold(conn, claims, now).await?;
        let held = store::User::find(conn, of.0).await?;
        let is_verified = held.is_some_and(|user| user.email_verified);
        let changed = store::User::update_of_email(conn, of, &changes, now).await;
        // The address was taken in the meantime, or the link was opened twice concurrently.
        let changed = changed.on_conflict(Error::InvalidEmailToken)?;
        let changed = changed.ok_or(Error::InvalidEmailToken)?;
        // Checked after the update, which waits for a concurrent change that frees the address.
        let since = state.undoable_since();
        if EmailChange::is_reserved(conn, new_email, since, Some(of.0)).await? {
            return Err(Error::InvalidEmailToken); // another user may restore the address
        }
        mail::void_links(conn, of.0).await?;
        notice.insert(conn).await?;
        // A return to an earlier address undoes the changes since then. It cannot be undone itself:
        // the address that it replaces may be an attacker's.
        if let Some(change) = EmailChange::find_first_from(conn, (of.0, new_email), since).await? {
            change.delete_with_later(conn).await?;
        } else if is_verified {
            // A verified address belongs to the user. An unverified one may belong to somebody
            // else, who could take over the account with a link to undo the change.
            let (id, user_id, old_email) = (notice.id.clone(), user.id.clone(), user.email.clone());
            EmailChange { id, user_id, old_email, created_at: now }.record(conn).await?;
        }
        actor.record(conn, Action::ChangeEmail, About::user(of.0)).await?;
        Ok::<_, Error>(changed)
    });
    let changed: User = changed.await?.try_into()?;
    drop(pooled);
    state.mailer.wake();
    if let Caller::Live(live) = caller {
        live.resend_cookie(state, req);
    }
    Ok(json!({ "status": true, "user": changed }))
}

/// Locks the user, the password and the session of a link for the rest of the transaction. Fails
/// if, since the link was requested, the address was changed, the password was set, or the session
/// has ended. The user is locked first, as when a user is deleted, because a different order could
/// deadlock.
async fn hold(conn: &mut Conn<'_>, claims: &EmailClaims, now: DbTime) -> Result<()> {
    let (user_id, set_at) = (claims.user_id.as_str(), claims.password_set_at());
    let holds = store::User::hold(conn, (user_id, &claims.email)).await? > 0
        && Account::hold_password(conn, user_id, set_at).await?
        && match &claims.session_id {
            Some(id) => Session::hold(conn, id, now).await?,
            None => true,
        };
    if holds { Ok(()) } else { Err(Error::InvalidEmailToken) }
}
