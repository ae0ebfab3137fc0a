//! Connects to the servers of a URL.

use std::{sync::Arc, time::Duration};

use tokio::{task::AbortHandle, time::timeout};
use tokio_postgres::{
    CancelToken, Client, Config, Connection, Socket,
    config::{self, Host},
    tls::MakeTlsConnect,
};
use tokio_postgres_rustls::MakeRustlsConnect;
use tracing::{debug, warn};

use super::{
    ConnectError, PostgresUrl,
    error::{Attempt, Reason},
    handshake::{Handshake, Observed},
    pooler::{self, Pooler, Support, refuses_settings},
    tls::SslMode,
    url::Server,
};

/// Time limit for connecting to all servers of a URL together, divided equally among them. The
/// parameter `connect_timeout` replaces it with a limit for each server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Idle time before TCP keepalive probes.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
/// Time limit for the acknowledgement of sent data.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(10);

/// Time limit for each statement of a migration.
const MIGRATION_TIMEOUT: Duration = Duration::from_hours(24);
/// Time limit for each statement of a diagnosis.
const DIAGNOSIS_TIMEOUT: Duration = Duration::from_secs(5);
/// Time limit for canceling a statement on the server.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(2);

/// Purpose of a connection, which determines its time limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Session {
    /// Statements of requests, each limited by `timeout`.
    Requests { timeout: Duration },
    /// Migrations, whose statements are limited to 24 hours each.
    Migrations,
    /// The doctor command, whose statements are limited to 5 seconds each.
    Diagnosis,
}

impl Session {
    /// Returns the session settings as startup options.
    fn options(self) -> String {
        let limit = self.statement_timeout().as_millis();
        let others = match self {
            Self::Requests { .. } => " -c idle_in_transaction_session_timeout=30s",
            Self::Migrations | Self::Diagnosis => "",
        };
        format!("-c timezone=UTC -c statement_timeout={limit}{others}")
    }

    fn statement_timeout(self) -> Duration {
        match self {
            Self::Requests { timeout } => timeout,
            Self::Migrations => MIGRATION_TIMEOUT,
            Self::Diagnosis => DIAGNOSIS_TIMEOUT,
        }
    }

    /// Returns SQL that sets the time limits for one transaction, for connections that do not keep
    /// session settings.
    pub(crate) fn local_settings(self) -> String {
        let limit = self.statement_timeout().as_millis();
        format!(
            "SET LOCAL statement_timeout = {limit}; \
             SET LOCAL idle_in_transaction_session_timeout = '30s'"
        )
    }
}

/// An open connection to a server, and the task that drives it.
pub(crate) struct Connected {
    pub(crate) client: Client,
    /// Task that moves bytes between the socket and the client; the socket closes when it ends.
    pub(crate) driver: AbortHandle,
    pub(crate) support: Support,
    /// Whether the connection leaves the machine without TLS.
    pub(crate) is_exposed: bool,
}

/// Asks the server to cancel the running statement of a connection.
pub(crate) async fn cancel(url: &PostgresUrl, token: CancelToken) {
    if let Ok(tls) = url.tls().connector() {
        // If the request is lost, the server's own time limit ends the statement.
        let _ = timeout(CANCEL_TIMEOUT, token.cancel_query(tls)).await;
    }
}

/// Connects to the first usable server of the URL.
pub(crate) async fn connect(
    url: &PostgresUrl,
    session: Session,
) -> Result<Connected, ConnectError> {
    let servers = url.servers_to_try();
    let limit = url.config().get_connect_timeout().copied();
    let count = u32::try_from(servers.len()).unwrap_or(1);
    let limit = limit.unwrap_or_else(|| CONNECT_TIMEOUT.checked_div(count).unwrap_or_default());
    let mut attempts = Vec::new();
    for server in servers {
        let connecting = Box::pin(connect_to(url, &server, session, limit));
        let reason = match timeout(limit, connecting).await {
            Ok(Ok(connected)) => {
                warn_if_exposed(url, &server, &connected);
                return Ok(connected);
            }
            Ok(Err(reason)) => reason,
            Err(_elapsed) => Reason::timed_out(limit),
        };
        attempts.push(Attempt { server, reason });
    }
    Err(ConnectError::new(attempts))
}

fn warn_if_exposed(url: &PostgresUrl, server: &Server, connected: &Connected) {
    // An explicit `sslmode=disable` is a deliberate choice.
    let is_decided = url.tls().has_mode && url.tls().mode == SslMode::Disable;
    if connected.is_exposed && !is_decided && url.should_warn() {
        warn!(
            server.address = %server,
            "the connection to the database is not encrypted: set sslmode in its URL"
        );
    }
}

/// Use of TLS by one connection attempt.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Encryption {
    Off,
    /// TLS if the server supports it.
    Offered,
    On,
}

