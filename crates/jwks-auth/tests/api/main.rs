//! Everything through the public API: tokens in, claims or refusals out. Keys come from memory,
//! time stands still, and nothing is tried twice.

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
