//! `POST /sign-in/email`, which starts a session with an e-mail address and a password, and
//! `POST /sign-in/social`, which supports no provider.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use database::sql_types::DbTime;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use shared_models::User;
use utoipa::ToSchema;

use crate::{
    domain::{
        audit::{About, Action, Actor},
        email_address::is_email,
        mail::{self, Asker, Kind},
        passwords,
        sessions::NewSession,
        user_lifecycle,
    },
    http::{
        error::{Error, Rejection, Result, examples::refusals},
        input::{Email, Input, Password, Schema, Target},
        redirect, session,
        session_cookies::WithCookies,
        state::AppState,
    },
    store::{self, Ban, PasswordHash},
};

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignIn {
    #[schema(value_type = Email)] // validated by the handler, as the error has a code
    email: String,
    password: Password,
    #[serde(default, rename = "callbackURL")]
    callback_url: Target,
    /// If `false`, the session cookie is only kept until the browser is closed
    remember_me: Option<bool>,
}

impl Schema for SignIn {
    const SIGNS_IN: bool = true;
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SignInResponse {
    /// Whether the client should navigate to `url`
    redirect: bool,
    /// The unsigned session token
    token: String,
    /// The `callbackURL` of the request
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    url: Option<String>,
    user: User,
}

refusals!(
    SignInErrors: CrossSiteNavigationLogin, InvalidEmail, PasswordTooLong, InvalidEmailOrPassword,
    EmailNotVerified, BannedUser
);

/// Sign in
///
/// An unknown address and a wrong password give the same error. With a `callbackURL` the status
/// is still 200: the client follows `redirect` and `url`.
#[utoipa::path(
    post, path = "/api/auth/sign-in/email", operation_id = "signInEmail", tag = "accounts",
    request_body(
        content((SignIn = "application/json"), (SignIn = "application/x-www-form-urlencoded")),
    ),
    responses(
        (
            status = 200,
            description = "The created session",
            body = SignInResponse,
            headers(("Set-Cookie"), ("set-auth-token"), ("Location")),
        ),
        SignInErrors,
    ),
)]
pub(crate) async fn sign_in(
    state: Data<AppState>,
    req: HttpRequest,
    Input(input): Input<SignIn>,
) -> Result<WithCookies<HttpResponse>> {
    if !is_email(&input.email) {
        return Err(Rejection::InvalidEmail.into());
    }
    passwords::check_max_length(&input.password.0)?;

    let (user, fresh) = authenticate(&state, &req, &input).await?;
    let cookies = (&fresh).into();
    let mut response = HttpResponse::Ok();
    let target = input.callback_url.as_deref();
    if let Some(target) = target {
        response.insert_header(redirect::location(target));
    }
    let redirect = target.is_some();
    let body = SignInResponse { redirect, token: fresh.token, url: input.callback_url.0, user };
    Ok(WithCookies { value: response.json(body), change: cookies })
}

/// Checks the credentials and starts a session. Records wrong credentials, an unverified address
/// and a ban as failures.
async fn authenticate(
    state: &AppState,
    req: &HttpRequest,
    input: &SignIn,
) -> Result<(User, NewSession)> {
    let attempt = Attempt {
        state,
        email: &input.email.to_ascii_lowercase(),
        password: &input.password.0,
        actor: &state.actor(req),
    };
    let guess = state.login_throttle.at_sign_in(attempt.email, state.client_network(req)).await?;
    let mut known = attempt.find_user().await?;
    guess.was_right().await?;
    if state.features.require_email_verification && !known.user.email_verified {
        if state.features.send_verification_on_sign_in {
            let callback_url = input.callback_url.as_deref();
            let mail = mail::ask_for(Kind::VerifyEmail, attempt.email, callback_url, state.now());
            state.mailer.post(&[mail]).await?;
        }
        return attempt.fails(Some(known.user.id.as_str()), Rejection::EmailNotVerified).await;
    }
    let fresh = session::prepare(state, req, input.remember_me.unwrap_or(true))?;
    if !attempt.admit(&known, &fresh).await? {
        // Since the hash was read, another sign-in may have replaced it, the password may have been
        // changed, or the user may have been disabled.
        known = attempt.find_user().await?;
        if !attempt.admit(&known, &fresh).await? {
            let user_id = Some(known.user.id.as_str());
            return attempt.fails(user_id, Rejection::InvalidEmailOrPassword).await;
        }
    }
    Ok((known.user, fresh))
}

/// Returns an error if the user is banned. Lifts a ban that has expired.
pub(crate) async fn check_ban(state: &AppState, user_id: &str, ban: &Ban) -> Result<()> {
    let now = DbTime(state.now().into());
    let (system, moment) = (state.audit.system(now), state.security_events.moment(now));
    let admitted = user_lifecycle::may_sign_in(&state.database, user_id, ban, &system, &moment);
    if admitted.await? { Ok(()) } else { Err(Rejection::BannedUser.into()) }
}

