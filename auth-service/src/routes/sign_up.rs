//! `POST /sign-up/email`: a new user with a password, signed in at once.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde::Serialize;
use service_kit::sql_types::DbTime;
use shared_models::{User, UserId};
use uuid::Uuid;

use crate::{
    error::{Error, Result},
    input::{Fields, Input, Schema},
    models::{self, NewAccount, NewUser, PROVIDER_CREDENTIAL},
    password, session,
    state::AppState,
};

pub(crate) struct SignUp {
    name: String,
    email: String,
    password: String,
    image: Option<String>,
    remember_me: bool,
}

impl Schema for SignUp {
    const SIGNS_IN: bool = true;
    const NO_OBJECT: &[&str] = &["object", "record"];

    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            name: fields.text("name"),
            email: fields.email("email"),
            password: fields.non_empty_string("password"),
            image: fields.optional_text("image"),
            remember_me: fields.optional_boolean("rememberMe").unwrap_or(true),
        }
    }
}

#[derive(Serialize)]
struct SignedUp {
    token: String,
    user: User,
}

pub(crate) async fn sign_up(
    state: Data<AppState>,
    req: HttpRequest,
    Input(input): Input<SignUp>,
) -> Result<HttpResponse> {
    password::check_length(&input.password)?;
    if models::User::is_email_taken(&mut state.read().await?.conn(), &input.email).await? {
        return Err(Error::UserAlreadyExists);
    }
    let password_hash = state.passwords.hash(input.password).await?;
    let now = state.now();
    let user = User {
        id: UserId::from(Uuid::now_v7()),
        name: input.name,
        email: input.email,
        email_verified: false,
        image: input.image,
        created_at: now,
        updated_at: now,
    };
    let fresh = session::Fresh::new(&state, req.headers(), input.remember_me);
    register(&state, &user, &password_hash, &fresh).await?;

    let mut response = HttpResponse::Ok();
    fresh.announce(&state, &req, &mut response);
    Ok(response.json(SignedUp { token: fresh.token, user }))
}

async fn register(
    state: &AppState,
    user: &User,
    password_hash: &str,
    fresh: &session::Fresh,
) -> Result<()> {
    let now = DbTime(user.created_at.into());
    let user_row = NewUser {
        id: user.id.as_str(),
        name: &user.name,
        email: &user.email,
        email_verified: user.email_verified,
        image: user.image.as_deref(),
        created_at: now,
        updated_at: now,
    };
    let account = NewAccount {
        id: &Uuid::now_v7().to_string(),
        user_id: user.id.as_str(),
        provider_id: PROVIDER_CREDENTIAL,
        password_hash,
        created_at: now,
        updated_at: now,
    };
    let conn = &mut state.write().await?;
    let session = fresh.row(user.id.as_str());
    models::User::register(&mut conn.conn(), &user_row, &account, &session).await
}
