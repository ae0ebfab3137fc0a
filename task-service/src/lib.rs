//! Task API: stores the tasks of the user named by a verified access token.
//!
//! | module | responsibility |
//! |---|---|
//! | [`app`], `routes` | the listener, the order of middleware, the routing table |
//! | `verifier` | the trusted issuers |
//! | `current_user`, `input` | authentication and request validation |
//! | `routes/*` | request and response bodies, the steps of each endpoint |
//! | `precondition`, `idempotency` | conditional requests and idempotency keys |
//! | `rate_limit`, `quota`, `long_reads` | limits on requests, on tasks and on concurrent searches per user |
//! | `representation`, `cursor` | the JSON of tasks; the cursors of listings |
//! | `folded` | normalized strings for searching and sorting |
//! | [`import`] | tasks of another service |
//! | [`transfer`] | export of all data to a file, and import |
//! | [`migrate`], `housekeeping` | migrations; deletion of obsolete rows |
//! | `models/*`, `schema` | rows and all SQL; every statement names the owner |
//! | `erasure` | the tasks of users who were deleted at the issuer |
//! | `metrics` | Prometheus metrics |
//! | [`doctor`] | diagnosis of the configuration and of rejected tokens |
//! | [`openapi`] | the API description |
//! | `error` | errors and the responses they become |

pub mod app;
#[cfg(feature = "bench")]
pub mod bench;
pub mod config;
mod current_user;
mod cursor;
pub mod doctor;
mod erasure;
mod error;
mod folded;
mod housekeeping;
mod idempotency;
pub mod import;
mod input;
mod long_reads;
mod metrics;
pub mod migrate;
mod models;
pub mod openapi;
mod parts;
mod precondition;
mod quota;
mod rate_limit;
mod representation;
mod routes;
mod schema;
mod state;
pub mod transfer;
mod verifier;
mod visible;

pub use rate_limit::RateLimit;

use diesel_migrations::embed_migrations;
use service_kit::migrate::Migrations;

/// Migrations of each engine.
pub const MIGRATIONS: Migrations = Migrations {
    service: env!("CARGO_PKG_NAME"),
    history: "task_service_migrations",
    postgres: embed_migrations!("../migrations/tasks/postgres"),
    sqlite: embed_migrations!("../migrations/tasks/sqlite"),
};
