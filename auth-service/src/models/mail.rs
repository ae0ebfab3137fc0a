//! Mails that are still to be sent: what was asked for, and when it is tried next.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use service_kit::{
    db::{Conn, query},
    sql_types::DbTime,
};

use crate::schema::mails;

#[derive(Clone, Debug, HasQuery, Insertable, Serialize, Deserialize)]
#[diesel(table_name = mails)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mail {
    pub(crate) id: String,
    pub(crate) kind: String,
    /// Who asked, if it was asked inside a session.
    pub(crate) user_id: Option<String>,
    /// The address of the account that it is about.
    pub(crate) email: String,
    /// For a change of address: the one to come.
    pub(crate) new_email: Option<String>,
    /// Where the link leads in the end; may be empty.
    pub(crate) callback_url: String,
    pub(crate) attempts: i32,
    pub(crate) due_at: DbTime,
    pub(crate) created_at: DbTime,
}

impl Mail {
    pub(crate) async fn insert(&self, conn: &mut Conn<'_>) -> QueryResult<usize> {
        query!(conn, |c| diesel::insert_into(mails::table).values(self).execute(*c))
    }

    /// The mails that are due, the longest waiting first.
    pub(crate) async fn list_due(
        conn: &mut Conn<'_>,
        now: DbTime,
        limit: i64,
    ) -> QueryResult<Vec<Self>> {
        query!(conn, |c| Self::query()
            .filter(mails::due_at.le(now))
            .order(mails::due_at)
            .limit(limit)
            .load(*c))
    }

    /// How many are still to be sent.
    pub(crate) async fn count(conn: &mut Conn<'_>) -> QueryResult<i64> {
        query!(conn, |c| mails::table.count().get_result(*c))
    }

    /// Takes a due mail to send it: until `due_at` it is nobody else's. Nothing is updated when
    /// another process was faster.
    pub(crate) async fn claim(&self, conn: &mut Conn<'_>, due_at: DbTime) -> QueryResult<usize> {
        let unclaimed = mails::table
            .find(&self.id)
            .filter(mails::attempts.eq(self.attempts))
            .filter(mails::due_at.eq(self.due_at));
        let claimed = diesel::update(unclaimed)
            .set((mails::attempts.eq(self.attempts.saturating_add(1)), mails::due_at.eq(due_at)));
        query!(conn, |c| claimed.execute(*c))
    }

    /// Gives a claimed mail back, as it was when it was read.
    pub(crate) async fn unclaim(&self, conn: &mut Conn<'_>) -> QueryResult<usize> {
        let unclaimed = diesel::update(mails::table.find(&self.id))
            .set((mails::attempts.eq(self.attempts), mails::due_at.eq(self.due_at)));
        query!(conn, |c| unclaimed.execute(*c))
    }

    pub(crate) async fn delete(conn: &mut Conn<'_>, id: &str) -> QueryResult<usize> {
        query!(conn, |c| diesel::delete(mails::table.find(id)).execute(*c))
    }
}
