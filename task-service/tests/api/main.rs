//! Tests of task-service. Most of them run on SQLite and on PostgreSQL, and have their own server
//! on a free port, their own database and their own issuer.

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
mod principals;
mod quotas;
mod searches;
mod settings;
mod sqlite_file;
mod tasks;
mod transfer;
mod unread_responses;
