//! Signing keys and tokens: keeps the Ed25519 keys that all replicas share, signs and verifies
//! tokens with them, and publishes the public keys.

mod error;
mod key;
mod key_set;
pub(crate) mod lifecycle;
pub(crate) mod schedule;

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;
use aws_lc_rs::error::Unspecified;
use chrono::{DateTime, Utc};
use database::{Database, Unavailable, sql_types::DbTime};
use serde_json::Value;
use shared_models::{AccessClaims, ClientClaims, Timestamp, User};
use telemetry::Chain;
use tokio::{sync::Mutex, time};
use tracing::warn;
use uuid::Uuid;

pub(crate) use self::{
    error::IssuerError,
    key_set::{JwkSet, Jwks},
};
use self::{key_set::KeySet, schedule::Rotation};
use crate::{
    config::{Config, JwtAlgorithm, Secrets},
    domain::{audit::Audit, clients::Grant, secret_box::Seal},
    store::SigningKey,
};

type Result<T, E = IssuerError> = std::result::Result<T, E>;

pub(crate) const SEAL_PURPOSE: &str = "auth-service signing keys v1";
/// Maximum time that a request waits for the published keys while another task reloads them.
const RENEWAL_WAIT: Duration = Duration::from_secs(1);
/// Maximum size in bytes of the image URL in a token. Verifiers reject tokens of more than 8 KiB.
const IMAGE_CLAIM_MAX_BYTES: usize = 2048;
const NAME_CLAIM_MAX_CHARS: usize = 256;

/// Signer and verifier of the service's tokens. Does not implement `Debug`, because it holds
/// private keys.
pub(crate) struct Issuer {
    iss: String,
    aud: String,
    expires_in: Duration,
    client_tokens_expire_in: Duration,
    algorithm: JwtAlgorithm,
    rotation: Rotation,
    seal: Seal,
    database: Database,
    audit: Audit,
    /// `None` until the keys are loaded for the first time.
    keys: ArcSwapOption<KeySet>,
    /// Held while the keys are being reloaded.
    renewal: Mutex<()>,
}

impl Issuer {
    /// Returns an issuer without keys; [`Self::load`] reads them.
    pub(crate) fn new(
        config: &Config,
        secrets: &Secrets,
        database: &Database,
        audit: &Audit,
    ) -> Result<Self, Unspecified> {
        Ok(Self {
            iss: config.issuer().to_owned(),
            aud: config.audience().to_owned(),
            expires_in: config.jwt_expires_in,
            // Replaced keys and revocations are kept only for as long as users' tokens require, so
            // clients' tokens must not live longer.
            client_tokens_expire_in: config.client_token_expires_in.min(config.jwt_expires_in),
            algorithm: config.jwt_alg,
            rotation: Rotation::new(config),
            keys: ArcSwapOption::empty(),
            seal: Seal::new(secrets, SEAL_PURPOSE)?,
            database: database.clone(),
            audit: audit.clone(),
            renewal: Mutex::new(()),
        })
    }

    /// Returns the `iss` claim of this issuer's tokens, and the `aud` claim of users' access tokens
    /// and of security events. Clients' access tokens have other audiences if the client is
    /// configured with any.
    pub(crate) fn names(&self) -> (&str, &str) {
        (&self.iss, &self.aud)
    }

    /// Loads the keys. Creates a key if the database has none, or if the next one is due. Any
    /// number of replicas may start at the same time on an empty database: the database accepts one
    /// of their keys, and all use that one. Later calls pick up changes by other replicas and by
    /// commands.
    pub(crate) async fn load(&self, now: Timestamp) -> Result<()> {
        let _renewing = self.renewal.lock().await;
        self.read(now.into()).await?;
        Ok(())
    }

    pub(crate) fn has_keys(&self) -> bool {
        self.keys.load().is_some()
    }

    fn known_keys(&self) -> Result<Arc<KeySet>> {
        Ok(self.keys.load_full().ok_or(Unavailable::NotMigrated)?)
    }

    /// Returns an access token (RFC 7519) for a user's session, with times in whole seconds and
    /// without a `typ` header parameter.
    pub(crate) async fn token(
        &self,
        user: &User,
        session_id: &str,
        now: Timestamp,
    ) -> Result<String> {
        let keys = self.signing_keys(now.into()).await?;
        let issued_at = DateTime::from(now).timestamp();
        let lifetime = seconds(self.expires_in)?;
        let claims = AccessClaims {
            iat: issued_at,
            user: fit_for_a_header(user),
            sub: user.id.clone(),
            exp: issued_at.saturating_add(lifetime),
            iss: self.iss.clone(),
            aud: self.aud.clone(),
            jti: Uuid::now_v7().to_string(),
            sid: session_id.to_owned(),
        };
        keys.signer(now.into())?.access_token(&claims)
    }

    /// Returns an access token of a client (RFC 9068), and its lifetime in seconds.
    pub(crate) async fn client_token(
        &self,
        grant: Grant<'_>,
        now: Timestamp,
    ) -> Result<(String, i64)> {
        let keys = self.signing_keys(now.into()).await?;
        let issued_at = DateTime::from(now).timestamp();
        let lifetime = seconds(self.client_tokens_expire_in)?;
        let claims = ClientClaims {
            iss: self.iss.clone(),
            aud: grant.audience,
            sub: grant.client_id.to_owned(),
            client_id: grant.client_id.to_owned(),
            scope: grant.scope,
            iat: issued_at,
            exp: issued_at.saturating_add(lifetime),
            jti: Uuid::now_v7().to_string(),
        };
        Ok((keys.signer(now.into())?.client_token(&claims)?, lifetime))
    }

