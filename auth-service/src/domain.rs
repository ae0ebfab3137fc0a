//! Business logic, independent of HTTP and the command line.

pub(crate) mod audit;
pub(crate) mod client_lifecycle;
pub(crate) mod clients;
pub(crate) mod email_address;
pub(crate) mod email_tokens;
pub(crate) mod issuer;
pub(crate) mod javascript;
pub(crate) mod login_throttle;
pub(crate) mod mail;
pub(crate) mod origins;
pub(crate) mod passwords;
pub(crate) mod secret_box;
pub(crate) mod security_events;
pub(crate) mod sessions;
pub(crate) mod throttle;
pub(crate) mod token_hash;
pub(crate) mod user_lifecycle;
