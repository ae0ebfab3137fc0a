//! Bans, which prevent users from signing in, for some time or permanently.

use database::{Conn, query, sql_types::DbTime};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::User;
use crate::store::schema::users;

/// The ban state of a user.
#[derive(Clone, Debug, HasQuery)]
#[diesel(table_name = users)]
pub(crate) struct Ban {
    is_active: bool,
    /// End of the ban; `None` if it is permanent, or if there is no ban.
    ban_expires: Option<DbTime>,
}

/// The reason and the end of a ban; without an end, the ban is permanent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewBan<'a> {
    pub(crate) reason: Option<&'a str>,
    pub(crate) expires: Option<DbTime>,
}

/// Proof that a user may sign in, and that the user's row is locked until the transaction ends.
/// Without the lock, a session could start while the user is being disabled, and would not be
/// ended.
#[derive(Debug)]
pub(crate) struct ActiveUser(());

impl ActiveUser {
    /// Returns the proof for a user whom this transaction has inserted, and whom no other
    /// transaction can disable yet.
    pub(super) fn just_inserted() -> Self {
        Self(())
    }
}

impl Ban {
    /// Returns the ban state of a user, or `None` if there is no such user.
    pub(crate) async fn find(conn: &mut Conn, user_id: &str) -> QueryResult<Option<Self>> {
        query!(conn, |c| Self::query().filter(users::id.eq(user_id)).first(c)).optional()
    }

    /// Returns whether the ban keeps the user from signing in at this time.
    pub(crate) fn is_in_force(&self, now: DbTime) -> bool {
        !self.is_active && self.ban_expires.is_none_or(|end| end.0 >= now.0)
    }

    /// Returns whether the ban has expired, but has not been lifted yet.
    pub(crate) fn has_expired(&self, now: DbTime) -> bool {
        !self.is_active && !self.is_in_force(now)
    }
}

impl User {
    /// Locks a user, provided that the user may sign in, until the transaction ends. Returns `None`
    /// if the user is banned or does not exist. Must be called before any of the user's other rows
    /// is locked: deleting and disabling a user lock rows in this order, and a different order
    /// could deadlock.
    pub(crate) async fn hold_active(conn: &mut Conn, id: &str) -> QueryResult<Option<ActiveUser>> {
        let active = users::table.find(id).filter(users::is_active);
        let held = diesel::update(active).set(users::updated_at.eq(users::updated_at));
        Ok((query!(conn, |c| held.execute(c))? > 0).then_some(ActiveUser(())))
    }

    /// Bans a user, or replaces the user's ban. Returns whether the user was active before, or
    /// `None` if there is no such user.
    pub(crate) async fn ban(
        conn: &mut Conn,
        id: &str,
        ban: NewBan<'_>,
        now: DbTime,
    ) -> QueryResult<Option<bool>> {
        let was_active = Self::hold_active(conn, id).await?.is_some();
        let banned = diesel::update(users::table.find(id)).set((
            users::is_active.eq(false),
            users::ban_reason.eq(ban.reason),
            users::ban_expires.eq(ban.expires),
            users::updated_at.eq(now),
        ));
        Ok((query!(conn, |c| banned.execute(c))? > 0).then_some(was_active))
    }

    /// Lifts the ban of a user; with `only_expired`, only a ban that has expired. Updates nothing
    /// if there is no such ban.
    pub(crate) async fn lift_ban(
        conn: &mut Conn,
        id: &str,
        only_expired: bool,
        now: DbTime,
    ) -> QueryResult<usize> {
        query!(conn, |c| {
            let mut banned = diesel::update(users::table).filter(users::id.eq(id)).into_boxed();
            banned = banned.filter(users::is_active.eq(false));
            if only_expired {
                banned = banned.filter(users::ban_expires.lt(now));
            }
            banned
                .set((
                    users::is_active.eq(true),
                    users::ban_reason.eq(None::<String>),
                    users::ban_expires.eq(None::<DbTime>),
                    users::updated_at.eq(now),
                ))
                .execute(c)
        })
    }
}
