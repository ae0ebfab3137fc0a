#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    all(feature = "actix", feature = "axum", feature = "testing", feature = "tower"),
    doc = include_str!("../README.md")
)]
#![cfg_attr(
    not(all(feature = "actix", feature = "axum", feature = "testing", feature = "tower")),
    doc = "Verifies bearer tokens with the key sets of the issuers that you trust."
)]

#[cfg(feature = "actix")]
mod actix;
mod algorithm;
mod authorization;
#[cfg(feature = "axum")]
mod axum;
#[cfg(any(feature = "actix", feature = "axum"))]
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
mod permission;
mod public_key;
#[cfg(any(feature = "axum", feature = "tower"))]
mod response;
mod source;
mod stats;
#[cfg(feature = "testing")]
pub mod testing;
mod token;
#[cfg(feature = "tower")]
mod tower;
mod trusted_issuer;
mod unique_members;
mod verified;
mod verifier;

#[cfg(feature = "http")]
pub use self::http::{MetadataError, jwks_uri, metadata_urls};
#[cfg(feature = "tower")]
pub use self::tower::{BearerLayer, BearerService};
pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use authorization::bearer_token;
#[cfg(any(feature = "actix", feature = "axum"))]
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
pub use permission::{Authorized, Permission};
pub use public_key::PublicKey;
pub use source::{FetchError, Fetching, FixedKeys, KeySource};
#[cfg(feature = "events")]
pub use stats::FeedStats;
pub use stats::{CacheStats, IssuerStats, Stats};
pub use trusted_issuer::TrustedIssuer;
pub use verified::Verified;
pub use verifier::Verifier;
