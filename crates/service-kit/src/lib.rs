//! The foundation of a service: everything that is independent of this product.
//!
//! | module | responsibility |
//! |---|---|
//! | [`config`] | one clap struct per service, errors in one line |
//! | [`db`] | one abstraction over PostgreSQL and SQLite: pools, connections, transactions |
//! | [`sql_types`] | columns that the two engines store differently |
//! | [`migrate`] | schema migrations, run under a lock |
//! | [`source`] | databases and files of other programs, as sources of an import |
//! | [`Clock`] | the source of the current time |
//! | [`transfer`], [`progress`] | export of all data to a file, and import, with progress |
//! | [`prompt`] | prompts of commands for passwords and confirmations |
//! | [`metrics`] | Prometheus metrics, on a separate listener |
//! | [`telemetry`] | logs, one line for each request, traces |
//! | [`request`] | the outermost middleware: the request id, the default headers, the log line |
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
mod clock;
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
pub mod request;
pub mod server;
mod shutdown;
pub mod source;
pub mod sql_types;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod transfer;
pub mod worker;

pub use self::clock::Clock;
