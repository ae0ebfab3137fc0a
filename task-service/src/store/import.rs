//! Import of another service's tasks: rows of its database, and rows to insert.

use std::collections::HashMap;

use database::{
    Conn, query,
    rows::Row as _,
    source::{NullableText, SourceTable, SourceText},
    sql_types::DbUuid,
};
use diesel::{
    prelude::*,
    sql_query,
    sql_types::{BigInt, Nullable, Text},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::TaskRow;
use crate::store::schema::tasks;

/// Maximum number of rows or values per statement, because both engines limit the number of bind
/// parameters.
const CHUNK: usize = 500;

/// Tasks to insert.
#[derive(Default)]
pub(crate) struct ImportedTasks {
    rows: Vec<TaskRow>,
}

impl ImportedTasks {
    /// Returns the owners of the existing tasks with these ids, by task id. If several users have a
    /// task with the same id, returns one of these users.
    pub(crate) async fn find_owners(
        conn: &mut Conn,
        ids: &[DbUuid],
    ) -> QueryResult<HashMap<Uuid, String>> {
        let mut owners = HashMap::new();
        // Queries the table even for an empty list, because a dry run detects a missing table by
        // the error.
        for ids in ids.chunks(CHUNK).chain(ids.is_empty().then_some(ids)) {
            let known = tasks::table.filter(tasks::id.eq_any(ids));
            let known = known.select((tasks::id, tasks::user_id));
            let known: Vec<(DbUuid, String)> = query!(conn, |c| known.load(c))?;
            owners.extend(known.into_iter().map(|(id, owner)| (id.0, owner)));
        }
        Ok(owners)
    }

    pub(crate) fn push(&mut self, row: TaskRow) {
        self.rows.push(row);
    }

    pub(crate) async fn insert(mut self, conn: &mut Conn) -> QueryResult<()> {
        while !self.rows.is_empty() {
            let rest = self.rows.split_off(CHUNK.min(self.rows.len()));
            TaskRow::insert(conn, std::mem::replace(&mut self.rows, rest)).await?;
        }
        Ok(())
    }
}

/// A task of the source database, with all values as text.
#[derive(QueryableByName)]
pub(crate) struct SourceTask {
    #[diesel(sql_type = Text, deserialize_as = SourceText)]
    pub(crate) id: String,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) owner: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) title: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) description: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) completed: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) created_at: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) updated_at: Option<String>,
}

impl SourceTask {
    /// Returns up to `limit` tasks for which the SQL expression `key` is greater than `after`, in
    /// the order of `key`.
    pub(crate) async fn list(
        conn: &mut Conn,
        table: &SourceTable,
        key: &str,
        after: &str,
        limit: usize,
    ) -> QueryResult<Vec<Self>> {
        let columns =
            ["id", "owner", "title", "description", "completed", "created_at", "updated_at"];
        let statement = format!(
            "SELECT {} FROM {} WHERE {key} > $1 ORDER BY {key} LIMIT $2",
            table.select(&columns),
            table.sql
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        query!(conn, |c| sql_query(&statement)
            .bind::<Text, _>(after)
            .bind::<BigInt, _>(limit)
            .load(c))
    }
}

/// A user of the source database, for finding the new owners of tasks by e-mail address.
#[derive(QueryableByName)]
pub(crate) struct SourceOwner {
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    id: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    email: Option<String>,
}

impl SourceOwner {
    pub(crate) async fn list(conn: &mut Conn, table: &SourceTable) -> QueryResult<Vec<Self>> {
        let statement = format!("SELECT {} FROM {}", table.select(&["id", "email"]), table.sql);
        query!(conn, |c| sql_query(&statement).load(c))
    }

    /// Returns the id and the e-mail address, or `None` if either is NULL.
    pub(crate) fn email(self) -> Option<(String, String)> {
        Some((self.id?, self.email?))
    }
}
