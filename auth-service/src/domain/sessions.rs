//! Creates, finds, renews and ends sessions, and re-encrypts their tokens.

use std::{net::IpAddr, time::Duration};

use aws_lc_rs::error::Unspecified;
use chrono::{DateTime, Utc};
use database::{Database, Unavailable, sql_types::DbTime};
use rand::distr::{Alphanumeric, SampleString as _};
use service_kit::Clock;
use shared_models::{InvalidUserId, Timestamp, User};
use uuid::Uuid;

use crate::{
    config::{Config, Secrets},
    domain::{
        audit::{Action, Actor},
        login_throttle::sign_in_network,
        secret_box::{Seal, WrongSecret},
        token_hash::token_hash,
        user_lifecycle,
    },
    store::{self, DatabaseError, Ending, ListedSession, Moment, SealedToken, Session, StoreError},
};

/// Purpose of the key that encrypts session tokens.
pub(crate) const SEAL_PURPOSE: &str = "auth-service session tokens v1";
/// Maximum length of a user agent; longer ones are truncated.
pub(crate) const USER_AGENT_MAX_CHARS: usize = 512;
/// Lifetime of a session without "remember me", unless the configured lifetime is shorter.
const UNREMEMBERED_LIFETIME: Duration = Duration::from_hours(24);
const TOKEN_CHARS: usize = 32;
/// Number of sessions that are read at once to re-encrypt their tokens.
const SEALS_PER_PAGE: i64 = 500;

