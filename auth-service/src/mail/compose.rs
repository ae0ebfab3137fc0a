//! From a row of the outbox to a message: who it is for, and a link that works.

use std::time::Duration;

use lettre::{
    Address, Message,
    message::{Mailbox, MultiPart},
};
use percent_encoding::utf8_percent_encode;
use rand::{
    RngExt as _,
    distr::{Alphanumeric, SampleString as _},
};
use service_kit::sql_types::DbTime;

use super::{Kind, templates::Context};
use crate::{
    cookie::COMPONENT,
    email_token::{self, Request},
    error::Result,
    models::{Mail, Purpose, User, VerificationToken},
    session::token_hash,
    state::AppState,
};

const RESET_TOKEN_CHARS: usize = 24;
const RESET_LIFETIME: Duration = Duration::from_hours(1);
const DELETE_TOKEN_CHARS: usize = 32;
const DELETE_ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const DELETE_LIFETIME: Duration = Duration::from_hours(24);

/// Makes the links of mails.
pub(crate) struct Links {
    /// The public base URL, without a slash at its end.
    pub(crate) site: String,
}

impl Links {
    fn to(&self, path: &str, token: Option<&str>, callback_url: &str) -> String {
        let callback_url = utf8_percent_encode(callback_url, COMPONENT);
        let token = token.map(|token| format!("token={token}&")).unwrap_or_default();
        format!("{}/api/auth/{path}?{token}callbackURL={callback_url}", self.site)
    }
}

/// The message, or nothing when there is nobody to send it to any more.
pub(super) async fn compose(state: &AppState, mail: &Mail) -> Result<Option<Message>> {
    let Some(kind) = Kind::of(&mail.kind) else { return Ok(None) };
    let user = User::find_by_email(&mut state.read().await?.conn(), &mail.email).await?;
    let is_for_anybody = matches!(kind, Kind::VerifyEmail | Kind::ResetPassword);
    let is_asker = |user: &User| match &mail.user_id {
        Some(id) => *id == user.id,
        None => is_for_anybody,
    };
    let Some(user) = user.filter(is_asker) else { return Ok(None) };
    let new_email = mail.new_email.as_deref();
    if let Some(new_email) = new_email
        && User::is_email_taken(&mut state.read().await?.conn(), new_email).await?
    {
        return Ok(None);
    }
    let verify = |request| {
        let token = state.email_tokens.make(request, &user.id, &user.email, new_email, state.now());
        let callback_url = if mail.callback_url.is_empty() { "/" } else { &mail.callback_url };
        token.map(|token| state.links.to("verify-email", Some(&token), callback_url))
    };
    let (to, link, lifetime) = match kind {
        Kind::VerifyEmail if user.email_verified => return Ok(None),
        Kind::VerifyEmail => (&user.email, verify(Request::VerifyEmail)?, email_token::LIFETIME),
        Kind::ConfirmChangeEmail => {
            (&user.email, verify(Request::ChangeEmailConfirmation)?, email_token::LIFETIME)
        }
        Kind::ChangeEmail => {
            let Some(new_email) = &mail.new_email else { return Ok(None) };
            (new_email, verify(Request::ChangeEmailVerification)?, email_token::LIFETIME)
        }
        Kind::ResetPassword => {
            let token = Alphanumeric.sample_string(&mut rand::rng(), RESET_TOKEN_CHARS);
            keep(state, &user.id, Purpose::ResetPassword, &token, RESET_LIFETIME).await?;
            let path = format!("reset-password/{token}");
            (&user.email, state.links.to(&path, None, &mail.callback_url), RESET_LIFETIME)
        }
        Kind::DeleteUser => {
            let token = delete_token();
            keep(state, &user.id, Purpose::DeleteUser, &token, DELETE_LIFETIME).await?;
            let path = "delete-user/callback";
            let callback_url = if mail.callback_url.is_empty() { "/" } else { &mail.callback_url };
            (&user.email, state.links.to(path, Some(&token), callback_url), DELETE_LIFETIME)
        }
    };
    let hours = lifetime.as_secs() / 3600;
    let rendered = state.templates.render(
        kind,
        &Context {
            name: &user.name,
            email: &user.email,
            new_email: new_email.unwrap_or_default(),
            link: &link,
            valid_for: &if hours == 1 { "1 hour".to_owned() } else { format!("{hours} hours") },
            site: &state.links.site,
        },
    )?;
    let message = Message::builder()
        .from(state.mail_from.clone())
        .to(Mailbox::new(None, to.parse::<Address>()?))
        .subject(rendered.subject)
        .date(std::time::SystemTime::from(state.clock.now()))
        .message_id(Some(format!(
            "<{}.{}@{}>",
            mail.id,
            mail.attempts,
            state.mail_from.email.domain()
        )))
        .multipart(MultiPart::alternative_plain_html(rendered.text, rendered.html))?;
    Ok(Some(message))
}

async fn keep(
    state: &AppState,
    user_id: &str,
    purpose: Purpose,
    token: &str,
    lifetime: Duration,
) -> Result<()> {
    let now = state.clock.now();
    let mut pooled = state.write().await?;
    let (conn, hash) = (&mut pooled.conn(), token_hash(token));
    VerificationToken::insert(conn, user_id, purpose, &hash, DbTime(now + lifetime), DbTime(now))
        .await?;
    Ok(())
}

fn delete_token() -> String {
    let mut rng = rand::rng();
    let letters = (0..DELETE_TOKEN_CHARS)
        .filter_map(|_| DELETE_ALPHABET.get(rng.random_range(0..DELETE_ALPHABET.len())));
    letters.map(|letter| char::from(*letter)).collect()
}
