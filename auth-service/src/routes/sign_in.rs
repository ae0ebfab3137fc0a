//! `POST /sign-in/email`: an address and a password become a session.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{HeaderValue, LOCATION},
    web::Data,
};
use serde::Serialize;
use shared_models::User;

use crate::{
    error::{Error, Result},
    input::{Fields, Input, Schema, is_email},
    models::PasswordHash,
    password, session,
    state::AppState,
};

pub(crate) struct SignIn {
    email: String,
    password: String,
    callback_url: Option<String>,
    remember_me: bool,
}

impl Schema for SignIn {
    const SIGNS_IN: bool = true;

    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            email: fields.string("email"),
            password: fields.string("password"),
            callback_url: fields.optional_text("callbackURL").filter(|url| !url.is_empty()),
            remember_me: fields.optional_boolean("rememberMe").unwrap_or(true),
        }
    }
}

#[derive(Serialize)]
struct SignedIn {
    redirect: bool,
    token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    user: User,
}

pub(crate) async fn sign_in(
    state: Data<AppState>,
    req: HttpRequest,
    Input(input): Input<SignIn>,
) -> Result<HttpResponse> {
    if !is_email(&input.email) {
        return Err(Error::InvalidEmail);
    }
    password::check_max_length(&input.password)?;

    let email = input.email.to_ascii_lowercase();
    let known = PasswordHash::find_by_email(&mut state.read().await?.conn(), &email).await?;
    let (user, hash) = known.map_or((None, None), |(user, hash)| (Some(user), hash.0));
    // No connection is held meanwhile, and an unknown address takes the same way.
    let fits = state.passwords.verify(input.password, hash).await?;
    let user: User = match user {
        Some(user) if fits => user.try_into()?,
        _ => return Err(Error::InvalidEmailOrPassword),
    };

    let fresh = session::Fresh::new(&state, req.headers(), input.remember_me);
    fresh.row(user.id.as_str()).insert(&mut state.write().await?.conn()).await?;

    let mut response = HttpResponse::Ok();
    fresh.announce(&state, &req, &mut response);
    if let Some(url) = input.callback_url.as_deref().and_then(|url| HeaderValue::from_str(url).ok())
    {
        response.insert_header((LOCATION, url));
    }
    Ok(response.json(SignedIn {
        redirect: input.callback_url.is_some(),
        token: fresh.token,
        url: input.callback_url,
        user,
    }))
}
