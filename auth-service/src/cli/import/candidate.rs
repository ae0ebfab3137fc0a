//! A user read from another service, before any check.

use chrono::{DateTime, Utc};

/// Maximum number of users per page.
pub(super) const PAGE: usize = 500;
/// Loss reported for a user with a second factor.
pub(super) const SECOND_FACTOR_LOST: &str =
    "second factor lost: the password alone is enough to sign in here";

/// A user to import. Most values are strings, as in the source.
#[derive(Default)]
pub(crate) struct Candidate {
    /// Position or id in the source, for the report.
    pub(super) place: String,
    pub(super) id: Option<String>,
    pub(super) email: String,
    pub(super) name: String,
    pub(super) email_verified: Option<String>,
    pub(super) image: Option<String>,
    pub(super) created_at: Option<String>,
    pub(super) updated_at: Option<String>,
    /// Reason for leaving the row out on purpose, for instance because it is not a user.
    pub(super) left_out: Option<String>,
    /// Set if the user must not sign in.
    pub(super) ban: Option<CandidateBan>,
    /// Descriptions of the user's data that the import loses.
    pub(super) losses: Vec<&'static str>,
    pub(super) accounts: Vec<CandidateAccount>,
    pub(super) sessions: Vec<CandidateSession>,
}

impl Candidate {
    /// Returns the e-mail address in the form in which it is stored.
    pub(super) fn stored_email(&self) -> String {
        self.email.trim().to_ascii_lowercase()
    }
}

/// A ban. Accounts that are not active count as banned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CandidateBan {
    /// Description for the report, such as "is banned until 2026-01-02 03:04 UTC".
    pub(super) description: String,
    pub(super) reason: Option<String>,
    pub(super) expires: Option<DateTime<Utc>>,
}

#[derive(Default)]
pub(crate) struct CandidateAccount {
    pub(super) id: Option<String>,
    pub(super) provider_id: String,
    pub(super) account_id: Option<String>,
    pub(super) password_hash: Option<String>,
    pub(super) created_at: Option<String>,
    pub(super) updated_at: Option<String>,
}

pub(crate) struct CandidateSession {
    pub(super) id: String,
    pub(super) token: String,
    pub(super) expires_at: Option<String>,
    pub(super) created_at: Option<String>,
    pub(super) updated_at: Option<String>,
    pub(super) ip_address: Option<String>,
    pub(super) user_agent: Option<String>,
}
