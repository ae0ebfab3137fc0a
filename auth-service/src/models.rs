//! Rows, and all SQL. Nothing here knows HTTP, takes the time or rolls dice.

mod account;
mod attempt;
mod import;
mod mail;
mod row;
mod session;
mod signing_key;
mod user;
mod verification_token;

pub(crate) use account::{Account, NewAccount, PROVIDER_CREDENTIAL, PasswordHash};
pub(crate) use attempt::Attempt;
pub(crate) use import::ImportPage;
pub(crate) use mail::Mail;
pub(crate) use row::{AccountRow, SessionRow, tables};
pub(crate) use session::{ListedSession, NewSession, Session};
pub(crate) use signing_key::SigningKey;
pub(crate) use user::{User, UserChanges};
pub(crate) use verification_token::{Purpose, VerificationToken};
