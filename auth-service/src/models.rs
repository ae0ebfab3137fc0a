//! Rows, and all SQL. Nothing here knows HTTP, takes the time or rolls dice.

mod account;
mod session;
mod signing_key;
mod user;

pub(crate) use account::{NewAccount, PROVIDER_CREDENTIAL, PasswordHash};
pub(crate) use session::{NewSession, Session};
pub(crate) use signing_key::SigningKey;
pub(crate) use user::{NewUser, User};