struct Attempt<'a> {
    state: &'a AppState,
    email: &'a str,
    password: &'a str,
    actor: &'a Actor,
}

/// A user whose password was correct.
struct Known {
    user: User,
    ban: Ban,
    hash: String,
}

impl Attempt<'_> {
    async fn find_user(&self) -> Result<Known> {
        let read = self.state.read();
        let found = PasswordHash::find_by_email(&mut read.await?, self.email).await?;
        let (user, hash) =
            found.map_or((None, None), |(user, ban, hash)| (Some((user, ban)), hash.0));
        // No connection is held while hashing. An unknown address goes through the same steps, so
        // the response takes as long.
        let fits = self.state.passwords.verify(self.password, hash.as_deref()).await?;
        match (user, hash) {
            (Some((user, ban)), Some(hash)) if fits => {
                Ok(Known { user: user.try_into()?, ban, hash })
            }
            (user, _) => {
                let user_id = user.as_ref().map(|(user, _)| user.id.as_str());
                self.fails(user_id, Rejection::InvalidEmailOrPassword).await
            }
        }
    }

    /// Records that the attempt failed, and returns the error. An unknown address is not stored,
    /// because it may be a password that was typed into the wrong field.
    async fn fails<T>(&self, user_id: Option<&str>, rejection: Rejection) -> Result<T> {
        let (about, reason) = match (user_id, rejection) {
            (None, _) => (About::default(), "unknown user"),
            (Some(id), Rejection::EmailNotVerified) => (About::user(id), "address not verified"),
            (Some(id), Rejection::BannedUser) => (About::user(id), "disabled user"),
            (Some(id), _) => (About::user(id), "wrong password"),
        };
        let conn = &mut self.state.write().await?;
        let about = about.detail(reason);
        self.actor.record_failure(conn, Action::SignIn, about).await?;
        Err(rejection.into())
    }

    /// Starts the session and returns true. Returns an error if the user was already banned when the
    /// hash was read. Returns false if the user was banned or the hash was changed since then,
    /// because no session may start after a change that ends all sessions. Rehashes the password
    /// if its hash came from another service or has a lower cost.
    async fn admit(&self, known: &Known, fresh: &NewSession) -> Result<bool> {
        let user_id = known.user.id.as_str();
        match check_ban(self.state, user_id, &known.ban).await {
            Err(Error::Rejected(banned @ Rejection::BannedUser)) => {
                return self.fails(Some(user_id), banned).await;
            }
            checked => checked?,
        }
        let hash = if self.state.passwords.is_outdated(&known.hash) {
            &self.state.passwords.hash(self.password.to_owned()).await?
        } else {
            &known.hash
        };
        let session = fresh.row(user_id);
        let conn = &mut self.state.write().await?;
        let admitted = conn.transaction(async |conn| {
            let Some(active) = store::User::hold_active(conn, user_id).await? else {
                return Ok(None);
            };
            if PasswordHash::upgrade(conn, user_id, &known.hash, hash).await? == 0 {
                return Ok(None);
            }
            let is_new = self.state.features.notify_new_network == Some(true)
                && session.network.is_new(conn).await?;
            if is_new {
                self.notice(known, fresh).insert(conn).await?;
            }
            session.insert(conn, &active).await?;
            let about = About::user(user_id).session(&fresh.id);
            self.actor.record(conn, Action::SignIn, about).await?;
            Ok::<_, Error>(Some(is_new))
        });
        let admitted = admitted.await?;
        if admitted == Some(true) {
            self.state.mailer.wake();
        }
        Ok(admitted.is_some())
    }

    fn notice(&self, known: &Known, fresh: &NewSession) -> store::Mail {
        let (user_id, email) = (known.user.id.as_str(), self.email);
        let user = Asker { user_id, email, session_id: Some(&fresh.id) };
        mail::notify(Kind::NewSignIn, user, self.state.now())
    }
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct SignInSocial {
    #[serde(rename = "provider", deserialize_with = "provider")]
    _provider: String,
}

impl Schema for SignInSocial {}

/// Reads a string. As in Better Auth, the error gives no details.
pub(super) fn provider<'de, D: Deserializer<'de>>(field: D) -> Result<String, D::Error> {
    String::deserialize(field).map_err(|_invalid| D::Error::custom("Invalid input"))
}

refusals!(ProviderErrors: ProviderNotFound);

/// Sign in with a social provider
///
/// No social provider is supported, so every request fails with `PROVIDER_NOT_FOUND`.
#[utoipa::path(
    post, path = "/api/auth/sign-in/social", operation_id = "signInSocial", tag = "accounts",
    request_body = SignInSocial,
    responses(ProviderErrors),
)]
pub(crate) async fn sign_in_social(_: Input<SignInSocial>) -> Result<HttpResponse> {
    Err(Rejection::ProviderNotFound.into())
}
