//! Signs users up and in, keeps sessions, issues EdDSA tokens and publishes the keys.
//!
//! The HTTP API under `/api/auth` is that of Better Auth, byte for byte where a client can see it.
//!
//! | room | owns |
//! |---|---|
//! | [`app`], `routes` | the listener, the order of middleware, the routing table |
//! | `input`, `origin`, `trusted_origin` | is this request well-formed, and may this page send it |
//! | `routes/*` | bodies in and out, the steps of one endpoint |
//! | `session`, `session_cookies`, `cookie` | who is asking, and how the client keeps that |
//! | `limits`, `guessing`, `attempts` | how often a client, or anybody for one account, may try |
//! | `password`, `issuer` | bcrypt off the async threads; keys and tokens |
//! | `mail`, `email_token` | the outbox, its worker, and what mailed links carry |
//! | [`import`] | users of another service |
//! | [`doctor`] | what is set up wrong |
//! | [`transfer`] | everything that is kept, as a file, and back |
//! | `seal`, `housekeeping` | what is stored sealed; what is stored no longer |
//! | `metrics` | figures for Prometheus |
//! | `models/*`, `schema` | rows and all SQL |
//! | [`openapi`] | how the API describes itself |
//! | `error` | what failed, and what the client hears of it |

pub mod app;
mod attempts;
mod client_address;
pub mod config;
mod cookie;
pub mod doctor;
mod email_token;
mod error;
mod guessing;
mod housekeeping;
pub mod import;
mod input;
mod issuer;
mod limits;
mod mail;
mod metrics;
mod models;
pub mod openapi;
mod origin;
mod password;
mod redirect;
mod routes;
mod schema;
mod seal;
mod session;
mod session_cookies;
mod state;
pub mod transfer;
mod trusted_origin;

use diesel_migrations::embed_migrations;
use service_kit::migrate::Migrations;

/// The schema's history on each engine.
pub const MIGRATIONS: Migrations = Migrations {
    postgres: embed_migrations!("../migrations/auth/postgres"),
    sqlite: embed_migrations!("../migrations/auth/sqlite"),
};
