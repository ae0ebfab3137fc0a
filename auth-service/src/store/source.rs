//! Rows of another service's database, on either engine.
//!
//! Every column is read as text, because the representation of booleans and times differs between
//! engines, and between versions of a service.

use diesel::{
    QueryResult, QueryableByName, sql_query,
    sql_types::{BigInt, Nullable, Text},
};
use diesel_async::RunQueryDsl;
use service_kit::{
    db::{Conn, query},
    source::{NullableText, SourceText, Table},
};

/// The range of user ids whose rows belong to a page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SourceRange<'a> {
    pub(crate) collation: &'static str,
    /// The id of the last user before the page; empty for the first page.
    pub(crate) after: &'a str,
    /// The id of the last user of the page.
    pub(crate) last: &'a str,
}

impl SourceRange<'_> {
    fn query(self, table: &Table, columns: &str) -> String {
        let user = table.key("user_id", self.collation);
        format!("SELECT {columns} FROM {} WHERE {user} > $1 AND {user} <= $2", table.sql)
    }
}

/// The private key of a signing key, as the other service stores it.
#[derive(QueryableByName)]
pub(crate) struct SourceKey {
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) private_key: Option<String>,
}

impl SourceKey {
    pub(crate) async fn list(conn: &mut Conn<'_>, table: &Table) -> QueryResult<Vec<Self>> {
        let statement = format!("SELECT {} FROM {}", table.select(&["private_key"]), table.sql);
        query!(conn, |c| sql_query(&statement).load(*c))
    }
}

/// The id of a user who has a row in a table.
#[derive(QueryableByName)]
pub(crate) struct SourceOwner {
    #[diesel(sql_type = Text, deserialize_as = SourceText)]
    pub(crate) user_id: String,
}

impl SourceOwner {
    pub(crate) async fn list(
        conn: &mut Conn<'_>,
        table: &Table,
        range: SourceRange<'_>,
    ) -> QueryResult<Vec<Self>> {
        let statement = range.query(table, &table.select(&["user_id"]));
        query!(conn, |c| sql_query(&statement)
            .bind::<Text, _>(range.after)
            .bind::<Text, _>(range.last)
            .load(*c))
    }
}

#[derive(QueryableByName)]
pub(crate) struct SourceUser {
    #[diesel(sql_type = Text, deserialize_as = SourceText)]
    pub(crate) id: String,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) email: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) name: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) image: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) email_verified: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) created_at: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) updated_at: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) banned: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) ban_reason: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) ban_expires: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) second_factor: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) last_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) password: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) metadata: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) is_active: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) banned_until: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) deleted_at: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) is_anonymous: Option<String>,
}

impl SourceUser {
    const ALIASES: [&str; 18] = [
        "id",
        "email",
        "name",
        "image",
        "email_verified",
        "created_at",
        "updated_at",
        "banned",
        "ban_reason",
        "ban_expires",
        "second_factor",
        "last_name",
        "password",
        "metadata",
        "is_active",
        "banned_until",
        "deleted_at",
        "is_anonymous",
    ];

    /// Returns up to `limit` users whose ids follow `after`, ordered by id.
    pub(crate) async fn list(
        conn: &mut Conn<'_>,
        table: &Table,
        collation: &str,
        after: &str,
        limit: i64,
    ) -> QueryResult<Vec<Self>> {
        let id = table.key("id", collation);
        let statement = format!(
            "SELECT {} FROM {} WHERE {id} > $1 ORDER BY {id} LIMIT $2",
            table.select(&Self::ALIASES),
            table.sql
        );
        query!(conn, |c| sql_query(&statement)
            .bind::<Text, _>(after)
            .bind::<BigInt, _>(limit)
            .load(*c))
    }
}

#[derive(QueryableByName)]
pub(crate) struct SourceAccount {
    #[diesel(sql_type = Text, deserialize_as = SourceText)]
    pub(crate) id: String,
    #[diesel(sql_type = Text, deserialize_as = SourceText)]
    pub(crate) user_id: String,
    #[diesel(sql_type = Text, deserialize_as = SourceText)]
    pub(crate) provider_id: String,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) account_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) password: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) created_at: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) updated_at: Option<String>,
}

impl SourceAccount {
    const ALIASES: [&str; 7] =
        ["id", "user_id", "provider_id", "account_id", "password", "created_at", "updated_at"];

    pub(crate) async fn list(
        conn: &mut Conn<'_>,
        table: &Table,
        range: SourceRange<'_>,
    ) -> QueryResult<Vec<Self>> {
        let statement = range.query(table, &table.select(&Self::ALIASES));
        query!(conn, |c| sql_query(&statement)
            .bind::<Text, _>(range.after)
            .bind::<Text, _>(range.last)
            .load(*c))
    }
}

#[derive(QueryableByName)]
pub(crate) struct SourceSession {
    #[diesel(sql_type = Text, deserialize_as = SourceText)]
    pub(crate) id: String,
    #[diesel(sql_type = Text, deserialize_as = SourceText)]
    pub(crate) user_id: String,
    #[diesel(sql_type = Text, deserialize_as = SourceText)]
    pub(crate) token: String,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) expires_at: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) created_at: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) updated_at: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) ip_address: Option<String>,
    #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
    pub(crate) user_agent: Option<String>,
}

impl SourceSession {
    const ALIASES: [&str; 8] = [
        "id",
        "user_id",
        "token",
        "expires_at",
        "created_at",
        "updated_at",
        "ip_address",
        "user_agent",
    ];

    pub(crate) async fn list(
        conn: &mut Conn<'_>,
        table: &Table,
        range: SourceRange<'_>,
    ) -> QueryResult<Vec<Self>> {
        let statement = range.query(table, &table.select(&Self::ALIASES));
        query!(conn, |c| sql_query(&statement)
            .bind::<Text, _>(range.after)
            .bind::<Text, _>(range.last)
            .load(*c))
    }
}
