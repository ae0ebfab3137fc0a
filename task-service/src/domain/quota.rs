//! Maximum number of rows per owner.
//!
//! Counting before each insert would cost more than the insert. After a count, some inserts are
//! therefore allowed without counting: a sixteenth of the remaining quota, and none if little
//! remains. Since replicas do not share these allowances, each additional replica may let an owner
//! exceed the quota by up to a sixteenth of the quota. Requests that count at the same time, before
//! any of them inserts, may exceed the quota by a few rows.

use std::collections::HashMap;

use database::Conn;
use parking_lot::Mutex;
use shared_models::UserId;

use crate::store::{IdempotencyKey, StoreError, Task};

/// Divisor of the remaining quota: one sixteenth of it is allowed without counting.
const SHARE: i64 = 16;
/// Maximum number of cached owners. When it is reached, the cache is cleared and all owners are
/// counted again.
const MAX_OWNERS: usize = 10_000;

/// The rows that a quota limits.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limited {
    Tasks,
    IdempotencyKeys,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum QuotaError {
    #[error("quota of {limited:?} exceeded")]
    Exceeded { limited: Limited, max: i64 },
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(crate) struct Quota {
    limited: Limited,
    max: i64,
    uncounted: Mutex<HashMap<UserId, i64>>,
}

impl Quota {
    pub(crate) fn new(limited: Limited, max: u32) -> Self {
        Self { limited, max: max.into(), uncounted: Mutex::default() }
    }

    /// Returns an error if the owner has reached the quota. Must be called once before each insert.
    pub(crate) async fn check(&self, conn: &mut Conn, owner: &UserId) -> Result<(), QuotaError> {
        if self.spend(owner) {
            return Ok(());
        }
        let count = match self.limited {
            Limited::Tasks => Task::count(conn, owner).await?,
            Limited::IdempotencyKeys => IdempotencyKey::count(conn, owner).await?,
        };
        let left = self.max - count;
        if left <= 0 {
            return Err(QuotaError::Exceeded { limited: self.limited, max: self.max });
        }
        self.grant(owner, left / SHARE);
        Ok(())
    }

    fn spend(&self, owner: &UserId) -> bool {
        let mut uncounted = self.uncounted.lock();
        match uncounted.get_mut(owner) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }

    fn grant(&self, owner: &UserId, uncounted: i64) {
        let mut owners = self.uncounted.lock();
        if owners.len() >= MAX_OWNERS {
            owners.clear();
        }
        owners.insert(owner.clone(), uncounted);
    }
}
