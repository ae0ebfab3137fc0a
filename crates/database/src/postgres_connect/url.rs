//! The URL of a PostgreSQL database.

use std::{
    fmt,
    net::IpAddr,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use parking_lot::Mutex;
use rand::seq::SliceRandom as _;
use secrecy::SecretString;
use tokio_postgres::{
    Config,
    config::{Host, LoadBalanceHosts},
};

use super::{
    SchemaName, UrlError, foreign,
    parameters::{Parameters, split},
    pooler::Pooler,
    tls::Tls,
};

const DEFAULT_PORT: u16 = 5432;

/// A parsed `postgres://user:password@host:port/database?parameters`. Cloning is cheap.
#[derive(Clone)]
pub struct PostgresUrl(Arc<Parsed>);

#[derive(Clone)]
struct Parsed {
    text: SecretString,
    config: Config,
    tls: Arc<Tls>,
    has_warned: Arc<AtomicBool>,
    pooler: Arc<Mutex<Pooler>>,
    /// Whether the pooler has rejected session settings before.
    refuses_settings: Arc<AtomicBool>,
}

/// One server of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) host: Host,
    pub(super) address: Option<IpAddr>,
    pub(super) port: u16,
}

impl PostgresUrl {
    /// Returns the URL as written, including its password.
    pub fn text(&self) -> &SecretString {
        &self.0.text
    }

    /// Returns the servers as `PostgreSQL at host:port`.
    pub fn place(&self) -> String {
        let servers: Vec<_> = self.servers().iter().map(ToString::to_string).collect();
        format!("PostgreSQL at {}", servers.join(", "))
    }

    /// Returns the role, if the URL names one.
    pub fn user(&self) -> Option<&str> {
        self.config().get_user()
    }

    /// Returns the database name, which defaults to the role.
    pub fn database(&self) -> Option<&str> {
        self.config().get_dbname().or(self.user())
    }

    /// Returns the first schema of the `search_path` in the startup options, or `None` if they set
    /// no `search_path` or the first schema is `$user`.
    pub(crate) fn schema(&self) -> Option<SchemaName> {
        SchemaName::first_of(self.config().get_options()?)
    }

    /// Returns a URL of the same database with `schema` as the only entry of its `search_path`.
    pub(crate) fn with_schema(&self, schema: &SchemaName) -> Self {
        let mut url = self.clone();
        let config = &mut Arc::make_mut(&mut url.0).config;
        let options: Vec<_> = config.get_options().into_iter().collect();
        // If the options already set `search_path`, PostgreSQL uses the last value.
        let options = [&options[..], &[&schema.as_option()]].concat().join(" ");
        config.options(options);
        url
    }

    /// Returns the settings for tokio-postgres.
    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    /// Sets the kind of pooler for this URL and all its clones.
    pub fn set_pooler(&self, pooler: Pooler) {
        *self.0.pooler.lock() = pooler;
    }

    pub(super) fn pooler(&self) -> Pooler {
        *self.0.pooler.lock()
    }

    /// Returns whether session settings can be sent, as far as is known.
    pub(super) fn takes_settings(&self) -> bool {
        self.pooler() != Pooler::Transaction && !self.0.refuses_settings.load(Ordering::Relaxed)
    }

    pub(super) fn set_refuses_settings(&self) {
        self.0.refuses_settings.store(true, Ordering::Relaxed);
    }

    pub(super) fn tls(&self) -> &Tls {
        &self.0.tls
    }

    /// Returns the servers in the order of the URL.
    fn servers(&self) -> Vec<Server> {
        let config = self.config();
        let (hosts, addresses) = (config.get_hosts(), config.get_hostaddrs());
        let ports = config.get_ports();
        let servers = (0..hosts.len().max(addresses.len())).filter_map(|index| {
            let address = addresses.get(index).copied();
            let named = hosts.get(index).cloned();
            let host = named.or_else(|| address.map(|ip| Host::Tcp(ip.to_string())))?;
            let port = ports.get(index).or(ports.first()).copied().unwrap_or(DEFAULT_PORT);
            Some(Server { host, address, port })
        });
        servers.collect()
    }

    /// Returns the servers in the order in which they are tried.
    pub(super) fn servers_to_try(&self) -> Vec<Server> {
        let mut servers = self.servers();
        if self.config().get_load_balance_hosts() == LoadBalanceHosts::Random {
            servers.shuffle(&mut rand::rng());
        }
        servers
    }

    /// Returns true on the first call only, so that the warning about an unencrypted connection is
    /// logged once.
    pub(super) fn should_warn(&self) -> bool {
        !self.0.has_warned.swap(true, Ordering::Relaxed)
    }
}

impl Server {
    /// Returns whether traffic to this server stays on the machine.
    pub(super) fn is_local(&self) -> bool {
        match (&self.host, self.address) {
            (Host::Unix(_), _) => true,
            (_, Some(address)) => address.is_loopback(),
            (Host::Tcp(host), None) => {
                host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
            }
        }
    }

    pub(super) fn is_unix_socket(&self) -> bool {
        matches!(self.host, Host::Unix(_))
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Tcp(host) if host.contains(':') => write!(f, "[{host}]:{}", self.port),
            Host::Tcp(host) => write!(f, "{host}:{}", self.port),
            Host::Unix(path) => write!(f, "{}:{}", path.display(), self.port),
        }
    }
}

impl FromStr for PostgresUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        foreign::refuse_wrapping(text)?;
        let (address, query) = split(text).ok_or(UrlError::Unknown)?;
        foreign::refuse_address(address)?;
        let parameters: Parameters = query.parse()?;
        let config = parameters.config(address)?;
        let url = Self(Arc::new(Parsed {
            text: text.into(),
            tls: Arc::new(parameters.into_tls(&config)?),
            config,
            has_warned: Arc::default(),
            pooler: Arc::default(),
            refuses_settings: Arc::default(),
        }));
        if url.servers().is_empty() { Err(UrlError::NoHost) } else { Ok(url) }
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://[redacted]")
    }
}
