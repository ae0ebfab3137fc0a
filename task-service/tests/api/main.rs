//! Through the front door: HTTP on a port of its own, a database of its own, a real issuer of
//! keys. Every test runs on SQLite and on PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop here"
)]

mod app;
mod architecture;
mod bearer;
mod concurrency;
mod conditional;
mod cors;
mod doctor;
mod documentation;
mod filters;
mod health;
mod idempotency;
mod input;
mod keys;
mod limits;
mod listing;
mod metrics;
mod migrations;
mod openapi;
mod ownership;
mod quotas;
mod tasks;
mod transfer;
