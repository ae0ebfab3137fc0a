//! Composes the message for an outbox row: determines the recipient, applies the limit for the
//! address, creates the link with its token, and renders the template.

use std::time::Duration;

use chrono::DateTime;
use database::{Conn, sql_types::DbTime};
use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use rand::{
    RngExt as _,
    distr::{Alphanumeric, SampleString as _},
};

use super::{error::MailError, kind::Kind, mailer::Mailer, templates::Context};
use crate::{
    domain::{
        email_tokens::{self, Request, Subject, UNDO_LIFETIME},
        throttle::{Key, ThrottleError},
        token_hash::token_hash,
    },
    store::{
        Account, EmailChange, Mail, NewVerificationToken, Purpose, Session, User, VerificationToken,
    },
};

type Result<T, E = MailError> = std::result::Result<T, E>;

const RESET_TOKEN_CHARS: usize = 24;
const RESET_LIFETIME: Duration = Duration::from_hours(1);
const DELETE_TOKEN_CHARS: usize = 32;
const DELETE_ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const DELETE_LIFETIME: Duration = Duration::from_hours(24);

/// Maximum length of a user's name in an e-mail; longer names are truncated.
const NAME_MAX_CHARS: usize = 256;

pub(super) enum Composed {
    Message(Message),
    /// There is nothing to send, for example because the user does not exist any more.
    Nothing,
    /// The recipient has received too many e-mails, so the e-mail is deferred by the given
    /// duration.
    TooEarly(Duration),
}

struct Link {
    url: String,
    lifetime: Duration,
}

pub(super) async fn compose(mailer: &Mailer, mail: &Mail) -> Result<Composed> {
    let Some(kind) = Kind::of(&mail.kind) else { return Ok(Composed::Nothing) };
    let Some((user, to)) = find_reader(mailer, mail, kind).await? else {
        return Ok(Composed::Nothing);
    };
    // Counted only now, so that an e-mail without a recipient does not count.
    if let Some(wait) = count(mailer, mail, kind, to).await? {
        return Ok(Composed::TooEarly(wait));
    }
    let link = match (kind, &user) {
        (Kind::EmailChanged, _) => undo_link(mailer, mail).await?,
        (_, Some(user)) if kind.has_link() => {
            let Some(link) = make_link(mailer, mail, kind, user).await? else {
                return Ok(Composed::Nothing);
            };
            Some(link)
        }
        _ => None,
    };
    let ip_address = match kind {
        Kind::NewSignIn => client_of(mailer, mail).await?,
        _ => None,
    };
    let rendered = mailer.templates.render(
        kind,
        &Context {
            name: &user
                .iter()
                .flat_map(|user| user.name.chars())
                .take(NAME_MAX_CHARS)
                .collect::<String>(),
            email: &mail.email,
            new_email: mail.new_email.as_deref().unwrap_or_default(),
            link: link.as_ref().map_or("", |link| &link.url),
            valid_for: &link.as_ref().map(|link| in_words(link.lifetime)).unwrap_or_default(),
            site: &mailer.links.site,
            time: &mail.created_at.0.format("%Y-%m-%d %H:%M UTC").to_string(),
            ip_address: &ip_address.unwrap_or_default(),
        },
    )?;
    let message = Message::builder()
        .from(mailer.from.clone())
        .to(Mailbox::new(None, to.parse::<Address>()?))
        .subject(rendered.subject)
        .date(std::time::SystemTime::from(mailer.clock.now()))
        .message_id(Some(format!("<{}.{}@{}>", mail.id, mail.attempts, mailer.from.email.domain())))
        // Suppresses automatic replies: RFC 3834 §5, and the header that Exchange honors.
        .raw_header(raw_header("Auto-Submitted", "auto-generated"))
        .raw_header(raw_header("X-Auto-Response-Suppress", "All"))
        .multipart(MultiPart::alternative_plain_html(rendered.text, rendered.html))?;
    Ok(Composed::Message(message))
}

