//! auth-service through its front door: a real server on a port of its own, and a database of its
//! own, for every test.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed test should panic"
)]

mod app;
mod architecture;
mod bearer;
mod doctor;
mod documentation;
mod emails;
mod error_page;
mod example_secrets;
mod guessing;
mod health;
mod housekeeping;
mod import;
mod input;
mod interop;
mod lifetimes;
mod limits;
mod mailbox;
mod mails;
mod metrics;
mod migrations;
mod openapi;
mod origins;
mod passwords;
mod rates;
mod rotation;
mod secrets;
mod session_list;
mod sessions;
mod sign_in;
mod sign_up;
mod smtp;
mod token;
mod transfer;
mod users;
mod web;
