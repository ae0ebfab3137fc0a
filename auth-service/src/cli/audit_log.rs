//! `auth-service audit`: lists the audit log.

mod args;
mod error;
mod output;

use service_kit::{
    Clock,
    db::{Conn, Database},
    migrate,
    sql_types::DbTime,
};
use shared_models::Timestamp;

pub use self::{args::AuditLogArgs, error::AuditLogError};
use crate::{
    MIGRATIONS,
    config::Config,
    store::{AuditEntry, UserRow, WantedEntries},
};

/// Prints the entries that the arguments select.
pub async fn run(config: &Config, args: &AuditLogArgs, clock: &Clock) -> Result<(), AuditLogError> {
    let url = &config.database_url;
    let database = Database::open_existing(url)?.ok_or(AuditLogError::NoDatabase)?;
    migrate::check(url, &MIGRATIONS).await?;
    let mut pooled = database.read().await?;
    let conn = &mut pooled.conn();
    let user_id = match &args.user {
        Some(user) => Some(user_id(conn, user).await?),
        None => None,
    };
    let since = args.since.map(|since| since.before(clock.now()));
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let wanted = WantedEntries {
        user_id: user_id.as_deref(),
        since: since.map(|since| DbTime(Timestamp::from(since).into())),
        actions: &args.action,
        // Reads one entry more than requested, to detect whether there are more.
        limit: i64::from(args.limit) + 1,
    };
    let mut entries = AuditEntry::list(conn, &wanted).await?;
    let is_cut = entries.len() > limit;
    entries.truncate(limit);
    Ok(output::write(&entries, args.json, is_cut)?)
}

/// Returns the id of a user who is given by id or e-mail address. An id is not looked up, because
/// it may be the pseudonym of a deleted user.
async fn user_id(conn: &mut Conn<'_>, user: &str) -> Result<String, AuditLogError> {
    if !user.contains('@') {
        return Ok(user.to_owned());
    }
    let found = UserRow::find_by_email(conn, &user.to_ascii_lowercase()).await?;
    found.map(|user| user.id).ok_or_else(|| AuditLogError::UserNotFound(user.to_owned()))
}
