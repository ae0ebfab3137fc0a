//! Converts the rows of a source.

use chrono::{DateTime, Utc};
use operator_tools::source::value::flag;
use serde_json::Value;

use crate::{
    cli::import::{
        ban::{ban, inactive},
        candidate::{
            Candidate, CandidateAccount, CandidateBan, CandidateSession, SECOND_FACTOR_LOST,
        },
    },
    store::{PROVIDER_CREDENTIAL, SourceAccount, SourceSession, SourceUser},
};

impl SourceUser {
    pub(super) fn candidate(
        self,
        mut accounts: Vec<CandidateAccount>,
        sessions: Vec<CandidateSession>,
        mut losses: Vec<&'static str>,
        now: DateTime<Utc>,
    ) -> Candidate {
        // An unreadable flag may stand for an enabled second factor.
        if self.second_factor.as_deref().is_some_and(|text| flag(text) != Some(false)) {
            losses.push(SECOND_FACTOR_LOST);
        }
        let (left_out, ban) = (self.left_out(), self.ban(now));
        // Django marks an unusable password with a leading exclamation mark.
        if let Some(hash) = filled(self.password).filter(|hash| !hash.starts_with('!')) {
            accounts.push(CandidateAccount {
                provider_id: PROVIDER_CREDENTIAL.to_owned(),
                password_hash: Some(hash),
                ..CandidateAccount::default()
            });
        }
        let metadata: Value =
            self.metadata.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
        let of_metadata = |names: &[&str]| {
            names.iter().find_map(|name| filled(metadata.get(name)?.as_str().map(str::to_owned)))
        };
        let names: Vec<_> = [self.name, self.last_name].into_iter().filter_map(filled).collect();
        let name = if names.is_empty() { of_metadata(&["name", "full_name"]) } else { None };
        Candidate {
            place: format!("user {}", self.id),
            id: Some(self.id),
            email: self.email.unwrap_or_default(),
            name: name.unwrap_or_else(|| names.join(" ")),
            email_verified: self.email_verified,
            image: filled(self.image).or_else(|| of_metadata(&["avatar_url", "picture"])),
            created_at: self.created_at,
            updated_at: self.updated_at,
            left_out,
            ban,
            losses,
            accounts,
            sessions,
        }
    }

    fn left_out(&self) -> Option<String> {
        let is_set =
            |value: &Option<String>| value.as_deref().is_some_and(|t| !t.trim().is_empty());
        if is_set(&self.deleted_at) {
            return Some("was deleted".to_owned());
        }
        if self.is_anonymous.as_deref().is_some_and(|text| flag(text) == Some(true)) {
            return Some("is anonymous".to_owned());
        }
        None
    }

    fn ban(&self, now: DateTime<Utc>) -> Option<CandidateBan> {
        let until = self.banned_until.as_deref().filter(|text| !text.trim().is_empty());
        let reason = self.ban_reason.as_deref();
        ban(self.banned.as_deref(), reason, self.ban_expires.as_deref(), now)
            .or_else(|| ban(until.map(|_| "true"), None, until, now))
            .or_else(|| inactive(self.is_active.as_deref()))
    }
}

fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

impl From<SourceAccount> for CandidateAccount {
    fn from(row: SourceAccount) -> Self {
        Self {
            id: Some(row.id),
            provider_id: row.provider_id,
            account_id: row.account_id,
            password_hash: row.password,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl From<SourceSession> for CandidateSession {
    fn from(row: SourceSession) -> Self {
        Self {
            id: row.id,
            token: row.token,
            expires_at: row.expires_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
            ip_address: row.ip_address,
            user_agent: row.user_agent,
        }
    }
}
