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
    /// Waits for an exclusive connection.
    pub(super) exclusive: Arc<Wait>,
    /// Waits for a connection for a long read.
    pub(super) long_read: Arc<Wait>,
}

#[derive(Debug, Default)]
pub(super) struct Wait {
    durations: Histogram,
    failures: Counter,
}

impl Wait {
    /// Records a wait that has ended.
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
        // In the common case, there is no wait, and the clock is not read.
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
