//! Keys and tokens: makes the Ed25519 key once for all replicas, seals it, signs with it, and
//! publishes its public half.

use std::time::Duration;

use actix_web::web::Bytes;
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey},
    digest,
    error::Unspecified,
    hkdf,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::DateTime;
use ed25519_dalek::{SigningKey as KeyPair, pkcs8::EncodePrivateKey as _};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use service_kit::{db::Database, sql_types::DbTime};
use shared_models::{AccessClaims, Timestamp, User};
use uuid::Uuid;

use crate::{
    config::Config,
    error::{Error, Result},
    models::SigningKey,
};

const FIRST_GENERATION: i32 = 1;
const NONCE_BYTES: usize = 12;
/// What a token shows of a user; a verifier takes 8 KiB in all.
const IMAGE_CLAIM_MAX_BYTES: usize = 2048;
const NAME_CLAIM_MAX_CHARS: usize = 256;

#[derive(Debug, thiserror::Error)]
pub(crate) enum IssuerError {
    #[error("BETTER_AUTH_SECRET does not open the signing key in the database")]
    WrongSecret,
    #[error("there is no signing key, although one was just made")]
    NoKey,
    #[error("a cryptographic operation failed")]
    Crypto,
    #[error("a token could not be signed")]
    Sign(#[from] jsonwebtoken::errors::Error),
    #[error("the time is out of range")]
    Time,
}

impl From<Unspecified> for IssuerError {
    fn from(_: Unspecified) -> Self {
        Self::Crypto
    }
}

/// Signs tokens. Not `Debug`: it holds keys.
pub(crate) struct Issuer {
    iss: String,
    aud: String,
    expires_in: Duration,
    kid: String,
    signing_key: EncodingKey,
    jwks: Jwks,
}

/// The published key set (RFC 7517 §5), ready to send.
pub(crate) struct Jwks {
    pub(crate) document: Bytes,
    /// A strong validator (RFC 9110 §8.8.3), quotes included.
    pub(crate) etag: String,
}

impl Issuer {
    /// Any number of replicas may start at once on an empty database: it lets one of their keys
    /// in, and all use that one.
    pub(crate) async fn start(
        config: &Config,
        secret: &SecretString,
        database: &Database,
        now: Timestamp,
    ) -> Result<Self> {
        let seal = Seal::new(secret)?;
        let mut rows = SigningKey::list(&mut database.read().await?.conn()).await?;
        if rows.is_empty() {
            let key = new_key(&seal, now)?;
            let mut pooled = database.write().await?;
            let conn = &mut pooled.conn();
            key.insert_unless_made(conn).await?;
            rows = SigningKey::list(conn).await?;
        }
        let newest = rows.first().ok_or(IssuerError::NoKey)?;
        Ok(Self {
            iss: config.issuer().to_owned(),
            aud: config.audience().to_owned(),
            expires_in: config.jwt_expires_in,
            kid: newest.id.clone(),
            signing_key: encoding_key(&seal.open(newest)?)?,
            jwks: jwks(&rows),
        })
    }

    /// A token for a user's session (RFC 7519), whole seconds, no `typ`.
    pub(crate) fn token(
        &self,
        user: &User,
        session_id: &str,
        now: Timestamp,
    ) -> Result<String, IssuerError> {
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
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = None;
        header.kid = Some(self.kid.clone());
        Ok(jsonwebtoken::encode(&header, &claims, &self.signing_key)?)
    }

    pub(crate) fn jwks(&self) -> &Jwks {
        &self.jwks
    }
}

/// A token travels in a header, which no server takes at any length: an image that is a whole
/// picture stays behind, and an endless name is cut.
fn fit_for_a_header(user: &User) -> User {
    let mut user = user.clone();
    user.image = user.image.filter(|image| image.len() <= IMAGE_CLAIM_MAX_BYTES);
    if let Some((end, _)) = user.name.char_indices().nth(NAME_CLAIM_MAX_CHARS) {
        user.name.truncate(end);
    }
    user
}

/// Keeps private keys from whoever reads the database.
struct Seal(RandomizedNonceKey);

impl Seal {
    fn new(secret: &SecretString) -> Result<Self, IssuerError> {
        sealing_key(secret).map(Self)
    }

    /// Nonce, ciphertext and tag. The key id is bound in, so that rows cannot be swapped.
    fn close(&self, id: &str, private_key: &[u8]) -> Result<Vec<u8>, IssuerError> {
        let mut sealed = private_key.to_vec();
        let aad = Aad::from(id.as_bytes());
        let nonce = self.0.seal_in_place_append_tag(aad, &mut sealed)?;
        Ok([nonce.as_ref().as_slice(), &sealed].concat())
    }

    fn open(&self, key: &SigningKey) -> Result<KeyPair, IssuerError> {
        let wrong = |_error| IssuerError::WrongSecret;
        let (nonce, sealed) =
            key.sealed_private_key.split_at_checked(NONCE_BYTES).ok_or(IssuerError::WrongSecret)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(wrong)?;
        let mut sealed = sealed.to_vec();
        let aad = Aad::from(key.id.as_bytes());
        let seed = self.0.open_in_place(nonce, aad, &mut sealed).map_err(wrong)?;
        let seed = <[u8; 32]>::try_from(&*seed)
            .map_err(|_error: std::array::TryFromSliceError| IssuerError::WrongSecret)?;
        Ok(KeyPair::from_bytes(&seed))
    }
}

fn new_key(seal: &Seal, now: Timestamp) -> Result<SigningKey, IssuerError> {
    let id = Uuid::now_v7().to_string();
    let pair = KeyPair::from_bytes(&rand::random());
    Ok(SigningKey {
        generation: FIRST_GENERATION,
        public_key: pair.verifying_key().as_bytes().to_vec(),
        sealed_private_key: seal.close(&id, pair.as_bytes())?,
        created_at: DbTime(now.into()),
        id,
    })
}

/// Another purpose, another key (RFC 5869): the secret itself only signs cookies.
fn sealing_key(secret: &SecretString) -> Result<RandomizedNonceKey, IssuerError> {
    let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]);
    let mut key = [0; 32];
    salt.extract(secret.expose_secret().as_bytes())
        .expand(&[b"auth-service signing keys v1"], &AES_256_GCM)?
        .fill(&mut key)?;
    Ok(RandomizedNonceKey::new(&AES_256_GCM, &key)?)
}

fn encoding_key(pair: &KeyPair) -> Result<EncodingKey, IssuerError> {
    let der =
        pair.to_pkcs8_der().map_err(|_error: ed25519_dalek::pkcs8::Error| IssuerError::Crypto)?;
    Ok(EncodingKey::from_ed_der(der.as_bytes()))
}

fn jwks(rows: &[SigningKey]) -> Jwks {
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
