//! Maximum number of tasks per owner.
//!
//! Counting before each create would cost more than the create. After a count, some creates are
//! therefore allowed without counting: a sixteenth of the remaining quota, and none if little remains.
//! Replicas together may let an owner exceed the quota by that much.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use service_kit::db::Conn;
use shared_models::UserId;

use crate::store::{StoreError, Task};

/// Divisor: 1/16 of the remaining quota is allowed without counting.
const SHARE: i64 = 16;
/// Maximum number of cached owners; others are counted each time.
const MAX_OWNERS: usize = 10_000;

#[derive(Debug, thiserror::Error)]
pub(crate) enum QuotaError {
    #[error("task quota exceeded")]
    Exceeded { max: i64 },
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(crate) struct Quota {
    max: i64,
    uncounted: Mutex<HashMap<UserId, i64>>,
}

impl Quota {
    pub(crate) fn new(max: u32) -> Self {
        Self { max: max.into(), uncounted: Mutex::default() }
    }

    /// Fails if the owner has reached the quota.
    pub(crate) async fn check(
        &self,
        conn: &mut Conn<'_>,
        owner: &UserId,
    ) -> Result<(), QuotaError> {
        if self.spend(owner) {
            return Ok(());
        }
        let left = self.max - Task::count(conn, owner).await?;
        if left <= 0 {
            return Err(QuotaError::Exceeded { max: self.max });
        }
        self.grant(owner, left / SHARE);
        Ok(())
    }

    fn spend(&self, owner: &UserId) -> bool {
        let mut uncounted = self.uncounted.lock().unwrap_or_else(PoisonError::into_inner);
        match uncounted.get_mut(owner) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }

    fn grant(&self, owner: &UserId, uncounted: i64) {
        let mut owners = self.uncounted.lock().unwrap_or_else(PoisonError::into_inner);
        if owners.len() >= MAX_OWNERS {
            owners.clear();
        }
        owners.insert(owner.clone(), uncounted);
    }
}
