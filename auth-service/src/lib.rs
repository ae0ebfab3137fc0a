//! Signs users up and in, manages sessions, issues EdDSA tokens and publishes the keys.
//!
//! The HTTP API under `/api/auth` is compatible with that of Better Auth, and has a few additions.
//!
//! | layer | holds |
//! |---|---|
//! | [`cli`] | the commands of this service: import and export, users, keys, clients, the audit log, diagnosis |
//! | [`app`] | the service for the chassis: state, background workers, metrics |
//! | [`openapi`] | the API description |
//! | `routes` | the routing table; request bodies, handlers and responses of each resource |
//! | `http` | validation, sessions and cookies of requests, origins, rate limits, errors as responses |
//! | `domain` | users, sessions, clients, passwords, tokens and keys, limits on attempts, e-mails, security events, the audit log |
//! | `store` | rows and all SQL |
//! | [`config`] | settings |

pub mod app;
pub mod cli;
pub mod config;
mod domain;
mod http;
pub mod openapi;
mod routes;
mod store;

pub use store::MIGRATIONS;
