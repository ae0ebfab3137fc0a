//! Complete rows, for import, export and user management by commands.

use database::{Conn, exported, query, rows::bytes, sql_types::DbTime};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};

use super::{
    AuditEntry, EmailChange, EventStream, Mail, NewBan, OauthClient, SecurityEvent, SignInNetwork,
    SigningKey,
};
use crate::store::schema::{
    accounts, audit_entries, email_changes, event_streams, mails, oauth_clients, security_events,
    sessions, sign_in_networks, signing_keys, users, verification_tokens,
};

#[derive(HasQuery, Insertable, Serialize, Deserialize)]
#[diesel(table_name = users)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserRow {
    pub(crate) id: String,
    pub(crate) name: String,
    /// In lower case.
    pub(crate) email: String,
    pub(crate) email_verified: bool,
    pub(crate) image: Option<String>,
    pub(crate) created_at: DbTime,
    pub(crate) updated_at: DbTime,
    /// Absent from exports of earlier versions, like the fields below.
    #[serde(default = "active")]
    pub(crate) is_active: bool,
    #[serde(default)]
    pub(crate) ban_reason: Option<String>,
    #[serde(default)]
    pub(crate) ban_expires: Option<DbTime>,
}

fn active() -> bool {
    true
}

impl UserRow {
    pub(crate) async fn find(conn: &mut Conn, id: &str) -> QueryResult<Option<Self>> {
        query!(conn, |c| Self::query().filter(users::id.eq(id)).first(c)).optional()
    }

    /// Finds a user by `email`, which must be in lower case.
    pub(crate) async fn find_by_email(conn: &mut Conn, email: &str) -> QueryResult<Option<Self>> {
        query!(conn, |c| Self::query().filter(users::email.eq(email)).first(c)).optional()
    }

    /// Returns up to `limit` users whose ids follow `after`, ordered by id.
    pub(crate) async fn list(conn: &mut Conn, after: &str, limit: i64) -> QueryResult<Vec<Self>> {
        query!(conn, |c| Self::query()
            .filter(users::id.gt(after))
            .order(users::id)
            .limit(limit)
            .load(c))
    }

    /// Returns the ban that is in force at the time `now`, if there is one.
    pub(crate) fn ban_at(&self, now: DbTime) -> Option<NewBan<'_>> {
        let has_expired = self.ban_expires.is_some_and(|end| end.0 < now.0);
        let ban = NewBan { reason: self.ban_reason.as_deref(), expires: self.ban_expires };
        (!self.is_active && !has_expired).then_some(ban)
    }
}

#[derive(HasQuery, Insertable, Serialize, Deserialize)]
#[diesel(table_name = accounts)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountRow {
    pub(crate) id: String,
    pub(crate) user_id: String,
    pub(crate) provider_id: String,
    pub(crate) account_id: String,
    pub(crate) password_hash: Option<String>,
    pub(crate) created_at: DbTime,
    pub(crate) updated_at: DbTime,
}

#[derive(HasQuery, Insertable, Serialize, Deserialize)]
#[diesel(table_name = sessions)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionRow {
    pub(crate) id: String,
    #[serde(with = "bytes")]
    pub(crate) token_hash: Vec<u8>,
    #[serde(with = "bytes")]
    pub(crate) sealed_token: Vec<u8>,
    pub(crate) user_id: String,
    pub(crate) expires_at: DbTime,
    pub(crate) created_at: DbTime,
    pub(crate) updated_at: DbTime,
    pub(crate) ip_address: String,
    pub(crate) user_agent: String,
}

#[derive(HasQuery, Insertable, Serialize, Deserialize)]
#[diesel(table_name = verification_tokens)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerificationTokenRow {
    #[serde(with = "bytes")]
    pub(crate) token_hash: Vec<u8>,
    pub(crate) purpose: String,
    pub(crate) user_id: String,
    #[serde(default)]
    pub(crate) session_id: Option<String>,
    pub(crate) expires_at: DbTime,
    pub(crate) created_at: DbTime,
}

exported!(SigningKey, signing_keys, by [plain generation]);
exported!(UserRow, users, by [text id]);
exported!(AccountRow, accounts, by [text id]);
exported!(SessionRow, sessions, by [text id]);
exported!(VerificationTokenRow, verification_tokens, by [plain token_hash]);
exported!(SignInNetwork, sign_in_networks, by [plain network]);
exported!(Mail, mails, by [text id]);
exported!(EmailChange, email_changes, by [text id]);
exported!(OauthClient, oauth_clients, by [text id]);
exported!(EventStream, event_streams, by [text name]);
exported!(SecurityEvent, security_events, by [plain place]);
exported!(
    AuditEntry, audit_entries, by [text id],
    only audit_entries::action.ne_all(ABOUT_THE_DATABASE)
);

/// Actions whose entries are not exported. Otherwise, each export would add an entry to the next
/// one, and two exports of the same data would differ.
const ABOUT_THE_DATABASE: [&str; 2] = ["export", "import"];
