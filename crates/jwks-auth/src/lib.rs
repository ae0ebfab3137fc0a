#![cfg_attr(all(feature = "actix", feature = "testing"), doc = include_str!("../README.md"))]
#![cfg_attr(
    not(all(feature = "actix", feature = "testing")),
    doc = "Verifies bearer tokens with the key sets of the issuers that you trust."
)]

mod algorithm;
mod authorization;
#[cfg(feature = "actix")]
mod bearer;
mod builder;
mod cache;
mod claims;
mod clock;
mod error;
#[cfg(feature = "events")]
mod events;
#[cfg(feature = "http")]
mod http;
mod jwk;
mod keys;
mod public_key;
mod source;
mod stats;
#[cfg(feature = "testing")]
pub mod testing;
mod token;
mod trusted_issuer;
mod unique_members;
mod verified;
mod verifier;

#[cfg(feature = "http")]
pub use self::http::{MetadataError, jwks_uri, metadata_urls};
pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use authorization::bearer_token;
#[cfg(feature = "actix")]
pub use bearer::Bearer;
pub use builder::VerifierBuilder;
pub use claims::RegisteredClaims;
pub use error::{BuildError, Error, Refusal};
#[cfg(feature = "events")]
pub use events::{
    EventBatch, EventFeed, EventKind, EventQuery, EventReader, FeedError, SecurityEvent, Subject,
    WhenSilent,
};
pub use jwk::usable_kids;
pub use public_key::PublicKey;
pub use source::{FetchError, Fetching, FixedKeys, KeySource};
#[cfg(feature = "events")]
pub use stats::FeedStats;
pub use stats::{CacheStats, IssuerStats, Stats};
pub use trusted_issuer::TrustedIssuer;
pub use verified::Verified;
pub use verifier::Verifier;
