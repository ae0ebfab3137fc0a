//! The outbox: pending e-mails, each with the request for it and the time of the next attempt.

use database::{Conn, query, sql_types::DbTime};
use diesel::{prelude::*, sql_types::Bool};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};

use crate::store::schema::mails;

#[derive(Clone, Debug, HasQuery, Insertable, Serialize, Deserialize)]
#[diesel(table_name = mails)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mail {
    pub(crate) id: String,
    pub(crate) kind: String,
    /// The only user to whom the e-mail may be sent; `None` if the e-mail is bound only to the
    /// address.
    pub(crate) user_id: Option<String>,
    /// The session in which the e-mail was requested, or that the reported sign-in started. A link
    /// in the e-mail expires with the session.
    #[serde(default)]
    pub(crate) session_id: Option<String>,
    /// The account's address when the e-mail was requested; in a notice of a changed address, the
    /// old address. Without a `user_id`, there may be no account with this address.
    pub(crate) email: String,
    /// The new address, if the e-mail is about a change of address.
    pub(crate) new_email: Option<String>,
    /// Target of the final redirect; may be empty.
    pub(crate) callback_url: String,
    /// Number of attempts to send the e-mail so far.
    pub(crate) attempts: i32,
    pub(crate) due_at: DbTime,
    pub(crate) created_at: DbTime,
}

impl Mail {
    pub(crate) async fn insert(&self, conn: &mut Conn) -> QueryResult<usize> {
        query!(conn, |c| diesel::insert_into(mails::table).values(self).execute(c))
    }

    pub(crate) async fn insert_all(conn: &mut Conn, mails: &[Self]) -> QueryResult<()> {
        if let [mail] = mails {
            return mail.insert(conn).await.map(drop);
        }
        conn.transaction(async |conn| {
            for mail in mails {
                mail.insert(conn).await?;
            }
            Ok(())
        })
        .await
    }

    /// Returns up to `limit` due e-mails, the earliest first.
    pub(crate) async fn list_due(
        conn: &mut Conn,
        now: DbTime,
        limit: i64,
    ) -> QueryResult<Vec<Self>> {
        query!(conn, |c| Self::query()
            .filter(mails::due_at.le(now))
            .order(mails::due_at)
            .limit(limit)
            .load(c))
    }

    pub(crate) async fn count(conn: &mut Conn) -> QueryResult<i64> {
        query!(conn, |c| mails::table.count().get_result(c))
    }

    /// Claims a due e-mail: until `due_at`, no other process sends it. Updates nothing if another
    /// process claimed it first.
    pub(crate) async fn claim(&self, conn: &mut Conn, due_at: DbTime) -> QueryResult<usize> {
        let unclaimed = mails::table
            .find(&self.id)
            .filter(mails::attempts.eq(self.attempts))
            .filter(mails::due_at.eq(self.due_at));
        let claimed = diesel::update(unclaimed)
            .set((mails::attempts.eq(self.attempts.saturating_add(1)), mails::due_at.eq(due_at)));
        query!(conn, |c| claimed.execute(c))
    }

    /// Reverts [`Self::claim`]: restores the number of attempts and the time at which the e-mail
    /// was due.
    pub(crate) async fn unclaim(&self, conn: &mut Conn) -> QueryResult<usize> {
        let unclaimed = diesel::update(mails::table.find(&self.id))
            .set((mails::attempts.eq(self.attempts), mails::due_at.eq(self.due_at)));
        query!(conn, |c| unclaimed.execute(c))
    }

    /// Locks the e-mail against withdrawal until the transaction ends. Updates nothing if it was
    /// already withdrawn.
    pub(crate) async fn hold(&self, conn: &mut Conn) -> QueryResult<usize> {
        let held = diesel::update(mails::table.find(&self.id))
            .set(mails::created_at.eq(mails::created_at));
        query!(conn, |c| held.execute(c))
    }

    /// Withdraws the e-mails of these kinds that are bound to a user.
    pub(crate) async fn delete_of_user(
        conn: &mut Conn,
        user_id: &str,
        kinds: &[&str],
    ) -> QueryResult<usize> {
        let asked_for =
            mails::table.filter(mails::user_id.eq(user_id)).filter(mails::kind.eq_any(kinds));
        query!(conn, |c| diesel::delete(asked_for).execute(c))
    }

    /// Defers a claimed e-mail without counting an attempt. Of all deferred e-mails of its kind
    /// with the same addresses, deletes all but the newest. The search for them runs after the
    /// update: if several processes defer such e-mails concurrently, the last one finds them all.
    pub(crate) async fn defer(
        &self,
        conn: &mut Conn,
        now: DbTime,
        due_at: DbTime,
    ) -> QueryResult<()> {
        let deferred = diesel::update(mails::table.find(&self.id))
            .set((mails::attempts.eq(self.attempts), mails::due_at.eq(due_at)));
        query!(conn, |c| deferred.execute(c))?;
        let waiting = || {
            let has_none = self.new_email.is_none().into_sql::<Bool>();
            let same_new_email =
                mails::new_email.eq(&self.new_email).or(mails::new_email.is_null().and(has_none));
            mails::table
                .filter(mails::kind.eq(&self.kind))
                .filter(mails::email.eq(&self.email))
                .filter(same_new_email)
                .filter(mails::attempts.eq(0))
                .filter(mails::due_at.gt(now))
        };
        let newest: Option<String> =
            query!(conn, |c| waiting().select(diesel::dsl::max(mails::id)).get_result(c))?;
        if let Some(newest) = newest {
            let others = waiting().filter(mails::id.lt(newest));
            query!(conn, |c| diesel::delete(others).execute(c))?;
        }
        Ok(())
    }

    pub(crate) async fn delete(conn: &mut Conn, id: &str) -> QueryResult<usize> {
        query!(conn, |c| diesel::delete(mails::table.find(id)).execute(c))
    }
}
