//! HTTP tests of task-service. Each test has its own server, on a free port, its own database and
//! its own issuer. Most tests run on SQLite and on PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop here"
)]

mod app;
mod bearer;
mod caching;
mod concurrency;
mod conditional;
mod connections;
mod cors;
mod doctor;
mod documentation;
mod events;
mod filters;
mod health;
mod idempotency;
mod import;
mod input;
mod keys;
mod limits;
mod listing;
mod locked_table;
mod log;
mod long_listings;
mod metrics;
mod migrations;
mod openapi;
mod ownership;
mod quotas;
mod searches;
mod settings;
mod sqlite_file;
mod tasks;
mod transfer;
mod unread_responses;
