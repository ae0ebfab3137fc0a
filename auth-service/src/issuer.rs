//! Signing keys and tokens: generates the Ed25519 key once for all replicas, encrypts it, signs
//! with it, and publishes the public key.

mod key;

use std::{sync::Arc, time::Duration};

use actix_web::web::Bytes;
use arc_swap::ArcSwapOption;
use aws_lc_rs::{
    digest,
    error::{KeyRejected, Unspecified},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use ed25519_dalek::SigningKey as NewKeyPair;
use secrecy::SecretString;
use serde_json::{Value, json};
use service_kit::{
    db::{Database, Unavailable},
    sql_types::DbTime,
    telemetry::Chain,
};
use shared_models::{AccessClaims, Timestamp, User};
use tokio::{sync::Mutex, time};
use tracing::{info, warn};
use uuid::Uuid;

use self::key::{PublishedKey, Signer};
use crate::{
    config::Config,
    error::{Error, Result},
    models::SigningKey,
    seal::{Seal, WrongSecret},
};

const FIRST_GENERATION: i32 = 1;
pub(crate) const SEAL_PURPOSE: &str = "auth-service signing keys v1";
/// Maximum time that a request for the published keys waits while another request reloads them.
const RENEWAL_WAIT: Duration = Duration::from_secs(1);
/// Maximum size of the image in a token. Verifiers reject tokens of more than 8 KiB.
const IMAGE_CLAIM_MAX_BYTES: usize = 2048;
const NAME_CLAIM_MAX_CHARS: usize = 256;

#[derive(Debug, thiserror::Error)]
pub(crate) enum IssuerError {
    #[error(transparent)]
    WrongSecret(#[from] WrongSecret),
    #[error("no signing key found after creating one")]
    NoKey,
    #[error("cryptographic operation failed")]
    Crypto,
    #[error("cannot sign the access token")]
    Sign(#[from] jsonwebtoken::errors::Error),
    #[error("cannot serialize the access token")]
    Write(#[from] serde_json::Error),
    #[error("time out of range")]
    Time,
}

impl From<Unspecified> for IssuerError {
    fn from(_: Unspecified) -> Self {
        Self::Crypto
    }
}

impl From<KeyRejected> for IssuerError {
    fn from(_: KeyRejected) -> Self {
        Self::Crypto
    }
}

/// Signs tokens. Not `Debug`: it holds keys.
pub(crate) struct Issuer {
    iss: String,
    aud: String,
    expires_in: Duration,
    rotation_interval: Option<Duration>,
    grace_period: Duration,
    seal: Seal,
    database: Database,
    /// `None` until the keys are loaded for the first time.
    keys: ArcSwapOption<Keys>,
    /// Held while the keys are being reloaded.
    renewal: Mutex<()>,
}

/// Loaded keys, and how long they are valid.
struct Keys {
    signer: Signer,
    generation: i32,
    /// Time after which the newest key no longer signs.
    expires_at: Option<DateTime<Utc>>,
    published: Vec<PublishedKey>,
    jwks: Arc<Jwks>,
    /// Time at which the next key leaves the published set.
    next_withdrawal: Option<DateTime<Utc>>,
}

/// The published key set (RFC 7517 §5), serialized.
pub(crate) struct Jwks {
    pub(crate) document: Bytes,
    /// A strong validator (RFC 9110 §8.8.3), including the quotes.
    pub(crate) etag: String,
}

impl Keys {
    fn can_sign(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_none_or(|expires_at| now < expires_at)
    }

    /// Returns whether the set is up to date: no replica can have added a key, and no key is due
    /// for removal.
    fn is_current(&self, now: DateTime<Utc>) -> bool {
        self.can_sign(now) && self.next_withdrawal.is_none_or(|withdrawal| now < withdrawal)
    }
}

impl Issuer {
    /// Returns an issuer without keys; [`Self::load`] reads them.
    pub(crate) fn new(
        config: &Config,
        secret: &SecretString,
        database: &Database,
    ) -> Result<Self, Unspecified> {
        Ok(Self {
            iss: config.issuer().to_owned(),
            aud: config.audience().to_owned(),
            expires_in: config.jwt_expires_in,
            rotation_interval: config.jwt_rotation_interval,
            grace_period: config.jwt_grace_period,
            keys: ArcSwapOption::empty(),
            seal: Seal::new(secret, SEAL_PURPOSE)?,
            database: database.clone(),
            renewal: Mutex::new(()),
        })
    }

    /// Returns the `iss` and `aud` of its tokens.
    pub(crate) fn names(&self) -> (&str, &str) {
        (&self.iss, &self.aud)
    }

    /// Loads the keys, and generates the first one. Any number of replicas may start at once on an
    /// empty database: the database accepts one of their keys, and all use that one.
    pub(crate) async fn load(&self, now: Timestamp) -> Result<()> {
        let now = now.into();
        let mut rows = SigningKey::list(&mut self.database.read().await?.conn()).await?;
        if rows.is_empty() {
            let key = new_key(&self.seal, FIRST_GENERATION, self.rotation_interval, now)?;
            let mut pooled = self.database.write().await?;
            let conn = &mut pooled.conn();
            key.insert_unless_made(conn).await?;
            rows = SigningKey::list(conn).await?;
        }
        self.keys.store(Some(Arc::new(keys(&self.seal, &rows, self.grace_period, now)?)));
        Ok(())
    }

    pub(crate) fn has_keys(&self) -> bool {
        self.keys.load().is_some()
    }

    fn known_keys(&self) -> Result<Arc<Keys>> {
        Ok(self.keys.load_full().ok_or(Unavailable::NotMigrated)?)
    }

    /// Returns an access token (RFC 7519) for a user's session, with times in whole seconds and no
    /// `typ`.
    pub(crate) async fn token(
        &self,
        user: &User,
        session_id: &str,
        now: Timestamp,
    ) -> Result<String> {
        let keys = self.signing_keys(now.into()).await?;
        let issued_at = DateTime::from(now).timestamp();
        let lifetime = i64::try_from(self.expires_in.as_secs())
            .map_err(|_error: std::num::TryFromIntError| IssuerError::Time)?;
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
        Ok(keys.signer.access_token(&claims)?)
    }

    /// Returns a security event token (RFC 8417). Verifiers of access tokens reject it.
    pub(crate) async fn event_token(&self, claims: &Value, now: Timestamp) -> Result<String> {
        let keys = self.signing_keys(now.into()).await?;
        Ok(keys.signer.event_token(claims)?)
    }

    /// Returns the claims of an access token of this issuer that has not expired. Its session may
    /// have ended.
    pub(crate) async fn verified(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<AccessClaims>> {
        let now = now.into();
        let keys = self.published_keys(now).await?;
        let claims = keys.published.iter().find_map(|key| key.verified(token));
        let is_valid = |claims: &AccessClaims| {
            claims.iss == self.iss && claims.aud == self.aud && now.timestamp() < claims.exp
        };
        Ok(claims.filter(is_valid))
    }

    /// Returns the published keys; while the database is unavailable, those loaded last.
    pub(crate) async fn jwks(&self, now: Timestamp) -> Result<Arc<Jwks>> {
        Ok(self.published_keys(now.into()).await?.jwks.clone())
    }

    async fn published_keys(&self, now: DateTime<Utc>) -> Result<Arc<Keys>> {
        let keys = self.known_keys()?;
        if keys.is_current(now) {
            return Ok(keys);
        }
        let Ok(_renewing) = time::timeout(RENEWAL_WAIT, self.renewal.lock()).await else {
            return Ok(keys);
        };
        match self.read_again(now).await {
            Err(error) => {
                warn!("cannot read the signing keys: {}", Chain(&error));
                Ok(keys)
            }
            renewed => renewed,
        }
    }

    /// Returns the keys, the newest of which signs. Generates a new one if the newest has expired.
    async fn signing_keys(&self, now: DateTime<Utc>) -> Result<Arc<Keys>> {
        let keys = self.known_keys()?;
        if keys.can_sign(now) {
            return Ok(keys);
        }
        let _renewing = self.renewal.lock().await;
        let keys = self.read_again(now).await?;
        if keys.can_sign(now) {
            return Ok(keys);
        }
        let next = keys.generation.checked_add(1).ok_or(IssuerError::NoKey)?;
        let key = new_key(&self.seal, next, self.rotation_interval, now)?;
        key.insert_unless_made(&mut self.database.write().await?.conn()).await?;
        info!("signing key rotated to generation {next}");
        let keys = self.read_again(now).await?;
        if keys.can_sign(now) { Ok(keys) } else { Err(IssuerError::NoKey.into()) }
    }

    async fn read_again(&self, now: DateTime<Utc>) -> Result<Arc<Keys>> {
        let known = self.known_keys()?;
        if known.is_current(now) {
            return Ok(known); // another request has reloaded them
        }
        let rows = SigningKey::list(&mut self.database.read().await?.conn()).await?;
        let keys = Arc::new(keys(&self.seal, &rows, self.grace_period, now)?);
        self.keys.store(Some(keys.clone()));
        Ok(keys)
    }

    /// Deletes keys that neither sign nor are published any more. Keeps the newest, because the
    /// next rotation is scheduled relative to it.
    pub(crate) async fn delete_retired(&self, now: Timestamp) -> Result<usize> {
        let then = DbTime(DateTime::from(now) - self.grace_period);
        let generation = self.known_keys()?.generation;
        let conn = &mut self.database.write().await?;
        Ok(SigningKey::delete_expired_before(&mut conn.conn(), then, generation).await?)
    }
}

/// Returns whether a stored key was encrypted with this secret.
pub(crate) fn opens(secret: &SecretString, key: &SigningKey) -> bool {
    let seal = Seal::new(secret, SEAL_PURPOSE);
    seal.is_ok_and(|seal| seal.open(&key.id, &key.sealed_private_key).is_ok())
}

/// Shortens the user's claims, because servers limit the size of the header that carries a token:
/// an image embedded as data is omitted, and a very long name is truncated.
fn fit_for_a_header(user: &User) -> User {
    let mut user = user.clone();
    user.image = user.image.filter(|image| image.len() <= IMAGE_CLAIM_MAX_BYTES);
    if let Some((end, _)) = user.name.char_indices().nth(NAME_CLAIM_MAX_CHARS) {
        user.name.truncate(end);
    }
    user
}

fn new_key(
    seal: &Seal,
    generation: i32,
    rotation_interval: Option<Duration>,
    now: DateTime<Utc>,
) -> Result<SigningKey, IssuerError> {
    let id = Uuid::now_v7().to_string();
    let pair = NewKeyPair::from_bytes(&rand::random());
    Ok(SigningKey {
        generation,
        public_key: pair.verifying_key().as_bytes().to_vec(),
        sealed_private_key: seal.close(&id, pair.as_bytes())?,
        created_at: DbTime(now),
        expires_at: rotation_interval.map(|interval| DbTime(now + interval)),
        id,
    })
}

/// Decrypts `rows`, which are ordered newest first.
fn keys(
    seal: &Seal,
    rows: &[SigningKey],
    grace_period: Duration,
    now: DateTime<Utc>,
) -> Result<Keys, IssuerError> {
    let newest = rows.first().ok_or(IssuerError::NoKey)?;
    let withdrawal = |key: &SigningKey| key.expires_at.map(|at| at.0 + grace_period);
    let published: Vec<_> =
        rows.iter().filter(|key| withdrawal(key).is_none_or(|at| now < at)).collect();
    let seed = seal.open(&newest.id, &newest.sealed_private_key)?;
    Ok(Keys {
        signer: Signer::new(&newest.id, &seed)?,
        generation: newest.generation,
        expires_at: newest.expires_at.map(|at| at.0),
        jwks: Arc::new(jwks(&published)),
        published: published.iter().map(|key| PublishedKey::new(&key.id, &key.public_key)).collect(),
        next_withdrawal: published.iter().filter_map(|key| withdrawal(key)).min(),
    })
}

fn jwks(rows: &[&SigningKey]) -> Jwks {
    let keys: Vec<_> = rows
        .iter()
        .map(|row| {
            let x = BASE64_URL_SAFE_NO_PAD.encode(&row.public_key);
            json!({ "alg": "EdDSA", "crv": "Ed25519", "kty": "OKP", "kid": row.id, "x": x })
        })
        .collect();
    let document = json!({ "keys": keys }).to_string();
    let hash = digest::digest(&digest::SHA256, document.as_bytes());
    let etag = format!("\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(hash));
    Jwks { document: document.into(), etag }
}

impl From<Unspecified> for Error {
    fn from(error: Unspecified) -> Self {
        Self::Issuer(error.into())
    }
}
