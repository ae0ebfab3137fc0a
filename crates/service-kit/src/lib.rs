//! The chassis of a service: everything that would be the same in any service and that knows no
//! word of this product.
//!
//! | module | owns |
//! |---|---|
//! | [`config`] | one clap struct per service, errors in one line |
//! | [`db`] | one abstraction over PostgreSQL and SQLite: pools, connections, transactions |
//! | [`sql_types`] | columns that the two engines store differently |
//! | [`migrate`] | the schema, brought up to date under a lock |
//! | [`transfer`], [`progress`] | everything as a file, and back; how far that is |
//! | [`metrics`] | figures for Prometheus, on a listener of their own |
//! | [`telemetry`] | logs, the request id, one access line per request, traces |
//! | [`origins`], [`cors`] | the exact origins of the front end, and what they may read |
//! | [`client_address`] | who is on the other end, behind which proxies |
//! | [`health`] | asks a running service whether it can work |
//! | [`body`] | request bodies, read within limits of size and time |
//! | [`lifecycle`] | how a service begins and ends |
//! | [`docs`] | the description of the API, and a page to try it out |
//! | [`doctor`] | checks of a set-up, each of which names the setting to change |
//! | [`worker`] | work beside the requests, which ends in order |
//! | [`testing`] | one throw-away database per test (feature `testing`) |

pub mod body;
pub mod client_address;
pub mod config;
pub mod cors;
pub mod db;
pub mod docs;
pub mod doctor;
pub mod health;
pub mod lifecycle;
pub mod metrics;
pub mod migrate;
pub mod origins;
pub mod progress;
pub mod sql_types;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod transfer;
pub mod worker;

use std::{fmt, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};

/// How long a client may take to send the head of a request.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an idle connection is kept for the next request.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// Where a service takes the time from; tests set their own.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl Clock {
    pub fn new(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub fn now(&self) -> DateTime<Utc> {
        (self.0)()
    }
}

impl Default for Clock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn default() -> Self {
        Self::new(Utc::now)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}
