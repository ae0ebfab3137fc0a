//! Authentication of clients: with a secret, or with an assertion that they sign.

use std::time::Duration;

use database::{Database, Unavailable, sql_types::DbTime};

use super::{
    assertion::{Assertion, AssertionError, MEMORY},
    credential::Credential,
};
use crate::{
    domain::token_hash::token_hash,
    store::{OauthClient, StoreError, UsedAssertion},
};

/// Granularity of a client's `last_used_at`, which is updated at most this often.
const LAST_USE_ACCURACY: Duration = Duration::from_mins(1);

/// The credentials in a request. Does not implement `Debug`, because it holds secrets.
pub(crate) enum Presented {
    Secret {
        id: String,
        secret: String,
    },
    Assertion {
        /// The client id in the request, if there is one.
        client_id: Option<String>,
        assertion: String,
    },
}

/// The reason why a client is refused. It is logged; the client does not receive it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("no usable credentials were sent")]
    NoCredentials,
    #[error("unknown client")]
    UnknownClient,
    #[error("the client is disabled")]
    Disabled,
    #[error("wrong secret")]
    WrongSecret,
    #[error(transparent)]
    Assertion(#[from] AssertionError),
    #[error("the assertion was used before")]
    Replayed,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("database unavailable")]
    Unavailable(#[from] Unavailable),
    #[error("database query failed")]
    Sql(#[from] StoreError),
}

impl From<AssertionError> for ClientError {
    fn from(error: AssertionError) -> Self {
        Self::Refused(error.into())
    }
}

type Result<T, E = ClientError> = std::result::Result<T, E>;

/// Authenticator of clients.
pub(crate) struct Clients {
    issuer: String,
    token_endpoint: String,
    database: Database,
}

impl Clients {
    pub(crate) fn new(issuer: &str, token_endpoint: String, database: &Database) -> Self {
        Self { issuer: issuer.to_owned(), token_endpoint, database: database.clone() }
    }

    pub(crate) fn token_endpoint(&self) -> &str {
        &self.token_endpoint
    }

    /// Verifies the credentials and returns their client, which must be active. An assertion is
    /// accepted only once.
    pub(crate) async fn authenticate(
        &self,
        presented: &Presented,
        now: DbTime,
    ) -> Result<OauthClient> {
        match presented {
            Presented::Secret { id, secret } => {
                let client = self.find(id).await?;
                // The current and the previous secret are both compared, so that the response time
                // does not reveal which one matches.
                let matching = Credential::valid(&client, now).filter(|one| one.is_secret(secret));
                if matching.count() == 0 {
                    return Err(Refusal::WrongSecret.into());
                }
                active(client)
            }
            Presented::Assertion { client_id, assertion } => {
                let assertion = Assertion::parse(assertion)?;
                let client = self.find(assertion.client_id(client_id.as_deref())?).await?;
                if !Credential::valid(&client, now).any(|key| assertion.is_signed_by(&key)) {
                    return Err(AssertionError::Signature.into());
                }
                assertion.check([&self.token_endpoint, &self.issuer], now.0)?;
                let client = active(client)?;
                self.use_up(&client, &assertion, now).await?;
                Ok(client)
            }
        }
    }

    async fn find(&self, id: &str) -> Result<OauthClient> {
        // PostgreSQL does not accept NUL.
        if id.contains('\0') {
            return Err(Refusal::UnknownClient.into());
        }
        let client = OauthClient::find(&mut self.database.read().await?, id).await?;
        client.ok_or_else(|| Refusal::UnknownClient.into())
    }

    async fn use_up(
        &self,
        client: &OauthClient,
        assertion: &Assertion<'_>,
        now: DbTime,
    ) -> Result<()> {
        let used = UsedAssertion {
            client_id: client.id.clone(),
            jti_hash: token_hash(assertion.jti()),
            expires_at: DbTime(now.0 + MEMORY),
        };
        let inserted = used.insert(&mut self.database.write().await?).await?;
        if inserted == 1 { Ok(()) } else { Err(Refusal::Replayed.into()) }
    }

    /// Records that a client got a token, with a granularity of [`LAST_USE_ACCURACY`].
    pub(crate) async fn record_use(&self, client: &OauthClient, now: DbTime) -> Result<()> {
        if client.last_used_at.is_none_or(|last| last.0 + LAST_USE_ACCURACY <= now.0) {
            OauthClient::update_last_use(&mut self.database.write().await?, &client.id, now)
                .await?;
        }
        Ok(())
    }
}

fn active(client: OauthClient) -> Result<OauthClient> {
    if client.is_active { Ok(client) } else { Err(Refusal::Disabled.into()) }
}
