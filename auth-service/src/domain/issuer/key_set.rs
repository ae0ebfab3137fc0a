//! The signing keys from the database, decrypted for signing and serialized for publication.

use std::sync::Arc;

use aws_lc_rs::digest;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde::Serialize;
use shared_models::{AccessClaims, ClientClaims};
use utoipa::{
    ToSchema,
    openapi::{Object, ObjectBuilder, Type},
};

use super::{
    error::IssuerError,
    key::{PublishedKey, Signer},
    schedule::{Rotation, activation, signing, usable},
};
use crate::{config::JwtAlgorithm, domain::secret_box::Seal, store::SigningKey};

/// The loaded keys, with the times at which they start to sign and at which the set changes.
pub(super) struct KeySet {
    /// The rows as stored, newest first.
    rows: Vec<SigningKey>,
    /// The signing key and later ones, each with the time from which it signs; oldest first.
    signers: Vec<(DateTime<Utc>, Signer)>,
    /// Time from which the newest key no longer signs; `None` for no limit.
    expires_at: Option<DateTime<Utc>>,
    published: Vec<PublishedKey>,
    pub(super) jwks: Arc<Jwks>,
    /// Time of the next change, when a key leaves the published set or the next key must be
    /// created.
    changes_at: Option<DateTime<Utc>>,
}

/// The published key set (RFC 7517 §5)
#[derive(Serialize, ToSchema)]
pub(crate) struct JwkSet {
    keys: Vec<Jwk>,
}

/// An Ed25519 key (RFC 8037)
#[derive(Serialize, ToSchema)]
struct Jwk {
    #[schema(schema_with = algorithms)]
    alg: &'static str,
    crv: Curve,
    kid: String,
    kty: KeyType,
    #[schema(pattern = "^[A-Za-z0-9_-]{43}$")]
    x: String,
}

#[derive(Serialize, ToSchema)]
enum Curve {
    Ed25519,
}

#[derive(Serialize, ToSchema)]
enum KeyType {
    #[serde(rename = "OKP")]
    Okp,
}

fn algorithms() -> Object {
    let names = JwtAlgorithm::ALL.map(JwtAlgorithm::name);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).build()
}

/// The published key set, serialized.
pub(crate) struct Jwks {
    pub(crate) document: String,
    /// A strong validator (RFC 9110 §8.8.3), including the quotes.
    pub(crate) etag: String,
}

impl KeySet {
    /// Creates the set from `rows`, which must be ordered newest first. Decrypts the keys that sign
    /// now or later. Returns an error if there are no such keys, or if the secrets do not decrypt
    /// them.
    pub(super) fn open(
        rows: Vec<SigningKey>,
        (rotation, seal): (&Rotation, &Seal),
        algorithm: JwtAlgorithm,
        now: DateTime<Utc>,
    ) -> Result<Self, IssuerError> {
        let current = signing(&rows, now).ok_or(IssuerError::NoKey)?;
        let mut signers = Vec::new();
        for key in usable(&rows).filter(|key| key.generation >= current.generation) {
            let seed = seal.open(&key.id, &key.sealed_private_key)?;
            signers.push((activation(key), Signer::new(algorithm, &key.id, &seed)?));
        }
        signers.reverse();
        let expires_at = usable(&rows).next().and_then(|newest| newest.expires_at).map(|at| at.0);
        let published: Vec<_> = rows.iter().filter(|key| rotation.is_published(key, now)).collect();
        let withdrawals = published.iter().filter_map(|key| rotation.withdrawal(key));
        Ok(Self {
            signers,
            expires_at,
            jwks: Arc::new(jwks(&published, algorithm)?),
            changes_at: withdrawals.chain(rotation.due_at(&rows)).min(),
            published: published
                .iter()
                .map(|key| PublishedKey::new(&key.id, &key.public_key))
                .collect(),
            rows,
        })
    }

    /// Returns the key that signs at this time. If no key has been activated yet, returns the first
    /// one that will be.
    pub(super) fn signer(&self, now: DateTime<Utc>) -> Result<&Signer, IssuerError> {
        let active = self.signers.iter().rev().find(|(activates_at, _)| *activates_at <= now);
        let (_, signer) = active.or(self.signers.first()).ok_or(IssuerError::NoKey)?;
        Ok(signer)
    }

    pub(super) fn can_sign(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_none_or(|expires_at| now < expires_at)
    }

    /// Returns whether no key has to be created or withdrawn yet. Does not notice changes in the
    /// database.
    pub(super) fn is_current(&self, now: DateTime<Utc>) -> bool {
        self.changes_at.is_none_or(|changes_at| now < changes_at)
    }

    /// Returns whether the set was loaded from these rows.
    pub(super) fn is_of(&self, rows: &[SigningKey]) -> bool {
        self.rows == rows
    }

    /// Returns the claims of a user's access token, or `None` if no published key signed it.
    pub(super) fn user_claims(&self, token: &str) -> Option<AccessClaims> {
        self.published.iter().find_map(|key| key.user_claims(token))
    }

    /// Returns the claims of a client's access token, or `None` if no published key signed it.
    pub(super) fn client_claims(&self, token: &str) -> Option<ClientClaims> {
        self.published.iter().find_map(|key| key.client_claims(token))
    }

    /// Returns the generation of the key that signs at this time.
    pub(super) fn generation(&self, now: DateTime<Utc>) -> Option<i32> {
        signing(&self.rows, now).map(|key| key.generation)
    }
}

fn jwks(rows: &[&SigningKey], algorithm: JwtAlgorithm) -> Result<Jwks, serde_json::Error> {
    let alg = algorithm.name();
    let keys: Vec<_> = rows
        .iter()
        .map(|row| {
            let x = BASE64_URL_SAFE_NO_PAD.encode(&row.public_key);
            Jwk { alg, crv: Curve::Ed25519, kid: row.id.clone(), kty: KeyType::Okp, x }
        })
        .collect();
    let document = serde_json::to_string(&JwkSet { keys })?;
    let hash = digest::digest(&digest::SHA256, document.as_bytes());
    let etag = format!("\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(hash));
    Ok(Jwks { document, etag })
}
