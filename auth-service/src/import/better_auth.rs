//! The database of a Better Auth server, under its default names, on either engine.
//!
//! Every column is read as text: the engines keep booleans and times differently, and so did
//! versions of the original.

use std::collections::HashMap;

use diesel::{
    QueryResult, QueryableByName, sql_query,
    sql_types::{BigInt, Nullable, Text},
};
use diesel_async::RunQueryDsl;
use service_kit::db::{Database, PooledConn, query};

use super::{Candidate, CandidateAccount, CandidateSession, ImportError, PAGE, is_true};

const COUNT: &str = r#"SELECT count(*) AS count FROM "user""#;
const USERS: &str = r#"SELECT CAST(id AS text) AS id, email, name, image,
    CAST("emailVerified" AS text) AS email_verified,
    CAST("createdAt" AS text) AS created_at, CAST("updatedAt" AS text) AS updated_at
    FROM "user" WHERE CAST(id AS text) > $1 ORDER BY CAST(id AS text) LIMIT $2"#;
const ACCOUNTS: &str = r#"SELECT CAST(id AS text) AS id, CAST("userId" AS text) AS user_id,
    "providerId" AS provider_id, "accountId" AS account_id, password,
    CAST("createdAt" AS text) AS created_at, CAST("updatedAt" AS text) AS updated_at
    FROM account WHERE CAST("userId" AS text) > $1 AND CAST("userId" AS text) <= $2"#;
const SESSIONS: &str = r#"SELECT CAST(id AS text) AS id, CAST("userId" AS text) AS user_id, token,
    CAST("expiresAt" AS text) AS expires_at, CAST("createdAt" AS text) AS created_at,
    CAST("updatedAt" AS text) AS updated_at, "ipAddress" AS ip_address, "userAgent" AS user_agent
    FROM session WHERE CAST("userId" AS text) > $1 AND CAST("userId" AS text) <= $2"#;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct User {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Nullable<Text>)]
    email: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    image: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    email_verified: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    created_at: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    updated_at: Option<String>,
}

#[derive(QueryableByName)]
struct AccountRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    user_id: String,
    #[diesel(sql_type = Text)]
    provider_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    account_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    password: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    created_at: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    updated_at: Option<String>,
}

#[derive(QueryableByName)]
struct SessionRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    user_id: String,
    #[diesel(sql_type = Text)]
    token: String,
    #[diesel(sql_type = Nullable<Text>)]
    expires_at: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    created_at: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    updated_at: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    ip_address: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    user_agent: Option<String>,
}

/// Reads users in the order of their ids, a page at a time.
pub(super) struct Source {
    pooled: PooledConn,
    /// The last id that was read.
    after: String,
}

impl Source {
    pub(super) async fn open(database: &Database) -> Result<Self, ImportError> {
        let mut pooled =
            database.read_at_leisure().await.map_err(ImportError::SourceUnavailable)?;
        if let Database::Postgres(_) = database {
            // Times without a zone are in UTC.
            query!(&mut pooled.conn(), |c| sql_query("SET TIME ZONE 'UTC'").execute(*c))
                .map_err(ImportError::Source)?;
        }
        Ok(Self { pooled, after: String::new() })
    }

    pub(super) async fn count(&mut self) -> Result<u64, ImportError> {
        let count: QueryResult<Count> =
            query!(&mut self.pooled.conn(), |c| sql_query(COUNT).get_result(*c));
        let count = count.map_err(ImportError::Source)?.count;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    pub(super) async fn next_page(
        &mut self,
        with_sessions: bool,
    ) -> Result<Option<Vec<Candidate>>, ImportError> {
        let users = self.users().await.map_err(ImportError::Source)?;
        let Some(last) = users.last() else { return Ok(None) };
        let last = last.id.clone();
        let mut accounts = self.accounts(&last).await.map_err(ImportError::Source)?;
        let mut sessions = if with_sessions {
            self.sessions(&last).await.map_err(ImportError::Source)?
        } else {
            HashMap::new()
        };
        self.after = last;
        let candidate = |user: User| Candidate {
            place: format!("user {}", user.id),
            accounts: accounts.remove(&user.id).unwrap_or_default(),
            sessions: sessions.remove(&user.id).unwrap_or_default(),
            id: Some(user.id),
            email: user.email.unwrap_or_default(),
            name: user.name.unwrap_or_default(),
            email_verified: user.email_verified.is_some_and(|text| is_true(&text)),
            image: user.image,
            created_at: user.created_at,
            updated_at: user.updated_at,
        };
        Ok(Some(users.into_iter().map(candidate).collect()))
    }

    async fn users(&mut self) -> QueryResult<Vec<User>> {
        let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
        query!(&mut self.pooled.conn(), |c| sql_query(USERS)
            .bind::<Text, _>(&self.after)
            .bind::<BigInt, _>(limit)
            .load(*c))
    }

    /// The accounts of a page, by user.
    async fn accounts(
        &mut self,
        last: &str,
    ) -> QueryResult<HashMap<String, Vec<CandidateAccount>>> {
        let rows: Vec<AccountRow> = query!(&mut self.pooled.conn(), |c| sql_query(ACCOUNTS)
            .bind::<Text, _>(&self.after)
            .bind::<Text, _>(last)
            .load(*c))?;
        let mut accounts: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows {
            accounts.entry(row.user_id).or_default().push(CandidateAccount {
                id: Some(row.id),
                provider_id: row.provider_id,
                account_id: row.account_id,
                password_hash: row.password,
                created_at: row.created_at,
                updated_at: row.updated_at,
            });
        }
        Ok(accounts)
    }

    /// The sessions of a page, by user.
    async fn sessions(
        &mut self,
        last: &str,
    ) -> QueryResult<HashMap<String, Vec<CandidateSession>>> {
        let rows: Vec<SessionRow> = query!(&mut self.pooled.conn(), |c| sql_query(SESSIONS)
            .bind::<Text, _>(&self.after)
            .bind::<Text, _>(last)
            .load(*c))?;
        let mut sessions: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows {
            sessions.entry(row.user_id).or_default().push(CandidateSession {
                id: row.id,
                token: row.token,
                expires_at: row.expires_at,
                created_at: row.created_at,
                updated_at: row.updated_at,
                ip_address: row.ip_address,
                user_agent: row.user_agent,
            });
        }
        Ok(sessions)
    }
}
