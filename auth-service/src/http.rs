//! Code shared by the endpoints: the state, extractors, middleware, cookies, redirects, response
//! bodies, and the conversion of errors to responses.

pub(crate) mod client_address;
pub(crate) mod client_credentials;
pub(crate) mod cookies;
pub(crate) mod documents;
pub(crate) mod error;
pub(crate) mod input;
pub(crate) mod origin;
pub(crate) mod rate_limit;
pub(crate) mod receiver;
pub(crate) mod redirect;
pub(crate) mod session;
pub(crate) mod session_cookies;
pub(crate) mod state;
