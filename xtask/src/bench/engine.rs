//! The database engines that the benchmarks compare.

use std::path::Path;

use url::Url;

use crate::{Result, pgbouncer::PgBouncer, postgres::Cluster};

const DATABASES: [&str; 2] = ["auth", "tasks"];
/// Server settings for TLS. A self-signed certificate is sufficient to measure encryption.
const TLS: [&str; 1] = ["ssl=on"];

/// A site's database engine, with the servers that were started for the site.
pub(super) enum Engine {
    Sqlite,
    PostgreSql(Cluster),
    Tls(Cluster),
    /// PostgreSQL behind a pooler in transaction mode.
    Pooler(Cluster, PgBouncer),
}

impl Engine {
    pub(super) fn postgresql() -> Result<Self> {
        Ok(Self::PostgreSql(Cluster::start_durable(&DATABASES)?))
    }

    pub(super) fn tls() -> Result<Self> {
        let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        let (certificate, key) = (certified.cert.pem(), certified.signing_key.serialize_pem());
        let files = [("server.crt", certificate.as_str()), ("server.key", &key)];
        Ok(Self::Tls(Cluster::start_durable_with(&DATABASES, &TLS, &files)?))
    }

    pub(super) fn pooler() -> Result<Self> {
        let cluster = Cluster::start_durable(&DATABASES)?;
        let pooler = PgBouncer::start(&cluster.url())?;
        Ok(Self::Pooler(cluster, pooler))
    }

    /// Returns the database URL for a service. SQLite files are created in `folder`.
    pub(super) fn url_of(&self, database: &str, folder: &Path) -> Result<String> {
        Ok(match self {
            Self::Sqlite => format!("sqlite://{}", folder.join(database).display()),
            Self::PostgreSql(cluster) => cluster.url_of(database),
            Self::Tls(cluster) => cluster.url_of(database) + "?sslmode=require",
            Self::Pooler(cluster, pooler) => {
                let mut url = Url::parse(&cluster.url_of(database))?;
                let port = pooler.address().rsplit_once(':').map(|(_, port)| port.parse());
                let is_set = url.set_port(Some(port.ok_or("a pooler without a port")??));
                is_set.map_err(|()| "a URL that takes no port")?;
                url.into()
            }
        })
    }

    /// Returns the PostgreSQL server if the services connect to it directly, without TLS.
    pub(super) fn cluster(&self) -> Option<&Cluster> {
        match self {
            Self::PostgreSql(cluster) => Some(cluster),
            _ => None,
        }
    }

    /// Returns the processes whose CPU time is attributed to the database.
    pub(super) fn processes(&self) -> Vec<u32> {
        match self {
            Self::Sqlite => Vec::new(),
            Self::PostgreSql(cluster) | Self::Tls(cluster) => vec![cluster.process_id()],
            Self::Pooler(cluster, pooler) => vec![cluster.process_id(), pooler.process_id()],
        }
    }
}