/// Returns the user whom the e-mail concerns, if the user still exists, and the recipient's
/// address. Returns `None` if the e-mail must not be sent.
async fn find_reader<'a>(
    mailer: &Mailer,
    mail: &'a Mail,
    kind: Kind,
) -> Result<Option<(Option<User>, &'a str)>> {
    let conn = &mut mailer.read().await?;
    if kind == Kind::EmailChanged {
        // The e-mail does not refer to the user, so the user is looked up by the new address. The
        // notice is sent even if there is no such user: the account may have been deleted, or its
        // address may have changed again.
        let new_email = mail.new_email.as_deref().unwrap_or_default();
        return Ok(Some((User::find_by_email(conn, new_email).await?, &mail.email)));
    }
    if matches!(kind, Kind::ChangeEmailNotice | Kind::PasswordChanged | Kind::NewSignIn) {
        // These notices are sent even if the user's address has already changed: an attacker must
        // not be able to suppress a notice by changing the address. A `ChangeEmailNotice` is sent
        // even if the new address is taken: a missing notice would reveal that.
        let id = mail.user_id.as_deref().unwrap_or_default();
        return Ok(User::find(conn, id).await?.map(|user| (Some(user), mail.email.as_str())));
    }
    let user = User::find_by_email(conn, &mail.email).await?;
    let is_for_anybody = matches!(kind, Kind::VerifyEmail | Kind::ResetPassword);
    let is_asker = |user: &User| match &mail.user_id {
        Some(id) => *id == user.id,
        None => is_for_anybody,
    };
    let Some(user) = user.filter(is_asker) else { return Ok(None) };
    let to = match (kind, &mail.new_email) {
        (Kind::VerifyEmail, _) if user.email_verified => return Ok(None),
        (_, Some(new_email)) if is_taken(mailer, conn, new_email, &user.id).await? => {
            return Ok(None);
        }
        (Kind::ChangeEmail, Some(new_email)) => new_email,
        (Kind::ChangeEmail, None) => return Ok(None),
        _ => &mail.email,
    };
    Ok(Some((Some(user), to)))
}

async fn is_taken(mailer: &Mailer, conn: &mut Conn, email: &str, user_id: &str) -> Result<bool> {
    let since = DbTime(mailer.clock.now() - UNDO_LIFETIME);
    Ok(User::is_email_taken(conn, email).await?
        || EmailChange::is_reserved(conn, email, since, Some(user_id)).await?)
}

/// Returns the link that undoes a change of address, if that is still possible.
async fn undo_link(mailer: &Mailer, mail: &Mail) -> Result<Option<Link>> {
    let change = EmailChange::find(&mut mailer.read().await?, &mail.id).await?;
    let Some(change) = change else { return Ok(None) };
    let left = (change.created_at.0 + UNDO_LIFETIME - mailer.clock.now()).to_std();
    let Ok(lifetime) = left else { return Ok(None) };
    let token = mailer.email_tokens.make_undo(&change)?;
    let url = format!("{}/api/auth/undo-change-email?token={token}", mailer.links.site);
    Ok(Some(Link { url, lifetime }))
}

/// Returns the IP address of the client that signed in, or `None` if the session has already ended
/// or the address may be a proxy's.
async fn client_of(mailer: &Mailer, mail: &Mail) -> Result<Option<String>> {
    let session_id = mail.session_id.as_ref().filter(|_| mailer.knows_clients);
    let Some(session_id) = session_id else { return Ok(None) };
    Ok(Session::find_ip_address(&mut mailer.read().await?, session_id).await?)
}

/// Formats a lifetime, rounded up to hours.
fn in_words(lifetime: Duration) -> String {
    match lifetime.as_secs().div_ceil(3600) {
        1 => "1 hour".to_owned(),
        hours if hours > 24 && hours.is_multiple_of(24) => format!("{} days", hours / 24),
        hours => format!("{hours} hours"),
    }
}

