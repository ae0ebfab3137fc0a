//! Limits long reads: listings that search, count, or filter or sort by anything but the creation
//! time.
//!
//! Long reads use other connections than short ones, so that short reads do not have to wait for
//! them. The limits keep a single user from occupying all connections for long reads.

use std::{any::Any, collections::HashMap, sync::Arc, time::Duration};

use database::Unavailable;
use parking_lot::{Mutex, MutexGuard};
use shared_models::UserId;
use telemetry::metrics::{Counter, Sheet};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// Time limit for a long read, including the time in the queue.
const TIMEOUT: Duration = Duration::from_secs(12);
/// Maximum number of concurrent long reads of all users. By default, the pool of exclusive
/// PostgreSQL connections is larger, so that some remain for transactions.
const MAX_RUNNING: usize = 4;
/// Number of long reads that a user may have queued for each one that may run.
const WAITING_PER_RUNNING: usize = 4;

#[derive(Debug, thiserror::Error)]
pub(crate) enum LongReadError {
    #[error("too many searches in flight")]
    TooMany,
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

pub(crate) struct LongReads {
    /// Maximum number of concurrent long reads of one user.
    max_per_user: usize,
    running: Arc<Semaphore>,
    users: Arc<Mutex<HashMap<UserId, PerUser>>>,
    refusals: Counter,
}

/// Current long reads of one user.
struct PerUser {
    running: Arc<Semaphore>,
    /// Number of the user's running and queued reads.
    admitted: usize,
}

/// The permits and the admission of a running long read.
struct Turn {
    _permits: [OwnedSemaphorePermit; 2],
    _admission: Admission,
}

/// The admission of a running or queued long read. It counts towards the user's limit until it is
/// dropped.
struct Admission {
    users: Arc<Mutex<HashMap<UserId, PerUser>>>,
    user: UserId,
}

impl LongReads {
    pub(crate) fn new(max_per_user: usize) -> Self {
        Self {
            max_per_user,
            running: Arc::new(Semaphore::new(MAX_RUNNING)),
            users: Arc::default(),
            refusals: Counter::default(),
        }
    }

    /// Runs a long read when it is the user's turn. `read` receives the turn and must hold it until
    /// the database has executed the query, even if the request ends earlier. Returns an error if
    /// too many of the user's reads are queued, or if `read` has not finished within [`TIMEOUT`].
    pub(crate) async fn run<T, E: From<LongReadError>>(
        &self,
        user: &UserId,
        read: impl AsyncFnOnce(Arc<dyn Any + Send + Sync>) -> Result<T, E>,
    ) -> Result<T, E> {
        let (admission, of_user) = self.admit(user)?;
        let of_all = Arc::clone(&self.running);
        let work = async {
            let of_user = of_user.acquire_owned().await.map_err(|_closed| timed_out())?;
            let of_all = of_all.acquire_owned().await.map_err(|_closed| timed_out())?;
            read(Arc::new(Turn { _permits: [of_user, of_all], _admission: admission })).await
        };
        timeout(TIMEOUT, work).await.map_err(|_elapsed| timed_out())?
    }

    fn admit(&self, user: &UserId) -> Result<(Admission, Arc<Semaphore>), LongReadError> {
        let mut users = lock(&self.users);
        let per_user = users.entry(user.clone()).or_insert_with(|| PerUser {
            running: Arc::new(Semaphore::new(self.max_per_user)),
            admitted: 0,
        });
        if per_user.admitted >= self.max_per_user.saturating_mul(1 + WAITING_PER_RUNNING) {
            self.refusals.count();
            return Err(LongReadError::TooMany);
        }
        per_user.admitted += 1;
        let admission = Admission { users: Arc::clone(&self.users), user: user.clone() };
        Ok((admission, Arc::clone(&per_user.running)))
    }

    pub(crate) fn show(&self, sheet: &mut Sheet) {
        sheet.counter(
            "search_refusals",
            "Searches refused because the user already had too many",
            self.refusals.total(),
        );
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut users = lock(&self.users);
        if let Some(per_user) = users.get_mut(&self.user) {
            per_user.admitted -= 1;
            if per_user.admitted == 0 {
                users.remove(&self.user);
            }
        }
    }
}

fn lock(users: &Mutex<HashMap<UserId, PerUser>>) -> MutexGuard<'_, HashMap<UserId, PerUser>> {
    users.lock()
}

fn timed_out() -> LongReadError {
    Unavailable::TimedOut.into()
}
