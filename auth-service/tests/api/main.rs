//! Tests of auth-service over HTTP, and of its commands. Each service listens on a free port, and
//! each test that needs a database has its own.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed test should panic"
)]

mod app;
mod audit;
mod bearer;
mod caching;
mod clients;
mod connections;
mod doctor;
mod documentation;
mod emails;
mod error_page;
mod example_secrets;
mod foreign;
mod guessing;
mod head;
mod health;
mod housekeeping;
mod import;
mod input;
mod interop;
mod introspection;
mod keys;
mod lifetimes;
mod limits;
mod log;
mod mailbox;
mod mails;
mod metrics;
mod migrations;
mod notices;
mod openapi;
mod origins;
mod passwords;
mod providers;
mod rates;
mod rotation;
mod secrets;
mod security_events;
mod session_list;
mod sessions;
mod settings;
mod shared_database;
mod sign_in;
mod sign_up;
mod smtp;
mod token;
mod transfer;
mod users;
mod web;
