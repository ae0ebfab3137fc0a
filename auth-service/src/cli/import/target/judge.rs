//! Decides whether a candidate is imported.

use database::sql_types::DbTime;
use operator_tools::source::value::flag;
use shared_models::UserId;
use uuid::Uuid;

use super::{Target, verdict::Verdict};
use crate::{
    cli::import::{candidate::Candidate, report::Report},
    domain::email_address::is_email,
    store::{KnownRows, UserRow},
};

/// Maximum number of characters of a value quoted in a reason.
const QUOTED_CHARS: usize = 40;

impl Target {
    /// Returns the decision on a candidate, or the reason why the candidate cannot be imported.
    pub(super) fn judge<'a>(
        &mut self,
        candidate: &Candidate,
        known: &'a KnownRows,
        report: &mut Report,
    ) -> Result<Verdict<'a>, String> {
        if let Some(reason) = &candidate.left_out {
            return Ok(Verdict::LeftOut(reason.clone()));
        }
        let email = candidate.stored_email();
        self.check(candidate, &email)?;
        let by_id = candidate.id.as_ref().map(|id| known.users.iter().find(|user| user.id == *id));
        let by_email = known.users.iter().find(|user| user.email == email);
        match (by_id, by_email) {
            // Two sources may use the same serial id for different users.
            (Some(Some(user)), _) if user.email != email => {
                Err("the id already exists with another address".to_owned())
            }
            (Some(Some(user)), _) | (None, Some(user)) => Ok(Verdict::AlreadyHere(user)),
            (Some(None), Some(_)) => Err("another user here already has the address".to_owned()),
            (_, None) => self.user(candidate, email, report).map(Verdict::New),
        }
    }

    fn check(&mut self, candidate: &Candidate, email: &str) -> Result<(), String> {
        if email.is_empty() {
            return Err("the user has no e-mail address".to_owned());
        }
        if !is_email(email) {
            return Err("the address is malformed".to_owned());
        }
        let reason = candidate.ban.as_ref().and_then(|ban| ban.reason.as_ref());
        let texts = [Some(&candidate.name), candidate.image.as_ref(), reason];
        if texts.into_iter().flatten().any(|text| text.contains('\0')) {
            return Err("a field contains NUL".to_owned());
        }
        if let Some(id) = &candidate.id {
            UserId::try_from(id.clone()).map_err(|_error: shared_models::InvalidUserId| {
                "the id is blank, longer than 255 characters, or contains control characters"
            })?;
            if !self.seen_ids.insert(id.clone()) {
                return Err("the source has another user with this id".to_owned());
            }
        }
        if !self.seen_emails.insert(email.to_owned()) {
            return Err("the source has another user with this address".to_owned());
        }
        Ok(())
    }

    fn user(
        &self,
        candidate: &Candidate,
        email: String,
        report: &mut Report,
    ) -> Result<UserRow, String> {
        let time = |name: &str, text: Option<&str>| {
            self.time_or_now(text).ok_or_else(|| {
                let text = quoted(text.unwrap_or_default());
                format!("{name} {text} cannot be read as a time: write it as 2026-01-02T03:04:05Z")
            })
        };
        if candidate.name.contains(char::REPLACEMENT_CHARACTER) {
            report.note(&candidate.place, "the name has characters that are not UTF-8");
        }
        let created_at = time("created_at", candidate.created_at.as_deref())?;
        let ban = candidate.ban.as_ref();
        Ok(UserRow {
            id: candidate.id.clone().unwrap_or_else(|| Uuid::now_v7().to_string()),
            name: candidate.name.trim().to_owned(),
            email,
            email_verified: email_verified(candidate, report),
            image: candidate.image.clone(),
            created_at,
            updated_at: match candidate.updated_at.as_deref() {
                Some(text) if !text.trim().is_empty() => time("updated_at", Some(text))?,
                _ => created_at,
            },
            is_active: ban.is_none(),
            ban_reason: ban.and_then(|ban| ban.reason.clone()),
            ban_expires: ban.and_then(|ban| ban.expires).map(DbTime),
        })
    }
}

/// Returns whether the source says that the address is verified. An unreadable flag is reported and
/// counts as unverified.
pub(super) fn email_verified(candidate: &Candidate, report: &mut Report) -> bool {
    let Some(text) = &candidate.email_verified else { return false };
    flag(text).unwrap_or_else(|| {
        let text = quoted(text);
        let what = format!("imported as unverified: the flag {text} is neither true nor false");
        report.note(&candidate.place, &what);
        false
    })
}

fn quoted(text: &str) -> String {
    let start: String = text.chars().take(QUOTED_CHARS).collect();
    format!("{start:?}")
}
