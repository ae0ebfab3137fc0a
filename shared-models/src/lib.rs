//! The words both services put on the wire: ids, the user, token claims, timestamps.
//!
//! Nothing here knows a database, a web framework or an HTTP client, so a third service (or a
//! test) can depend on it for the price of `serde`.

mod claims;
mod ids;
mod issuer;
mod timestamp;
mod user;

pub use claims::{AccessClaims, CallerClaims};
pub use ids::{InvalidUserId, TaskId, UserId};
pub use issuer::{ISSUER_DOCUMENT, IssuerDocument};
pub use timestamp::Timestamp;
pub use user::User;
