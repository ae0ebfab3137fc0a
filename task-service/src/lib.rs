//! CRUD of tasks for whoever a verified token names.
//!
//! | room | owns |
//! |---|---|
//! | [`app`], `routes` | the listener, the order of middleware, the routing table |
//! | `verifier` | whose tokens are accepted |
//! | `current_user`, `input` | who is asking, and is this request well-formed |
//! | `routes/*` | bodies in and out, the steps of one endpoint |
//! | `cursor` | where a page of a listing ends |
//! | `models/*`, `schema` | rows and all SQL; the owner is in every statement |
//! | `error` | what failed, and what the client hears of it |

pub mod app;
pub mod config;
mod current_user;
mod cursor;
mod error;
mod input;
mod models;
mod routes;
mod schema;
mod state;
mod verifier;

use diesel_migrations::embed_migrations;
use service_kit::migrate::Migrations;

/// The schema's history on each engine.
pub const MIGRATIONS: Migrations = Migrations {
    postgres: embed_migrations!("../migrations/tasks/postgres"),
    sqlite: embed_migrations!("../migrations/tasks/sqlite"),
};
