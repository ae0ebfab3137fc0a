//! Establishes connections to PostgreSQL, given a URL in libpq's syntax.

mod certificate;
mod error;
mod foreign;
mod handshake;
mod parameters;
mod pooler;
mod schema;
mod session;
#[cfg(test)]
mod tests;
mod tls;
mod url;
mod url_error;
mod verifier;

pub(crate) use self::session::{Connected, Session, cancel, connect};
pub use self::{
    error::ConnectError,
    pooler::{Pooler, Support},
    schema::SchemaName,
    url::PostgresUrl,
    url_error::UrlError,
};