/// Counts an e-mail before the first attempt to send it. If the recipient's limit is reached,
/// returns the time that the e-mail must wait.
async fn count(mailer: &Mailer, mail: &Mail, kind: Kind, to: &str) -> Result<Option<Duration>> {
    let Some(attempts) = mailer.attempts.as_ref().filter(|_| mail.attempts == 0) else {
        return Ok(None);
    };
    let key = Key::of(&["mail", kind.as_str(), to]);
    match attempts.count(key, kind.allowance()).await {
        Err(ThrottleError::TooManyAttempts { wait }) => Ok(Some(wait)),
        counted => Ok(counted.map(|_| None)?),
    }
}

/// Creates the link, unless the e-mail was withdrawn, the user was deleted or has another address,
/// or the session has ended. The transaction locks the e-mail and the user, so that a request that
/// withdraws the e-mail also finds and deletes its token.
async fn make_link(mailer: &Mailer, mail: &Mail, kind: Kind, user: &User) -> Result<Option<Link>> {
    let now = mailer.now();
    let session_id = mail.session_id.as_deref();
    let conn = &mut mailer.write().await?;
    conn.transaction(async |conn| {
        // The user is locked first, as when a user is deleted; a different order could deadlock.
        if User::hold(conn, (&user.id, &user.email)).await? == 0 {
            return Ok(None);
        }
        if let Some(id) = session_id
            && !Session::hold(conn, id, DbTime(now.into())).await?
        {
            return Ok(None);
        }
        if mail.hold(conn).await? == 0 {
            return Ok(None);
        }
        let verify = async |conn: &mut Conn, request| {
            let subject = Subject {
                user_id: &user.id,
                email: &user.email,
                update_to: mail.new_email.as_deref(),
                session_id,
                password_set_at: Account::password_set_at(conn, &user.id).await?,
            };
            let token = mailer.email_tokens.make(request, subject, now)?;
            let has_page = mailer.has_confirmation_page;
            let path = if has_page { "verify-email/confirm" } else { "verify-email" };
            let url = mailer.links.to(path, Some(&token), callback_or_root(mail));
            Ok::<_, MailError>(Link { url, lifetime: email_tokens::LIFETIME })
        };
        let keep = async |conn: &mut Conn, purpose, token: &str, lifetime| {
            let expires_at = DbTime(DateTime::from(now) + lifetime);
            let (user_id, now) = (user.id.as_str(), DbTime(now.into()));
            let new = NewVerificationToken { purpose, user_id, session_id, expires_at, now };
            VerificationToken::insert(conn, &token_hash(token), new).await
        };
        let link = match kind {
            Kind::VerifyEmail => verify(conn, Request::VerifyEmail).await?,
            Kind::ConfirmChangeEmail => verify(conn, Request::ChangeEmailConfirmation).await?,
            Kind::ChangeEmail => verify(conn, Request::ChangeEmailVerification).await?,
            Kind::ResetPassword => {
                let token = Alphanumeric.sample_string(&mut rand::rng(), RESET_TOKEN_CHARS);
                keep(conn, Purpose::ResetPassword, &token, RESET_LIFETIME).await?;
                let path = format!("reset-password/{token}");
                let url = mailer.links.to(&path, None, &mail.callback_url);
                Link { url, lifetime: RESET_LIFETIME }
            }
            Kind::DeleteUser => {
                let token = delete_token();
                keep(conn, Purpose::DeleteUser, &token, DELETE_LIFETIME).await?;
                let path = "delete-user/callback";
                let url = mailer.links.to(path, Some(&token), callback_or_root(mail));
                Link { url, lifetime: DELETE_LIFETIME }
            }
            Kind::ChangeEmailNotice
            | Kind::EmailChanged
            | Kind::PasswordChanged
            | Kind::NewSignIn => return Ok(None),
        };
        Ok(Some(link))
    })
    .await
}

fn raw_header(name: &'static str, value: &'static str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn callback_or_root(mail: &Mail) -> &str {
    if mail.callback_url.is_empty() { "/" } else { &mail.callback_url }
}

fn delete_token() -> String {
    let mut rng = rand::rng();
    let letters = (0..DELETE_TOKEN_CHARS)
        .filter_map(|_| DELETE_ALPHABET.get(rng.random_range(0..DELETE_ALPHABET.len())));
    letters.map(|letter| char::from(*letter)).collect()
}
