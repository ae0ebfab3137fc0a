//! Signs users up and in, manages sessions, issues EdDSA tokens and publishes the keys.
//!
//! The HTTP API under `/api/auth` is that of Better Auth, identical wherever a client can observe
//! it.
//!
//! | module | responsibility |
//! |---|---|
//! | [`app`], `routes` | the listener, the order of middleware, the routing table |
//! | `input`, `origin`, `trusted_origin` | request validation and the origins allowed to send requests |
//! | `routes/*` | request and response bodies, the steps of each endpoint |
//! | `session`, `session_cookies`, `cookie` | session lookup and the cookies that carry a session |
//! | `limits`, `guessing`, `attempts` | rate limits per client and per account |
//! | `password`, `issuer` | bcrypt off the async threads; keys and tokens |
//! | `receiver` | authentication of services that verify tokens |
//! | `security_events` | ended sessions and disabled and deleted users, for services that verify tokens |
//! | `user_lifecycle` | changes to users that requests and commands share, with their security events |
//! | `audit` | the audit log |
//! | `mail`, `email_token` | the outbox, its worker, and the tokens in mailed links |
//! | [`import`] | users of another service |
//! | [`users`], [`keys`], `command_output` | commands to manage users and signing keys, and their output |
//! | [`audit_log`] | the command that lists the audit log |
//! | [`doctor`] | configuration diagnosis |
//! | [`transfer`] | export of all data to a file, and import |
//! | `seal`, `housekeeping` | encryption of stored values; deletion of obsolete rows |
//! | `metrics` | Prometheus metrics |
//! | `models/*`, `schema` | rows and all SQL |
//! | [`openapi`] | the API description |
//! | `error` | errors and the responses they become |

pub mod app;
mod attempts;
mod audit;
pub mod audit_log;
mod client_address;
mod command_output;
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
pub mod keys;
mod limits;
mod mail;
mod metrics;
mod models;
pub mod openapi;
mod origin;
mod password;
mod receiver;
mod redirect;
mod routes;
mod schema;
mod seal;
mod security_events;
mod session;
mod session_cookies;
mod state;
pub mod transfer;
mod trusted_origin;
mod user_lifecycle;
pub mod users;

use diesel_migrations::embed_migrations;
use service_kit::migrate::Migrations;

/// The migrations of this service, embedded in the program.
pub const MIGRATIONS: Migrations = Migrations {
    service: env!("CARGO_PKG_NAME"),
    history: "auth_service_migrations",
    postgres: embed_migrations!("../migrations/auth/postgres"),
    sqlite: embed_migrations!("../migrations/auth/sqlite"),
};
