//! Connections to PostgreSQL that many requests use at once: statements are sent without waiting for
//! the answers to those before (pipelining), each a transaction of its own.
//!
//! Every thread has its own lanes, driven by its own runtime, so that a statement and its answer
//! never cross threads.

use std::{
    ops::Deref,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::AsyncPgConnection;
use secrecy::{ExposeSecret as _, SecretString};
use thread_local::ThreadLocal;
use tokio::{sync::Mutex as AsyncMutex, time::timeout};
use tracing::debug;

use super::{POOL_WAIT, Unavailable, connect};

/// Reads are short; two lanes keep one busy while the other answers.
const READ_LANES: usize = 2;
/// Writes wait for the disk, and those on one lane wait for one another. So many in all, so that
/// more cores do not take more of the server's connections.
const WRITE_LANES: usize = 16;
const WRITE_LANES_OF_A_THREAD: usize = 8;
/// Statements that may wait on one lane: more than that would not be answered in time.
const MAX_IN_FLIGHT: usize = 1024;

/// What a statement does.
#[derive(Clone, Copy)]
pub(super) enum Use {
    Read,
    Write,
}

pub(super) struct Lanes {
    url: SecretString,
    threads: ThreadLocal<ThreadLanes>,
}

struct ThreadLanes {
    reads: Vec<Arc<Lane>>,
    writes: Vec<Arc<Lane>>,
}

/// A place for a connection, which is opened when it is first needed, and again when it was lost.
#[derive(Default)]
struct Lane {
    connection: Mutex<Option<Arc<Pipelined>>>,
    /// Held by whoever opens the connection; the others wait for it.
    opening: AsyncMutex<()>,
    in_flight: AtomicUsize,
}

struct Pipelined {
    connection: AsyncPgConnection,
    is_closed: Arc<AtomicBool>,
}

/// A use of a lane.
#[expect(missing_debug_implementations, reason = "the connection has none")]
pub struct Shared {
    pipelined: Arc<Pipelined>,
    _place: Place,
}

/// Counts as in flight until it is dropped.
struct Place(Arc<Lane>);

impl Lanes {
    pub(super) fn new(url: SecretString) -> Self {
        Self { url, threads: ThreadLocal::new() }
    }

    /// The lane of this thread on which the fewest statements wait.
    pub(super) async fn get(&self, what: Use) -> Result<Shared, Unavailable> {
        let thread = self.threads.get_or(ThreadLanes::new);
        let lanes = match what {
            Use::Read => &thread.reads,
            Use::Write => &thread.writes,
        };
        let in_flight = |lane: &&Arc<Lane>| lane.in_flight.load(Ordering::Relaxed);
        let lane = lanes.iter().min_by_key(in_flight).ok_or(Unavailable::Overloaded)?;
        if in_flight(&lane) >= MAX_IN_FLIGHT {
            return Err(Unavailable::Overloaded);
        }
        let place = Place::take(lane);
        let pipelined = match lane.open_connection() {
            Some(pipelined) => pipelined,
            None => timeout(POOL_WAIT, lane.connect(self.url.expose_secret()))
                .await
                .map_err(|_elapsed| Unavailable::TimedOut)?
                .map_err(Unavailable::Connect)?,
        };
        Ok(Shared { pipelined, _place: place })
    }
}

impl ThreadLanes {
    fn new() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let writes = (WRITE_LANES / threads).clamp(1, WRITE_LANES_OF_A_THREAD);
        let lanes = |count| (0..count).map(|_| Arc::default()).collect();
        Self { reads: lanes(READ_LANES), writes: lanes(writes) }
    }
}

impl Lane {
    fn open_connection(&self) -> Option<Arc<Pipelined>> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        connection.as_ref().filter(|pipelined| !pipelined.is_closed()).cloned()
    }

    async fn connect(&self, url: &str) -> ConnectionResult<Arc<Pipelined>> {
        let _opening = self.opening.lock().await;
        if let Some(pipelined) = self.open_connection() {
            return Ok(pipelined);
        }
        let pipelined = Arc::new(Pipelined::open(url).await?);
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        *connection = Some(Arc::clone(&pipelined));
        Ok(pipelined)
    }
}

impl Pipelined {
    async fn open(url: &str) -> Result<Self, ConnectionError> {
        let (client, connection) = connect(url).await?;
        let is_closed = Arc::new(AtomicBool::new(false));
        tokio::spawn({
            let is_closed = Arc::clone(&is_closed);
            async move {
                if let Err(error) = connection.await {
                    debug!("a database connection was lost: {error}");
                }
                is_closed.store(true, Ordering::Relaxed);
            }
        });
        Ok(Self { connection: AsyncPgConnection::try_from(client).await?, is_closed })
    }

    fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }
}

impl Deref for Shared {
    type Target = AsyncPgConnection;

    fn deref(&self) -> &AsyncPgConnection {
        &self.pipelined.connection
    }
}

impl Place {
    fn take(lane: &Arc<Lane>) -> Self {
        lane.in_flight.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(lane))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
