//! Rows of another service's database, on either engine.

use database::{
    Conn, query,
    source::{NullableText, SourceTable, SourceText},
};
use diesel::{
    QueryResult, QueryableByName, sql_query,
    sql_types::{BigInt, Nullable, Text},
};
use diesel_async::RunQueryDsl;

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
    fn query(self, table: &SourceTable, columns: &str) -> String {
        let user = table.key("user_id", self.collation);
        format!("SELECT {columns} FROM {} WHERE {user} > $1 AND {user} <= $2", table.sql)
    }
}

/// Defines a row: its columns that are never null, and its nullable columns.
macro_rules! row {
    ($(#[$doc:meta])* $name:ident: $($column:ident),* $(; $($nullable:ident),*)?) => {
        $(#[$doc])*
        #[derive(QueryableByName)]
        pub(crate) struct $name {
            $(
                #[diesel(sql_type = Text, deserialize_as = SourceText)]
                pub(crate) $column: String,
            )*
            $($(
                #[diesel(sql_type = Nullable<Text>, deserialize_as = NullableText)]
                pub(crate) $nullable: Option<String>,
            )*)?
        }

        impl $name {
            const COLUMNS: &[&str] =
                &[$(stringify!($column),)* $($(stringify!($nullable),)*)?];
        }
    };
}

/// Defines a row that belongs to a user, and the query for the rows of several users.
macro_rules! row_of_user {
    ($(#[$doc:meta])* $name:ident: $($columns:tt)*) => {
        row! { $(#[$doc])* $name: $($columns)* }

        impl $name {
            pub(crate) async fn list(
                conn: &mut Conn,
                table: &SourceTable,
                range: SourceRange<'_>,
            ) -> QueryResult<Vec<Self>> {
                let statement = range.query(table, &table.select(Self::COLUMNS));
                query!(conn, |c| sql_query(&statement)
                    .bind::<Text, _>(range.after)
                    .bind::<Text, _>(range.last)
                    .load(c))
            }
        }
    };
}

row! {
    SourceUser: id;
    email, name, image, email_verified, created_at, updated_at, banned, ban_reason, ban_expires,
    second_factor, last_name, password, metadata, is_active, banned_until, deleted_at, is_anonymous
}

row! {
    /// The private key of a signing key, as the other service stores it.
    SourceKey: ; private_key
}

row_of_user! {
    /// The id of a user who has a row in a table.
    SourceOwner: user_id
}

row_of_user! {
    SourceAccount: id, user_id, provider_id; account_id, password, created_at, updated_at
}

row_of_user! {
    SourceSession: id, user_id, token;
    expires_at, created_at, updated_at, ip_address, user_agent
}

impl SourceKey {
    pub(crate) async fn list(conn: &mut Conn, table: &SourceTable) -> QueryResult<Vec<Self>> {
        let statement = format!("SELECT {} FROM {}", table.select(Self::COLUMNS), table.sql);
        query!(conn, |c| sql_query(&statement).load(c))
    }
}

impl SourceUser {
    /// Returns up to `limit` users whose ids follow `after`, ordered by id.
    pub(crate) async fn list(
        conn: &mut Conn,
        table: &SourceTable,
        collation: &str,
        after: &str,
        limit: i64,
    ) -> QueryResult<Vec<Self>> {
        let id = table.key("id", collation);
        let statement = format!(
            "SELECT {} FROM {} WHERE {id} > $1 ORDER BY {id} LIMIT $2",
            table.select(Self::COLUMNS),
            table.sql
        );
        query!(conn, |c| sql_query(&statement)
            .bind::<Text, _>(after)
            .bind::<BigInt, _>(limit)
            .load(c))
    }
}
