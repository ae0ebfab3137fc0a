//! The database to which lanes and pools connect.

use super::server_connection::ServerConnection;
use crate::{ConnectError, PostgresUrl, postgres_connect::Session};

/// URL and settings of the connections.
#[derive(Clone)]
pub(super) struct Endpoint {
    pub(super) url: PostgresUrl,
    pub(super) session: Session,
}

impl Endpoint {
    pub(super) async fn open(&self) -> Result<ServerConnection, ConnectError> {
        ServerConnection::open(&self.url, self.session).await
    }
}
