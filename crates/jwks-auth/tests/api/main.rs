//! Tests of the public API. They need no other machine and never sleep: keys are held in memory or
//! served on a local port, and tests that depend on time control the clock.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop here"
)]

mod algorithms;
mod arbitrary;
mod cache;
mod cache_lifetime;
mod claims;
mod discovery;
mod events;
mod extractor;
mod frameworks;
mod header;
mod independence;
mod issuers;
mod jws_vectors;
mod keys;
mod own_rules;
mod points;
mod properties;
mod shape;
mod stats;
mod vectors;
mod weak_keys;
mod world;
