//! Task API: stores the tasks of the user or client named by a verified access token.
//!
//! A module imports only from its own layer and those below it in this table; a test enforces this.
//!
//! | layer | holds |
//! |---|---|
//! | [`cli`] | the commands of this service: export and import, diagnosis |
//! | [`app`] | the service for the chassis: state, middleware, background workers, metrics |
//! | [`openapi`] | the API description |
//! | `bench` | functions that benchmarks measure (feature `bench`) |
//! | `routes` | the routing table; request bodies, handlers and responses of each resource |
//! | `http` | authentication, validation, conditional requests, rate limit headers, errors as responses |
//! | `domain` | token verification, callers, quotas, limits, erasure of deleted users' data |
//! | `store` | rows and all SQL |
//! | [`config`] | settings |

pub mod app;
#[cfg(feature = "bench")]
pub mod bench;
pub mod cli;
pub mod config;
mod domain;
mod http;
pub mod openapi;
mod routes;
mod store;

pub use store::MIGRATIONS;
