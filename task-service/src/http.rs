//! Code shared by the endpoints: extractors, middleware, and the conversion of errors to responses.

pub(crate) mod caller;
pub(crate) mod challenge;
pub(crate) mod cursor;
pub(crate) mod error;
pub(crate) mod idempotency;
pub(crate) mod input;
pub(crate) mod parts;
pub(crate) mod precondition;
pub(crate) mod rate_limit;
pub(crate) mod representation;
pub(crate) mod state;