#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    #[error(transparent)]
    WrongSecret(#[from] WrongSecret),
    #[error("cannot encrypt the session token")]
    Crypto,
    #[error("invalid user id in the database")]
    StoredUserId(#[from] InvalidUserId),
    #[error("database unavailable")]
    Unavailable(#[from] Unavailable),
    #[error("database query failed")]
    Sql(#[from] StoreError),
}

impl From<Unspecified> for SessionError {
    fn from(_: Unspecified) -> Self {
        Self::Crypto
    }
}

/// The client that starts a session.
pub(crate) struct Client {
    /// The address to display, for instance in the list of sessions; empty if it is unknown.
    pub(crate) address: String,
    pub(crate) user_agent: String,
    /// Network that the sign-in records as known for the user. While it is known, back-offs that
    /// are shared with other clients do not apply to sign-ins of this user from this network.
    pub(crate) network: IpAddr,
}

/// A session to be created. Its token is always new: a token from the client is never adopted,
/// which prevents session fixation.
pub(crate) struct NewSession {
    pub(crate) id: String,
    pub(crate) token: String,
    token_hash: Vec<u8>,
    sealed_token: Vec<u8>,
    expires_at: DbTime,
    now: DbTime,
    client: Client,
    pub(crate) is_remembered: bool,
}

impl NewSession {
    pub(crate) fn row<'a>(&'a self, user_id: &'a str) -> store::NewSession<'a> {
        store::NewSession {
            id: &self.id,
            token_hash: &self.token_hash,
            sealed_token: &self.sealed_token,
            user_id,
            expires_at: self.expires_at,
            created_at: self.now,
            updated_at: self.now,
            ip_address: &self.client.address,
            user_agent: &self.client.user_agent,
            network: sign_in_network(user_id, self.client.network, self.now),
        }
    }
}

/// A session that has not expired.
pub(crate) struct ActiveSession {
    pub(crate) session: Session,
    pub(crate) user: User,
    /// Whether the lookup has extended the session.
    pub(crate) is_renewed: bool,
}

pub(crate) struct Sessions {
    database: Database,
    clock: Clock,
    seal: Seal,
    expires_in: Duration,
    update_age: Duration,
    fresh_age: Duration,
}

impl Sessions {
    pub(crate) fn new(
        config: &Config,
        secrets: &Secrets,
        database: &Database,
        clock: &Clock,
    ) -> Result<Self, Unspecified> {
        Ok(Self {
            database: database.clone(),
            clock: clock.clone(),
            seal: Seal::new(secrets, SEAL_PURPOSE)?,
            expires_in: config.session_expires_in,
            update_age: config.session_update_age,
            fresh_age: config.session_fresh_age,
        })
    }

    /// Returns the lifetime of a remembered session.
    pub(crate) fn lifetime(&self) -> Duration {
        self.expires_in
    }

    /// Prepares a session, which starts when its row is inserted.
    pub(crate) fn prepare(
        &self,
        client: Client,
        is_remembered: bool,
    ) -> Result<NewSession, SessionError> {
        let now = Timestamp::from(self.clock.now());
        let id = Uuid::now_v7().to_string();
        let lifetime = if is_remembered {
            self.expires_in
        } else {
            UNREMEMBERED_LIFETIME.min(self.expires_in)
        };
        let token = Alphanumeric.sample_string(&mut rand::rng(), TOKEN_CHARS);
        Ok(NewSession {
            token_hash: token_hash(&token),
            sealed_token: self.seal.close(&id, token.as_bytes())?,
            id,
            token,
            expires_at: DbTime(DateTime::from(now) + lifetime),
            now: DbTime(now.into()),
            client,
            is_remembered,
        })
    }

    /// Returns the session with this token. If the session has expired, deletes it and returns
    /// `None`. If an extension is due and `may_renew` returns true, extends the session.
    pub(crate) async fn find(
        &self,
        token: &str,
        may_renew: impl FnOnce() -> bool,
    ) -> Result<Option<ActiveSession>, SessionError> {
        let hash = token_hash(token);
        let found = Session::find_by_token_hash(&mut self.database.read().await?, &hash).await?;
        let Some((mut session, user)) = found else { return Ok(None) };

        let now = self.clock.now();
        if session.expires_at.0 <= now {
            Session::delete(&mut self.database.write().await?, &session.id).await?;
            return Ok(None);
        }
        let is_renewed = self.is_due(&session, now) && may_renew();
        if is_renewed {
            let now = DbTime(Timestamp::from(now).into());
            session.expires_at = DbTime(now.0 + self.expires_in);
            session.updated_at = now;
            let conn = &mut self.database.write().await?;
            let expires_at = session.expires_at;
            if Session::update_expiry(conn, &session.id, expires_at, now).await? == 0 {
                return Ok(None); // ended since it was found
            }
        }
        Ok(Some(ActiveSession { session, user: user.try_into()?, is_renewed }))
    }

    /// Returns whether a remembered session was created or last extended at least `update_age` ago.
    fn is_due(&self, session: &Session, now: DateTime<Utc>) -> bool {
        now >= session.expires_at.0 - self.expires_in + self.update_age
    }

    /// Returns whether a session that started at this time is fresh.
    pub(crate) fn is_fresh(&self, created_at: DateTime<Utc>) -> bool {
        let age = self.clock.now() - created_at;
        self.fresh_age.is_zero() || age.to_std().is_ok_and(|age| age < self.fresh_age)
    }

    /// Decrypts the token of a listed session.
    pub(crate) fn token(&self, listed: &ListedSession) -> Result<String, SessionError> {
        let token = self.seal.open(&listed.session.id, &listed.sealed_token)?;
        Ok(String::from_utf8_lossy(&token).into_owned())
    }

    /// Ends sessions, and records an audit entry and the security events in the same transaction.
    pub(crate) async fn end(
        &self,
        which: Ending<'_>,
        action: Action,
        actor: &Actor,
        moment: &Moment,
    ) -> Result<(), DatabaseError> {
        let conn = &mut self.database.write().await?;
        user_lifecycle::end_sessions(conn, which, action, actor, moment).await?;
        Ok(())
    }

    /// Re-encrypts the tokens that were encrypted with older secrets. Returns their number.
    pub(crate) async fn renew_seals(&self) -> Result<usize, SessionError> {
        let (mut after, mut renewed) = (String::new(), 0);
        loop {
            let page = SealedToken::list(
                &mut self.database.read_at_leisure().await?,
                &after,
                SEALS_PER_PAGE,
            )
            .await?;
            let Some(last) = page.last() else { return Ok(renewed) };
            after.clone_from(&last.id);
            for session in &page {
                if let Some(sealed) = self.seal.renewed(&session.id, &session.sealed_token)? {
                    let conn = &mut self.database.write().await?;
                    renewed += session.update(conn, &sealed).await?;
                }
            }
        }
    }

    /// Returns whether there are older secrets, so that [`Self::renew_seals`] may have work to do.
    pub(crate) fn has_older_secrets(&self) -> bool {
        self.seal.has_older()
    }
}
