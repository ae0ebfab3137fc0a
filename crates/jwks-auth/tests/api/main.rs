//! Tests of the public API. Keys are held in memory, time is paused, and nothing is retried.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop here"
)]

mod arbitrary;
mod cache;
mod cache_lifetime;
mod claims;
mod events;
mod extractor;
mod header;
mod independence;
mod issuers;
mod keys;
mod points;
mod properties;
mod shape;
mod stats;
mod vectors;
mod world;
