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
mod documentation;
mod input;
mod interop;
mod lifetimes;
mod limits;
mod migrations;
mod origins;
mod secrets;
mod sessions;
mod sign_in;
mod sign_up;
mod token;
mod web;
