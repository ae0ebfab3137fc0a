//! Writes signing keys as text or JSON.

use std::io::{self, Write as _};

use chrono::{DateTime, Utc};
use database::sql_types::DbTime;
use serde::Serialize;
use shared_models::Timestamp;

use crate::{
    cli::output::{time, write_json, write_table},
    domain::issuer::schedule::{KeyState, Rotation, activation},
    store::SigningKey,
};

/// Writer of a command's results to standard output.
pub(super) struct Output {
    pub(super) is_json: bool,
    pub(super) now: DateTime<Utc>,
    pub(super) rotation: Rotation,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyBody<'a> {
    kid: &'a str,
    state: &'static str,
    created_at: Timestamp,
    signs_from: Timestamp,
    signs_until: Option<Timestamp>,
    published_until: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

impl Output {
    pub(super) fn list(&self, keys: &[SigningKey]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.is_json {
            return keys.iter().try_for_each(|key| write_json(&mut out, &self.body(keys, key)));
        }
        let header = ["KID", "STATE", "SIGNS FROM", "SIGNS UNTIL", "PUBLISHED UNTIL"];
        let shown =
            |at: Option<DateTime<Utc>>| at.map_or_else(|| "-".to_owned(), |at| time(DbTime(at)));
        let row = |key: &SigningKey| {
            [
                key.id.clone(),
                self.state(keys, key).to_owned(),
                time(DbTime(activation(key))),
                shown(key.expires_at.map(|at| at.0)),
                shown(self.published_until(key)),
            ]
        };
        write_table(&mut out, &[header.map(str::to_owned)], keys.iter().map(row))
    }

    /// Writes how a key was changed. `keys` are all keys after the change; `what` is the change,
    /// such as "revoked".
    pub(super) fn changed(&self, keys: &[SigningKey], kid: &str, what: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let Some(key) = keys.iter().find(|key| key.id == kid) else { return Ok(()) };
        if self.is_json {
            return write_json(&mut out, &self.body(keys, key));
        }
        match key.revoked_at {
            Some(_) => writeln!(out, "{what}: {kid}"),
            None => writeln!(out, "{what}: {kid} signs from {}", time(DbTime(activation(key)))),
        }
    }

    fn body<'a>(&self, keys: &[SigningKey], key: &'a SigningKey) -> KeyBody<'a> {
        KeyBody {
            kid: &key.id,
            state: self.state(keys, key),
            created_at: key.created_at.0.into(),
            signs_from: activation(key).into(),
            signs_until: key.expires_at.map(|at| at.0.into()),
            published_until: self.published_until(key).map(Into::into),
            revoked_at: key.revoked_at.map(|at| at.0.into()),
        }
    }

    fn state(&self, keys: &[SigningKey], key: &SigningKey) -> &'static str {
        match self.rotation.state(keys, key, self.now) {
            KeyState::Next => "next",
            KeyState::Signing => "signing",
            KeyState::Retired => "retired",
            KeyState::Withdrawn => "withdrawn",
            KeyState::Revoked => "revoked",
        }
    }

    fn published_until(&self, key: &SigningKey) -> Option<DateTime<Utc>> {
        key.revoked_at.map(|at| at.0).or_else(|| self.rotation.withdrawal(key))
    }
}
