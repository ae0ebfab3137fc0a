//! Writes users and sessions as text, or as JSON with Better Auth's field names.

use std::io::{self, Write as _};

use database::sql_types::DbTime;
use operator_tools::source::printable;
use serde::Serialize;
use serde_json::json;
use shared_models::Timestamp;

use crate::{
    cli::output::{time, write_json, write_table},
    store::{Session, UserRow},
};

/// Writer of a command's results to standard output.
pub(super) struct Output {
    pub(super) is_json: bool,
    pub(super) now: DbTime,
}

/// A user with the ban, named as in Better Auth's admin plugin.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserBody<'a> {
    id: &'a str,
    name: &'a str,
    email: &'a str,
    email_verified: bool,
    image: Option<&'a str>,
    created_at: Timestamp,
    updated_at: Timestamp,
    banned: bool,
    ban_reason: Option<&'a str>,
    ban_expires: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", flatten)]
    details: Option<&'a Details>,
}

/// Details that only `show` displays.
#[derive(Serialize)]
pub(super) struct Details {
    /// Providers of the user's accounts.
    pub(super) providers: Vec<String>,
    /// Number of active sessions.
    pub(super) sessions: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionBody<'a> {
    id: &'a str,
    user_id: &'a str,
    created_at: Timestamp,
    updated_at: Timestamp,
    expires_at: Timestamp,
    ip_address: &'a str,
    user_agent: &'a str,
}

impl Output {
    /// Writes a list of users. `is_cut` tells whether there are more users than the limit allows.
    pub(super) fn list(&self, users: &[UserRow], is_cut: bool) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.is_json {
            return users.iter().try_for_each(|user| write_json(&mut out, &self.body(user, None)));
        }
        let header = ["ID", "E-MAIL", "STATE", "CREATED", "NAME"].map(str::to_owned);
        let row = |user: &UserRow| {
            let state = self.state(user);
            [user.id.clone(), user.email.clone(), state, time(user.created_at), user.name.clone()]
        };
        write_table(&mut out, &[header], users.iter().map(row))?;
        match users.last() {
            Some(last) if is_cut => writeln!(out, "more users: --after {}", printable(&last.id)),
            _ => Ok(()),
        }
    }

    /// Writes a user with all fields and details.
    pub(super) fn show(&self, user: &UserRow, details: &Details) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.is_json {
            return write_json(&mut out, &self.body(user, Some(details)));
        }
        let verified = if user.email_verified { "verified" } else { "not verified" };
        let sessions = details.sessions.to_string();
        for (label, text) in [
            ("id", user.id.as_str()),
            ("e-mail", &format!("{} ({verified})", user.email)),
            ("name", &user.name),
            ("image", user.image.as_deref().unwrap_or("-")),
            ("state", &self.state(user)),
            ("reason", self.body(user, None).ban_reason.unwrap_or("-")),
            ("created", &time(user.created_at)),
            ("updated", &time(user.updated_at)),
            ("providers", &details.providers.join(", ")),
            ("sessions", &sessions),
        ] {
            writeln!(out, "{label:<13}{}", printable(text))?;
        }
        Ok(())
    }

    /// Writes that a user was changed. `what` is the change, such as "disabled".
    pub(super) fn changed(&self, user: &UserRow, what: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.is_json {
            return write_json(&mut out, &self.body(user, None));
        }
        writeln!(out, "{what}: {} ({})", printable(&user.email), printable(&user.id))
    }

    pub(super) fn sessions<'a>(
        &self,
        sessions: impl Iterator<Item = &'a Session>,
    ) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.is_json {
            let mut sessions = sessions.map(SessionBody::from);
            return sessions.try_for_each(|session| write_json(&mut out, &session));
        }
        let header =
            ["ID", "STARTED", "EXTENDED", "EXPIRES", "ADDRESS", "USER AGENT"].map(str::to_owned);
        let row = |session: &Session| {
            let [started, extended, expires] =
                [session.created_at, session.updated_at, session.expires_at].map(time);
            let (address, agent) = (session.ip_address.clone(), session.user_agent.clone());
            [session.id.clone(), started, extended, expires, address, agent]
        };
        write_table(&mut out, &[header], sessions.map(row))
    }

    pub(super) fn ended(&self, user: &UserRow, sessions: usize) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.is_json {
            return write_json(&mut out, &json!({ "userId": user.id, "endedSessions": sessions }));
        }
        writeln!(out, "sessions ended: {sessions}")
    }

    fn body<'a>(&self, user: &'a UserRow, details: Option<&'a Details>) -> UserBody<'a> {
        let ban = user.ban_at(self.now);
        UserBody {
            id: &user.id,
            name: &user.name,
            email: &user.email,
            email_verified: user.email_verified,
            image: user.image.as_deref(),
            created_at: user.created_at.0.into(),
            updated_at: user.updated_at.0.into(),
            banned: ban.is_some(),
            ban_reason: ban.and_then(|ban| ban.reason),
            ban_expires: ban.and_then(|ban| ban.expires).map(|end| end.0.into()),
            details,
        }
    }

    fn state(&self, user: &UserRow) -> String {
        match user.ban_at(self.now).map(|ban| ban.expires) {
            None => "active".to_owned(),
            Some(None) => "disabled".to_owned(),
            Some(Some(end)) => format!("disabled until {}", time(end)),
        }
    }
}

impl<'a> From<&'a Session> for SessionBody<'a> {
    fn from(session: &'a Session) -> Self {
        Self {
            id: &session.id,
            user_id: &session.user_id,
            created_at: session.created_at.0.into(),
            updated_at: session.updated_at.0.into(),
            expires_at: session.expires_at.0.into(),
            ip_address: &session.ip_address,
            user_agent: &session.user_agent,
        }
    }
}
