//! Shared connections ("lanes") to PostgreSQL. Each statement is a transaction of its own, and is
//! sent without waiting for the results of earlier ones (pipelining).
//!
//! Every thread has its own lanes, driven by its own runtime, so that a statement and its result
//! need not cross threads. If there are fewer lanes than threads, some threads share one.
//!
//! The thread that opened the database runs the background tasks. If there are enough connections,
//! that thread has lanes that no other thread uses, because the runtime of the thread that opens a
//! lane also drives the lane.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, ThreadId},
};

use parking_lot::Mutex;
use thread_local::ThreadLocal;
use tokio::{
    sync::{Mutex as AsyncMutex, OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use super::{
    deadline::before, endpoint::Endpoint, server_connection::ServerConnection, shares::Shares,
};
use crate::{ConnectError, Unavailable};

/// Maximum number of statements in flight on one lane. Further statements would not finish before
/// their deadline.
const MAX_IN_FLIGHT: usize = 1024;

/// Maximum number of writes in flight on all lanes for requests' writes together;
/// [`MAX_WRITES_OF_A_LANE`] limits each lane. Sending several writes at once saves CPU time, but a
/// server that hangs may execute them later, although their requests have failed.
const MAX_WRITES_IN_FLIGHT: usize = 64;
const MAX_WRITES_OF_A_LANE: usize = 8;

/// Kind of a statement.
#[derive(Clone, Copy)]
pub(crate) enum Use {
    Read,
    Write,
}

pub(super) struct Lanes {
    reads: Vec<Arc<Lane>>,
    writes: Vec<Arc<Lane>>,
    checks: Arc<Lane>,
    /// Lanes of the thread that opened the database; `None` if there are too few connections.
    background: Option<Background>,
    /// Number of threads that share the lanes.
    threads: usize,
    thread: ThreadLocal<usize>,
    next_thread: AtomicUsize,
}

struct Background {
    thread: ThreadId,
    read: Arc<Lane>,
    write: Arc<Lane>,
}

/// A connection that is opened on first use and reopened after it was lost.
struct Lane {
    endpoint: Endpoint,
    connection: Mutex<Option<Arc<ServerConnection>>>,
    /// Held while the connection is being opened; other requests wait for it.
    opening: AsyncMutex<()>,
    in_flight: AtomicUsize,
    /// Permits for the writes in flight.
    writing: Arc<Semaphore>,
}

/// A use of a lane, counted as in flight until it is dropped.
pub(super) struct InFlight(Arc<Lane>);

impl Lanes {
    pub(super) fn new(shares: &Shares, endpoint: &Endpoint) -> Self {
        let writes = (MAX_WRITES_IN_FLIGHT / shares.writes.max(1)).min(MAX_WRITES_OF_A_LANE);
        let lane = || Arc::new(Lane::new(endpoint.clone(), writes));
        let lanes = |count| (0..count).map(|_| lane()).collect();
        let background =
            || Background { thread: thread::current().id(), read: lane(), write: lane() };
        Self {
            reads: lanes(shares.reads),
            writes: lanes(shares.writes),
            checks: lane(),
            background: (shares.background > 0).then(background),
            threads: shares.threads,
            thread: ThreadLocal::new(),
            next_thread: AtomicUsize::new(0),
        }
    }

    /// Returns the index of the current thread, which determines its lanes.
    fn thread(&self) -> usize {
        let next = || self.next_thread.fetch_add(1, Ordering::Relaxed) % self.threads;
        *self.thread.get_or(next)
    }

    /// Returns the lane of this thread that is likely to be the fastest, or an error if too many
    /// statements are in flight on this lane.
    pub(super) fn pick(&self, what: Use) -> Result<InFlight, Unavailable> {
        let lane = match &self.background {
            Some(background) if background.thread == thread::current().id() => {
                Some(background.lane(what))
            }
            _ => self.fastest(what),
        };
        match lane {
            Some(lane) if lane.in_flight() < MAX_IN_FLIGHT => Ok(InFlight::on(lane)),
            _ => Err(Unavailable::Overloaded),
        }
    }

    fn fastest(&self, what: Use) -> Option<&Arc<Lane>> {
        let lanes = match what {
            Use::Read => &self.reads,
            Use::Write => &self.writes,
        };
        let own = lanes.iter().skip(self.thread() % lanes.len().max(1)).step_by(self.threads);
        own.min_by_key(|lane| (lane.is_stuck(), lane.in_flight()))
    }

    /// Returns the lane that is reserved for readiness checks.
    pub(super) fn for_checks(&self) -> InFlight {
        InFlight::on(&self.checks)
    }
}

impl Background {
    fn lane(&self, what: Use) -> &Arc<Lane> {
        match what {
            Use::Read => &self.read,
            Use::Write => &self.write,
        }
    }
}

impl Lane {
    fn new(endpoint: Endpoint, writes: usize) -> Self {
        Self {
            endpoint,
            connection: Mutex::default(),
            opening: AsyncMutex::default(),
            in_flight: AtomicUsize::default(),
            writing: Arc::new(Semaphore::new(writes)),
        }
    }

    fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Returns whether statements are in flight and the server has not replied for a while, so that
    /// further statements would have to wait.
    fn is_stuck(&self) -> bool {
        self.in_flight() > 0
            && self.open_connection().is_some_and(|connection| connection.is_doubtful())
    }

    fn open_connection(&self) -> Option<Arc<ServerConnection>> {
        let connection = self.connection.lock();
        connection.as_ref().filter(|connection| connection.is_open()).cloned()
    }

    async fn connect(&self) -> Result<Arc<ServerConnection>, ConnectError> {
        let _opening = self.opening.lock().await;
        if let Some(connection) = self.open_connection() {
            return Ok(connection);
        }
        let opened = Arc::new(self.endpoint.open().await?);
        let mut connection = self.connection.lock();
        *connection = Some(Arc::clone(&opened));
        Ok(opened)
    }
}

impl InFlight {
    fn on(lane: &Arc<Lane>) -> Self {
        lane.in_flight.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(lane))
    }

    /// Waits until few enough writes are in flight on this lane. A write that still waits here can
    /// be canceled when its request ends; one that was sent to the server cannot.
    pub(super) async fn turn(
        &self,
        deadline: Option<Instant>,
    ) -> Result<OwnedSemaphorePermit, Unavailable> {
        let writing = Arc::clone(&self.0.writing).acquire_owned();
        before(deadline, writing).await?.map_err(|_closed| Unavailable::TimedOut)
    }

    /// Returns the lane's connection, and opens it if necessary.
    pub(super) async fn connection(
        &self,
        deadline: Option<Instant>,
    ) -> Result<Arc<ServerConnection>, Unavailable> {
        if let Some(connection) = self.0.open_connection() {
            return Ok(connection);
        }
        Ok(before(deadline, self.0.connect()).await??)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
