//! How long was waited for connections, and how often in vain.

use std::{
    future::Future,
    pin::pin,
    time::{Duration, Instant},
};

use futures_util::FutureExt as _;

use crate::metrics::{Counter, Histogram, Sheet};

/// Of one database.
#[derive(Debug, Default)]
pub(super) struct Waits {
    pub(super) read: Wait,
    pub(super) write: Wait,
    /// For a connection that is not shared meanwhile, where the others are.
    pub(super) exclusive: Wait,
}

#[derive(Debug, Default)]
pub(super) struct Wait {
    durations: Histogram,
    failures: Counter,
}

impl Wait {
    /// Waits for a connection.
    pub(super) async fn time<T, E>(
        &self,
        connection: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let mut connection = pin!(connection);
        // The usual case costs no look at the clock.
        let (outcome, waited) = if let Some(outcome) = connection.as_mut().now_or_never() {
            (outcome, Duration::ZERO)
        } else {
            let start = Instant::now();
            (connection.await, start.elapsed())
        };
        self.durations.observe(waited);
        if outcome.is_err() {
            self.failures.count();
        }
        outcome
    }
}

impl Waits {
    pub(super) fn show(&self, sheet: &mut Sheet) {
        let all = [("read", &self.read), ("write", &self.write), ("exclusive", &self.exclusive)];
        let label = |pool: &str| vec![("pool", pool.to_owned())];
        sheet.histograms(
            "db_connection_wait_seconds",
            "How long was waited for a connection to the database",
            all.map(|(pool, wait)| (label(pool), wait.durations.totals())),
        );
        sheet.counters(
            "db_connection_failures",
            "How often there was no connection to be had",
            all.map(|(pool, wait)| (label(pool), wait.failures.total())),
        );
    }
}
