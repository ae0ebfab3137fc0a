//! Types that both services use on the wire: ids, the user, token claims, issuer metadata,
//! timestamps.
//!
//! This crate depends on no database, web framework or HTTP client, so another service or a test
//! can use it with little more than `serde` and `utoipa`.

mod claims;
mod ids;
mod issuer;
mod timestamp;
mod user;

pub use claims::{AccessClaims, Audience, CallerClaims, ClientClaims};
pub use ids::{InvalidUserId, TaskId, UserId};
pub use issuer::{ISSUER_DOCUMENT, IssuerDocument};
pub use timestamp::Timestamp;
pub use user::User;
