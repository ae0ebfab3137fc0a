//! Security events (RFC 8417), with which an issuer revokes tokens before they expire.
//!
//! The follower keeps revocations in memory, at most until the affected tokens have expired;
//! nothing is persisted.

mod feed;
mod reader;
mod revocations;
mod set;

pub(crate) use self::feed::Follower;
pub use self::{
    feed::{EventFeed, WhenSilent},
    reader::{EventBatch, EventQuery, EventReader, FeedError},
    set::{EventKind, SecurityEvent, Subject},
};