/// Connects as `sslmode` requires. Two of its modes have a fallback.
async fn connect_to(
    url: &PostgresUrl,
    server: &Server,
    session: Session,
    limit: Duration,
) -> Result<Connected, Reason> {
    let (first, second) = match url.tls().mode {
        // Unix sockets never use TLS.
        _ if server.is_unix_socket() => (Encryption::Off, None),
        SslMode::Disable => (Encryption::Off, None),
        SslMode::Allow => (Encryption::Off, Some(Encryption::On)),
        SslMode::Prefer => (Encryption::Offered, Some(Encryption::Off)),
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => (Encryption::On, None),
    };
    let reason = match attempt(url, server, session, limit, first).await {
        Err(reason) if reason.may_be_encryption => reason,
        outcome => return outcome,
    };
    let Some(second) = second else { return Err(reason) };
    attempt(url, server, session, limit, second).await.map_err(|other| reason.or(&other))
}

async fn attempt(
    url: &PostgresUrl,
    server: &Server,
    session: Session,
    limit: Duration,
    encryption: Encryption,
) -> Result<Connected, Reason> {
    let takes_settings = url.takes_settings();
    let mut config = config(url.config(), server, encryption);
    if takes_settings {
        config.options(options(url.config(), session));
    }
    // A host name may have several addresses. Limiting each to half of the time leaves enough for
    // the second one if the first does not respond.
    config.connect_timeout(limit / 2);
    let handshake = Arc::new(Handshake::default());
    let inner = url.tls().connector().map_err(|error| Reason::of_files(&error))?;
    let tls = Observed { inner, handshake: Arc::clone(&handshake) };
    match config.connect(tls).await {
        Ok((client, connection)) => {
            let is_exposed = !handshake.is_encrypted() && !server.is_local();
            let driver = tokio::spawn(drive(connection)).abort_handle();
            let limit = takes_settings.then(|| session.statement_timeout());
            let support = pooler::examine(&client, url.pooler(), limit).await;
            let support = support
                .map_err(|error| Reason::of(&error, &handshake, server, &url.tls().trust))?;
            Ok(Connected { client, driver, support, is_exposed })
        }
        Err(error)
            if takes_settings && url.pooler() == Pooler::Auto && refuses_settings(&error) =>
        {
            url.set_refuses_settings();
            Box::pin(attempt(url, server, session, limit, encryption)).await
        }
        Err(error) => Err(Reason::of(&error, &handshake, server, &url.tls().trust)),
    }
}

type TlsStream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;

async fn drive(connection: Connection<Socket, TlsStream>) {
    if let Err(error) = connection.await {
        debug!(%error, "database connection lost");
    }
}

/// Returns the startup options: the session settings, followed by the options of the URL, which
/// take precedence.
fn options(of_url: &Config, session: Session) -> String {
    let ours = session.options();
    of_url.get_options().map_or(ours.clone(), |theirs| format!("{ours} {theirs}"))
}

/// Returns the connection settings for one server.
fn config(of_url: &Config, server: &Server, encryption: Encryption) -> Config {
    let mut config = Config::new();
    match &server.host {
        Host::Tcp(host) => config.host(host),
        Host::Unix(path) => config.host_path(path),
    };
    if let Some(address) = server.address {
        config.hostaddr(address);
    }
    config.port(server.port);
    if let Some(user) = of_url.get_user() {
        config.user(user);
    }
    if let Some(password) = of_url.get_password() {
        config.password(password);
    }
    if let Some(database) = of_url.get_dbname() {
        config.dbname(database);
    }
    if let Some(name) = of_url.get_application_name() {
        config.application_name(name);
    }
    if let Some(interval) = of_url.get_keepalives_interval() {
        config.keepalives_interval(interval);
    }
    if let Some(retries) = of_url.get_keepalives_retries() {
        config.keepalives_retries(retries);
    }
    let default = config.get_keepalives_idle();
    let of_url_or_default = of_url.get_keepalives_idle();
    let keepalives_idle =
        if of_url_or_default == default { KEEPALIVE_IDLE } else { of_url_or_default };
    config
        .keepalives(of_url.get_keepalives())
        .keepalives_idle(keepalives_idle)
        .tcp_user_timeout(of_url.get_tcp_user_timeout().copied().unwrap_or(TCP_USER_TIMEOUT))
        .target_session_attrs(of_url.get_target_session_attrs())
        .channel_binding(of_url.get_channel_binding())
        .load_balance_hosts(of_url.get_load_balance_hosts())
        .ssl_negotiation(of_url.get_ssl_negotiation())
        .ssl_mode(match encryption {
            Encryption::Off => config::SslMode::Disable,
            Encryption::Offered => config::SslMode::Prefer,
            Encryption::On => config::SslMode::Require,
        });
    config
}
