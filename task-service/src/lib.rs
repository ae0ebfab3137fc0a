//! CRUD of tasks for whoever a verified token names.
//!
//! | room | owns |
//! |---|---|
//! | [`app`], `routes` | the listener, the order of middleware, the routing table |
//! | `verifier` | whose tokens are accepted |
//! | `current_user`, `input` | who is asking, and is this request well-formed |
//! | `routes/*` | bodies in and out, the steps of one endpoint |
//! | `precondition`, `idempotency` | which state of a task is meant; was this asked before |
//! | `rate_limit`, `quota` | how often one may ask, and how much one may have |
//! | `representation`, `cursor` | tasks on the wire; where a page of a listing ends |
//! | `folded` | texts as they are searched and sorted by |
//! | [`transfer`] | everything that is kept, as a file, and back |
//! | [`migrate`], `housekeeping` | what is stored as it was; what is stored no longer |
//! | `models/*`, `schema` | rows and all SQL; the owner is in every statement |
//! | `metrics` | figures for Prometheus |
//! | [`doctor`] | what is set up wrong; why a token is refused |
//! | [`openapi`] | the description of the API |
//! | `error` | what failed, and what the client hears of it |

pub mod app;
#[cfg(feature = "bench")]
pub mod bench;
pub mod config;
mod current_user;
mod cursor;
pub mod doctor;
mod error;
mod folded;
mod housekeeping;
mod idempotency;
mod input;
mod metrics;
pub mod migrate;
mod models;
pub mod openapi;
mod precondition;
mod quota;
mod rate_limit;
mod representation;
mod routes;
mod schema;
mod state;
pub mod transfer;
mod verifier;

pub use rate_limit::RateLimit;

use diesel_migrations::embed_migrations;
use service_kit::migrate::Migrations;

/// The schema's history on each engine.
pub const MIGRATIONS: Migrations = Migrations {
    postgres: embed_migrations!("../migrations/tasks/postgres"),
    sqlite: embed_migrations!("../migrations/tasks/sqlite"),
};
