//! Asks a running service from beside it whether it can work: the health check of a container.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(4);
/// How much of an answer is read, in bytes.
const MAX_ANSWER: u64 = 4096;

/// Why a service counts as unable to work.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// It says so itself: the status and the body.
    #[error("not ready: {0}")]
    Answer(String),
    #[error("no answer from {0}: {1}")]
    Connection(SocketAddr, io::Error),
    #[error("no answer from {0} within {PATIENCE:?}")]
    Silence(SocketAddr),
}

/// Asks the service that listens on `host` and `port` for its `/health/ready`.
pub async fn check(host: IpAddr, port: u16) -> Result<(), NotReady> {
    let address = SocketAddr::new(from_beside(host), port);
    let answer = timeout(PATIENCE, ask(address))
        .await
        .map_err(|_elapsed| NotReady::Silence(address))?
        .map_err(|error| NotReady::Connection(address, error))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.lines().next().and_then(|line| line.strip_prefix("HTTP/1.1 "));
    match status.unwrap_or("no HTTP") {
        "200 OK" => Ok(()),
        status => Err(NotReady::Answer(format!("{status} {body}"))),
    }
}

/// Where to reach what listens on every address.
fn from_beside(host: IpAddr) -> IpAddr {
    match host {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        host => host,
    }
}

async fn ask(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request =
        format!("GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(MAX_ANSWER).read_to_string(&mut answer).await?;
    Ok(answer)
}