    /// Returns a security event token (RFC 8417). Verifiers of access tokens reject it.
    pub(crate) async fn event_token(&self, claims: &Value, now: Timestamp) -> Result<String> {
        let keys = self.signing_keys(now.into()).await?;
        keys.signer(now.into())?.event_token(claims)
    }

    /// Returns the claims of a user's access token. Returns `None` if the token was not signed with
    /// a published key, has another issuer or audience, or has expired. Does not check whether the
    /// token was revoked or its session has ended.
    pub(crate) async fn verified(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<AccessClaims>> {
        let now = now.into();
        let claims = self.published_keys(now).await?.user_claims(token);
        let is_valid = |claims: &AccessClaims| {
            claims.iss == self.iss && claims.aud == self.aud && now.timestamp() < claims.exp
        };
        Ok(claims.filter(is_valid))
    }

    /// Returns the claims of a client's access token for any audience. Returns `None` if the token
    /// was not signed with a published key, has another issuer, or has expired. Does not check
    /// whether it was revoked.
    pub(crate) async fn verified_client(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<ClientClaims>> {
        let now = now.into();
        let claims = self.published_keys(now).await?.client_claims(token);
        Ok(claims.filter(|claims| claims.iss == self.iss && now.timestamp() < claims.exp))
    }

    /// Returns the published keys. If they cannot be reloaded, returns those that were loaded last.
    pub(crate) async fn jwks(&self, now: Timestamp) -> Result<Arc<Jwks>> {
        Ok(self.published_keys(now.into()).await?.jwks.clone())
    }

    async fn published_keys(&self, now: DateTime<Utc>) -> Result<Arc<KeySet>> {
        let keys = self.known_keys()?;
        if keys.is_current(now) {
            return Ok(keys);
        }
        let Ok(_renewing) = time::timeout(RENEWAL_WAIT, self.renewal.lock()).await else {
            return Ok(keys);
        };
        match self.read_again(now).await {
            Err(error) => {
                warn!(error = %Chain(&error), "cannot read the signing keys");
                Ok(keys)
            }
            renewed => renewed,
        }
    }

    /// Returns the keys. Reloads them first if none of them may sign now.
    async fn signing_keys(&self, now: DateTime<Utc>) -> Result<Arc<KeySet>> {
        let keys = self.known_keys()?;
        if keys.can_sign(now) {
            return Ok(keys);
        }
        let _renewing = self.renewal.lock().await;
        self.read_again(now).await
    }

    async fn read_again(&self, now: DateTime<Utc>) -> Result<Arc<KeySet>> {
        let known = self.known_keys()?;
        if known.is_current(now) {
            return Ok(known); // another task has reloaded them
        }
        // Boxed to keep the futures of requests small: few requests reload the keys.
        Box::pin(self.read(now)).await
    }

    /// Reads the keys, and creates the next one if it is due.
    async fn read(&self, now: DateTime<Utc>) -> Result<Arc<KeySet>> {
        let tools = (&self.rotation, &self.seal);
        let mut rows = SigningKey::list(&mut self.database.read_at_leisure().await?).await?;
        if self.rotation.next(&rows, now).is_some() {
            let actor = self.audit.system(DbTime(now));
            rows =
                lifecycle::make_next(&mut self.database.write().await?, tools, now, &actor).await?;
        }
        if let Some(known) = self.keys.load_full()
            && known.is_current(now)
            && known.is_of(&rows)
        {
            return Ok(known);
        }
        let keys = Arc::new(KeySet::open(rows, tools, self.algorithm, now)?);
        self.keys.store(Some(keys.clone()));
        Ok(keys)
    }

    /// Re-encrypts the private keys that are encrypted with an older secret, using the current one.
    /// Returns the number of keys re-encrypted.
    pub(crate) async fn renew_seals(&self) -> Result<usize> {
        let mut renewed = 0;
        let conn = &mut self.database.write().await?;
        for key in SigningKey::list(conn).await? {
            if let Some(sealed) = self.seal.renewed(&key.id, &key.sealed_private_key)? {
                let old = &key.sealed_private_key;
                renewed += SigningKey::update_sealed(conn, key.generation, old, &sealed).await?;
            }
        }
        Ok(renewed)
    }

    /// Deletes the keys that stopped signing at least a grace period ago, and returns their number.
    /// Keeps the signing key and later ones, because the next rotation is scheduled relative to
    /// them.
    pub(crate) async fn delete_retired(&self, now: Timestamp) -> Result<usize> {
        let now = DateTime::from(now);
        let Some(generation) = self.known_keys()?.generation(now) else { return Ok(0) };
        let then = DbTime(now - self.rotation.grace_period);
        let conn = &mut self.database.write().await?;
        Ok(SigningKey::delete_expired_before(conn, then, generation).await?)
    }
}

fn seconds(lifetime: Duration) -> Result<i64, IssuerError> {
    i64::try_from(lifetime.as_secs()).map_err(|_error: std::num::TryFromIntError| IssuerError::Time)
}

/// Shortens the user's claims, because servers limit the size of the header that carries a token: a
/// very long image URL, such as one with embedded data, is omitted, and a very long name is
/// truncated.
fn fit_for_a_header(user: &User) -> User {
    let mut user = user.clone();
    user.image = user.image.filter(|image| image.len() <= IMAGE_CLAIM_MAX_BYTES);
    if let Some((end, _)) = user.name.char_indices().nth(NAME_CLAIM_MAX_CHARS) {
        user.name.truncate(end);
    }
    user
}
