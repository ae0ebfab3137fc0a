//! Metrics about waits for database connections.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::FutureExt as _;
use telemetry::metrics::{Counter, Histogram, Sheet};

/// The waits for connections to one database, by kind of connection.
#[derive(Debug, Default)]
pub(super) struct Waits {
    pub(super) read: Arc<Wait>,
    pub(super) write: Arc<Wait>,
    /// The waits for exclusive connections. Only PostgreSQL has them.
    pub(super) exclusive: Arc<Wait>,
    /// The waits for connections used by long reads. Recorded only on SQLite, because PostgreSQL
    /// uses exclusive connections for them.
    pub(super) long_read: Arc<Wait>,
}

#[derive(Debug, Default)]
pub(super) struct Wait {
    durations: Histogram,
    failures: Counter,
}

impl Wait {
    pub(super) fn record(&self, waited: Duration, is_success: bool) {
        self.durations.observe(waited);
        if !is_success {
            self.failures.count();
        }
    }

    /// Waits for a connection and records the wait.
    pub(super) async fn time<T, E>(
        &self,
        connection: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let mut connection = pin!(connection);
        // The clock is read only if no connection is available at once, which is rare.
        let (outcome, waited) = if let Some(outcome) = connection.as_mut().now_or_never() {
            (outcome, Duration::ZERO)
        } else {
            let start = Instant::now();
            (connection.await, start.elapsed())
        };
        self.record(waited, outcome.is_ok());
        outcome
    }
}

impl Waits {
    pub(super) fn show(&self, sheet: &mut Sheet) {
        let all = [
            ("read", &self.read),
            ("write", &self.write),
            ("exclusive", &self.exclusive),
            ("long_read", &self.long_read),
        ];
        let label = |pool: &str| vec![("pool", pool.to_owned())];
        sheet.histograms(
            "db_connection_wait_seconds",
            "Time spent waiting for a database connection",
            all.map(|(pool, wait)| (label(pool), wait.durations.totals())),
        );
        sheet.counters(
            "db_connection_failures",
            "Failed attempts to get a database connection",
            all.map(|(pool, wait)| (label(pool), wait.failures.total())),
        );
    }
}
