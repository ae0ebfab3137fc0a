//! The foundation of a service: everything that is independent of this product.
//!
//! | module | responsibility |
//! |---|---|
//! | [`config`] | one clap struct per service, errors in one line |
//! | [`db`] | one abstraction over PostgreSQL and SQLite: pools, connections, transactions |
//! | [`sql_types`] | columns that the two engines store differently |
//! | [`migrate`] | schema migrations, run under a lock |
//! | [`source`] | databases and files of other programs, as sources of an import |
//! | [`transfer`], [`progress`] | export of all data to a file, and import, with progress |
//! | [`prompt`] | prompts of commands for passwords and confirmations |
//! | [`metrics`] | Prometheus metrics, on a separate listener |
//! | [`telemetry`] | logs, the request id, one access line per request, traces |
//! | [`origins`], [`cors`] | the exact origins of the web app, and what they may read |
//! | [`ownership`] | errors about files that belong to another user |
//! | [`client_address`] | the client's address behind trusted proxies |
//! | [`listen`] | the address that a service listens on |
//! | [`health`] | checks the readiness of a running service |
//! | [`entity_tags`] | entity tags, including those modified by proxies |
//! | [`body`] | request bodies, read within limits of size and time |
//! | [`lifecycle`] | startup and graceful shutdown |
//! | [`server`] | the HTTP server and its limits per connection |
//! | [`docs`] | the OpenAPI document and Swagger UI |
//! | [`doctor`] | configuration checks, which name the settings to change |
//! | [`worker`] | background work that shuts down gracefully |
//! | [`testing`] | one temporary database per test (feature `testing`) |

pub mod body;
pub mod client_address;
pub mod config;
pub mod cors;
pub mod db;
mod default_headers;
pub mod docs;
pub mod doctor;
pub mod entity_tags;
pub mod health;
pub mod lifecycle;
pub mod listen;
pub mod metrics;
pub mod migrate;
pub mod origins;
pub mod ownership;
pub mod progress;
pub mod prompt;
pub mod server;
mod shutdown;
pub mod source;
pub mod sql_types;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod transfer;
pub mod worker;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use parking_lot::Mutex;

/// Source of the current time; tests provide their own.
#[derive(Clone)]
pub struct Clock {
    now: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    elapsed: Arc<dyn Fn() -> Duration + Send + Sync>,
}

impl Clock {
    /// Creates a clock from a function. [`Self::elapsed`] advances when the returned time moves
    /// forward, and stands still when it is set back.
    pub fn new(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        let now: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync> = Arc::new(now);
        let last = Mutex::new((now(), Duration::ZERO));
        let elapsed = {
            let now = Arc::clone(&now);
            move || {
                let mut last = last.lock();
                let (seen, passed) = &mut *last;
                let now = now();
                *passed += (now - *seen).to_std().unwrap_or_default();
                *seen = now;
                *passed
            }
        };
        Self { now, elapsed: Arc::new(elapsed) }
    }

    pub fn now(&self) -> DateTime<Utc> {
        (self.now)()
    }

    /// Returns the time since the clock was created. Unlike [`Self::now`], it is monotonic, even if
    /// the system clock is changed.
    pub fn elapsed(&self) -> Duration {
        (self.elapsed)()
    }
}

impl Default for Clock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn default() -> Self {
        let start = Instant::now();
        Self { now: Arc::new(Utc::now), elapsed: Arc::new(move || start.elapsed()) }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}
