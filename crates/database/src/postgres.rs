//! PostgreSQL: how to connect to the servers of a URL, and the pools of connections.

mod connect;
mod pool;

pub use self::{
    connect::{ConnectError, Pooler, PostgresUrl, SchemaName, Support, UrlError},
    pool::{PgConn, Postgres},
};
pub(crate) use self::{
    connect::{Connected, Session, cancel, connect},
    pool::Use,
};
