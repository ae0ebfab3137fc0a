//! Rows, and all SQL. Nothing here depends on the clock or randomness.

mod account;
mod attempt;
mod audit_entry;
mod ban;
mod client_assertion;
mod email_change;
mod import;
mod mail;
mod oauth_client;
mod registration;
mod row;
mod schema;
mod security_event;
mod session;
mod sign_in_network;
mod signing_key;
mod source;
mod user;
mod verification_token;

use database::{Unavailable, migrate::Migrations};
use diesel::result::DatabaseErrorKind;
use diesel_migrations::embed_migrations;

pub(crate) use diesel::result::Error as StoreError;

pub(crate) use account::{Account, NewAccount, PROVIDER_CREDENTIAL, PasswordHash, PasswordSetAt};
pub(crate) use attempt::Attempt;
pub(crate) use audit_entry::{AuditEntry, WantedEntries};
pub(crate) use ban::{ActiveUser, Ban, NewBan};
pub(crate) use client_assertion::UsedAssertion;
pub(crate) use email_change::EmailChange;
pub(crate) use import::{ImportKeys, ImportPage, ImportUpdate, KnownRows};
pub(crate) use mail::Mail;
pub(crate) use oauth_client::{ClientTokenNames, OauthClient};
pub(crate) use registration::RegistrationError;
pub(crate) use row::{AccountRow, SessionRow, UserRow, VerificationTokenRow};
pub(crate) use security_event::{EventKind, EventStream, Moment, SecurityEvent, Wanted};
pub(crate) use session::{
    EndedSession, Ending, ListedSession, NewSession, SealedToken, Session, TokenNames,
};
pub(crate) use sign_in_network::SignInNetwork;
pub(crate) use signing_key::SigningKey;
pub(crate) use source::{
    SourceAccount, SourceKey, SourceOwner, SourceRange, SourceSession, SourceUser,
};
pub(crate) use user::{User, UserChanges};
pub(crate) use verification_token::{NewVerificationToken, Purpose, VerificationToken};

/// Reasons why a database operation failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DatabaseError {
    #[error("database unavailable")]
    Unavailable(#[from] Unavailable),
    #[error("database query failed")]
    Sql(#[from] StoreError),
}

/// Returns whether a statement failed because a row refers to one that does not exist.
pub(crate) fn is_dangling_reference(error: &StoreError) -> bool {
    matches!(error, StoreError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _))
}

/// The migrations of this service, embedded in the program.
pub const MIGRATIONS: Migrations = Migrations {
    service: env!("CARGO_PKG_NAME"),
    history: "auth_service_migrations",
    postgres: embed_migrations!("../migrations/auth/postgres"),
    sqlite: embed_migrations!("../migrations/auth/sqlite"),
};
