//! Checks connections to PostgreSQL: poolers and limits.

use database::PgConn;
use diesel::{QueryResult, QueryableByName, sql_query, sql_types::Integer};
use diesel_async::RunQueryDsl as _;

use crate::doctor::Finding;

const LIMITS: &str = "SELECT current_setting('max_connections')::integer \
     - current_setting('superuser_reserved_connections')::integer AS available";

#[derive(QueryableByName)]
struct Limits {
    #[diesel(sql_type = Integer)]
    available: i32,
}

/// Returns a finding if the connection goes through a pooler that does not keep sessions.
pub(super) fn pooler(conn: &PgConn) -> Option<Finding> {
    let support = conn.support();
    match (support.settings, support.statements) {
        (true, _) => None,
        (false, true) => Some(Finding::ok(
            "database",
            "connected through a pooler that supports prepared statements",
        )),
        (false, false) => Some(Finding::warn(
            "DATABASE_URL",
            "connected through a pooler without prepared statements, so PostgreSQL plans each statement \
             anew: PgBouncer 1.21 or later with max_prepared_statements, or a direct connection, is \
             faster",
        )),
    }
}

/// Compares the maximum number of connections of one process with the server's limit. Behind a
/// pooler that does not keep sessions, the comparison would be meaningless and is omitted.
pub(super) async fn compare(conn: &mut PgConn, max_connections: u16) -> Option<Finding> {
    if !conn.support().settings {
        return None;
    }
    let limits: QueryResult<Limits> = sql_query(LIMITS).get_result(conn).await;
    let available = limits.ok()?.available;
    let processes = available / i32::from(max_connections.max(1));
    Some(if processes == 0 {
        let text = format!(
            "a process may open {max_connections} connections, but the server allows {available}: lower \
             it, or raise max_connections of the server"
        );
        Finding::warn("DATABASE_MAX_CONNECTIONS", text)
    } else {
        let text = format!(
            "a process opens up to {max_connections} of the server's {available} connections, which \
             are enough for {processes} processes"
        );
        Finding::ok("connections", text)
    })
}
