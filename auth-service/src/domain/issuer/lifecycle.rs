//! Changes to the signing keys. Each change is one transaction that locks the newest key, so that
//! only one replica or command creates the next key.

use std::time::Duration;

use chrono::{DateTime, Utc};
use database::{Conn, sql_types::DbTime};
use ed25519_dalek::SigningKey as NewKeyPair;
use tracing::info;
use uuid::Uuid;

use super::{
    error::IssuerError,
    schedule::{NextKey, Rotation, activation, next_generation, signing, usable},
};
use crate::{
    domain::{
        audit::{About, Action, Actor},
        secret_box::Seal,
    },
    store::{Moment, SecurityEvent, SigningKey},
};

/// Clock difference between replicas that a revocation allows for. The activation of a key that
/// replaces a revoked one is backdated by this duration, so that a replica whose clock is behind
/// does not use an older key.
const CLOCK_SKEW: Duration = Duration::from_mins(1);

pub(crate) enum Rotated {
    /// The new key, which signs next.
    Scheduled(SigningKey),
    /// The next key existed already.
    WasScheduled(SigningKey),
}

pub(crate) enum Revoked {
    Done,
    Repeated,
    NotFound,
}

/// Creates the next key if it is due, and returns all keys, newest first.
pub(super) async fn make_next(
    conn: &mut Conn,
    (rotation, seal): (&Rotation, &Seal),
    now: DateTime<Utc>,
    actor: &Actor,
) -> Result<Vec<SigningKey>, IssuerError> {
    conn.transaction(async |conn| {
        let keys = SigningKey::list_locked(conn).await?;
        let Some(next) = rotation.next(&keys, now) else { return Ok(keys) };
        insert(conn, (rotation, seal), &next, now, actor).await?;
        Ok(SigningKey::list(conn).await?)
    })
    .await
}

/// Creates and publishes a key, which signs once it has been published long enough. Changes nothing
/// if the next key exists already. Returns an error if all keys are revoked, or if the first one
/// has not been created yet.
pub(crate) async fn rotate(
    conn: &mut Conn,
    (rotation, seal): (&Rotation, &Seal),
    now: DateTime<Utc>,
    actor: &Actor,
) -> Result<Rotated, IssuerError> {
    conn.transaction(async |conn| {
        let keys = SigningKey::list_locked(conn).await?;
        let newest = usable(&keys).next().ok_or(IssuerError::NoKey)?;
        if now < activation(newest) {
            return Ok(Rotated::WasScheduled(newest.clone()));
        }
        let next = NextKey {
            generation: next_generation(&keys),
            activates_at: now + rotation.publish_ahead,
            predecessor: Some(newest.generation),
        };
        Ok(Rotated::Scheduled(insert(conn, (rotation, seal), &next, now, actor).await?))
    })
    .await
}

/// Revokes a key at once and records a security event. If it was the signing key, the next key
/// signs from now on; if there is no next key, a new one is created.
pub(crate) async fn revoke(
    conn: &mut Conn,
    (rotation, seal): (&Rotation, &Seal),
    kid: &str,
    moment: &Moment,
    actor: &Actor,
) -> Result<Revoked, IssuerError> {
    let now = moment.now;
    conn.transaction(async |conn| {
        let keys = SigningKey::list_locked(conn).await?;
        let Some(key) = keys.iter().find(|key| key.id == kid) else {
            return Ok(Revoked::NotFound);
        };
        if key.revoked_at.is_some() {
            return Ok(Revoked::Repeated);
        }
        SigningKey::revoke(conn, key.generation, now).await?;
        if signing(&keys, now.0).is_some_and(|signing| signing.generation == key.generation) {
            let activates_at = now.0 - CLOCK_SKEW;
            if let Some(next) = usable(&keys).next().filter(|newest| now.0 < activation(newest)) {
                SigningKey::activate(conn, next.generation, DbTime(activates_at)).await?;
            } else {
                let generation = next_generation(&keys);
                let next = NextKey { generation, activates_at, predecessor: None };
                insert(conn, (rotation, seal), &next, now.0, actor).await?;
            }
        }
        actor.record(conn, Action::RevokeKey, About::thing(kid)).await?;
        SecurityEvent::record_revoked_key(conn, kid, moment).await?;
        Ok(Revoked::Done)
    })
    .await
}

async fn insert(
    conn: &mut Conn,
    (rotation, seal): (&Rotation, &Seal),
    next: &NextKey,
    now: DateTime<Utc>,
    actor: &Actor,
) -> Result<SigningKey, IssuerError> {
    let id = Uuid::now_v7().to_string();
    let pair = NewKeyPair::from_bytes(&rand::random());
    let key = SigningKey {
        generation: next.generation,
        public_key: pair.verifying_key().as_bytes().to_vec(),
        sealed_private_key: seal.close(&id, pair.as_bytes())?,
        created_at: DbTime(now),
        expires_at: rotation.interval.map(|interval| DbTime(next.activates_at + interval)),
        activates_at: Some(DbTime(next.activates_at)),
        revoked_at: None,
        id,
    };
    if let Some(predecessor) = next.predecessor {
        SigningKey::update_expiry(conn, predecessor, DbTime(next.activates_at)).await?;
    }
    // Without keys there is no row to lock, so another process may have inserted a key of the same
    // generation.
    if key.insert_unless_made(conn).await? > 0 {
        info!(
            signing_key.id = key.id,
            signing_key.activates_at = %next.activates_at,
            "signing key created"
        );
        if next.predecessor.is_some() {
            actor.record(conn, Action::RotateKey, About::thing(&key.id)).await?;
        }
    }
    Ok(key)
}
