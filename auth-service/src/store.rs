//! Rows, and all SQL. Nothing here depends on the clock or randomness.

mod account;
mod attempt;
mod audit_entry;
mod ban;
mod import;
mod mail;
mod row;
mod schema;
mod security_event;
mod session;
mod sign_in_network;
mod signing_key;
mod user;
mod verification_token;

use diesel_migrations::embed_migrations;
use service_kit::migrate::Migrations;

pub(crate) use account::{Account, NewAccount, PROVIDER_CREDENTIAL, PasswordHash, PasswordSetAt};
pub(crate) use attempt::Attempt;
pub(crate) use audit_entry::{AuditEntry, WantedEntries};
pub(crate) use ban::{ActiveUser, Ban, NewBan};
pub(crate) use import::{ImportKeys, ImportPage, ImportUpdate, KnownRows};
pub(crate) use mail::Mail;
pub(crate) use row::{AccountRow, SessionRow, UserRow, tables};
pub(crate) use security_event::{EventKind, EventStream, Moment, SecurityEvent, Wanted};
pub(crate) use session::{
    EndedSession, Ending, ListedSession, NewSession, SealedToken, Session, TokenNames,
};
pub(crate) use sign_in_network::SignInNetwork;
pub(crate) use signing_key::SigningKey;
pub(crate) use user::{User, UserChanges};
pub(crate) use verification_token::{NewVerificationToken, Purpose, VerificationToken};

/// The migrations of this service, embedded in the program.
pub const MIGRATIONS: Migrations = Migrations {
    service: env!("CARGO_PKG_NAME"),
    history: "auth_service_migrations",
    postgres: embed_migrations!("../migrations/auth/postgres"),
    sqlite: embed_migrations!("../migrations/auth/sqlite"),
};
