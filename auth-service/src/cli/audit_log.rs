//! `auth-service audit`: lists the audit log.

mod args;
mod output;

use database::{Conn, sql_types::DbTime};
use service_kit::Clock;
use shared_models::Timestamp;

pub use self::args::AuditLogArgs;
use crate::{
    cli::command::{self, CommandError},
    config::Config,
    store::{AuditEntry, UserRow, WantedEntries},
};

#[derive(Debug, thiserror::Error)]
#[error("no user has the e-mail address {0:?}; entries about a deleted user have no address")]
struct UserNotFound(String);

/// Prints the entries that the arguments select.
pub async fn run(config: &Config, args: &AuditLogArgs, clock: &Clock) -> Result<(), CommandError> {
    let database = command::open(config).await?;
    let conn = &mut database.read().await?;
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
    Ok(output::write(&entries, args.format.json, is_cut)?)
}

/// Returns the id of a user who is given by id or e-mail address. An id is not looked up, because
/// it may be the pseudonym of a deleted user.
async fn user_id(conn: &mut Conn, user: &str) -> Result<String, CommandError> {
    if !user.contains('@') {
        return Ok(user.to_owned());
    }
    let found = UserRow::find_by_email(conn, &user.to_ascii_lowercase()).await?;
    let not_found = || CommandError::failed(UserNotFound(user.to_owned()));
    found.map(|user| user.id).ok_or_else(not_found)
}
