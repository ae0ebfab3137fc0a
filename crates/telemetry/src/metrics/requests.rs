//! Request durations by method, route and status. Each server thread counts in a table of its own,
//! without locks, and allocates memory only for new series, so that counting costs almost nothing.

use std::{
    cell::OnceCell,
    collections::BTreeMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::{Arc, OnceLock},
    time::Instant,
};

use actix_web::http::{Method, StatusCode};
use parking_lot::Mutex;

use super::{Histogram, Sheet, Totals, Value};

/// Maximum number of series in a table. Each combination of method, route and status is one.
const SLOTS: usize = 2048;
/// Maximum number of slots in which to look for a series or a free slot.
const PROBES: usize = 16;
/// Label of unknown methods, as in OpenTelemetry. Clients can invent methods, so the unknown ones
/// share one label.
const OTHER_METHOD: &str = "_OTHER";
/// Route label of requests for which there is no free slot.
const OTHER_ROUTE: &str = "(others)";

thread_local! {
    /// The table of this thread; unset if its requests are not counted.
    static TABLE: OnceCell<Arc<Table>> = const { OnceCell::new() };
}

/// Counts a request that this thread has handled, with the time since `start`.
pub(crate) fn record(method: &Method, route: &str, status: StatusCode, start: Instant) {
    TABLE.with(|table| {
        if let Some(table) = table.get() {
            table.series(known(method), route, status.as_u16()).duration.observe(start.elapsed());
        }
    });
}

fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        "CONNECT" => "CONNECT",
        "TRACE" => "TRACE",
        _ => OTHER_METHOD,
    }
}

/// The tables of all threads of a server.
#[derive(Clone, Debug, Default)]
pub(super) struct Requests(Arc<Mutex<Vec<Arc<Table>>>>);

impl Requests {
    /// Counts the requests that this thread handles from now on.
    pub(super) fn count_on_this_thread(&self) {
        TABLE.with(|table| {
            table.get_or_init(|| {
                let table = Arc::default();
                self.0.lock().push(Arc::clone(&table));
                table
            });
        });
    }

    pub(super) fn show(&self, sheet: &mut Sheet) {
        let tables = self.0.lock().clone();
        let mut all: BTreeMap<_, Totals> = BTreeMap::new();
        for series in tables.iter().flat_map(|table| table.all()) {
            let name = (series.route.clone(), series.method, series.status);
            *all.entry(name).or_default() += &series.duration.totals();
        }
        sheet.histograms(
            "http_request_duration_seconds",
            "Time from the head of a request to the beginning of its response",
            all.into_iter().map(|((route, method, status), totals)| {
                let status = status.to_string();
                let labels = vec![
                    ("method", method.to_owned()),
                    ("route", route.into()),
                    ("status", status),
                ];
                (labels, Value::Durations(totals))
            }),
        );
    }
}

#[derive(Debug)]
struct Table {
    slots: Vec<OnceLock<Box<Series>>>,
    rest: Series,
}

#[derive(Debug)]
struct Series {
    method: &'static str,
    route: Box<str>,
    status: u16,
    duration: Histogram,
}

impl Default for Table {
    fn default() -> Self {
        let slots = (0..SLOTS).map(|_| OnceLock::new()).collect();
        Self { slots, rest: Series::new(OTHER_METHOD, OTHER_ROUTE, 0) }
    }
}

impl Table {
    fn series(&self, method: &'static str, route: &str, status: u16) -> &Series {
        let mut hasher = DefaultHasher::new();
        (method, route, status).hash(&mut hasher);
        let first = usize::try_from(hasher.finish()).unwrap_or_default() % SLOTS;
        let (before, from) = self.slots.split_at(first);
        from.iter()
            .chain(before)
            .take(PROBES)
            .map(|slot| slot.get_or_init(|| Box::new(Series::new(method, route, status))))
            .find(|series| series.is(method, route, status))
            .map_or(&self.rest, |series| series)
    }

    /// Returns the series that are in use.
    fn all(&self) -> impl Iterator<Item = &Series> {
        let rest = self.rest.was_used().then_some(&self.rest);
        self.slots.iter().filter_map(|slot| slot.get().map(|series| &**series)).chain(rest)
    }
}

impl Series {
    fn new(method: &'static str, route: &str, status: u16) -> Self {
        Self { method, route: route.into(), status, duration: Histogram::default() }
    }

    fn is(&self, method: &str, route: &str, status: u16) -> bool {
        self.status == status && self.method == method && *self.route == *route
    }

    fn was_used(&self) -> bool {
        self.duration.totals().buckets.iter().any(|count| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_table_is_bounded_and_no_request_is_lost() {
        let table = Table::default();
        let requests = 3 * SLOTS;
        for number in 0..requests {
            let route = format!("/{number}");
            table.series("GET", &route, 200).duration.observe(Duration::ZERO);
            let again = table.series("GET", &route, 200);
            assert!(*again.route == *route || *again.route == *OTHER_ROUTE);
        }
        assert!(table.all().count() <= SLOTS + 1);
        let counted: u64 = table.all().flat_map(|series| series.duration.totals().buckets).sum();
        assert_eq!(counted, u64::try_from(requests).unwrap());
    }

    #[test]
    fn unknown_methods_share_a_series() {
        assert_eq!(known(&Method::PATCH), "PATCH");
        assert_eq!(known(&Method::from_bytes(b"BREW").unwrap()), OTHER_METHOD);
    }
}
